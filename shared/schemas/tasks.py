"""`care.tasks.v1`: the work that follows a discharge, one FHIR R4 Task each. Subject of the stream: the transition."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.schemas.encounters import AboutEncounter
from shared.schemas.identifiers import Contract, Identifier

TaskStatus = Literal["requested", "completed", "cancelled"]
BusinessStatus = Literal["planned", "due", "overdue", "escalated", "done-early", "done", "done-late", "called-off"]


class TaskState(Contract):
    """What stands of one task. `status` is FHIR's; `business_status` says where it is against its clock.

    `opens_at`, `due_at` and `escalates_at` are UTC instants, `zone` the IANA zone to show them in. `reason` is a code.
    """

    task_id: str
    code: str
    status: TaskStatus
    business_status: BusinessStatus
    opens_at: AwareDatetime
    due_at: AwareDatetime
    escalates_at: AwareDatetime
    zone: str
    rule: str
    rule_version: int
    reason: str = ""
    performed_at: AwareDatetime | None = None
    performer: Identifier | None = None


class TaskEvent(AboutEncounter):
    """An event of `care.tasks.v1`."""

    TOPIC: ClassVar[str] = "care.tasks.v1"
    transition_id: str
    pathway: str
    task: TaskState


class TaskRequested(TaskEvent):
    """The work is wanted; its window may lie ahead."""

    TYPE: ClassVar[str] = "task.requested.v1"


class TaskRescheduled(TaskEvent):
    """The discharge was amended and the task's times changed."""

    TYPE: ClassVar[str] = "task.rescheduled.v1"


class TaskDue(TaskEvent):
    """The window opened."""

    TYPE: ClassVar[str] = "task.due.v1"


class TaskOverdue(TaskEvent):
    """The deadline passed and nobody did the work."""

    TYPE: ClassVar[str] = "task.overdue.v1"


class TaskEscalated(TaskEvent):
    """Overdue for longer than the ladder allows: the next one up is told."""

    TYPE: ClassVar[str] = "task.escalated.v1"


class TaskCompleted(TaskEvent):
    """The work was done; `task.business_status` says whether early, in time or late."""

    TYPE: ClassVar[str] = "task.completed.v1"


class TaskCancelled(TaskEvent):
    """The work is not wanted any more; `task.reason` says why."""

    TYPE: ClassVar[str] = "task.cancelled.v1"
