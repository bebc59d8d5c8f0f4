"""What followup refuses, passes over and knows again; and its list of tasks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.followup.domain.alarms import alarms_due, next_alarm_at
from services.followup.domain.model import COMMANDS_KEPT, TransitionDocument
from services.followup.handlers import COLLECTION, handlers
from services.followup.store import INDEXES, local_text, task_rows
from shared.schemas.timers import TimerDue
from shared.schemas.topics import COMMANDS, FOLLOWUP_TIMERS, TRANSITIONS
from shared.stream.codec import Undecodable
from shared.stream.decisions import Refs, Refused
from shared.stream.records import Heard
from tests.builders import T0, DeskOf, a_discharge, a_record, an_event, heard
from tests.unit.followup.transitions import (
    HANDLERS,
    TRANSITION,
    Ear,
    a_deadline,
    cancel,
    complete,
    opened,
    task_id,
    utc,
    withdrawn,
)


def an_ear():
    ear = Ear()
    ear.hear(opened(), 1)
    return ear


def refusal(ear, command):
    before = ear.state
    with pytest.raises(Refused) as refused:
        ear.command(command)
    assert ear.state == before
    return refused.value.code


def test_a_command__for_a_transition_or_task_nobody_knows_is_refused():
    assert refusal(an_ear(), complete("triage", "2026-11-04T15:00:00")) == "task-unknown"
    with pytest.raises(Refused, match=r"^task-unknown$"):
        Ear().command(complete("contact", "2026-11-04T15:00:00"))


def test_a_command__for_work_that_is_done_or_called_off_is_refused_unless_it_is_the_same():
    ear = an_ear()
    first = complete("contact", "2026-11-04T15:00:00")
    ear.command(first)
    ear.command(cancel("home-visit"))
    before = ear.state
    assert ear.command(first) == []
    assert ear.command(cancel("home-visit")) == []
    assert ear.last.state is None
    assert ear.last.metrics == {"command-repeated": 1}
    assert ear.state == before
    assert refusal(ear, complete("contact", "2026-11-05T15:00:00")) == "task-not-open"
    assert refusal(ear, complete("home-visit", "2026-11-05T15:00:00")) == "task-not-open"
    assert refusal(ear, cancel("contact")) == "task-not-open"


def test_a_command__work_before_the_discharge_is_refused():
    ear = an_ear()
    assert refusal(ear, complete("contact", "2026-11-03T14:59:59")) == "performed-before-discharge"
    assert ear.command(complete("contact", "2026-11-03T15:00:00")) == [("TaskCompleted", "contact")]


@pytest.mark.parametrize("reason", ["", "He told me so", "Patient-Refused", "a" * 65, "-x", "refused\n"])
def test_a_command__a_reason_that_is_no_code_is_refused(reason):
    assert refusal(an_ear(), cancel("contact", reason)) == "reason-not-a-code"


def test_commands__the_last_thousand_are_remembered():
    ear = an_ear()
    ear.state["commands"] = [f"old-{n}" for n in range(COMMANDS_KEPT)]
    ear.command(complete("contact", "2026-11-04T15:00:00", command_id="new"))
    assert len(ear.state["commands"]) == COMMANDS_KEPT
    assert ear.state["commands"][0] == "old-1"
    assert ear.state["commands"][-1] == "new"


def test_a_command__survives_an_amendment_in_between():
    ear = an_ear()
    command = complete("contact", "2026-11-04T15:00:00")
    ear.command(command)
    ear.hear(withdrawn(), 2)
    assert ear.command(command) == []


def test_a_command__with_a_field_we_do_not_know_cannot_be_read():
    record = a_record(complete("contact", "2026-11-04T15:00:00"))
    value = (record.value or b"")[:-1] + b',"note":"x"}'
    with pytest.raises(Undecodable, match=r"^data-extra_forbidden$"):
        HANDLERS[COMMANDS.name].read(
            Heard(record.topic, record.partition, record.offset, record.key, value, record.headers)
        )


def test_a_timer__that_does_not_stand_changes_nothing():
    ear = an_ear()
    before = ear.state
    alarm = f"{task_id('home-visit')}:window_opened"
    due = utc("2026-11-05T15:00:00")
    assert ear.timer(alarm, due + timedelta(seconds=1)) == []
    assert ear.timer(f"{task_id('home-visit')}:deadline_passed", utc("2026-11-06T15:00:00")) == []
    assert ear.timer("nonsense", due) == []
    assert ear.last.state is None
    assert ear.last.metrics == {"timer-stale": 1}
    assert ear.state == before
    assert ear.timer(alarm, due) == [("TaskDue", "home-visit")]
    assert ear.timer(alarm, due) == []


def test_a_timer__of_a_transition_nobody_knows_changes_nothing():
    ear = Ear()
    assert ear.timer("x:window_opened", T0) == []
    assert (ear.last.id, ear.last.state) == (TRANSITION, None)


def test_alarms_due__the_earliest_first_and_until_is_inclusive():
    ear = an_ear()
    assert alarms_due(ear.state, T0 - timedelta(microseconds=1)) == []
    assert alarms_due(ear.state, utc("2026-11-05T15:00:00")) == [
        (f"{task_id('practitioner-visit')}:window_opened", T0),
        (f"{task_id('contact')}:window_opened", utc("2026-11-04T05:00:00")),
        (f"{task_id('home-visit')}:window_opened", utc("2026-11-05T15:00:00")),
    ]


def test_a_late_alarm__moves_its_task_step_by_step_at_once():
    ear = Ear()
    ear.hear(opened(deadlines=(a_deadline("home-visit"),)), 1, at=utc("2027-01-01T00:00:00"))
    assert ear.ring_until("2027-01-01T00:00:00") == [
        ("TaskDue", "home-visit", utc("2026-11-05T15:00:00")),
        ("TaskOverdue", "home-visit", utc("2026-11-06T15:00:00")),
        ("TaskEscalated", "home-visit", utc("2026-11-07T15:00:00")),
    ]


def test_the_next_alarm__is_rounded_up_to_what_mongodb_can_hold():
    ear = Ear()
    part = timedelta(microseconds=1_500)
    ear.hear(opened(deadlines=(a_deadline("home-visit", part),)), 1)
    document = TransitionDocument.model_validate(ear.state)
    assert next_alarm_at(document) == utc("2026-11-05T15:00:00.002")
    assert alarms_due(ear.state, utc("2026-11-05T15:00:00.002"))[0][1] == utc("2026-11-05T15:00:00.001500")


def test_the_ladder__is_given_from_outside():
    desk = DeskOf()
    hear = handlers(ladder=timedelta(hours=2))[TRANSITIONS.name]
    decision = heard(hear, opened(deadlines=(a_deadline("home-visit"),)), desk, subject=TRANSITION)
    assert decision.say[0].data.task.escalates_at == utc("2026-11-06T17:00:00")


def test_read__names_the_one_document_and_counts_sequences_of_transitions_only():
    fact = HANDLERS[TRANSITIONS.name].read(a_record(opened(), subject=TRANSITION))
    assert (fact.refs, fact.stream) == ((Refs("transitions", (TRANSITION,)),), True)
    for topic, data in {
        COMMANDS.name: cancel("contact"),
        FOLLOWUP_TIMERS.name: TimerDue(aggregate=TRANSITION, alarm="a", due=T0),
    }.items():
        fact = HANDLERS[topic].read(a_record(data))
        assert (fact.refs, fact.stream) == ((Refs("transitions", (TRANSITION,)),), False)


def test_read__anothers_sequence_is_refused_and_another_type_is_passed():
    with pytest.raises(Refused, match=r"^subject-mismatch$"):
        HANDLERS[TRANSITIONS.name].read(a_record(opened(), subject="transition-2"))
    for handler in HANDLERS.values():
        assert handler.read(a_record(a_discharge())) is None


def test_the_key_of_the_document__is_the_patients():
    ear = an_ear()
    assert ear.last.key == an_event(opened()).envelope.key == "patient-key-1"
    ear.command(cancel("contact"))
    assert (ear.last.collection, ear.last.id, ear.last.key) == ("transitions", TRANSITION, "patient-key-1")


def test_task_rows__earliest_due_first_open_ones_only():
    ear = an_ear()
    ear.command(complete("contact", "2026-11-04T15:00:00"))
    rows = task_rows([ear.state])
    assert [(row.code, row.due_text, row.business_status) for row in rows] == [
        ("home-visit", "Fri 2026-11-06 10:00 EST", "planned"),
        ("practitioner-visit", "Tue 2026-11-10 23:59 EST", "planned"),
    ]
    everything = task_rows([ear.state], open_only=False)
    assert [row.code for row in everything] == ["contact", "home-visit", "practitioner-visit"]
    assert everything[0].business_status == "done"


def test_task_rows__hold_nothing_that_tells_who_it_is():
    ear = an_ear()
    text = str(task_rows([ear.state]))
    assert "encounter-1" in text
    for secret in ("Testperson", "Ada", "100200", "1941", "Primary"):
        assert secret not in text


def test_local_text__is_the_zones_own_time():
    assert local_text(utc("2026-07-01T16:00:00"), "America/Phoenix") == "Wed 2026-07-01 09:00 MST"


def test_indexes__are_on_the_collection_that_is_decided_about():
    assert {collection for collection, _, _ in INDEXES} == {COLLECTION}
