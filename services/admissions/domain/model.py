"""What the patient document holds. Every part is JSON-able, and none depends on the order in which messages came."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import AwareDatetime, Field

from services.admissions.domain.lifecycle import SINGLE, Stage, Trigger
from shared.schemas.encounters import Withdrawal
from shared.schemas.envelope import Mode
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
    content that was told of it last.
    """

    status: str = ""
    discharge_version: int = 0
    standing: tuple[Withdrawal, ...] = ()
    digest: str = ""
    ended: AwareDatetime | None = None
    told: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    def find(self, type_: str) -> Withdrawal | None:
        """The said and standing event of a type."""
        return next((one for one in self.standing if one.type == type_), None)


class Encounter(Contract):
    """One stay or visit. `key` is the patient id under which it was first said, for ever; `stage` is the fold's.

    `feed` and `mode` are those of the stay's own last message: what another hospital says of the patient must not
    decide whether this stay's team is told. `a08` is that feed's policy for a class that an update brings. `died` is
    the stamp of a standing discharge that says expired, "" if none does.
    """

    encounter_id: str
    key: str
    visit: tuple[str, ...]
    feed: str = ""
    mode: Mode = Mode.LIVE
    a08: str = "describes"
    facts: tuple[LifecycleFact, ...] = ()
    registers: Registers = Field(default_factory=dict)
    protected_unit: bool = False
    stage: Stage = Stage.INFERRED
    died: str = ""
    said: Said = Said()


class Review(Contract):
    """A person should look. `code` says why, `ref` is the id of the encounter or of the other patient ("" none)."""

    code: str
    ref: str = ""


class Patient(Contract):
    """The aggregate. `claims` are the identifiers that are this patient's alone.

    `birth_dates` and `sexes` are the distinct ones that were sent, to see a disagreement in any order.
    """

    patient_id: str
    tenant: str
    processing_id: str = "P"
    claims: tuple[str, ...] = ()
    registers: Registers = Field(default_factory=dict)
    birth_dates: tuple[str, ...] = ()
    sexes: tuple[str, ...] = ()
    encounters: dict[str, Encounter] = Field(default_factory=dict)
    reviews: tuple[Review, ...] = ()
