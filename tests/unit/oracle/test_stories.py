"""The oracle on stories worked out on paper. Expected values were computed by hand; the arithmetic stands beside them.

New York is UTC-5 from 1 November 2026 06:00 UTC on, UTC-4 before. 2 November 2026 is a Monday.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from demo.oracle.calendar import as_read
from demo.oracle.facts import Arrival, Done, Member, Telling
from tests.unit.oracle.paper import (
    ADMIT,
    DISCHARGE,
    NPI,
    VISIT,
    account,
    at,
    message,
    of,
    team,
    told,
    utc,
    visit,
)

MONDAY_NIGHT = "11-02 23:00"


def test_story_1__home_on_a_monday() -> None:
    """Monday 15:00 in New York is 20:00 UTC."""
    end = visit([ADMIT, DISCHARGE], MONDAY_NIGHT)
    assert (end.status, end.discharged_at, end.disposition) == ("finished", utc("11-02 20:00"), "01")
    transition = end.transitions[1]
    assert (transition.status, transition.pathway) == ("open", "home")
    windows = {code: (task.opens_at, task.due_at) for code, task in transition.tasks.items()}
    assert windows == {
        # from Tuesday 0:00 (5:00 UTC); business day 1 is Tuesday, 2 is Wednesday, 23:59:59 = 4:59:59 UTC on the 5th
        "contact": (utc("11-03 05:00"), utc("11-05 04:59:59")),
        # 48 and 72 elapsed hours after 20:00 UTC on the 2nd
        "home-visit": (utc("11-04 20:00"), utc("11-05 20:00")),
        # an emergency admission: 7 days after the 2nd is the 9th; reconciliation no later than the visit
        "practitioner-visit": (utc("11-02 20:00"), utc("11-10 04:59:59")),
        "medication-reconciliation": (utc("11-02 20:00"), utc("11-10 04:59:59")),
    }
    assert {code: task.status for code, task in transition.tasks.items()} == {
        "contact": {"planned"},
        "home-visit": {"planned"},
        "practitioner-visit": {"due"},
        "medication-reconciliation": {"due"},
    }
    assert told(end) == {
        ("encounter.admitted", "", 0): {"pcp": "sent", "coordinator": "sent"},
        ("encounter.discharged", "", 1): {"pcp": "sent"},
        ("transition.opened", "", 1): {"coordinator": "sent"},
        ("task.due", "practitioner-visit", 1): {"coordinator": "sent"},
        ("task.due", "medication-reconciliation", 1): {"coordinator": "sent"},
    }
    assert end.corrections == {}


def test_story_2__an_elective_stay_has_fourteen_days() -> None:
    """The 2nd and 14 days is the 16th; its last second is 4:59:59 UTC on the 17th."""
    planned = [of(ADMIT, admission_type="C"), of(DISCHARGE, admission_type="C")]
    tasks = visit(planned, MONDAY_NIGHT).transitions[1].tasks
    assert tasks["practitioner-visit"].due_at == tasks["medication-reconciliation"].due_at == utc("11-17 04:59:59")


@pytest.mark.parametrize(
    ("left", "due"),
    [
        ("11-06 15:00", "11-11 04:59:59"),  # Friday: Monday 9, Tuesday 10
        ("11-07 15:00", "11-11 04:59:59"),  # Saturday: the same
        ("11-09 15:00", "11-13 04:59:59"),  # Monday: Tuesday 10, not Veterans Day Wednesday 11, Thursday 12
        ("11-25 15:00", "12-01 04:59:59"),  # Wednesday: not Thanksgiving 26, Friday 27, Monday 30
        ("12-24 15:00", "12-30 04:59:59"),  # Thursday: not Christmas Friday 25, Monday 28, Tuesday 29
        ("07-01 15:00", "07-07 03:59:59"),  # Wednesday: Thursday 2, not the 4th kept on Friday 3, Monday 6 (UTC-4)
    ],
)
def test_story_3__business_days_pass_over_weekends_and_holidays(left: str, due: str) -> None:
    tasks = visit([message("A03", left)], left).transitions[1].tasks
    assert tasks["contact"].due_at == utc(due)


def test_story_4__the_night_in_which_an_hour_comes_twice() -> None:
    """Saturday 31 October 20:00 is 0:00 UTC on 1 November; 72 h later it is 0:00 UTC on the 4th, 19:00 on the wall."""
    tasks = visit([message("A03", "10-31 20:00")], "11-01 00:00").transitions[1].tasks
    assert tasks["home-visit"].due_at == utc("11-04 00:00") == at("11-03 19:00")
    # Sunday 0:00 is still UTC-4; Monday 2, Tuesday 3, whose last second is UTC-5
    assert (tasks["contact"].opens_at, tasks["contact"].due_at) == (utc("11-01 04:00"), utc("11-04 04:59:59"))


def test_story_5__a_time_without_offset_in_that_hour_is_the_earlier_one() -> None:
    """6:30 UTC is the second 1:30; without its offset it is read as the first, 5:30 UTC. 7:30 UTC is 2:30, once."""
    assert as_read(utc("11-01 06:30"), "America/New_York") == utc("11-01 05:30")
    assert as_read(utc("11-01 07:30"), "America/New_York") == utc("11-01 07:30")


def test_story_6__treated_in_the_emergency_department_and_released() -> None:
    """No clocks of TCM: one call within 72 h of 20:00 UTC on the 2nd, due to be made at once."""
    end = visit([message("A04", "11-02 12:00", class_="E"), of(DISCHARGE, class_="E")], MONDAY_NIGHT)
    (code, task), *rest = end.transitions[1].tasks.items()
    assert (code, task.opens_at, task.due_at, rest) == (
        "follow-up-call",
        utc("11-02 20:00"),
        utc("11-05 20:00"),
        [],
    )
    assert told(end)["encounter.registered", "", 0] == {"pcp": "sent"}
    assert told(end)["encounter.discharged", "", 1] == {"pcp": "sent"}


CANCEL = message("A13", "11-02 15:00", recorded="11-02 19:30")
AGAIN = message("A03", "11-03 11:00", disposition="06")


def test_story_7__a_discharge_is_cancelled_and_said_again() -> None:
    """Told at 15:11, taken back at 19:31: more than a step apart, so all were told and all are owed a correction."""
    end = visit([ADMIT, DISCHARGE, CANCEL, AGAIN], "11-03 12:00")
    assert {v: (t.status, t.pathway) for v, t in end.transitions.items()} == {
        1: ("withdrawn", "home"),
        2: ("open", "home-health"),
    }
    assert {task.status for task in end.transitions[1].tasks.values()} == {frozenset({"called-off"})}
    # the agency's first visit: 48 h after Tuesday 11:00 (16:00 UTC)
    assert end.transitions[2].tasks["hha-visit-verify"].due_at == utc("11-05 16:00")
    assert told(end)["encounter.discharged", "", 1] == {"pcp": "sent"}
    assert told(end)["transition.opened", "", 1] == {"coordinator": "sent"}
    assert set(end.corrections) == {
        Telling("encounter.discharged", "", 1, 1, "pcp"),
        Telling("transition.opened", "", 1, 1, "coordinator"),
        Telling("task.due", "practitioner-visit", 1, 1, "coordinator"),
        Telling("task.due", "medication-reconciliation", 1, 1, "coordinator"),
    }


def test_story_8__the_cancel_overtakes_its_discharge() -> None:
    """Nobody was told of the first discharge, so nobody is owed anything; the next one is the first that is said."""
    end = visit([ADMIT, CANCEL, DISCHARGE, AGAIN], "11-03 12:00")
    assert list(end.transitions) == [1]
    assert end.discharged_at == utc("11-03 16:00")
    assert end.corrections == {}
    still_there = visit([ADMIT, CANCEL, DISCHARGE], "11-03 12:00")
    assert (still_there.status, still_there.transitions) == ("in-progress", {})


def test_story_9__a_stay_that_never_was() -> None:
    end = visit([ADMIT, message("A11", "11-01 12:00", recorded="11-01 14:00")], "11-01 20:00")
    assert (end.status, end.transitions) == ("cancelled", {})
    assert set(end.corrections) == {
        Telling("encounter.admitted", "", 0, 1, "pcp"),
        Telling("encounter.admitted", "", 0, 1, "coordinator"),
    }
    # 109 minutes lie between telling and taking back: within a step, so perhaps nobody had been told yet
    assert told(end)["encounter.admitted", "", 0]["pcp"] == "sent or unknown or withdrawn"


def test_story_10__an_admission_is_cancelled_and_the_emergency_visit_goes_on() -> None:
    arrived = message("A04", "11-01 09:00", class_="E")
    end = visit([arrived, ADMIT, message("A11", "11-01 12:00", recorded="11-01 14:00", class_="E")], "11-01 20:00")
    assert end.status == "in-progress"
    assert {telling.notice for telling in end.corrections} == {"encounter.admitted"}


DIED = message("A08", "11-03 21:00", recorded="11-03 23:00", died=True)


def test_story_11__dies_at_home_a_day_later() -> None:
    """What was wanted is called off; somebody looks after the family by Wednesday, two business days after Monday."""
    end = visit([ADMIT, DISCHARGE, DIED], "11-03 23:30")
    transition = end.transitions[1]
    assert (transition.status, transition.pathway) == ("closed", "died")
    assert {code: task.status for code, task in transition.tasks.items()} == {
        "contact": {"called-off"},
        "home-visit": {"called-off"},
        "practitioner-visit": {"called-off"},
        "medication-reconciliation": {"called-off"},
        "bereavement": {"due"},
    }
    assert transition.tasks["bereavement"].due_at == utc("11-05 04:59:59")
    assert told(end)["patient.died", "", 0] == {"pcp": "sent", "coordinator": "sent"}
    assert told(end)["transition.closed", "", 1] == {"coordinator": "sent"}
    assert end.corrections == {}, "the discharge stands"


def test_story_12__dies_in_hospital() -> None:
    """The discharge says it; it is not said a second time, and no work is wanted but the family's."""
    end = visit([ADMIT, of(DISCHARGE, disposition="20", died=True)], MONDAY_NIGHT)
    assert (end.transitions[1].status, list(end.transitions[1].tasks)) == ("closed", ["bereavement"])
    assert ("patient.died", "", 0) not in told(end)
    assert told(end)["transition.opened", "", 1] == {"coordinator": "sent"}


