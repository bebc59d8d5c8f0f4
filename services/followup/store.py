"""What followup keeps: collection, indexes, and the rows of a task list.

One collection, `transitions`: `_id` is the transition id, `state` a `TransitionDocument`. Patient and care team are in
it because every task event carries them; a task row holds ids and codes only. Indexes every aggregate needs (claims,
alarms) are the engine's own and not named here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.followup.domain.model import TaskRecord, TransitionDocument
from services.followup.handlers import COLLECTION

INDEXES: Final[list[tuple[str, list[tuple[str, int]], dict[str, Any]]]] = [
    (COLLECTION, [("key", 1)], {"name": "key"}),
    (COLLECTION, [("state.transition.encounter_id", 1)], {"name": "encounter_id"}),
    (COLLECTION, [("state.tasks.task.status", 1)], {"name": "task_status"}),
    (COLLECTION, [("state.tasks.task.task_id", 1)], {"name": "task_id"}),
]
"""(collection, keys, options): by patient key and encounter for `care trace`, the others for `care task`."""

OPEN_TASKS: Final[Mapping[str, str]] = {"state.tasks.task.status": "requested"}
"""The query for documents that hold at least one open task."""


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One line of a task list. `due_text` is local to the task's zone; the others are ids, codes and instants."""

    task_id: str
    transition_id: str
    encounter_id: str
    pathway: str
    code: str
    status: str
    business_status: str
    opens_at: datetime
    due_at: datetime
    due_text: str
    reason: str


def task_rows(states: Iterable[Mapping[str, Any]], *, open_only: bool = True) -> list[TaskRow]:
    """The tasks of these stored states as rows, the earliest due first."""
    documents = [TransitionDocument.model_validate(state) for state in states]
    rows = [
        _row(document, record) for document in documents for record in document.tasks if record.is_open or not open_only
    ]
    return sorted(rows, key=lambda row: (row.due_at, row.transition_id, row.code))


def local_text(instant: datetime, zone: str) -> str:
    """An instant as people of a zone say it: `Fri 2026-11-06 10:00 EST`."""
    return instant.astimezone(ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M %Z")


def _row(document: TransitionDocument, record: TaskRecord) -> TaskRow:
    task = record.task
    return TaskRow(
        task_id=task.task_id,
        transition_id=document.transition.transition_id,
        encounter_id=document.transition.encounter_id,
        pathway=document.transition.pathway,
        code=task.code,
        status=task.status,
        business_status=task.business_status,
        opens_at=task.opens_at,
        due_at=task.due_at,
        due_text=local_text(task.due_at, task.zone),
        reason=task.reason,
    )
