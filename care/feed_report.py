"""Who would have been told of what a feed sent in shadow, counted: nothing of a patient, nothing that was not decided.

Looks into notifier's deliveries by an index that holds those of shadow alone.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any, Final, NamedTuple

from services.notifier.domain.delivery import text_of
from services.notifier.domain.model import Reason
from services.notifier.store import SHADOW_INDEX
from shared.mongo.client import away
from shared.schemas.envelope import Mode

TOLD: Final = "would have been told"
_FIELDS: Final = {"notice": 1, "tells": 1, "recipient": 1, "role": 1, "channel": 1, "reason": 1, "encounter_id": 1}


class Line(NamedTuple):
    """`why`: `TOLD`, or the code of what would have kept it back in live too. `who`: recipient, else a role."""

    why: str
    what: str
    who: str
    channel: str
    deliveries: int
    stays: int


async def shadow_of(deliveries: Any, feed: str, since: datetime) -> list[Line]:
    """The lines of one feed, what was decided from `since` on; those who would have been told first. Raises Away."""
    query = {"mode": Mode.SHADOW.value, "feed": feed, "decided_at": {"$gte": text_of(since)}}
    found: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    with away():
        async for row in deliveries.find(query, _FIELDS, hint=SHADOW_INDEX):
            why = TOLD if row["reason"] == Reason.MODE_SHADOW.value else row["reason"]
            who = row["recipient"] or f"role {row['role']}"
            found[why, row["notice"] or row["tells"], who, row["channel"]].append(row["encounter_id"])
    lines = [Line(*key, len(stays), len(set(stays))) for key, stays in found.items()]
    return sorted(lines, key=lambda line: (line.why != TOLD, -line.deliveries, line))
