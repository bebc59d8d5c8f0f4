"""The alarms of a transition's tasks: one for each open task, named `task_id:fact`, valid while (alarm, due) stands.

An alarm that is long past moves its task one step; the next one is then due at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from services.followup.domain.lifecycle import ALARMS, TaskFact
from services.followup.domain.model import TaskRecord, Told, TransitionDocument, tell
from shared.schemas.tasks import TaskDue, TaskEscalated, TaskEvent, TaskOverdue

ONE_MILLISECOND: Final = timedelta(milliseconds=1)

SAYS: Final[Mapping[TaskFact, type[TaskEvent]]] = {
    "window_opened": TaskDue,
    "deadline_passed": TaskOverdue,
    "ladder_climbed": TaskEscalated,
}


def _alarm_of(record: TaskRecord) -> tuple[str, datetime] | None:
    if record.task.business_status not in ALARMS:
        return None
    fact, field = ALARMS[record.task.business_status]
    due: datetime = getattr(record.task, field)
    return f"{record.task.task_id}:{fact}", due


def pending(document: TransitionDocument) -> list[tuple[str, datetime]]:
    """Every alarm that stands, (name, due), the earliest first."""
    alarms = [alarm for alarm in map(_alarm_of, document.tasks) if alarm is not None]
    return sorted(alarms, key=lambda alarm: (alarm[1], alarm[0]))


def alarms_due(state: Mapping[str, Any], until: datetime) -> list[tuple[str, datetime]]:
    """The alarms of a stored state that are due at `until` (inclusive), the earliest first."""
    return [alarm for alarm in pending(TransitionDocument.model_validate(state)) if alarm[1] <= until]


def next_alarm_at(document: TransitionDocument) -> datetime | None:
    """When the clock must look again, or None: the earliest alarm, up to the full millisecond MongoDB can hold."""
    alarms = pending(document)
    if not alarms:
        return None
    due = alarms[0][1]
    beyond = due.microsecond % 1_000
    return due if beyond == 0 else due - timedelta(microseconds=beyond) + ONE_MILLISECOND


def ring(document: TransitionDocument, alarm: str, due: datetime, cause: str) -> tuple[TransitionDocument, Told] | None:
    """What (alarm, due) changes and says, as of `due`; None when it does not stand (any more)."""
    if (alarm, due) not in pending(document):
        return None
    task_id = alarm.rpartition(":")[0]
    record = next(record for record in document.tasks if record.task.task_id == task_id)
    fact = ALARMS[record.task.business_status][0]
    record, told = tell(document, record.moved(fact), SAYS[fact], due, cause)
    return document.with_record(record), told
