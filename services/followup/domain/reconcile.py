"""From what a transition carries to its tasks: only the difference to what stands is changed and said.

Because it compares with what is carried and not with what was said before, the order in which events come does not
matter. Done tasks stay as history; a task that a person called off stays called off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.followup.domain.lifecycle import rescheduling
from services.followup.domain.model import VOID, WITHDRAWN, TaskRecord, Told, TransitionDocument, tell
from shared.schemas.envelope import derived_id
from shared.schemas.tasks import TaskCancelled, TaskEvent, TaskRequested, TaskRescheduled, TaskState
from shared.schemas.transitions import Deadline, TransitionEvent

Change = tuple[TaskRecord, type[TaskEvent] | None]


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard: the id of the event, when its cause reached our door, and how long overdue is let stand."""

    cause: str
    at: datetime
    ladder: timedelta


def _fresh(transition_id: str, deadline: Deadline, ladder: timedelta) -> TaskRecord:
    task = TaskState(
        task_id=derived_id("task", transition_id, deadline.code),
        code=deadline.code,
        status="requested",
        business_status="planned",
        opens_at=deadline.opens_at,
        due_at=deadline.due_at,
        escalates_at=deadline.due_at + ladder,
        zone=deadline.zone,
        rule=deadline.rule,
        rule_version=deadline.rule_version,
    )
    return TaskRecord(task=task, deadline=deadline)


def _reason(event: TransitionEvent) -> str:
    """Why a task is not wanted any more, as a code."""
    if event.transition.status == "withdrawn":
        return event.transition.reason if event.transition.reason in VOID else WITHDRAWN
    return event.transition.reason or "pathway-changed"


def _called_off(record: TaskRecord, event: TransitionEvent) -> TaskRecord:
    record = record.moved("called_off", reason=_reason(event))
    return record.model_copy(update={"called_off_by": "transition"})


def _clock(task: TaskState) -> dict[str, Any]:
    return task.model_dump(include={"opens_at", "due_at", "escalates_at", "zone"})


def _wanted(record: TaskRecord, new: TaskRecord, heard: Heard) -> Change:
    """A known task whose deadline is carried: as it now stands, and what is to be said of it."""
    if not record.is_open and record.called_off_by != "transition":
        return record, None
    say: type[TaskEvent] | None
    changes = _clock(new.task) | {"rule": new.task.rule, "rule_version": new.task.rule_version}
    if not record.is_open:
        fresh, say = record.moved("reinstated", reason="", **changes), TaskRequested
    elif _clock(record.task) == _clock(new.task):
        fresh, say = record.model_copy(update={"task": record.task.model_copy(update=changes)}), None
    else:
        times = (new.task.opens_at, new.task.due_at, new.task.escalates_at)
        fresh, say = (
            record.moved(rescheduling(record.task.business_status, times, heard.at), **changes),
            TaskRescheduled,
        )
    return fresh.model_copy(update={"deadline": new.deadline, "called_off_by": ""}), say


def _changes(document: TransitionDocument, event: TransitionEvent, heard: Heard) -> Iterator[Change]:
    """Every task, known or carried, as it now stands."""
    transition = event.transition
    carried = {each.code: _fresh(transition.transition_id, each, heard.ladder) for each in transition.deadlines}
    standing = transition.status != "withdrawn"
    for record in document.tasks:
        new = carried.pop(record.task.code, None)
        if new is not None and standing:
            yield _wanted(record, new, heard)
        elif record.is_open:
            yield _called_off(record, event), TaskCancelled
        else:
            yield record, None
    for new in carried.values():
        yield (new, TaskRequested) if standing else (_called_off(new, event), None)


def reconcile(
    document: TransitionDocument | None, event: TransitionEvent, heard: Heard
) -> tuple[TransitionDocument, tuple[Told, ...]]:
    """The document that fits what the event carries, and what is to be said of its tasks: cancelled ones first.

    Before: the event is no older than any that was applied. If repeated: the same document, and nothing is said.
    """
    document = _carried(document, event)
    records: list[TaskRecord] = []
    told: list[Told] = []
    for record, say in _changes(document, event, heard):
        if say is not None:
            record, said = tell(document, record, say, event.occurred_at, heard.cause)
            told.append(said)
        records.append(record)
    records.sort(key=lambda record: (record.task.due_at, record.task.code))
    told.sort(key=lambda said: not isinstance(said.data, TaskCancelled))
    return document.model_copy(update={"tasks": tuple(records)}), tuple(told)


def _carried(document: TransitionDocument | None, event: TransitionEvent) -> TransitionDocument:
    return TransitionDocument(
        transition=event.transition,
        patient=event.patient,
        encounter=event.encounter,
        care_team=event.care_team,
        processing_id=event.processing_id,
        tasks=document.tasks if document else (),
        commands=document.commands if document else (),
    )
