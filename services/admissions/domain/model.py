"""What the patient document holds. Every part is JSON-able, and none depends on the order in which messages came."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from pydantic import AwareDatetime, Field, model_validator

from services.admissions.domain.lifecycle import SINGLE, Stage, Trigger
from services.admissions.domain.lifted import lifted
from services.admissions.domain.repairs import Repair
from services.admissions.domain.returns import Brief
from shared.schemas.encounters import Withdrawal
from shared.schemas.identifiers import Contract

Source = tuple[str, str, str]
"""What a message is known again by: feed, control id (MSH-10), hash of its bytes."""


Unit = tuple[object, ...]
"""What counts once: a trigger, or where each fact of it counts that trigger with its time and content."""


@dataclass(frozen=True, slots=True)
class Register:
    """The last word on one field. `stamp` orders the writers; `value` None: the hospital cleared it."""

    stamp: str
    value: Any = None


Registers = dict[str, Register]

IDENTIFIERS: Final = "identifiers:"
"""Begins the name of the register with what a feed calls the patient; the feed follows."""


class LifecycleFact(Contract):
    """One lifecycle message, kept.

    `occurred` is when it happened, for a cancel when that happened which it takes back (EVN-6); `until` is the last
    instant that the text of `occurred` may mean. `recorded` is EVN-2, `stamp` the place among the writers of registers.
    `own` are the fields that hold as long as the fact does; None clears.
    """

    trigger: Trigger
    source: Source
    occurred: AwareDatetime
    until: AwareDatetime
    recorded: AwareDatetime | None = None
    stamp: str
    class_: str = ""
    own: dict[str, Any] = Field(default_factory=dict)

    @cached_property
    def order(self) -> tuple[AwareDatetime, int, Source]:
        """The fold's order: occurred, rank of the trigger, feed, control id, hash."""
        return self.occurred, self.trigger.rank, self.source

    @cached_property
    def unit(self) -> Unit:
        """Facts of one unit are one fact, said again or amended."""
        if self.trigger in SINGLE:
            return (self.trigger,)
        return self.trigger, self.occurred, json.dumps(self.own, sort_keys=True)


class Said(Contract):
    """What hearers were told of an encounter and still hold for true.

    `standing`: the begin and the discharge that were said and not withdrawn. `digest` is of the carried state.
    `ended`: when the said discharge happened; None while the stay goes on. `told`: by event id of what stands, the
    content that was told of it last. `record`: of whom it was said, the number that led that person then.
    """

    status: str = ""
    discharge_version: int = 0
    standing: tuple[Withdrawal, ...] = ()
    digest: str = ""
    ended: AwareDatetime | None = None
    told: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    record: str = ""

    def find(self, type_: str) -> Withdrawal | None:
        """The said and standing event of a type."""
        return next((one for one in self.standing if one.type == type_), None)


class Record(Contract):
    """One number that tells patients apart, and what was said of the person under it as the best number of a message.

    `key` is the claim, "" of the one record of a patient without a usable number; `patient_id` is derived from it.
    `beside` are the other numbers that ever stood with it. `rank` is its type's place in the feed's profile, `first`
    the stamp of its earliest message. `birth_dates` and `sexes` are the distinct ones that were sent under it. `looks`
    are what it may look like another by (`looks`), of the registers as they stand.
    """

    key: str
    patient_id: str
    rank: int = 0
    first: str = ""
    beside: tuple[str, ...] = ()
    registers: Registers = Field(default_factory=dict)
    birth_dates: tuple[str, ...] = ()
    sexes: tuple[str, ...] = ()
    looks: tuple[str, ...] = ()


class Visit(Contract):
    """One visit key under one record, and all that was said of it: a set of facts, registers, a mark that stays.

    `first` is the stamp of its earliest message. `prior` are the keys of visits that led into it, as its own messages
    say (MRG-5, MRG-3). The register `door` holds the feed, its mode and its `a08_class` as of the last message: what
    another hospital says of the patient must not decide whether this stay's team is told. `unit_labels`: the laws that
    protect a unit it was in; `protected_unit`: it was in one when profiles did not tell yet which law that is.
    """

    visit_id: str
    record: str
    key: tuple[str, ...]
    first: str = ""
    prior: tuple[tuple[str, ...], ...] = ()
    facts: tuple[LifecycleFact, ...] = ()
    registers: Registers = Field(default_factory=dict)
    unit_labels: tuple[str, ...] = ()
    protected_unit: bool = False
    closed: AwareDatetime | None = None
    """The latest time at which the clock found it silent for too long (`closing`)."""


class Encounter(Contract):
    """A stay as hearers know it. `key` is the patient id under which it was first said, for ever.

    `anchor` is the visit that it is the stay of. `stage` and `died` are of the stay's last fold: `died` is the stamp of
    a standing discharge that says expired, "" if none does. `rebuilt`: it was told of somebody else before. `brief` is
    what the person's other stays need to know of it; None of one that does not stand.
    """

    encounter_id: str
    key: str
    anchor: str
    stage: Stage = Stage.INFERRED
    died: str = ""
    rebuilt: bool = False
    brief: Brief | None = None
    said: Said = Said()
    unmapped: tuple[Unmapped, ...] = ()
    """The unknown codes of its last fold."""
    closes_at: AwareDatetime | None = None
    """When the clock is to look whether it is still silent, as of its last fold."""


class Unmapped(Contract):
    """An unknown code that stands in a stay: `feed|PV1-36|CODE`, and since when, as the hospital recorded it."""

    code: str
    since: str


class Review(Contract):
    """A person should look. `code` says why, `ref` is the id of the encounter or of the other patient ("" none)."""

    code: str
    ref: str = ""


class Patient(Contract):
    """The aggregate: sets and last words, from which persons and stays are computed; and what was said of them.

    `claims` are the numbers that lead here and nowhere else. Two such documents unite, and none is ever divided: who
    turns out to be two persons is two persons in one document. `alias_of` is set on what stays of one that was united.
    `names`: of each key in use who it was said to be last, the id that leads and the keys of that person; nothing of
    one that is itself alone.
    """

    patient_id: str
    tenant: str
    processing_id: str = "P"
    claims: tuple[str, ...] = ()
    records: tuple[Record, ...] = ()
    visits: tuple[Visit, ...] = ()
    repairs: tuple[Repair, ...] = ()
    encounters: dict[str, Encounter] = Field(default_factory=dict)
    reviews: tuple[Review, ...] = ()
    names: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    unmapped: tuple[Unmapped, ...] = ()
    alias_of: str = ""

    @model_validator(mode="before")
    @classmethod
    def _as_it_is_now(cls, data: Any) -> Any:
        return lifted(data) if isinstance(data, dict) and "registers" in data else data
