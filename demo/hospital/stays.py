"""One stay as what happened and when it was recorded, on a business clock; what a message looks like is not its affair.

A cancel carries the time of what it takes back as `occurred` and its own as `recorded` (EVN-6, HL7 v2.5.1 ch. 3.4.1.6).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any, Final, NamedTuple

from demo.hospital.facilities import Facility
from demo.hospital.people import Person
from demo.hospital.plots import EXPIRED, HOME, Opening, Plot, Twist
from demo.hospital.providers import PRIMARY_CARE, Provider, staff_of
from demo.hospital.shifts import after, departure


class Note(StrEnum):
    """What a message is, for people and counters."""

    REGISTERED = "registered"
    ADMITTED = "admitted"
    RETURNED = "returned"
    DETAILS = "details"
    ATTENDING = "attending-changed"
    DISCHARGED = "discharged"
    DISCHARGED_UNSAID = "discharged-without-disposition"
    DISPOSITION = "disposition-told-later"
    DISCHARGE_CANCELLED = "discharge-cancelled"
    DISCHARGED_AGAIN = "discharged-again"
    BEGIN_CANCELLED = "begin-cancelled"
    DIED = "died"
    MERGED = "numbers-merged"
    TEST = "test-message"
    POISON = "unreadable"
    OTHER_KIND = "not-adt"


class Ward(NamedTuple):
    """Point of care (PV1-3.1) and hospital service (PV1-10, HL7 table 0069)."""

    unit: str
    service: str


class Diagnosis(NamedTuple):
    """ICD-10-CM code and text."""

    code: str
    text: str


EMERGENCY_WARD: Final = Ward("ED", "EMR")
_WARDS: Final = (Ward("3WEST", "MED"), Ward("4EAST", "CAR"), Ward("5NORTH", "PUL"), Ward("SURG2", "SUR"))
_DIAGNOSES: Final = (
    Diagnosis("I50.9", "Heart failure, unspecified"),
    Diagnosis("J44.1", "COPD with acute exacerbation"),
    Diagnosis("J18.9", "Pneumonia, unspecified organism"),
    Diagnosis("N17.9", "Acute kidney failure, unspecified"),
    Diagnosis("E11.65", "Type 2 diabetes with hyperglycemia"),
    Diagnosis("K92.2", "Gastrointestinal hemorrhage, unspecified"),
    Diagnosis("S72.001A", "Fracture of right femoral neck & hip"),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """What the hospital knows of a stay at one moment. All times are aware UTC.

    `temporary`: nobody has found the patient's own number yet.
    """

    number: str
    person: Person
    facility: Facility
    class_: str
    admission_type: str
    ward: Ward
    room: str
    attending: Provider
    referring: Provider | None
    diagnosis: Diagnosis
    begun: datetime
    ended: datetime | None = None
    disposition: str = ""
    died: datetime | None = None
    temporary: bool = False

    @property
    def temporary_mrn(self) -> str:
        """What the hospital calls the patient as long as nobody knows who it is; another one at every stay."""
        return f"{self.facility.authority[0]}T{self.number[1:]}"


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of one stay: HL7 trigger, when it was and when it was written down, and what was known then."""

    trigger: str
    note: Note
    occurred: datetime
    recorded: datetime
    visit: Visit


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
    """Everything that is told of one stay, in order of recording."""
    course = _Course(rng, _visit(rng, arrival, plot))
    _begin(course, plot.opening, back=arrival.back)
    if plot.twist is Twist.BEGIN_CANCELLED:
        begun = course.visit.begun
        course.tell("A11", Note.BEGIN_CANCELLED, begun, recorded=after(rng, course.last, 20, 150))
        return course.happenings
    if plot.opening is not Opening.EMERGENCY:
        _stay_in(course, plot.twist)
    _leave(course, plot, short=arrival.short)
    if plot.twist is Twist.TWO_NUMBERS:
        course.tell("A40", Note.MERGED, after(rng, course.last, 60, 300), temporary=False)
    return course.happenings


