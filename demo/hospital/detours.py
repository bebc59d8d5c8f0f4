"""What a stay goes through beside being begun and ended: beds, plans, leaves, another class, a series of visits."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from demo.hospital.course import SERIES_WARD, WARDS, Course, Happening, Note, Visit, Ward
from demo.hospital.people import neighbour
from demo.hospital.plots import HOME, Twist
from demo.hospital.shifts import after, departure

PLANNED: Final = frozenset({Twist.PRE_ADMITTED, Twist.PLAN_CANCELLED})
MOVES: Final = ("A44", "A44", "A43", "A44", "A45")
"""By which trigger a hospital moves what was filed wrongly: the account, all that the number had, or the visit. In turn
and not drawn, so that the rest of a seed stays as it is.
"""


def series(course: Course, disposition: str) -> list[Happening]:
    """Visits for one treatment under one number; the A03 of class R ends the month and not the series."""
    begun = course.visit.begun
    course.tell("A04", Note.REGISTERED, begun, class_="R", ward=SERIES_WARD, admission_type="R")
    ended = after(course.rng, course.last, 24 * 60, 72 * 60)
    course.tell("A03", Note.MONTH_ENDED, ended, ended=ended, disposition=disposition)
    course.tell("A08", Note.DETAILS, after(course.rng, course.last, 120, 600), ended=None, disposition="")
    return course.happenings


def plan(course: Course, twist: Twist) -> Twist:
    """Pre-admitted some hours before the stay begins, or before nothing comes of it."""
    class_, ward = course.visit.class_, course.visit.ward
    course.tell("A05", Note.PRE_ADMITTED, course.visit.begun, class_="P")
    if twist is Twist.PLAN_CANCELLED:
        planned = course.visit.begun
        course.tell("A38", Note.PLAN_CANCELLED, planned, recorded=after(course.rng, course.last, 60, 1200))
    begun = after(course.rng, course.last, 180, 1200)
    course.know(class_=class_, ward=ward, begun=begun)
    return twist


def on_the_ward(course: Course, twist: Twist) -> None:
    """All of it within the first hours, before anybody may leave."""
    match twist:
        case Twist.TRANSFERRED | Twist.TRANSFER_CANCELLED:
            _transfer(course, cancelled=twist is Twist.TRANSFER_CANCELLED)
        case Twist.DOWNGRADED:
            course.tell("A07", Note.DOWNGRADED, after(course.rng, course.last, 60, 180), class_="V")
        case Twist.ON_LEAVE:
            course.tell("A21", Note.WENT_ON_LEAVE, after(course.rng, course.last, 30, 90))
            course.tell("A22", Note.BACK_FROM_LEAVE, after(course.rng, course.last, 60, 120))
        case Twist.ROUND_OF_BEDS:
            _change_beds(course)
        case Twist.WRONG_PATIENT:
            move = MOVES[course.visit.person.number % len(MOVES)]
            course.tell(move, Note.MOVED, after(course.rng, course.last, 30, 120), mistaken=False)
            course.tell("A08", Note.DETAILS, after(course.rng, course.last, 5, 30))


def _change_beds(course: Course) -> None:
    """With somebody who came to the ward a little later. Half of those leave; of the others it is the last word."""
    rng, here = course.rng, course.visit
    other = Course(rng, _beside(here, after(rng, course.last, 5, 30)))
    other.tell("A01", Note.ADMITTED, other.visit.begun)
    other.tell("A08", Note.DETAILS, after(rng, other.last, 8, 35))
    other.know(room=here.room)
    course.tell("A17", Note.SWAPPED, after(rng, other.last, 20, 60), beside=other.visit, room=_next_room(here))
    if rng.random() < 0.5:
        ended = departure(rng, other.visit.begun, here.facility.zone, short=True)
        other.tell("A03", Note.DISCHARGED, ended, ended=ended, disposition=HOME)
    course.others = other.happenings


def _beside(visit: Visit, begun: datetime) -> Visit:
    """The stay in the room beside; a plain one of the same ward."""
    return replace(
        visit,
        number=visit.number_beside,
        person=neighbour(visit.person),
        admission_type="C",
        room=_next_room(visit),
        referring=None,
        begun=begun,
    )


def _next_room(visit: Visit) -> str:
    return str(int(visit.room) + 1)


def _transfer(course: Course, *, cancelled: bool) -> None:
    rng, here = course.rng, course.visit.ward
    moved = after(rng, course.last, 30, 90)
    course.tell("A02", Note.TRANSFERRED, moved, ward=_another(course), came_from=here)
    if cancelled:
        noticed = after(rng, course.last, 10, 60)
        course.tell("A12", Note.TRANSFER_CANCELLED, moved, recorded=noticed, ward=here, came_from=None)


def _another(course: Course) -> Ward:
    return course.rng.choice([ward for ward in WARDS if ward != course.visit.ward])
