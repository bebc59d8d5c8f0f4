"""Plain types of the oracle: what a hospital meant, and one shape for what is expected and for what is observed.

A set of outcomes is what is allowed; of what is observed it holds one. Numbers of visits and codes only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

ABSENT: Final = "absent"
SENT: Final = "sent"
WITHDRAWN: Final = "withdrawn"
UNKNOWN: Final = "unknown"
"""Taken back after an attempt that nobody answered: whoever it was for may have been told, and is corrected."""
SUPERSEDED: Final = "suppressed:superseded"


def filed_wrongly(visit: str) -> str:
    """What a visit is called that was told of somebody else than whose it is."""
    return f"{visit}/wrong"


class Member(NamedTuple):
    """One of a care team: HL7 role, and the numbers of one person as (assigner, value)."""

    role: str
    numbers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it can be understood by who reads it. Times are aware UTC; `ended` and `died` as far as it tells.

    `alive`: it says that the patient is not dead (PID-30 N). `place`: ward and room (PV1-3.1, .2).

    `patient` is equal for two messages when their numbers say that they are about one person; `numbers` are those,
    `authority` is whose they are (but for one that all hospitals know).
    `retires`: the `patient` that turned out to be this one (A40); such a message is about no visit. `moves`: the
    `patient` under whom the visit was filed, though it is this one's (A44, A45), or all that was filed there by then,
    and then no visit is named (A43). `mistaken`: it is filed so.

    `unit`: it says that the stay is in a unit which the law protects; `shields_visit`, `shields_patient`: that the
    hospital protects this stay, or all of the patient's.

    `prior`: the number of the visit that this one was before (A06). `beside`: what it says of a second patient (A17).
    """

    control_id: str
    trigger: str
    visit: str
    patient: str
    facility: str
    zone: str
    occurred: datetime
    recorded: datetime
    class_: str = "I"
    admission_type: str = "E"
    ended: datetime | None = None
    disposition: str = ""
    died: bool = False
    alive: bool = False
    place: str = ""
    mode: str = "live"
    training: bool = False
    team: tuple[Member, ...] = ()
    authority: str = ""
    numbers: frozenset[str] = frozenset()
    retires: str = ""
    moves: str = ""
    mistaken: bool = False
    prior: str = ""
    unit: bool = False
    shields_visit: bool = False
    shields_patient: bool = False
    beside: Message | None = None

    @property
    def says_of_death(self) -> bool:
        """Does it say whether the patient is dead?"""
        return self.died or self.alive


class Arrival(NamedTuple):
    """A message was let in at this time, on the business clock."""

    control_id: str
    at: datetime


class Done(NamedTuple):
    """Somebody says that a task was done."""

    visit: str
    version: int
    code: str
    performed_at: datetime


@dataclass(frozen=True, slots=True)
class Pace:
    """When the account is drawn up, and how near two things may be to each other for either to come first.

    `step`: what happens within it may overtake; `slack`: how exactly `until` is known.
    """

    until: datetime
    step: timedelta
    slack: timedelta = timedelta(0)


class Telling(NamedTuple):
    """Who is told what. `version` is the discharge's (0 for what is no discharge's), `n` counts equal notices."""

    notice: str
    code: str
    version: int
    n: int
    recipient: str


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work; `status` is what its business status may be. `surely`: it must have been asked for.

    `or_else`: as it may stand instead, where it was done near to an amendment.
    """

    opens_at: datetime
    due_at: datetime
    status: frozenset[str]
    surely: bool = True
    or_else: tuple[Task, ...] = ()


@dataclass(frozen=True, slots=True)
class Transition:
    """One discharge that was said; tasks by code."""

    status: str
    pathway: str
    tasks: Mapping[str, Task] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Visit:
    """The end of one visit. `status` is "" for one that was never said of; `corrections` are by what they take back.

    `numbers`: what the patient is called in the end, of a visit that was not cancelled. `surely`: it must have been
    told of. `shielded`: from then on nothing of it may be told, None if it may; it is not compared.
    """

    status: str
    discharged_at: datetime | None = None
    disposition: str = ""
    numbers: frozenset[str] = frozenset()
    class_: str = ""
    place: str = ""
    on_leave: bool = False
    transitions: Mapping[int, Transition] = field(default_factory=dict)
    told: Mapping[Telling, frozenset[str]] = field(default_factory=dict)
    corrections: Mapping[Telling, frozenset[str]] = field(default_factory=dict)
    surely: bool = True
    shielded: datetime | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Every visit by its number (`filed_wrongly` of what was told of another patient), and the control ids of what was
    dead-lettered.
    """

    visits: Mapping[str, Visit]
    dead_letters: frozenset[str] = frozenset()
