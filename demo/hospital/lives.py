"""The stays of one patient within a time: the first one, and whether the patient comes back or is taken elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from demo.hospital.course import Happening
from demo.hospital.facilities import FACILITIES, Facility
from demo.hospital.people import Person
from demo.hospital.plots import CAST, HOME, TRANSFER, Opening, Plot, Twist, draw, plot_of
from demo.hospital.shields import shielded
from demo.hospital.shifts import after, arrival
from demo.hospital.stays import Arrival, stay

_RETURNING: Final = frozenset({Twist.READMITTED, Twist.READMITTED_ELSEWHERE})
# who arrives later has little time left to be discharged and followed up in
_LAST_ARRIVAL: Final = 0.6
_CAST_ARRIVES: Final = 0.1
_ON_ITS_WAY: Final = timedelta(minutes=1)
_DAY_MINUTES: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """What is played: `days` from `start`, aware UTC. What would be sent later is not told."""

    start: datetime
    days: float

    @property
    def end(self) -> datetime:
        """The first instant that is not played."""
        return self.start + timedelta(days=self.days)

    @property
    def tag(self) -> str:
        """Tells this window's numbers from those of a window that starts in another minute."""
        return f"{int(self.start.timestamp()) // 60:07X}"


def life(rng: Random, person: Person, window: Window, protected: float) -> list[Happening]:
    """Everything that is told of one patient within the window, in order of recording.

    `protected`: such a share of the stays is, but none of the cast's.
    """
    place = person.number - 1
    in_cast = place < len(CAST)
    plot, facility = plot_of(rng, place), _facility(rng, FACILITIES)
    at = arrival(rng, window.start, window.days * (_CAST_ARRIVES if in_cast else _LAST_ARRIVAL), facility.zone)
    told = stay(rng, Arrival(person, facility, at, visit_number(window, person, 1), short=in_cast), plot)
    sequel = _sequel(rng, window, plot, told[-1])
    share = 0.0 if in_cast else protected
    every = [one for stay_ in (told, sequel) if stay_ for one in shielded(stay_, share)]
    return [happening for happening in every if happening.recorded < window.end - _ON_ITS_WAY]


def _sequel(rng: Random, window: Window, plot: Plot, last: Happening) -> list[Happening]:
    """A return two to four days later, or the other hospital some hours after a transfer."""
    person, here, ended = last.visit.person, last.visit.facility, last.visit.ended
    if ended is None:
        return []
    others = tuple(one for one in FACILITIES if one.authority != here.authority)
    if plot.disposition == TRANSFER:
        at, facility, opening = after(rng, ended, 60, 200), _facility(rng, others), Opening.DIRECT
    elif plot.twist in _RETURNING:
        at = after(rng, ended, 2 * _DAY_MINUTES, 4 * _DAY_MINUTES)
        facility = here if plot.twist is Twist.READMITTED else _facility(rng, others)
        opening = Opening.EMERGENCY_ADMIT
    else:
        return []
    back = Arrival(person, facility, at, visit_number(window, person, 2), short=True, back=True)
    return stay(rng, back, Plot(opening, HOME))


def _facility(rng: Random, choice: tuple[Facility, ...]) -> Facility:
    return draw(rng, {facility: facility.weight for facility in choice})


def visit_number(window: Window, person: Person, stay_number: int) -> str:
    """PV1-19: one for each stay of each run."""
    return f"V{window.tag}{person.serial:07d}{stay_number}"