def _visit(rng: Random, arrival: Arrival, plot: Plot) -> Visit:
    return Visit(
        number=arrival.number,
        person=arrival.person,
        facility=arrival.facility,
        class_="I",
        admission_type="C" if plot.opening is Opening.DIRECT and not arrival.back else "E",
        ward=rng.choice(_WARDS),
        room=f"{rng.randint(300, 560)}",
        attending=rng.choice(staff_of(arrival.facility)),
        referring=rng.choice(PRIMARY_CARE) if rng.random() < 0.3 else None,
        diagnosis=rng.choice(_DIAGNOSES),
        begun=arrival.at,
        temporary=plot.twist is Twist.TWO_NUMBERS,
    )


class _Course:
    """A stay that is being told: what is known so far and what was said of it."""

    def __init__(self, rng: Random, visit: Visit) -> None:
        self.rng, self.visit = rng, visit
        self.happenings: list[Happening] = []

    @property
    def last(self) -> datetime:
        """When the last thing was recorded."""
        return self.happenings[-1].recorded

    def tell(
        self, trigger: str, note: Note, occurred: datetime, *, recorded: datetime | None = None, **known: Any
    ) -> None:
        """One thing more. `known`: what changes of the visit; written down some minutes later unless said otherwise."""
        self.visit = replace(self.visit, **known)
        written = recorded or after(self.rng, occurred, 1, 6)
        self.happenings.append(Happening(trigger, note, occurred, written, self.visit))


def _begin(course: _Course, opening: Opening, *, back: bool) -> None:
    visit, at = course.visit, course.visit.begun
    if opening is not Opening.DIRECT:
        course.tell("A04", Note.RETURNED if back else Note.REGISTERED, at, class_="E", ward=EMERGENCY_WARD)
        at = after(course.rng, course.last, 45, 240)
        back = False
    if opening is not Opening.EMERGENCY:
        course.tell("A01", Note.RETURNED if back else Note.ADMITTED, at, class_="I", ward=visit.ward, begun=at)


def _stay_in(course: _Course, twist: Twist) -> None:
    course.tell("A08", Note.DETAILS, after(course.rng, course.last, 8, 35))
    if twist is Twist.ATTENDING_CHANGE:
        others = [one for one in staff_of(course.visit.facility) if one != course.visit.attending]
        at = after(course.rng, course.last, 60, 180)
        course.tell("A08", Note.ATTENDING, at, attending=course.rng.choice(others))


def _leave(course: _Course, plot: Plot, *, short: bool) -> None:
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
        case Twist.DIED_AFTERWARDS:
            _discharge(course, Note.DISCHARGED, ended, plot.disposition)
            died = after(rng, ended, 12 * 60, 48 * 60)
            course.tell("A08", Note.DIED, died, recorded=after(rng, died, 60, 240), died=died)
        case _:
            _discharge(course, Note.DISCHARGED, ended, plot.disposition)


def _leave_twice(course: _Course, disposition: str, ended: datetime) -> None:
    _discharge(course, Note.DISCHARGED, ended, HOME)
    noticed = after(course.rng, course.last, 30, 180)
    course.tell("A13", Note.DISCHARGE_CANCELLED, ended, recorded=noticed, ended=None, disposition="", died=None)
    _discharge(course, Note.DISCHARGED_AGAIN, after(course.rng, noticed, 180, 1560), disposition)


def _discharge(course: _Course, note: Note, ended: datetime, disposition: str) -> None:
    course.tell("A03", note, ended, **_end(course.rng, ended, disposition))


def _end(rng: Random, ended: datetime, disposition: str) -> dict[str, Any]:
    died = ended - timedelta(minutes=rng.randint(20, 90)) if disposition == EXPIRED else None
    return {"ended": ended, "disposition": disposition, "died": died}