def test_story_13__the_disposition_comes_a_day_later() -> None:
    """Triage within one business day (Tuesday) until it is known; contact is the same work and stays."""
    known = message("A08", "11-03 02:00", ended=DISCHARGE.occurred, disposition="01")
    before = visit([ADMIT, of(DISCHARGE, disposition="")], MONDAY_NIGHT).transitions[1]
    assert (before.pathway, set(before.tasks)) == ("unknown", {"triage", "contact"})
    assert (before.tasks["triage"].opens_at, before.tasks["triage"].due_at) == (
        utc("11-02 20:00"),
        utc("11-04 04:59:59"),
    )
    after = visit([ADMIT, of(DISCHARGE, disposition=""), known], "11-03 04:00")
    assert after.transitions[1].pathway == "home"
    assert after.transitions[1].tasks["triage"].status == {"called-off"}
    assert after.transitions[1].tasks["contact"].status == {"due"}
    assert after.corrections == {}, "the discharge stood all along"


@pytest.mark.parametrize(
    ("until", "status"),
    [
        ("11-03 00:00", "due"),  # opens then
        ("11-04 23:59", "due"),
        ("11-05 00:00", "overdue"),
        ("11-05 23:59", "overdue"),  # 24 h after 23:59:59 comes a minute later
        ("11-06 00:00", "escalated"),
    ],
)
def test_story_14__a_contact_that_nobody_makes(until: str, status: str) -> None:
    end = visit([ADMIT, DISCHARGE], until)
    assert end.transitions[1].tasks["contact"].status == {status}
    if status == "escalated":
        sent = {"coordinator": "sent", "doctor": "sent", "supervisor": "sent"}
        assert told(end)["task.escalated", "contact", 1] == sent


