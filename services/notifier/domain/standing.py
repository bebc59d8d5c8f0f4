"""What stands of an encounter, and whether an event still tells the truth.

Events carry whole state: a late one never overwrites newer state, and what it tells is told only while it still stands.
The three topics are not ordered among each other, so a task may be heard after the discharge behind it was withdrawn.
"""

from __future__ import annotations

from services.notifier.domain.model import EncounterStands, Subject, TaskStands, TransitionStands
from shared.schemas.encounters import (
    AboutEncounter,
    EncounterAdmitted,
    EncounterCancelled,
    EncounterDischarged,
    EncounterEvent,
    EncounterMerged,
    EncounterMoved,
    EncounterRegistered,
)
from shared.schemas.envelope import Envelope, Event
from shared.schemas.tasks import TaskCancelled, TaskCompleted, TaskEvent
from shared.schemas.transitions import TransitionClosed, TransitionEvent, TransitionWithdrawn

ENDS = (TransitionClosed, TransitionWithdrawn, TaskCancelled, TaskCompleted)
"""They end something, which stays true whatever became of the discharge."""


def superseded(subject: Subject, event: Event, *, late: bool) -> bool:
    """Whether what the event tells no longer stands, as far as is known."""
    if event.envelope.id in subject.withdrawn:
        return True
    match event.data:
        case EncounterEvent() as data:
            return late and not _still_stands(subject, data)
        case TransitionEvent() as data:
            return _transition_moved_on(subject, data, late) or _discharge_gone(subject, data)
        case TaskEvent() as data:
            return _task_moved_on(subject, data, event.envelope, late) or _discharge_gone(subject, data)
        case _:
            return False


def absorb(subject: Subject, event: Event, *, late: bool) -> Subject:
    """The subject with what the event says of its encounter, transition or task, and what it takes back."""
    after = _absorb_state(subject, event, late)
    data = event.data
    if not isinstance(data, AboutEncounter) or not data.withdraws:
        return after
    ids = (*after.withdrawn, *(withdrawal.event_id for withdrawal in data.withdraws))
    return after.model_copy(update={"withdrawn": tuple(dict.fromkeys(ids))})


def _still_stands(subject: Subject, data: EncounterEvent) -> bool:
    stands = subject.encounter
    if stands is None:
        return True
    match data:
        case EncounterRegistered() | EncounterAdmitted():
            return stands.status == "in-progress"
        case EncounterDischarged():
            return stands.discharged and stands.discharge_version == data.encounter.discharge_version
        case EncounterCancelled() | EncounterMerged() | EncounterMoved():
            return stands.status == "cancelled"
        case _:
            return stands.status != "finished"


def _transition_moved_on(subject: Subject, data: TransitionEvent, late: bool) -> bool:
    known = subject.transition(data.transition.transition_id)
    return late and known is not None and known.status != data.transition.status


def _task_moved_on(subject: Subject, data: TaskEvent, envelope: Envelope, late: bool) -> bool:
    known = subject.task(data.task.task_id)
    return (
        known is not None
        and _task_is_older(known, envelope, late)
        and known.business_status != data.task.business_status
    )


def _task_is_older(known: TaskStands, envelope: Envelope, late: bool) -> bool:
    """A transition's stream numbers all its tasks: older than the stream's last is not older than this task's last."""
    sequence = _sequence(envelope)
    return late and not (sequence and known.sequence and sequence > known.sequence)


def _discharge_gone(subject: Subject, data: AboutEncounter) -> bool:
    """Whether the work of a discharge is no longer wanted: it was withdrawn, replaced or the patient has died since."""
    stands = subject.encounter
    if stands is None or isinstance(data, ENDS):
        return False
    if stands.deceased and not data.patient.deceased:
        return True
    version = data.encounter.discharge_version
    newer = version > stands.discharge_version
    same = version == stands.discharge_version and stands.discharged
    return stands.status == "cancelled" or not (newer or same)


def _absorb_state(subject: Subject, event: Event, late: bool) -> Subject:
    match event.data:
        case EncounterEvent() as data:
            return subject if late and subject.encounter else _with_encounter(subject, data)
        case TransitionEvent() as data:
            known = subject.transition(data.transition.transition_id)
            return subject if late and known else _with_transition(subject, data)
        case TaskEvent() as data:
            stands = subject.task(data.task.task_id)
            older = stands is not None and _task_is_older(stands, event.envelope, late)
            return subject if older else _with_task(subject, data, _sequence(event.envelope))
        case _:
            return subject


def _with_encounter(subject: Subject, data: EncounterEvent) -> Subject:
    stands = EncounterStands(
        status=data.encounter.status,
        discharge_version=data.encounter.discharge_version,
        deceased=data.patient.deceased,
        closed_by=data.encounter.closed_by,
        also_known_as=data.patient.also_known_as,
    )
    return subject.model_copy(update={"encounter": stands})


def _with_transition(subject: Subject, data: TransitionEvent) -> Subject:
    stands = TransitionStands(transition_id=data.transition.transition_id, status=data.transition.status)
    others = (one for one in subject.transitions if one.transition_id != stands.transition_id)
    return subject.model_copy(update={"transitions": (*others, stands)})


def _with_task(subject: Subject, data: TaskEvent, sequence: tuple[int, ...]) -> Subject:
    stands = TaskStands(task_id=data.task.task_id, business_status=data.task.business_status, sequence=sequence)
    others = (one for one in subject.tasks if one.task_id != stands.task_id)
    return subject.model_copy(update={"tasks": (*others, stands)})


def _sequence(envelope: Envelope) -> tuple[int, ...]:
    return (envelope.sequence.epoch, envelope.sequence.n) if envelope.sequence else ()
