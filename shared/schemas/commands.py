"""`care.commands.v1`: what people and programs ask of us. A field we do not know is refused, not ignored."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from shared.schemas.envelope import EventData
from shared.schemas.identifiers import Identifier


class TaskCommand(EventData):
    """A wish about one task. `command_id` is the sender's; the same id again has no further effect."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    TOPIC: ClassVar[str] = "care.commands.v1"
    command_id: str
    transition_id: str
    task_id: str
    actor: Identifier


class CompleteTask(TaskCommand):
    """The work was done at `performed_at`, by `actor`."""

    TYPE: ClassVar[str] = "command.complete-task.v1"
    performed_at: AwareDatetime


class CancelTask(TaskCommand):
    """The work is not to be done; `reason` is a code (patient-refused, not-home-twice, duplicate ...)."""

    TYPE: ClassVar[str] = "command.cancel-task.v1"
    reason: str


class IdentityCommand(EventData):
    """A person's word about who is who. `command_id` is the sender's; the same id again has no further effect.

    `reason` is a code (birth-date-corrected, spoken-to-registration, registered-twice ...).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    TOPIC: ClassVar[str] = "care.commands.v1"
    command_id: str
    actor: Identifier
    reason: str


class DecideIdentity(IdentityCommand):
    """The two `records` are one person, or two; it outweighs every rule, and the last word about a pair counts.

    `records` are two numbers as claims, `documents` the patient documents that hold them: one, or one each.
    """

    TYPE: ClassVar[str] = "command.decide-identity.v1"
    documents: tuple[str, ...] = Field(min_length=1, max_length=2)
    records: tuple[str, ...] = Field(min_length=2, max_length=2)
    verdict: Literal["same", "different"]


class SettleReview(IdentityCommand):
    """Somebody looked at a review of `document`, and there is nothing to do. It stays settled until that is undone.

    `code` and `about` are the review's; `seen` is how many different values it rested on when somebody looked: of birth
    dates and sexes one more opens it again; 1 where it rests on no values.
    """

    TYPE: ClassVar[str] = "command.settle-review.v1"
    document: str
    code: str
    about: str
    seen: int = Field(ge=1)


class UndoRepair(IdentityCommand):
    """A merge, move, renaming or settled review in the journal of `document` is not to count any more."""

    TYPE: ClassVar[str] = "command.undo-repair.v1"
    document: str
    repair_id: str
