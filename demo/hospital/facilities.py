"""The hospitals that send: by which door, in which zone, under whose numbers. `demo/data/feeds.toml` says the same.

A feed may serve several facilities (north does, in two zones). Its authority numbers patients, visits and staff.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

ENTERPRISE: Final = "REGION"
"""The authority whose patient numbers (type PI) are the same in every hospital."""


class Via(StrEnum):
    """Which door a message comes by."""

    MLLP = "mllp"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class Facility:
    """One hospital. `enhanced`: it asks for accept acknowledgements (HL7 v2.5.1 ch. 2.9.3). `weight`: its share."""

    code: str
    feed: str
    authority: str
    zone: ZoneInfo
    weight: int
    via: Via = Via.MLLP
    enhanced: bool = False


NORTH: Final = Facility("NORTH", "north", "NORTH", ZoneInfo("America/New_York"), 40)
SUMMIT: Final = Facility("SUMMIT", "north", "NORTH", ZoneInfo("America/Denver"), 15)
LAKESIDE: Final = Facility("LAKESIDE", "lakeside", "LAKESIDE", ZoneInfo("America/Chicago"), 33, via=Via.TOPIC)
PRAIRIE: Final = Facility("PRAIRIE", "prairie", "PRAIRIE", ZoneInfo("America/Chicago"), 12, enhanced=True)
FACILITIES: Final = (NORTH, SUMMIT, LAKESIDE, PRAIRIE)