@pytest.mark.parametrize(
    ("performed", "status"),
    [("11-02 18:00", "done-early"), ("11-04 10:00", "done"), ("11-05 01:00", "done-late")],
)
def test_story_15__a_contact_that_somebody_makes(performed: str, status: str) -> None:
    done = Done(VISIT, 1, "contact", at(performed))
    end = visit([ADMIT, DISCHARGE], "11-06 12:00", done=[done])
    assert end.transitions[1].tasks["contact"].status == {status}
    # overdue at 0:00 on the 5th, an hour before it was done: within a step, either may be first
    overdue = {"done-late": {"coordinator": "absent or sent"}}.get(status)
    assert told(end).get(("task.overdue", "contact", 1)) == overdue
    assert ("task.escalated", "contact", 1) not in told(end)


def test_story_16__work_that_was_done_stays_done_when_the_discharge_is_withdrawn() -> None:
    late_cancel = message("A13", "11-02 15:00", recorded="11-04 09:00")
    done = Done(VISIT, 1, "contact", at("11-03 10:00"))
    tasks = visit([ADMIT, DISCHARGE, late_cancel], "11-04 12:00", done=[done]).transitions[1].tasks
    assert tasks["contact"].status == {"done"}
    assert tasks["home-visit"].status == {"called-off"}


