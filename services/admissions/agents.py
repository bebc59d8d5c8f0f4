"""admissions' topics → handlers and its alarm clock, hosted in a Faust worker."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from services.admissions.domain.closing import alarms_due
from services.admissions.handlers import COLLECTION, handlers
from services.admissions.store import INDEXES, Recoding
from shared.alarm.sweeper import Alarms
from shared.process import Process
from shared.profiles import LOOK_SECONDS, Feeds
from shared.schemas.topics import ADMISSIONS_TIMERS
from shared.secret import hold_to_fingerprint, read_secret
from shared.startup import patiently
from shared.stream.host import Periodic


async def agents(process: Process, feeds_file: Path, identity_secret_file: Path) -> list[Any]:
    """The services of this process, in start order. Raises FeedsInvalid, SecretRefused."""
    feeds = await Feeds.read(feeds_file)
    secret = await asyncio.to_thread(read_secret, identity_secret_file)
    await process.open(INDEXES, [COLLECTION])
    await patiently(lambda: hold_to_fingerprint(process.database, secret))
    alarms = Alarms("admissions", ADMISSIONS_TIMERS.name, COLLECTION, alarms_due)
    recoding = Recoding(feeds, process.database, process.publisher, process.clock)
    return [*process.hearer(handlers(feeds, secret), alarms), Periodic(recoding.look, LOOK_SECONDS)]
