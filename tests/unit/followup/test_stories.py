"""Stories by hand: a discharge on Tuesday 3 November 2026, 10:00 in New York, and what becomes of its tasks."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.discharge.domain.deadlines import Calendar
from services.discharge.handlers import handlers as discharge_handlers
from services.discharge.store import load_pathways
from shared.schemas.tasks import TaskCancelled
from shared.schemas.topics import ENCOUNTERS
from tests.builders import T0, DeskOf, a_care_team, a_discharge, a_patient, an_encounter, heard
from tests.unit.followup.transitions import (
    HOME_HEALTH,
    NURSE,
    Ear,
    a_deadline,
    cancel,
    closed,
    complete,
    opened,
    task_id,
    updated,
    utc,
    withdrawn,
)

PLANNED = {"contact": "planned", "home-visit": "planned", "practitioner-visit": "planned"}


def an_ear():
    ear = Ear()
    ear.hear(opened(), 1)
    return ear


def test_opened__every_deadline_becomes_a_task_with_its_instants():
    ear = Ear()
    assert ear.hear(opened(), 1) == [
        ("TaskRequested", "contact"),
        ("TaskRequested", "home-visit"),
        ("TaskRequested", "practitioner-visit"),
    ]
    assert ear.statuses() == PLANNED
    visit = ear.said[1].data
    assert visit.task.task_id == task_id("home-visit")
    assert visit.task.opens_at == utc("2026-11-05T15:00:00")
    assert visit.task.due_at == utc("2026-11-06T15:00:00")
    assert visit.task.escalates_at == utc("2026-11-07T15:00:00")
    assert (visit.task.status, visit.task.zone) == ("requested", "America/New_York")
    assert (visit.transition_id, visit.pathway, visit.occurred_at) == ("transition-1", "home", T0)
    assert (visit.patient, visit.encounter, visit.care_team) == (a_patient(), an_encounter(), a_care_team())
    assert {say.subject for say in ear.said} == {"transition-1"}
    assert ear.last.next_alarm_at == T0  # the practitioner visit may be made at once


def test_nobody_does_anything__each_task_is_due_overdue_and_escalated_at_its_instants():
    ear = an_ear()
    assert ear.ring_until("2026-11-13T00:00:00") == [
        ("TaskDue", "practitioner-visit", T0),
        ("TaskDue", "contact", utc("2026-11-04T05:00:00")),
        ("TaskDue", "home-visit", utc("2026-11-05T15:00:00")),
        ("TaskOverdue", "contact", utc("2026-11-06T04:59:59")),
        ("TaskOverdue", "home-visit", utc("2026-11-06T15:00:00")),
        ("TaskEscalated", "contact", utc("2026-11-07T04:59:59")),
        ("TaskEscalated", "home-visit", utc("2026-11-07T15:00:00")),
        ("TaskOverdue", "practitioner-visit", utc("2026-11-11T04:59:59")),
        ("TaskEscalated", "practitioner-visit", utc("2026-11-12T04:59:59")),
    ]
    assert set(ear.statuses().values()) == {"escalated"}
    assert ear.last.next_alarm_at is None


def test_the_next_alarm__is_always_the_earliest():
    ear = an_ear()
    ear.ring_until("2026-11-03T15:00:00")
    assert ear.last.next_alarm_at == utc("2026-11-04T05:00:00")
    ear.command(complete("contact", "2026-11-03T20:00:00"))
    assert ear.last.next_alarm_at == utc("2026-11-05T15:00:00")
    ear.command(cancel("home-visit"))
    assert ear.last.next_alarm_at == utc("2026-11-11T04:59:59")
    ear.command(complete("practitioner-visit", "2026-11-06T20:00:00"))
    assert ear.last.next_alarm_at is None


def test_done_early_in_time_and_late__by_when_it_was_done_not_when_it_was_heard():
    ear = an_ear()
    ear.ring_until("2026-11-08T00:00:00")
    assert ear.command(complete("contact", "2026-11-03T20:00:00")) == [("TaskCompleted", "contact")]
    ear.command(complete("home-visit", "2026-11-06T15:00:00"))
    ear.command(complete("practitioner-visit", "2026-11-11T05:00:00"))
    assert ear.statuses() == {"contact": "done-early", "home-visit": "done", "practitioner-visit": "done-late"}
    late = ear.said[-1].data
    assert late.occurred_at == late.task.performed_at == utc("2026-11-11T05:00:00")
    assert (late.task.performer, late.task.status) == (NURSE, "completed")
    assert late.withdraws == ()


def test_called_off_by_a_person__with_a_reason():
    ear = an_ear()
    at = T0 + timedelta(hours=3)
    assert ear.command(cancel("home-visit"), at) == [("TaskCancelled", "home-visit")]
    said = ear.said[-1].data
    assert (said.task.status, said.task.business_status, said.task.reason) == (
        "cancelled",
        "called-off",
        "patient-refused",
    )
    assert said.occurred_at == at
    assert said.task.performer is None


def test_withdrawn__every_open_task_is_cancelled_and_what_was_said_of_it_taken_back():
    ear = an_ear()
    ear.command(complete("contact", "2026-11-03T20:00:00"))
    ear.ring_until("2026-11-05T15:00:00")
    said_of_visit = [say.id for say in ear.said if say.data.task.code == "home-visit"]
    assert ear.hear(withdrawn(), 2) == [("TaskCancelled", "home-visit"), ("TaskCancelled", "practitioner-visit")]
    visit = ear.said[-2].data
    assert visit.task.reason == "discharge-withdrawn"
    assert [w.event_id for w in visit.withdraws] == said_of_visit
    assert [w.type for w in visit.withdraws] == [
        "org.caretransitions.task.requested.v1",
        "org.caretransitions.task.due.v1",
    ]
    assert ear.statuses() == {"contact": "done-early", "home-visit": "called-off", "practitioner-visit": "called-off"}
    assert ear.last.next_alarm_at is None
    assert ear.ring_until("2026-12-31T00:00:00") == []


def test_withdrawn_heard_before_opened__ends_the_same():
    in_order, overtaken = Ear(), Ear()
    in_order.hear(opened(), 1)
    in_order.hear(withdrawn(), 2)
    assert overtaken.hear(withdrawn(), 2) == []
    assert overtaken.hear(opened(), 1) == []
    assert overtaken.last.state is None
    assert overtaken.statuses() == in_order.statuses()
    assert [r["task"] for r in overtaken.state["tasks"]] == [r["task"] for r in in_order.state["tasks"]]


def test_opened_again__what_the_transition_called_off_is_wanted_again():
    ear = an_ear()
    ear.command(cancel("home-visit"))
    ear.hear(withdrawn(), 2)
    assert ear.hear(opened(), 3) == [("TaskRequested", "contact"), ("TaskRequested", "practitioner-visit")]
    assert ear.statuses() == PLANNED | {"home-visit": "called-off"}
    assert ear.task("contact")["reason"] == ""
    assert ear.task("home-visit")["reason"] == "patient-refused"
    ear.hear(withdrawn(), 4)
    assert [w.event_id for w in ear.said[-1].data.withdraws] == [ear.said[-3].id]


def test_wanted_again_after_its_alarm_rang__the_same_alarm_is_another_event():
    ear = an_ear()
    first = ear.ring_until("2026-11-03T15:00:00")
    rang = ear.said[-1].id
    ear.hear(withdrawn(), 2)
    ear.hear(opened(), 3)
    assert ear.ring_until("2026-11-03T15:00:00") == first == [("TaskDue", "practitioner-visit", T0)]
    assert ear.said[-1].id != rang


def test_amended_from_home_to_home_health__the_home_visit_goes_the_agencys_visit_comes():
    ear = an_ear()
    amended = updated(pathway="home-health", deadlines=HOME_HEALTH)
    assert ear.hear(amended, 2) == [("TaskCancelled", "home-visit"), ("TaskRequested", "hha-visit-verify")]
    assert ear.task("home-visit")["reason"] == "pathway-changed"
    assert ear.task("hha-visit-verify")["due_at"] == "2026-11-05T15:00:00Z"
    assert ear.said[-2].data.withdraws == ()
    assert ear.hear(updated(), 3) == [("TaskCancelled", "hha-visit-verify"), ("TaskRequested", "home-visit")]


def test_amended_from_home_to_died__everything_is_cancelled_and_a_person_is_asked():
    ear = an_ear()
    assert ear.hear(closed(), 2) == [
        ("TaskCancelled", "contact"),
        ("TaskCancelled", "home-visit"),
        ("TaskCancelled", "practitioner-visit"),
        ("TaskRequested", "bereavement"),
    ]
    assert ear.task("home-visit")["reason"] == "deceased"
    assert ear.statuses()["bereavement"] == "planned"


def test_discharge_time_amended__only_what_changed_is_rescheduled():
    ear = an_ear()
    later = timedelta(minutes=30)
    deadlines = (a_deadline("contact"), a_deadline("home-visit", later), a_deadline("practitioner-visit"))
    assert ear.hear(updated(deadlines=deadlines), 2) == [("TaskRescheduled", "home-visit")]
    assert ear.task("home-visit")["opens_at"] == "2026-11-05T15:30:00Z"
    assert ear.task("home-visit")["escalates_at"] == "2026-11-07T15:30:00Z"
    assert ear.hear(updated(deadlines=deadlines), 3) == []


def test_rescheduled_when_overdue__set_back_to_where_the_new_times_have_come():
    ear = an_ear()
    ear.ring_until("2026-11-06T15:00:00")
    assert ear.statuses()["home-visit"] == "overdue"
    later = timedelta(hours=2)
    deadlines = (a_deadline("contact"), a_deadline("home-visit", later), a_deadline("practitioner-visit"))
    ear.hear(updated(deadlines=deadlines), 2, at=utc("2026-11-06T16:00:00"))
    assert ear.statuses()["home-visit"] == "due"
    assert ear.ring_until("2026-11-06T17:00:00") == [("TaskOverdue", "home-visit", utc("2026-11-06T17:00:00"))]


def test_done_work__stays_done_whatever_is_amended():
    ear = an_ear()
    ear.command(complete("home-visit", "2026-11-05T20:00:00"))
    done = ear.task("home-visit")
    later = timedelta(days=1)
    ear.hear(updated(deadlines=(a_deadline("home-visit", later),)), 2)
    assert ear.task("home-visit") == done
    ear.hear(updated(deadlines=HOME_HEALTH), 3)
    assert ear.task("home-visit") == done


def test_a_new_patient_record__is_remembered_without_a_word_and_told_with_the_next_event():
    ear = an_ear()
    changed = updated().model_copy(update={"patient": a_patient(language="es"), "processing_id": "T", "care_team": ()})
    assert ear.hear(changed, 2) == []
    ear.command(complete("contact", "2026-11-04T15:00:00"))
    said = ear.said[-1].data
    assert (said.patient.language, said.processing_id, said.care_team) == ("es", "T", ())


def test_a_rule_of_another_version_with_the_same_times__is_remembered_without_a_word():
    ear = an_ear()
    renamed = tuple(d.model_copy(update={"rule": "renamed", "rule_version": 2}) for d in opened().transition.deadlines)
    assert ear.hear(updated(deadlines=renamed), 2) == []
    assert (ear.task("contact")["rule"], ear.task("contact")["rule_version"]) == ("renamed", 2)
    assert ear.state["tasks"][0]["deadline"]["rule"] == "renamed"


def test_a_discharge_through_both_services__the_home_visit_is_on_the_list():
    calendar = Calendar("by-hand", frozenset({date(2026, 11, 26)}), 2026, 2027)
    hear = discharge_handlers(load_pathways(), calendar)[ENCOUNTERS.name]
    (said,) = heard(hear, a_discharge(), DeskOf()).say
    ear = Ear()
    transition = said.data.transition.model_copy(update={"transition_id": "transition-1"})
    ear.hear(said.data.model_copy(update={"transition": transition}), 1)
    assert {code: (ear.task(code)["opens_at"], ear.task(code)["due_at"]) for code in ear.statuses()} == {
        "contact": ("2026-11-04T05:00:00Z", "2026-11-06T04:59:59Z"),
        "home-visit": ("2026-11-05T15:00:00Z", "2026-11-06T15:00:00Z"),
        "medication-reconciliation": ("2026-11-03T15:00:00Z", "2026-11-11T04:59:59Z"),
        "practitioner-visit": ("2026-11-03T15:00:00Z", "2026-11-11T04:59:59Z"),
    }


def test_a_persons_reason__is_never_taken_for_a_withdrawn_discharge():
    ear = an_ear()
    ear.command(cancel("contact", "discharge-withdrawn"))
    assert ear.said[-1].data.withdraws == ()


@pytest.mark.parametrize(
    ("of_transition", "of_task"),
    [
        ("encounter-merged", "encounter-merged"),
        ("encounter-moved", "encounter-moved"),
        ("encounter-cancelled", "discharge-withdrawn"),
        ("still-patient", "discharge-withdrawn"),
    ],
)
def test_withdrawn__a_repaired_stay_is_named_and_all_that_was_said_taken_back(of_transition, of_task):
    ear = an_ear()
    requested = [say.id for say in ear.said if say.data.task.code == "home-visit"]
    ear.hear(withdrawn(of_transition), 2)
    (visit,) = [say.data for say in ear.said if type(say.data) is TaskCancelled and say.data.task.code == "home-visit"]
    assert visit.task.reason == of_task
    assert [one.event_id for one in visit.withdraws] == requested


def test_readmitted__open_work_is_called_off_as_no_error_and_wanted_again_if_it_was_one():
    ear = an_ear()
    was = ear.statuses()
    assert {what for what, _ in ear.hear(updated(deadlines=(), reason="readmitted"), 2)} == {"TaskCancelled"}
    assert {say.data.task.reason for say in ear.said[len(was) :]} == {"readmitted"}
    assert all(say.data.withdraws == () for say in ear.said[len(was) :])
    assert set(ear.statuses().values()) == {"called-off"}
    assert {what for what, _ in ear.hear(updated(), 3)} == {"TaskRequested"}
    assert ear.statuses() == was
