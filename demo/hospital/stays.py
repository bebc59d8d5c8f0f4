"""One stay as what happened and when it was recorded, on a business clock; what a message looks like is not its affair.

A cancel carries the time of what it takes back as `occurred` and its own as `recorded` (EVN-6, HL7 v2.5.1 ch. 3.4.1.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from demo.hospital import detours
from demo.hospital.course import (
    DIAGNOSES,
    EMERGENCY_WARD,
    WARDS,
    Course,
    Happening,
    Note,
    Visit,
)
from demo.hospital.facilities import Facility
from demo.hospital.people import Person, namesake
from demo.hospital.plots import EXPIRED, HOME, Opening, Plot, Twist
from demo.hospital.providers import PRIMARY_CARE, staff_of
from demo.hospital.shifts import after, departure


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a stay comes about. `short`: one or two nights. `back`: the patient was discharged not long ago."""

    person: Person
    facility: Facility
    at: datetime
    number: str
    short: bool = False
    back: bool = False


def stay(rng: Random, arrival: Arrival, plot: Plot) -> list[Happening]:
    """Everything that is told of one stay, in order of recording; before it what is told of the patient beside."""
    course = Course(rng, _visit(rng, arrival, plot))
    if plot.opening is Opening.SERIES:
        return detours.series(course, plot.disposition)
    if plot.twist in detours.PLANNED and detours.plan(course, plot.twist) is Twist.PLAN_CANCELLED:
        return course.happenings
    _begin(course, plot, back=arrival.back)
    if plot.twist is Twist.BEGIN_CANCELLED:
        begun = course.visit.begun
        course.tell("A11", Note.BEGIN_CANCELLED, begun, recorded=after(rng, course.last, 20, 150))
        return course.happenings
    if plot.opening is not Opening.EMERGENCY:
        _stay_in(course, plot.twist)
    _leave(course, plot, short=arrival.short)
    if plot.twist is Twist.TWO_NUMBERS:
        course.tell("A40", Note.MERGED, after(rng, course.last, 60, 300), temporary=False)
    return [*course.others, *course.happenings]


def _visit(rng: Random, arrival: Arrival, plot: Plot) -> Visit:
    return Visit(
        number=arrival.number,
        person=arrival.person,
        facility=arrival.facility,
        class_="I",
        admission_type="C" if plot.opening is Opening.DIRECT and not arrival.back else "E",
        ward=rng.choice(WARDS),
        room=f"{rng.randint(300, 560)}",
        attending=rng.choice(staff_of(arrival.facility)),
        referring=rng.choice(PRIMARY_CARE) if rng.random() < 0.3 else None,
        diagnosis=rng.choice(DIAGNOSES),
        begun=arrival.at,
        temporary=plot.twist is Twist.TWO_NUMBERS,
        namesake=namesake(arrival.person) if plot.twist is Twist.WRONG_PATIENT else None,
        mistaken=plot.twist is Twist.WRONG_PATIENT,
    )


def _begin(course: Course, plot: Plot, *, back: bool) -> None:
    visit, at, opening = course.visit, course.visit.begun, plot.opening
    if opening is not Opening.DIRECT:
        course.tell("A04", Note.RETURNED if back else Note.REGISTERED, at, class_="E", ward=EMERGENCY_WARD)
        at = after(course.rng, course.last, 45, 240)
        back = False
    if plot.twist is Twist.TURNED_INPATIENT:
        course.tell("A06", Note.TURNED_INPATIENT, at, class_="I", ward=visit.ward)
    elif plot.twist is Twist.RENUMBERED:
        course.know(number=visit.next_number, prior=visit.number)
        course.tell("A06", Note.RENUMBERED, at, class_="I", ward=visit.ward)
    elif opening is not Opening.EMERGENCY:
        course.tell("A01", Note.RETURNED if back else Note.ADMITTED, at, class_="I", ward=visit.ward, begun=at)


def _stay_in(course: Course, twist: Twist) -> None:
    course.tell("A08", Note.DETAILS, after(course.rng, course.last, 8, 35))
    if twist is Twist.ATTENDING_CHANGE:
        others = [one for one in staff_of(course.visit.facility) if one != course.visit.attending]
        at = after(course.rng, course.last, 60, 180)
        course.tell("A08", Note.ATTENDING, at, attending=course.rng.choice(others))
    detours.on_the_ward(course, twist)


def _leave(course: Course, plot: Plot, *, short: bool) -> None:
    rng, visit = course.rng, course.visit
    if plot.opening is Opening.EMERGENCY:
        ended = after(rng, course.last, 120, 480)
    else:
        ended = departure(rng, visit.begun, visit.facility.zone, short=short)
    match plot.twist:
        case Twist.DISCHARGE_CANCELLED:
            _leave_twice(course, plot.disposition, ended)
        case Twist.LATE_DISPOSITION:
            course.tell("A03", Note.DISCHARGED_UNSAID, ended, ended=ended)
            known = after(rng, course.last, 120, 1200)
            course.tell("A08", Note.DISPOSITION, known, **_end(rng, ended, plot.disposition))
        case Twist.DIED_AFTERWARDS | Twist.DEATH_IN_ERROR:
            _discharge(course, Note.DISCHARGED, ended, plot.disposition)
            died = after(rng, ended, 12 * 60, 48 * 60)
            course.tell("A08", Note.DIED, died, recorded=after(rng, died, 60, 240), died=died)
            if plot.twist is Twist.DEATH_IN_ERROR:
                course.tell("A08", Note.NOT_DEAD, after(rng, course.last, 120, 600), died=None, alive=True)
        case _:
            _discharge(course, Note.DISCHARGED, ended, plot.disposition)


def _leave_twice(course: Course, disposition: str, ended: datetime) -> None:
    _discharge(course, Note.DISCHARGED, ended, HOME)
    noticed = after(course.rng, course.last, 30, 180)
    course.tell("A13", Note.DISCHARGE_CANCELLED, ended, recorded=noticed, ended=None, disposition="", died=None)
    _discharge(course, Note.DISCHARGED_AGAIN, after(course.rng, noticed, 180, 1560), disposition)


def _discharge(course: Course, note: Note, ended: datetime, disposition: str) -> None:
    course.tell("A03", note, ended, **_end(course.rng, ended, disposition))


def _end(rng: Random, ended: datetime, disposition: str) -> dict[str, Any]:
    died = ended - timedelta(minutes=rng.randint(20, 90)) if disposition == EXPIRED else None
    return {"ended": ended, "disposition": disposition, "died": died}
