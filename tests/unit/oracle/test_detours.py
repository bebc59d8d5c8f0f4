"""What a stay goes through beside its begin and end, on paper (HL7 v2.5.1 ch. 3.3.2 A02 … 3.3.38 A38; ch. 3.4.3.2).

The 1st of November 2026 is a Sunday, noon in New York is 17:00 UTC.
"""

from __future__ import annotations

import pytest

from demo.oracle.facts import Telling
from tests.unit.oracle.paper import ADMIT, DISCHARGE, account, message, of, told, utc, visit

HOME = of(ADMIT, place="3WEST")
NIGHT = "11-01 23:00"
MOVED = message("A02", "11-01 14:00", place="4EAST")
NOT_MOVED = message("A12", "11-01 14:00", recorded="11-01 15:00", place="3WEST")


def test_story_34__a_transfer_tells_nobody_and_the_bed_is_the_last_one() -> None:
    end = visit([HOME, MOVED], NIGHT)
    assert (end.status, end.place) == ("in-progress", "4EAST")
    assert told(end) == told(visit([HOME], NIGHT))


@pytest.mark.parametrize("order", [(MOVED, NOT_MOVED), (NOT_MOVED, MOVED)], ids=["in order", "the cancel first"])
def test_story_35__a_cancelled_transfer_leaves_the_patient_where_its_cancel_says(order: tuple[object, ...]) -> None:
    end = visit([HOME, *order], NIGHT)  # type: ignore[list-item]
    assert (end.status, end.place) == ("in-progress", "3WEST")
    assert end.corrections == {}


NEXT_BED = message("A01", "11-01 13:00", visit="V2", patient="P2", place="3WEST 302")
IN_BED = of(ADMIT, place="3WEST 301")
SWAP = message(
    "A17",
    "11-01 14:00",
    place="3WEST 302",
    beside=message("A17", "11-01 14:00", visit="V2", patient="P2", place="3WEST 301"),
)


def test_story_35a__two_who_change_beds_lie_where_the_other_lay_and_nobody_is_told() -> None:
    """HL7 v2.5.1 ch. 3.3.17: one message, two patients, each with the bed that is now the own one."""
    before, after = account([IN_BED, NEXT_BED], NIGHT).visits, account([IN_BED, NEXT_BED, SWAP], NIGHT).visits
    assert (after["V1"].place, after["V2"].place) == ("3WEST 302", "3WEST 301")
    assert [told(after[one]) for one in ("V1", "V2")] == [told(before[one]) for one in ("V1", "V2")]


def test_story_35b__a_change_of_beds_that_comes_first_is_no_stay_and_holds_all_the_same() -> None:
    assert account([SWAP], NIGHT).visits == {}
    visits = account([SWAP, IN_BED, NEXT_BED], NIGHT).visits
    assert (visits["V1"].place, visits["V2"].place) == ("3WEST 302", "3WEST 301")


PLAN = message("A05", "11-01 08:00", class_="P")


def test_story_36__a_plan_is_told_to_nobody_and_its_admission_is_told_once() -> None:
    assert account([PLAN], NIGHT).visits == {}
    end = visit([PLAN, HOME], NIGHT)
    assert told(end) == told(visit([HOME], NIGHT))
    late = visit([HOME, PLAN], NIGHT)
    assert (late.status, late.class_, told(late)) == ("in-progress", "I", told(end))


def test_story_37__a_plan_that_came_to_nothing_was_never_told() -> None:
    dropped = message("A38", "11-01 08:00", recorded="11-01 09:00", class_="P")
    assert account([PLAN, dropped], NIGHT).visits == {}
    assert account([dropped, PLAN], NIGHT).visits == {}


def test_story_38__an_admission_that_never_was_leaves_a_plan_and_corrects_who_was_told() -> None:
    never = message("A11", "11-01 12:00", recorded="11-01 20:00")
    end = visit([PLAN, ADMIT, never], NIGHT)
    assert end.status == "cancelled"
    assert {one.notice for one in end.corrections} == {"encounter.admitted"}


ARRIVED = message("A04", "11-01 09:00", class_="E")
INTO_BED = message("A06", "11-01 12:00")


def test_story_39__an_emergency_visit_that_becomes_a_stay_is_registered_and_then_admitted() -> None:
    end = visit([ARRIVED, INTO_BED, DISCHARGE], "11-02 23:00")
    assert (end.status, end.class_) == ("finished", "I")
    assert end.transitions[1].pathway == "home"
    assert told(end)["encounter.registered", "", 0] == {"pcp": "sent"}
    assert told(end)["encounter.admitted", "", 0] == {"pcp": "sent", "coordinator": "sent"}
    assert end.corrections == {}


RENUMBERED = of(INTO_BED, visit="V2", prior="V1")
END = of(DISCHARGE, visit="V2")


def test_story_39a__a_stay_under_a_new_number_is_the_visit_that_it_was_before() -> None:
    """HL7 v2.5.1 ch. 3.3.6: the visit goes on as a stay, told as if the number had stayed; one end, one transition."""
    account_ = account([ARRIVED, RENUMBERED, END], "11-02 23:00")
    assert set(account_.visits) == {"V2"}
    plain = visit([ARRIVED, INTO_BED, DISCHARGE], "11-02 23:00")
    end = account_.visits["V2"]
    assert (end.status, end.class_, set(end.transitions)) == ("finished", "I", {1})
    assert (told(end), end.corrections) == (told(plain), {})