@pytest.mark.parametrize(
    ("pcp", "recipient", "admitted", "discharged"),
    [
        ("2", "discharges-only", "suppressed:not-subscribed", "sent"),
        ("3", "gone", "suppressed:inactive", "suppressed:inactive"),
        ("4", "elsewhere", "suppressed:not-on-allow-list", "suppressed:not-on-allow-list"),
        ("9", "provider:NPI|9", "suppressed:no-directory-entry", "suppressed:no-directory-entry"),
    ],
)
def test_story_17__who_is_not_told_and_why(pcp: str, recipient: str, admitted: str, discharged: str) -> None:
    found = told(visit([of(one, team=team(pcp)) for one in (ADMIT, DISCHARGE)], MONDAY_NIGHT))
    assert found["encounter.admitted", "", 0][recipient] == admitted
    assert found["encounter.discharged", "", 1][recipient] == discharged


def test_story_18__who_subscribed_hears_in_any_role() -> None:
    referring = team("1", Member("REF", ((NPI, "2"),)))
    found = told(visit([of(one, team=referring) for one in (ADMIT, DISCHARGE)], MONDAY_NIGHT))
    assert found["encounter.discharged", "", 1] == {"pcp": "sent", "discharges-only": "sent"}
    assert "discharges-only" not in found["encounter.admitted", "", 0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"mode": "shadow"}, "mode-shadow"), ({"training": True}, "not-production")],
)
def test_story_19__a_shadow_feed_and_a_training_message(changes: dict[str, object], reason: str) -> None:
    end = visit([of(one, **changes) for one in (ADMIT, DISCHARGE, CANCEL)], MONDAY_NIGHT)
    outcomes = {outcome for recipients in told(end).values() for outcome in recipients.values()}
    assert outcomes == {f"suppressed:{reason}"}
    assert end.corrections == {}, "who was not told is owed nothing"


def test_story_20__what_is_older_than_a_day_tells_nobody() -> None:
    arrivals = [Arrival(ADMIT.control_id, at("11-02 12:01")), Arrival(DISCHARGE.control_id, at("11-02 15:11"))]
    found = told(visit([ADMIT, DISCHARGE], MONDAY_NIGHT, arrivals=arrivals))
    assert found["encounter.admitted", "", 0]["pcp"] == "suppressed:too-old"  # a day and a minute
    assert found["encounter.discharged", "", 1]["pcp"] == "sent"  # eleven minutes


def test_story_21__a_message_that_nobody_can_read() -> None:
    """The discharge was torn off: a dead letter, and the patient is still there as far as anybody knows."""
    arrivals = [Arrival(ADMIT.control_id, at("11-01 12:11")), Arrival("TORN", at("11-02 15:11"))]
    end = account([ADMIT], MONDAY_NIGHT, arrivals=arrivals, unreadable=["TORN", "NEVER-SENT"])
    assert end.dead_letters == {"TORN"}
    assert end.visits[VISIT].status == "in-progress"


def test_story_22__the_same_message_again_changes_nothing() -> None:
    arrivals = [Arrival(ADMIT.control_id, at("11-01 12:11")), Arrival(ADMIT.control_id, at("11-01 12:20"))]
    once = account([ADMIT], MONDAY_NIGHT, arrivals=arrivals[:1])
    assert account([ADMIT], MONDAY_NIGHT, arrivals=arrivals) == once


