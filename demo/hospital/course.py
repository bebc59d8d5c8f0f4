"""A stay as its hospital knows it, and what can happen to it: plain types, and the tale of one stay as it is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from random import Random
from typing import Any, Final, NamedTuple

from demo.hospital.facilities import Facility
from demo.hospital.people import Person
from demo.hospital.providers import Provider
from demo.hospital.shifts import after


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
    MOVED = "moved-to-whose-it-is"
    NOT_DEAD = "not-dead-after-all"
    TRANSFERRED = "transferred"
    TRANSFER_CANCELLED = "transfer-cancelled"
    PRE_ADMITTED = "pre-admitted"
    PLAN_CANCELLED = "pre-admission-cancelled"
    TURNED_INPATIENT = "turned-inpatient"
    SWAPPED = "swapped-beds"
    RENUMBERED = "turned-inpatient-under-a-new-number"
    DOWNGRADED = "turned-outpatient"
    WENT_ON_LEAVE = "went-on-leave"
    BACK_FROM_LEAVE = "back-from-leave"
    MONTH_ENDED = "month-of-a-series-ended"
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


class Shield(StrEnum):
    """By what a hospital says that the patient or the visit is protected."""

    NONE = ""
    PATIENT = "PD1-12"
    PATIENT_RESTRICTED = "ARV beside PID"
    VISIT = "PV2-22"
    VISIT_RESTRICTED = "ARV beside PV1"


_AS_INPATIENT, _BESIDE = 5, 7
EMERGENCY_WARD: Final = Ward("ED", "EMR")
SERIES_WARD: Final = Ward("DIALYSIS", "NEP")
WARDS: Final = (Ward("3WEST", "MED"), Ward("4EAST", "CAR"), Ward("5NORTH", "PUL"), Ward("SURG2", "SUR"))
PROTECTED_WARDS: Final = (Ward("DETOX", "MED"), Ward("6SOUTH", "PSY"))
"""42 CFR Part 2 by the point of care, behavioural health by the service; `demo/data/feeds.toml` says so, too."""
DIAGNOSES: Final = (
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

    `came_from`: the ward before this one. `alive`: it is said that the patient is not dead after all.
    `temporary`: nobody has found the patient's own number yet. `namesake`: for whom the patient is taken as long as
    `mistaken`. `prior`: the number of the visit that this one was before. `shield`: what is said of its protection.
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
    came_from: Ward | None = None
    alive: bool = False
    temporary: bool = False
    namesake: Person | None = None
    mistaken: bool = False
    prior: str = ""
    shield: Shield = Shield.NONE

    @property
    def filed(self) -> Person:
        """Whom the hospital takes the patient for."""
        return self.namesake if self.namesake and self.mistaken else self.person

    @property
    def next_number(self) -> str:
        """What a hospital calls it that gives its inpatients numbers of their own."""
        return f"{self.number[:-1]}{int(self.number[-1]) + _AS_INPATIENT}"

    @property
    def number_beside(self) -> str:
        """The number of the stay in the next bed."""
        return f"{self.number[:-1]}{int(self.number[-1]) + _BESIDE}"

    @property
    def temporary_mrn(self) -> str:
        """What the hospital calls the patient as long as nobody knows who it is; another one at every stay."""
        return f"{self.facility.authority[0]}T{self.number[1:]}"


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of one stay: HL7 trigger, when it was and when it was written down, and what was known then.

    `beside`: the stay of the second patient whom it is about (A17).
    """

    trigger: str
    note: Note
    occurred: datetime
    recorded: datetime
    visit: Visit
    beside: Visit | None = None


class Course:
    """A stay that is being told: what is known so far and what was said of it; `others` is told of somebody else."""

    def __init__(self, rng: Random, visit: Visit) -> None:
        self.rng, self.visit = rng, visit
        self.happenings: list[Happening] = []
        self.others: list[Happening] = []

    @property
    def last(self) -> datetime:
        """When the last thing was recorded."""
        return self.happenings[-1].recorded

    def know(self, **known: Any) -> None:
        """What changes without being told by itself."""
        self.visit = replace(self.visit, **known)

    def tell(
        self,
        trigger: str,
        note: Note,
        occurred: datetime,
        *,
        recorded: datetime | None = None,
        beside: Visit | None = None,
        **known: Any,
    ) -> None:
        """One thing more. `known`: what changes of the visit; written down some minutes later unless said otherwise."""
        self.know(**known)
        written = recorded or after(self.rng, occurred, 1, 6)
        self.happenings.append(Happening(trigger, note, occurred, written, self.visit, beside))
