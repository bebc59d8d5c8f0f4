"""What followup remembers of one transition: what was last carried, its tasks, and the commands already heard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from services.followup.domain.lifecycle import FHIR_STATUS, TaskFact, move
from shared.schemas.encounters import CareTeamMember, EncounterState, PatientState, Withdrawal
from shared.schemas.envelope import TYPE_PREFIX, derived_id
from shared.schemas.identifiers import Contract
from shared.schemas.tasks import TaskEvent, TaskState
from shared.schemas.transitions import Deadline, TransitionState

COMMANDS_KEPT: Final = 1_000
WITHDRAWN: Final = "discharge-withdrawn"
VOID: Final = frozenset({WITHDRAWN, "encounter-merged", "encounter-moved"})
"""Why a task is called off whose discharge does not stand: whoever was told of it was told wrongly."""


class TaskRecord(Contract):
    """One task, the deadline it was made from (with all inputs), who called it off, and what was said of it.

    `said` names the events a withdrawal would take back, `told` counts all that were ever said.
    """

    task: TaskState
    deadline: Deadline
    called_off_by: Literal["", "transition", "person"] = ""
    said: tuple[Withdrawal, ...] = ()
    told: int = 0

    @property
    def is_open(self) -> bool:
        """Is the work still wanted and not done?"""
        return self.task.status == "requested"

    def moved(self, fact: TaskFact, **changes: Any) -> TaskRecord:
        """The record after `fact`; raises IllegalMove and leaves this one as it is."""
        status = move(self.task.business_status, fact)
        changes |= {"business_status": status, "status": FHIR_STATUS[status]}
        return self.model_copy(update={"task": self.task.model_copy(update=changes)})


class TransitionDocument(Contract):
    """The state of one transition. `patient`, `encounter`, `care_team` and `processing_id` are as last carried."""

    transition: TransitionState
    patient: PatientState
    encounter: EncounterState
    care_team: tuple[CareTeamMember, ...] = ()
    processing_id: str = "P"
    tasks: tuple[TaskRecord, ...] = ()
    commands: tuple[str, ...] = ()

    def record_of(self, task_id: str) -> TaskRecord | None:
        """The record of a task, or None."""
        return next((record for record in self.tasks if record.task.task_id == task_id), None)

    def with_record(self, changed: TaskRecord) -> TransitionDocument:
        """This document with one record replaced."""
        tasks = tuple(changed if record.task.task_id == changed.task.task_id else record for record in self.tasks)
        return self.model_copy(update={"tasks": tasks})


@dataclass(frozen=True, slots=True)
class Told:
    """An event to be said and the id it will have."""

    data: TaskEvent
    id: str


def tell(
    document: TransitionDocument, record: TaskRecord, type_: type[TaskEvent], occurred_at: datetime, cause: str
) -> tuple[TaskRecord, Told]:
    """The event about a task as it now stands, and the record that remembers it was said.

    Whoever was told of a task of a discharge that does not stand was told wrongly: that cancellation withdraws it all.
    """
    wrong = record.called_off_by == "transition" and record.task.reason in VOID
    data = type_(
        patient=document.patient,
        encounter=document.encounter,
        care_team=document.care_team,
        occurred_at=occurred_at,
        processing_id=document.processing_id,
        withdraws=record.said if wrong else (),
        transition_id=document.transition.transition_id,
        pathway=document.transition.pathway,
        task=record.task,
    )
    # the same alarm at the same instant rings again when a task was called off and wanted again: hence the count
    id_ = derived_id("followup", cause, type_.TYPE, record.task.task_id, record.told)
    said = () if wrong else (*record.said, Withdrawal(event_id=id_, type=TYPE_PREFIX + type_.TYPE))
    return record.model_copy(update={"said": said, "told": record.told + 1}), Told(data, id_)