def test_story_23__a_death_concerns_the_other_stays_of_one_person() -> None:
    other = message("A08", "11-03 21:00", visit="V2", died=True)
    begun = message("A01", "11-03 08:00", visit="V2")
    end = account([ADMIT, DISCHARGE, begun, other], "11-03 23:30").visits
    assert end[VISIT].transitions[1].pathway == "died"
    assert told(end[VISIT])["patient.died", "", 0] == {"pcp": "sent", "coordinator": "sent"}


def test_story_24__all_at_once_either_may_be_first() -> None:
    """With a step of a year the machine decides what overtakes what: more is allowed, what stands is the same."""
    strict = visit([ADMIT, DISCHARGE, CANCEL, AGAIN], "11-03 12:00")
    loose = visit([ADMIT, DISCHARGE, CANCEL, AGAIN], "11-03 12:00", step=timedelta(days=365))
    assert told(loose)["transition.opened", "", 1] == {
        "coordinator": "sent or suppressed:superseded or unknown or withdrawn"
    }
    assert (loose.status, loose.transitions, loose.discharged_at) == (
        strict.status,
        strict.transitions,
        strict.discharged_at,
    )
    assert set(strict.corrections) <= set(loose.corrections)


NEXT_DAY = message("A03", "11-03 16:00")


def test_story_25__a_later_discharge_amends_the_first_whose_cancel_nobody_could_read() -> None:
    """Contact was due on Tuesday at 0:00; leaving on Tuesday it is due on Wednesday at 0:00, and is said anew."""
    end = visit([ADMIT, DISCHARGE, NEXT_DAY], "11-04 08:00")
    assert set(end.transitions) == {1}
    assert end.transitions[1].tasks["contact"].opens_at == at("11-04 00:00")
    assert end.told[Telling("task.due", "contact", 1, 1, "coordinator")] == {"sent"}
    assert end.told[Telling("task.due", "contact", 1, 2, "coordinator")] == {"sent", "absent"}
    assert Telling("task.due", "contact", 1, 3, "coordinator") not in end.told
    # 48 h after Monday 15:00 had not come when the amendment did: it may have been said of the new window only
    assert not [telling for telling in end.told if telling.code == "home-visit"]


def test_story_26__an_amendment_that_moves_what_was_due_may_have_been_told_of_already() -> None:
    """On Tuesday evening contact of the new window is not due; of the old one it was, sixteen hours before."""
    end = visit([ADMIT, DISCHARGE, NEXT_DAY], "11-03 20:00")
    assert end.transitions[1].tasks["contact"].status == {"planned"}
    assert end.told[Telling("task.due", "contact", 1, 1, "coordinator")] == {"sent", "absent"}


@pytest.mark.parametrize(
    ("performed", "status", "as_it_was"),
    [("11-03 10:00", "planned", ["done"]), ("11-03 19:30", "done-early", [])],
)
def test_story_27__work_done_before_the_patient_left_as_is_known_now(
    performed: str, status: str, as_it_was: list[str]
) -> None:
    """Said before the amendment it is history, with the window of Tuesday; said after it it is refused. Done after it
    there is nothing to refuse.
    """
    done = Done(VISIT, 1, "contact", at(performed))
    task = visit([ADMIT, DISCHARGE, NEXT_DAY], "11-03 20:00", done=[done]).transitions[1].tasks["contact"]
    assert (task.opens_at, task.status) == (at("11-04 00:00"), {status})
    assert [(one.opens_at, *one.status) for one in task.or_else] == [(at("11-03 00:00"), how) for how in as_it_was]


def test_story_28__what_is_taken_back_at_once_may_have_been_on_its_way() -> None:
    """Told at 15:11, taken back at 15:41: within a step. Nobody may have answered the attempt."""
    at_once = message("A13", "11-02 15:00", recorded="11-02 15:40")
    end = visit([ADMIT, DISCHARGE, at_once], "11-02 20:00")
    assert end.told[Telling("encounter.discharged", "", 1, 1, "pcp")] == {"sent", "withdrawn", "unknown"}


BACK = message("A01", "11-04 16:00", visit="V2")
LOOKED_IN = message("A04", "11-04 14:00", visit="V2", class_="E")
LEFT_AGAIN = message("A03", "11-06 16:00", visit="V2")


