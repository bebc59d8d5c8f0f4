"""What is remembered of one encounter: what stands, what was taken back, and the ledger of everything decided.

Bounded by one encounter. Holds no text of a message and no name; the address in the ledger is a professional's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, Literal

from pydantic import Field

from shared.schemas.encounters import EncounterStatus
from shared.schemas.identifiers import Contract
from shared.schemas.tasks import BusinessStatus
from shared.schemas.transitions import TransitionStatus

LEDGER_LIMIT: Final = 2_000


class Reason(StrEnum):
    """Why somebody who was considered is not told. The order of the decided ones is that of `gates.GATES`."""

    MODE_OFF = "mode-off"
    MODE_BACKLOAD = "mode-backload"
    NOT_PRODUCTION = "not-production"
    QUIET_REPLAY = "quiet-replay"
    RESTRICTED = "restricted"
    IDENTITY_UNKNOWN = "identity-unknown"
    IDENTITY_DISPUTED = "identity-disputed"
    SUPERSEDED = "superseded"
    TOO_OLD = "too-old"
    NO_DIRECTORY_ENTRY = "no-directory-entry"
    AMBIGUOUS_IDENTIFIER = "ambiguous-identifier"
    INACTIVE = "inactive"
    NOT_SUBSCRIBED = "not-subscribed"
    NO_CHANNEL = "no-channel"
    NOT_ON_ALLOW_LIST = "not-on-allow-list"
    MODE_SHADOW = "mode-shadow"
    NEVER_TOLD = "never-told"


@dataclass(frozen=True, slots=True)
class Rules:
    """The operator's part of a decision. `allow_list` holds addresses and `@domains`, in lower case."""

    live: bool
    allow_list: frozenset[str]
    greatest_age: timedelta


class EncounterStands(Contract):
    """The newest of `care.encounters.v1` that was heard. `also_known_as`: the patient's other ids."""

    status: EncounterStatus
    discharge_version: int
    deceased: bool
    closed_by: str = ""
    also_known_as: tuple[str, ...] = ()

    @property
    def discharged(self) -> bool:
        """Whether a discharge stands; an end by rule is none."""
        return self.status == "finished" and not self.closed_by


class TransitionStands(Contract):
    """The newest of one transition that was heard."""

    transition_id: str
    status: TransitionStatus


class TaskStands(Contract):
    """The newest of one task that was heard. `sequence` is `(epoch, n)` in its transition's stream, () unknown."""

    task_id: str
    business_status: BusinessStatus
    sequence: tuple[int, ...] = ()


class Told(Contract):
    """One line of the ledger: a delivery as it was decided. What became of it stands in the delivery's own document.

    `cause` is the id of the event told, `tells` its type, `notice` the kind of message. `corrects` names the deliveries
    it takes back; `withdraws` false: it takes back only the death they spoke of, or says what changed, and they are
    still to be sent. `died`: the message said that the patient died.
    """

    cause: str
    tells: str
    notice: str
    recipient: str
    role: str
    channel: str
    address: str
    status: Literal["pending", "suppressed"]
    reason: str = ""
    corrects: tuple[str, ...] = ()
    withdraws: bool = True
    died: bool = False


class Subject(Contract):
    """One encounter as notifier knows it. `withdrawn`: ids of events that were taken back."""

    encounter_id: str
    encounter: EncounterStands | None = None
    transitions: tuple[TransitionStands, ...] = ()
    tasks: tuple[TaskStands, ...] = ()
    withdrawn: tuple[str, ...] = ()
    ledger: dict[str, Told] = Field(default_factory=dict)

    @property
    def deceased(self) -> bool:
        """Whether the patient is known to have died."""
        return self.encounter is not None and self.encounter.deceased

    def task(self, task_id: str) -> TaskStands | None:
        """What stands of a task, or None."""
        return next((task for task in self.tasks if task.task_id == task_id), None)

    def transition(self, transition_id: str) -> TransitionStands | None:
        """What stands of a transition, or None."""
        return next((one for one in self.transitions if one.transition_id == transition_id), None)


@dataclass(frozen=True, slots=True)
class Decided:
    """One delivery of a decision: its id, its line in the ledger, and the values its text is made of."""

    delivery_id: str
    told: Told
    context: dict[str, Any]
