"""The table of a task's life: what is in it, what is not, and that what is not changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest

from services.followup.domain.lifecycle import (
    ALARMS,
    FHIR_STATUS,
    LADDER,
    TRANSITIONS,
    IllegalMove,
    TaskFact,
    completion,
    move,
    rescheduling,
)
from services.followup.domain.model import TransitionDocument
from shared.schemas.tasks import BusinessStatus, TaskState
from tests.builders import T0
from tests.unit.followup.transitions import Ear, opened

HOUR = timedelta(hours=1)
ENDS = {"completed_early": "done-early", "completed": "done", "completed_late": "done-late", "called_off": "called-off"}
LEGAL = {
    "planned": {"window_opened": "due", "rescheduled": "planned"} | ENDS,
    "due": {"deadline_passed": "overdue", "rescheduled": "due", "set_back_to_planned": "planned"} | ENDS,
    "overdue": {
        "ladder_climbed": "escalated",
        "rescheduled": "overdue",
        "set_back_to_planned": "planned",
        "set_back_to_due": "due",
    }
    | ENDS,
    "escalated": {
        "rescheduled": "escalated",
        "set_back_to_planned": "planned",
        "set_back_to_due": "due",
        "set_back_to_overdue": "overdue",
    }
    | ENDS,
    "done-early": {},
    "done": {},
    "done-late": {},
    "called-off": {"reinstated": "planned"},
}
PAIRS = [(status, fact) for status in get_args(BusinessStatus) for fact in get_args(TaskFact)]


@pytest.mark.parametrize(("status", "fact"), PAIRS)
def test_every_pair_of_state_and_fact__moves_as_written_above_or_is_refused(status, fact):
    if fact in LEGAL[status]:
        assert move(status, fact) == LEGAL[status][fact]
    else:
        with pytest.raises(IllegalMove, match=f"^{fact} while {status}$"):
            move(status, fact)


def test_the_tables__name_every_state_of_the_contract():
    states = set(get_args(BusinessStatus))
    assert set(TRANSITIONS) == set(FHIR_STATUS) == states
    assert set(LADDER) == {status for status in states if FHIR_STATUS[status] == "requested"}
    assert set(ALARMS) == set(LADDER) - {"escalated"}


def test_each_alarm__is_a_legal_fact_whose_time_is_a_field_of_the_task():
    for status, (fact, field) in ALARMS.items():
        assert move(status, fact) == LADDER[LADDER.index(status) + 1]
        assert field in TaskState.model_fields


def test_an_illegal_move__leaves_the_record_untouched():
    ear = Ear()
    ear.hear(opened(), 1)
    record = TransitionDocument.model_validate(ear.state).tasks[0]
    before = record.model_dump()
    with pytest.raises(IllegalMove):
        record.moved("ladder_climbed", reason="never")
    assert record.model_dump() == before


@pytest.mark.parametrize(
    ("performed_at", "fact"),
    [
        (T0 - timedelta(seconds=1), "completed_early"),
        (T0, "completed"),
        (T0 + HOUR, "completed"),
        (T0 + HOUR + timedelta(seconds=1), "completed_late"),
    ],
)
def test_completion__both_ends_of_the_window_are_in_time(performed_at, fact):
    assert completion(performed_at, T0, T0 + HOUR) == fact


@pytest.mark.parametrize(
    ("status", "hours", "fact"),
    [
        ("planned", -1, "rescheduled"),
        ("planned", 9, "rescheduled"),
        ("due", -1, "set_back_to_planned"),
        ("due", 0, "rescheduled"),
        ("due", 9, "rescheduled"),
        ("overdue", -1, "set_back_to_planned"),
        ("overdue", 0.5, "set_back_to_due"),
        ("overdue", 1, "rescheduled"),
        ("escalated", -1, "set_back_to_planned"),
        ("escalated", 0, "set_back_to_due"),
        ("escalated", 1.5, "set_back_to_overdue"),
        ("escalated", 2, "rescheduled"),
    ],
)
def test_rescheduling__sets_back_to_where_the_new_times_have_come_and_never_ahead(status, hours, fact):
    times = (T0, T0 + HOUR, T0 + 2 * HOUR)
    assert rescheduling(status, times, T0 + hours * HOUR) == fact
