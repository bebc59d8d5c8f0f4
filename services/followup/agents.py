"""followup's topics → handlers and its alarm clock, hosted in a Faust worker."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.followup.domain.alarms import alarms_due
from services.followup.handlers import COLLECTION, handlers
from services.followup.store import INDEXES
from shared.alarm.sweeper import Alarms
from shared.process import Process
from shared.schemas.topics import FOLLOWUP_TIMERS


async def agents(process: Process, escalation_hours: float) -> list[Any]:
    """The services of this process, in start order."""
    await process.open(INDEXES, [COLLECTION])
    alarms = Alarms("followup", FOLLOWUP_TIMERS.name, COLLECTION, alarms_due)
    return process.hearer(handlers(timedelta(hours=escalation_hours)), alarms)
