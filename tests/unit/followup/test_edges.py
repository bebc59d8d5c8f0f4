"""Work that is wanted again, times that are shown elsewhere, and the ids that what is said has for ever."""

from __future__ import annotations

from datetime import timedelta

from services.followup.domain.alarms import alarms_due
from shared.schemas.envelope import derived_id
from tests.builders import T0
from tests.unit.followup.transitions import (
    TRANSITION,
    Ear,
    a_deadline,
    cancel,
    complete,
    opened,
    task_id,
    updated,
    utc,
    withdrawn,
)

SOONER = timedelta(hours=-1)


def of_event(n: int, type_: str) -> str:
    """The id of the n-th event that the ear hears of the transition."""
    return derived_id("test", type_, TRANSITION, n)


def said_id(cause: str, type_: str, code: str, before: int) -> str:
    """The id of what is said of a task of which so many events were said before."""
    return derived_id("followup", cause, type_, task_id(code), before)


def test_what_is_said__has_the_id_that_its_cause_its_type_its_task_and_its_count_give_it():
    ear = Ear()
    ear.hear(opened(deadlines=(a_deadline("contact"), a_deadline("home-visit"))), 1)
    ear.ring_until("2026-11-04T05:00:00")
    ear.command(complete("contact", "2026-11-04T15:00:00"))
    ear.command(cancel("home-visit"))
    rung = derived_id(TRANSITION, f"{task_id('contact')}:window_opened", utc("2026-11-04T05:00:00"))
    first, second = (
        derived_id("test", f"command.{verb}-task.v1", "subject-1", n)
        for n, verb in enumerate(("complete", "cancel"), 1)
    )
    assert [say.id for say in ear.said] == [
        said_id(of_event(1, "transition.opened.v1"), "task.requested.v1", "contact", 0),
        said_id(of_event(1, "transition.opened.v1"), "task.requested.v1", "home-visit", 0),
        said_id(rung, "task.due.v1", "contact", 1),
        said_id(first, "task.completed.v1", "contact", 2),
        said_id(second, "task.cancelled.v1", "home-visit", 1),
    ]


def test_opened_again_with_other_times__what_is_wanted_again_has_the_new_ones():
    ear = Ear()
    ear.hear(opened(deadlines=(a_deadline("home-visit"),)), 1)
    ear.hear(withdrawn(deadlines=(a_deadline("home-visit"),)), 2)
    assert ear.hear(opened(deadlines=(a_deadline("home-visit", SOONER, rule_version=2),)), 3) == [
        ("TaskRequested", "home-visit")
    ]
    task = ear.said[-1].data.task
    assert (task.opens_at, task.due_at) == (utc("2026-11-05T14:00:00"), utc("2026-11-06T14:00:00"))
    assert (task.escalates_at, task.rule_version) == (utc("2026-11-07T14:00:00"), 2)
    assert ear.last.next_alarm_at == utc("2026-11-05T14:00:00")


def test_wanted_again_and_done__stays_done_when_the_transition_is_heard_of_again():
    ear = Ear()
    ear.hear(opened(), 1)
    ear.hear(withdrawn(), 2)
    ear.hear(opened(), 3)
    ear.command(complete("home-visit", "2026-11-06T14:00:00"))
    assert ear.hear(updated(deadlines=(a_deadline("home-visit", SOONER),)), 4) == [
        ("TaskCancelled", "contact"),
        ("TaskCancelled", "practitioner-visit"),
    ]
    assert ear.statuses()["home-visit"] == "done"


def test_the_same_instants_in_another_zone__are_said_anew():
    ear = Ear()
    ear.hear(opened(deadlines=(a_deadline("home-visit"),)), 1)
    assert ear.hear(updated(deadlines=(a_deadline("home-visit", zone="America/Toronto"),)), 2) == [
        ("TaskRescheduled", "home-visit")
    ]
    assert ear.task("home-visit")["zone"] == "America/Toronto"


def test_called_off__remembers_by_whom():
    ear = Ear()
    ear.hear(opened(), 1)
    ear.command(cancel("contact"))
    ear.hear(withdrawn(), 2)
    by = {record["task"]["code"]: record["called_off_by"] for record in ear.state["tasks"]}
    assert by == {"contact": "person", "home-visit": "transition", "practitioner-visit": "transition"}


def test_alarms_of_one_instant__come_in_the_order_of_their_names():
    ear = Ear()
    ear.hear(
        opened(deadlines=(a_deadline("triage"), a_deadline("hha-visit-verify"), a_deadline("practitioner-visit"))), 1
    )
    names = [name for name, due in alarms_due(ear.state, T0)]
    assert len(names) == 3
    assert names == sorted(names)
