"""What stands, and whether an event that comes late, or from another topic, still tells the truth."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.notifier.domain.model import Subject
from services.notifier.domain.standing import absorb, superseded
from shared.schemas.encounters import (
    EncounterCancelled,
    EncounterClosed,
    EncounterMerged,
    EncounterMoved,
    Withdrawal,
)
from shared.schemas.envelope import Sequence
from shared.schemas.tasks import TaskCompleted, TaskEscalated, TaskOverdue
from shared.schemas.transitions import TransitionClosed, TransitionUpdated, TransitionWithdrawn
from tests.builders import T0, a_discharge, a_patient, an_encounter, an_event
from tests.unit.notifier.givens import (
    a_cancellation_of,
    a_registration,
    a_repair_of,
    a_task,
    a_transition,
    a_withdrawal_of,
    an_admission,
    an_update,
    coordinator,
)

NEW = Subject(encounter_id="encounter-1")
SECOND = an_encounter(discharge_version=2)
CLOSED = EncounterClosed(
    patient=a_patient(), encounter=an_encounter(closed_by="rule"), occurred_at=T0 + timedelta(days=120)
)


def after(*heard: Any) -> Subject:
    subject = NEW
    for n, data in enumerate(heard, 1):
        subject = absorb(subject, an_event(data, n=n), late=False)
    return subject


@pytest.mark.parametrize(
    ("heard", "late_one", "gone"),
    [
        ((), a_discharge(), False),
        ((an_update(),), a_registration(), False),
        ((an_update(),), an_admission(), False),
        ((a_discharge(),), an_admission(), True),
        ((an_update(encounter=an_encounter()),), a_discharge(), False),
        ((a_withdrawal_of(),), a_discharge(), True),
        ((a_discharge(encounter=SECOND),), a_discharge(), True),
        ((an_update(),), a_withdrawal_of(), False),
        ((a_discharge(encounter=SECOND),), a_withdrawal_of(), True),
        ((a_cancellation_of(),), a_cancellation_of(), False),
        ((an_admission(),), a_cancellation_of(), True),
        ((an_admission(),), a_repair_of(EncounterMoved), True),
        ((a_repair_of(EncounterMerged),), a_repair_of(EncounterMerged), False),
        ((a_repair_of(EncounterMoved),), an_admission(), True),
        ((CLOSED,), a_discharge(), True),
        ((a_transition(TransitionUpdated),), a_transition(), False),
        ((a_transition(TransitionWithdrawn, "withdrawn"),), a_transition(), True),
        ((a_task(TaskOverdue, "overdue"),), a_task(), True),
        ((a_task(TaskOverdue, "overdue", task_id="task-2"),), a_task(), False),
        ((a_task(),), a_task(), False),
    ],
)
def test_late__is_told_only_while_it_stands(heard: tuple[Any, ...], late_one: Any, gone: bool) -> None:
    subject = after(*heard)
    event = an_event(late_one, sequence=Sequence(1, 0), id="the-late-one")
    assert superseded(subject, event, late=True) is gone
    assert superseded(NEW, event, late=False) is False


@pytest.mark.parametrize("newest", [an_admission(), a_transition(TransitionClosed, "closed"), a_task()])
def test_late__never_overwrites_what_is_newer(newest: Any) -> None:
    subject = after(newest)
    older = {
        type(an_admission()): a_discharge(),
        TransitionClosed: a_transition(),
        type(a_task()): a_task(TaskOverdue, "overdue"),
    }[type(newest)]
    assert absorb(subject, an_event(older, sequence=Sequence(1, 0)), late=True) == subject


def test_late_in_its_stream__but_the_newest_of_its_own_task() -> None:
    subject = absorb(NEW, an_event(a_task(), n=2), late=False)
    event = an_event(a_task(TaskOverdue, "overdue"), n=3)
    assert superseded(subject, event, late=True) is False
    assert absorb(subject, event, late=True).task("task-1").business_status == "overdue"  # type: ignore[union-attr]


def test_late_task__without_a_sequence_is_taken_as_older() -> None:
    subject = after(a_task(TaskOverdue, "overdue"))
    assert superseded(subject, an_event(a_task(), sequence=None), late=True) is True


def test_withdrawn_before_it_was_heard__is_not_told() -> None:
    event = an_event(a_discharge())
    subject = after(a_withdrawal_of(event, encounter=an_encounter()))
    assert superseded(subject, event, late=False) is True


def test_withdrawals__are_kept_once() -> None:
    event = an_event(a_discharge())
    assert after(a_withdrawal_of(event), a_cancellation_of(event)).withdrawn == (event.envelope.id,)


@pytest.mark.parametrize(
    ("heard", "work", "gone"),
    [
        (a_discharge(), a_task(), False),
        (a_withdrawal_of(), a_task(), True),
        (a_withdrawal_of(), a_transition(), True),
        (a_withdrawal_of(), a_task(encounter=SECOND), False),
        (a_discharge(encounter=SECOND), a_task(), True),
        (CLOSED, a_task(), True),
        (a_repair_of(EncounterMoved), a_task(), True),
        (a_cancellation_of(), a_task(), True),
        (a_cancellation_of(), a_task(encounter=SECOND), True),
        (a_discharge(patient=a_patient(deceased=True)), a_task(TaskEscalated, "escalated"), True),
        (a_discharge(patient=a_patient(deceased=True)), a_transition(patient=a_patient(deceased=True)), False),
        (a_withdrawal_of(), a_transition(TransitionClosed, "closed"), False),
        (a_withdrawal_of(), a_transition(TransitionWithdrawn, "withdrawn"), False),
        (a_withdrawal_of(), a_task(TaskCompleted, "done"), False),
    ],
)
def test_work__of_a_discharge_that_is_gone_is_not_told(heard: Any, work: Any, gone: bool) -> None:
    assert superseded(after(heard), an_event(work), late=False) is gone


def test_another_kind_of_event__changes_nothing() -> None:
    event = an_event(coordinator())
    assert superseded(NEW, event, late=True) is False
    assert absorb(NEW, event, late=True) == NEW


def test_withdrawal__of_something_never_heard_is_remembered() -> None:
    data = EncounterCancelled(
        **{name: getattr(a_cancellation_of(), name) for name in ("patient", "encounter", "occurred_at")},
        withdraws=(Withdrawal(event_id="never-heard", type="encounter.admitted.v1"),),
    )
    assert after(data).withdrawn == ("never-heard",)
