"""`care.commands.v1`: what people and programs ask of us. A field we do not know is refused, not ignored."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime, ConfigDict

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
