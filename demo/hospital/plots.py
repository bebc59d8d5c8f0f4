"""What happens to a patient, as data: how a stay begins, where it ends, what goes wrong on the way, and how often.

The first patients of every run play `CAST`, one plot each, so that every kind of message is shown whatever the seed;
all others are drawn by the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final, TypeVar

T = TypeVar("T")


class Opening(StrEnum):
    """How a stay begins."""

    EMERGENCY = "emergency"  # A04, treated and released
    EMERGENCY_ADMIT = "emergency-admit"  # A04, then A01
    DIRECT = "direct"  # A01
    SERIES = "series"  # A04 of class R, with an A03 at the end of the month


class Twist(StrEnum):
    """What happens beside the plain course."""

    NONE = "none"
    ATTENDING_CHANGE = "attending-change"
    LATE_DISPOSITION = "late-disposition"
    DISCHARGE_CANCELLED = "discharge-cancelled"
    BEGIN_CANCELLED = "begin-cancelled"
    DIED_AFTERWARDS = "died-afterwards"
    READMITTED = "readmitted"
    READMITTED_ELSEWHERE = "readmitted-elsewhere"
    TWO_NUMBERS = "two-numbers"  # known by a temporary number until somebody notices, then merged (A40)
    TRANSFERRED = "transferred"
    TRANSFER_CANCELLED = "transfer-cancelled"
    PRE_ADMITTED = "pre-admitted"
    PLAN_CANCELLED = "plan-cancelled"
    TURNED_INPATIENT = "turned-inpatient"  # A06 under the visit's own number
    RENUMBERED = "renumbered"  # A06 under a new number, which names the one before (MRG-5)
    DOWNGRADED = "downgraded"
    ON_LEAVE = "on-leave"
    DEATH_IN_ERROR = "death-in-error"
    ROUND_OF_BEDS = "round-of-beds"  # changes beds with another patient of the ward (A17)
    WRONG_PATIENT = "wrong-patient"  # filed under the number of a namesake, then moved (A43, A44, A45)


@dataclass(frozen=True, slots=True)
class Plot:
    """One story. `disposition` is where the stay ends in the end (NUBC UB-04 FL17)."""

    opening: Opening
    disposition: str
    twist: Twist = Twist.NONE


HOME, TRANSFER, FACILITY, HOME_HEALTH, AGAINST_ADVICE = "01", "02", "03", "06", "07"
EXPIRED, HOSPICE, REHABILITATION = "20", "50", "62"
STILL_PATIENT: Final = "30"

CAST: Final = (
    Plot(Opening.EMERGENCY_ADMIT, HOME, Twist.READMITTED_ELSEWHERE),
    Plot(Opening.EMERGENCY_ADMIT, HOME),
    Plot(Opening.DIRECT, HOME_HEALTH, Twist.DISCHARGE_CANCELLED),
    Plot(Opening.EMERGENCY_ADMIT, HOME, Twist.READMITTED),
    Plot(Opening.DIRECT, HOME, Twist.LATE_DISPOSITION),
    Plot(Opening.EMERGENCY_ADMIT, HOME, Twist.ATTENDING_CHANGE),
    Plot(Opening.DIRECT, HOME, Twist.BEGIN_CANCELLED),
    Plot(Opening.EMERGENCY_ADMIT, FACILITY),
    Plot(Opening.DIRECT, HOME, Twist.DIED_AFTERWARDS),
    Plot(Opening.EMERGENCY_ADMIT, TRANSFER),
    Plot(Opening.DIRECT, AGAINST_ADVICE),
    Plot(Opening.EMERGENCY_ADMIT, HOSPICE),
    Plot(Opening.EMERGENCY_ADMIT, EXPIRED),
    Plot(Opening.EMERGENCY, HOME),
    Plot(Opening.EMERGENCY, HOME, Twist.BEGIN_CANCELLED),
    Plot(Opening.EMERGENCY_ADMIT, HOME, Twist.TWO_NUMBERS),
    Plot(Opening.EMERGENCY_ADMIT, HOME, Twist.TRANSFERRED),
    Plot(Opening.DIRECT, HOME, Twist.TRANSFER_CANCELLED),
    Plot(Opening.DIRECT, HOME, Twist.PRE_ADMITTED),
    Plot(Opening.DIRECT, HOME, Twist.PLAN_CANCELLED),
    Plot(Opening.EMERGENCY_ADMIT, HOME, Twist.TURNED_INPATIENT),
    Plot(Opening.EMERGENCY_ADMIT, HOME, Twist.DOWNGRADED),
    Plot(Opening.DIRECT, HOME, Twist.ON_LEAVE),
    Plot(Opening.DIRECT, HOME, Twist.DEATH_IN_ERROR),
    Plot(Opening.SERIES, STILL_PATIENT),
    Plot(Opening.EMERGENCY_ADMIT, HOME, Twist.WRONG_PATIENT),
    Plot(Opening.EMERGENCY_ADMIT, HOME, Twist.RENUMBERED),
    Plot(Opening.DIRECT, HOME, Twist.ROUND_OF_BEDS),
)

_OPENINGS: Final = {Opening.EMERGENCY: 25, Opening.EMERGENCY_ADMIT: 44, Opening.DIRECT: 28, Opening.SERIES: 3}
_FROM_EMERGENCY: Final = {HOME: 92, AGAINST_ADVICE: 6, EXPIRED: 2}
_FROM_WARD: Final = {
    HOME: 60,
    HOME_HEALTH: 15,
    FACILITY: 10,
    REHABILITATION: 3,
    TRANSFER: 3,
    HOSPICE: 3,
    EXPIRED: 3,
    AGAINST_ADVICE: 3,
}
_TWISTS: Final = {
    Twist.NONE: 30,
    Twist.ATTENDING_CHANGE: 12,
    Twist.LATE_DISPOSITION: 8,
    Twist.READMITTED: 8,
    Twist.DISCHARGE_CANCELLED: 6,
    Twist.TWO_NUMBERS: 11,
    Twist.BEGIN_CANCELLED: 4,
    Twist.READMITTED_ELSEWHERE: 2,
    Twist.DIED_AFTERWARDS: 2,
    Twist.TRANSFERRED: 6,
    Twist.TRANSFER_CANCELLED: 3,
    Twist.PRE_ADMITTED: 3,
    Twist.PLAN_CANCELLED: 1,
    Twist.TURNED_INPATIENT: 3,
    Twist.DOWNGRADED: 2,
    Twist.ON_LEAVE: 1,
    Twist.DEATH_IN_ERROR: 1,
    Twist.WRONG_PATIENT: 2,
    Twist.RENUMBERED: 2,
    Twist.ROUND_OF_BEDS: 2,
}
_ONLY: Final = {
    Twist.PRE_ADMITTED: Opening.DIRECT,
    Twist.PLAN_CANCELLED: Opening.DIRECT,
    Twist.TURNED_INPATIENT: Opening.EMERGENCY_ADMIT,
    Twist.RENUMBERED: Opening.EMERGENCY_ADMIT,
}
_AT_HOME_AFTERWARDS: Final = frozenset({HOME, HOME_HEALTH, AGAINST_ADVICE})
_NEED_A_HOME: Final = frozenset(
    {
        Twist.READMITTED,
        Twist.READMITTED_ELSEWHERE,
        Twist.DIED_AFTERWARDS,
        Twist.DEATH_IN_ERROR,
        Twist.TWO_NUMBERS,
        Twist.WRONG_PATIENT,
    }
)


def draw(rng: Random, weights: Mapping[T, int]) -> T:
    """One of the keys, by weight."""
    return rng.choices(list(weights), list(weights.values()))[0]


def plot_of(rng: Random, place: int) -> Plot:
    """The plot of the patient at this place (from 0). Who is not at home afterwards does not come back from there."""
    opening = draw(rng, _OPENINGS)
    disposition = draw(rng, _FROM_EMERGENCY if opening is Opening.EMERGENCY else _FROM_WARD)
    twist = draw(rng, _TWISTS)
    if place < len(CAST):
        return CAST[place]
    if opening is Opening.SERIES:
        return Plot(opening, STILL_PATIENT if rng.random() < 0.5 else HOME)
    if not _fits(opening, disposition, twist):
        twist = Twist.NONE
    return Plot(opening, disposition, twist)


def _fits(opening: Opening, disposition: str, twist: Twist) -> bool:
    if opening is Opening.EMERGENCY or _ONLY.get(twist, opening) is not opening:
        return False
    return twist not in _NEED_A_HOME or disposition in _AT_HOME_AFTERWARDS