def test_story_39b__the_earlier_visit_is_heard_of_after_the_stay_that_it_became() -> None:
    """In a bed since before anybody heard of the arrival: that is told to nobody any more."""
    account_ = account([RENUMBERED, of(ARRIVED, recorded=RENUMBERED.recorded), END], "11-02 23:00")
    assert set(account_.visits) == {"V2"}
    assert ("encounter.registered", "", 0) not in told(account_.visits["V2"])


def test_story_39c__an_a06_that_nobody_can_read_leaves_two() -> None:
    visits = account([ARRIVED, END], "11-02 23:00").visits
    assert (visits["V1"].status, visits["V2"].status) == ("in-progress", "finished")


def test_story_40__a_stay_that_became_an_observation_was_an_admission_all_the_same() -> None:
    """It leaves of class V: 14 days for the practitioner, the 2nd and 14 is the 16th."""
    down = message("A07", "11-01 15:00", class_="V")
    end = visit([ADMIT, down, of(DISCHARGE, class_="V")], "11-02 23:00")
    assert (end.class_, end.corrections) == ("V", {})
    assert ("encounter.registered", "", 0) not in told(end)
    assert end.transitions[1].tasks["practitioner-visit"].due_at == utc("11-17 04:59:59")


def test_story_41__down_and_up_again_is_one_admission() -> None:
    down, up = message("A07", "11-01 15:00", class_="V"), message("A06", "11-01 18:00")
    end = visit([ADMIT, down, up], NIGHT)
    assert (end.status, end.class_) == ("in-progress", "I")
    assert [one for one in end.told if one.notice == "encounter.admitted" and one.n > 1] == []


OUT, BACK = message("A21", "11-01 15:00"), message("A22", "11-01 18:00")


def test_story_42__a_leave_is_no_discharge() -> None:
    away = visit([ADMIT, OUT], NIGHT)
    assert (away.status, away.on_leave, told(away)) == ("in-progress", True, told(visit([ADMIT], NIGHT)))
    assert not visit([ADMIT, OUT, BACK], NIGHT).on_leave
    assert not visit([ADMIT, BACK, OUT], NIGHT).on_leave, "the order of arrival says nothing"
    assert not visit([ADMIT, OUT, DISCHARGE], "11-02 20:00").on_leave, "who has left is not on leave"


def test_story_43__the_end_of_a_month_is_not_the_end_of_a_series() -> None:
    first = message("A04", "11-01 09:00", class_="R")
    month = message("A03", "11-02 15:00", class_="R", disposition="30")
    end = visit([first, month], "11-02 23:00")
    assert (end.status, end.discharged_at, end.transitions) == ("in-progress", None, {})
    assert set(told(end)) == {("encounter.registered", "", 0)}


DEAD = message("A08", "11-02 21:00", recorded="11-02 22:00", died=True)
NOT_DEAD = message("A08", "11-03 06:00", recorded="11-03 06:30", alive=True)


def test_story_44__a_death_that_was_told_in_error_is_taken_back_with_all_that_spoke_of_it() -> None:
    """Bereavement opens on Tuesday at 0:00, before the error is noticed: that was told, too. The work is back."""
    end = visit([ADMIT, DISCHARGE, DEAD, NOT_DEAD], "11-03 08:00")
    transition = end.transitions[1]
    assert (transition.status, transition.pathway) == ("open", "home")
    assert transition.tasks["bereavement"].status == {"called-off"}
    assert transition.tasks["contact"].status == {"due"}
    assert set(end.corrections) == {
        Telling("patient.died", "", 0, 1, "pcp"),
        Telling("patient.died", "", 0, 1, "coordinator"),
        Telling("transition.closed", "", 1, 1, "coordinator"),
        Telling("task.due", "bereavement", 1, 1, "coordinator"),
    }


def test_story_45__the_error_is_known_before_the_death() -> None:
    """What was recorded last counts, whenever it comes."""
    end = visit([ADMIT, DISCHARGE, NOT_DEAD, DEAD], "11-03 08:00")
    assert (end.transitions[1].pathway, end.corrections) == ("home", {})
    assert ("patient.died", "", 0) not in told(end)


def test_story_45a__an_end_that_was_told_of_a_dead_patient_is_corrected() -> None:
    """The death was heard before the discharge: who was told of the discharge was told that the patient died."""
    end = visit([ADMIT, DEAD, DISCHARGE, NOT_DEAD], "11-03 08:00")
    assert end.transitions[1].pathway == "home"
    spoke_of_it = {(one.notice, one.recipient) for one in end.corrections if not one.notice.startswith("task.")}
    assert spoke_of_it == {
        ("patient.died", "pcp"),
        ("patient.died", "coordinator"),
        ("encounter.discharged", "pcp"),
        ("transition.opened", "coordinator"),
    }


def test_story_46__a_death_in_error_concerns_the_other_stays_too() -> None:
    begun = message("A01", "11-02 20:00", visit="V2")
    end = account([ADMIT, DISCHARGE, begun, of(DEAD, visit="V2"), of(NOT_DEAD, visit="V2")], "11-03 08:00").visits
    assert Telling("patient.died", "", 0, 1, "pcp") in end["V1"].corrections
    assert end["V1"].transitions[1].pathway == "home"
