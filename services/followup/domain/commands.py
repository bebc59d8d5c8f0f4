"""What people and programs ask of one task: done, or not to be done. The same command twice is one command."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from services.followup.domain.lifecycle import completion
from services.followup.domain.model import COMMANDS_KEPT, TaskRecord, Told, TransitionDocument, tell
from shared.schemas.commands import CancelTask, CompleteTask
from shared.schemas.tasks import TaskCancelled, TaskCompleted

REASON: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""A code, so that no free text (and no patient in it) travels as a reason."""


class CommandRefused(Exception):
    """The command has no effect and never will. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def obey(
    document: TransitionDocument, command: CompleteTask | CancelTask, heard_at: datetime, cause: str
) -> tuple[TransitionDocument, Told] | None:
    """What a command changes and says; None when it was heard before.

    Raises CommandRefused: `task-unknown`, `task-not-open`, `performed-before-discharge`, `reason-not-a-code`.
    """
    if command.command_id in document.commands:
        return None
    record = document.record_of(command.task_id)
    if record is None:
        raise CommandRefused("task-unknown")
    if not record.is_open:
        raise CommandRefused("task-not-open")
    if isinstance(command, CompleteTask):
        record = _completed(document, record, command)
        record, told = tell(document, record, TaskCompleted, command.performed_at, cause)
    else:
        record, told = tell(document, _cancelled(record, command), TaskCancelled, heard_at, cause)
    commands = (*document.commands, command.command_id)[-COMMANDS_KEPT:]
    return document.with_record(record).model_copy(update={"commands": commands}), told


def _completed(document: TransitionDocument, record: TaskRecord, command: CompleteTask) -> TaskRecord:
    """A visit before its window satisfies the task, one after its deadline does too; the status says which it was."""
    if command.performed_at < document.transition.discharged_at.instant:
        raise CommandRefused("performed-before-discharge")
    fact = completion(command.performed_at, record.task.opens_at, record.task.due_at)
    return record.moved(fact, performed_at=command.performed_at, performer=command.actor)


def _cancelled(record: TaskRecord, command: CancelTask) -> TaskRecord:
    if not REASON.fullmatch(command.reason):
        raise CommandRefused("reason-not-a-code")
    return record.moved("called_off", reason=command.reason).model_copy(update={"called_off_by": "person"})