def test_story_29__admitted_again_two_days_later_nobody_is_to_visit_an_empty_home() -> None:
    """Out on Monday the 2nd, in again on Wednesday: two days. The contact that was made is done; the rest is off."""
    made = Done(VISIT, 1, "contact", at("11-03 10:00"))
    end = account([ADMIT, DISCHARGE, LOOKED_IN, BACK, LEFT_AGAIN], "11-06 17:00", done=[made]).visits
    first = end[VISIT].transitions[1]
    assert (first.status, first.pathway) == ("open", "home")
    assert {code: task.status for code, task in first.tasks.items()} == {
        "contact": {"done"},
        "home-visit": {"called-off"},
        "practitioner-visit": {"called-off"},
        "medication-reconciliation": {"called-off"},
    }
    assert end[VISIT].corrections == {}, "the discharge stood all along"
    assert {code: task.status for code, task in end["V2"].transitions[1].tasks.items()}["home-visit"] == {"planned"}


def test_story_30__the_emergency_department_alone_is_no_admission() -> None:
    tasks = account([ADMIT, DISCHARGE, LOOKED_IN], "11-04 17:00").visits[VISIT].transitions[1].tasks
    assert {one for task in tasks.values() for one in task.status} == {"due"}


@pytest.mark.parametrize(
    ("again", "disposition", "off"),
    [
        ("11-03 23:00", "03", False),  # the next day: a transfer
        ("11-04 00:30", "03", True),  # two dates later, though 34 hours
        ("12-02 23:30", "03", True),  # the 30th day
        ("12-03 00:30", "03", False),
        ("11-03 23:00", "01", True),  # nobody handed on who was sent home
        ("11-03 23:00", "86", True),
        ("11-03 23:00", "07", True),
        ("12-03 00:30", "01", False),
    ],
)
def test_story_31__from_the_second_to_the_thirtieth_day(again: str, disposition: str, off: bool) -> None:
    beds = [ADMIT, of(DISCHARGE, disposition=disposition), message("A01", again, visit="V2")]
    end = account(beds, "12-03 02:00").visits[VISIT]
    assert ({"called-off"} in [task.status for task in end.transitions[1].tasks.values()]) is off


def test_story_32__an_admission_that_never_was_gives_the_work_back() -> None:
    never = message("A11", "11-04 16:00", recorded="11-04 18:00", visit="V2")
    tasks = account([ADMIT, DISCHARGE, BACK, never], "11-04 19:00").visits[VISIT].transitions[1].tasks
    assert {code: task.status for code, task in tasks.items()} == {
        "contact": {"due"},
        "home-visit": {"due"},
        "practitioner-visit": {"due"},
        "medication-reconciliation": {"due"},
    }


def test_story_33__of_three_stays_the_last_discharge_counts() -> None:
    """Handed on the next day and out on Wednesday; back on Friday is a return from there."""
    on = [message("A01", "11-03 10:00", visit="V2"), message("A03", "11-04 10:00", visit="V2")]
    end = account(
        [ADMIT, of(DISCHARGE, disposition="02"), *on, message("A01", "11-06 16:00", visit="V3")], "11-06 17:00"
    ).visits
    assert end["V2"].transitions[1].tasks["home-visit"].status == {"called-off"}
    assert end[VISIT].transitions[1].tasks["locate"].status != {"called-off"}


def test_story_33a__who_was_handed_on_and_is_still_there_returns_from_nowhere() -> None:
    """The other hospital has not let go: a third stay is no return from the first (HEDIS PCR: one course)."""
    on = message("A01", "11-03 10:00", visit="V2")
    third = message("A01", "11-05 16:00", visit="V3")
    tasks = (
        account([ADMIT, of(DISCHARGE, disposition="02"), on, third], "11-05 17:00").visits[VISIT].transitions[1].tasks
    )
    assert tasks["locate"].status != {"called-off"}


def test_story_33b__who_is_back_before_the_end_is_heard_may_never_have_had_work() -> None:
    let_in = [Arrival(one.control_id, at("11-04 16:30")) for one in (ADMIT, BACK, DISCHARGE)]
    tasks = account([ADMIT, DISCHARGE, BACK], "11-04 17:00", arrivals=let_in).visits[VISIT].transitions[1].tasks
    assert {(task.surely, *task.status) for task in tasks.values()} == {(False, "called-off")}
    long_before = account([ADMIT, DISCHARGE, BACK], "11-04 17:00").visits[VISIT].transitions[1].tasks
    assert all(task.surely for task in long_before.values())
