"""A stay that was filed under another's number and moved, on paper (HL7 v2.5.1 ch. 3.3.43 to .45; 45 CFR 164.402).

The wrong patient's doctor is `pcp`; the doctor of whose stay it is stands in no directory.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from demo.oracle.comparing import compare
from demo.oracle.facts import ABSENT, SENT, UNKNOWN, WITHDRAWN, Account, Arrival, Message, Telling
from tests.unit.oracle.paper import account, at, message, of, team, told

WRONG: Final[dict[str, Any]] = {
    "patient": "NORTH|W1",
    "authority": "NORTH",
    "numbers": frozenset({"NORTH|W1"}),
    "mistaken": True,
}
RIGHT: Final[dict[str, Any]] = {
    "patient": "NORTH|M1",
    "authority": "NORTH",
    "numbers": frozenset({"NORTH|M1"}),
    "team": team("5"),
}
ARRIVED = message("A04", "11-01 09:00", class_="E", **WRONG)
ADMIT = message("A01", "11-01 12:00", **WRONG)
MOVE = message("A44", "11-01 18:00", moves="NORTH|W1", **RIGHT)
DISCHARGE = message("A03", "11-02 15:00", **RIGHT)
NIGHT = "11-02 23:00"
UNHEARD: Final = "provider:NPI|5"


def told_of(messages: list[Message], order: list[Message] | None = None, **more: Any) -> Account:
    """`order`: in this order, a minute apart, when all have been written."""
    let_in = None
    if order:
        let_in = [Arrival(one.control_id, at("11-02 16:00") + timedelta(minutes=n)) for n, one in enumerate(order)]
    return account(messages, NIGHT, arrivals=let_in, step=timedelta(0), **more)


def test_story_47__who_was_told_of_the_wrong_patient_is_corrected_and_a_supervisor_hears_of_it() -> None:
    visits = told_of([ARRIVED, ADMIT, MOVE, DISCHARGE]).visits
    wrong = visits["V1/wrong"]
    assert (wrong.status, wrong.surely, wrong.numbers, wrong.transitions) == ("cancelled", True, frozenset(), {})
    assert told(wrong) == {
        ("encounter.registered", "", 0): {"pcp": "sent"},
        ("encounter.admitted", "", 0): {"pcp": "sent", "coordinator": "sent"},
        ("encounter.moved", "", 0): {"supervisor": "sent"},
    }
    assert set(wrong.corrections) == {
        Telling("encounter.registered", "", 0, 1, "pcp"),
        Telling("encounter.admitted", "", 0, 1, "pcp"),
        Telling("encounter.admitted", "", 0, 1, "coordinator"),
    }


def test_story_48__whose_stay_it_is_hears_how_it_stands_and_the_rest_as_ever() -> None:
    """The own doctor has no entry: 5 is nobody's number. The arrival is over when the move is heard."""
    right = told_of([ARRIVED, ADMIT, MOVE, DISCHARGE]).visits["V1"]
    assert (right.status, right.numbers, right.corrections) == ("finished", {"NORTH|M1"}, {})
    assert set(right.transitions) == {1}
    assert ("encounter.registered", "", 0) not in told(right)
    nobody = "suppressed:no-directory-entry"
    assert told(right)["encounter.admitted", "", 0] == {UNHEARD: nobody, "coordinator": "sent"}
    assert told(right)["encounter.discharged", "", 1] == {UNHEARD: nobody}


def test_story_49__a_move_that_comes_first_tells_nothing_wrong_to_anybody() -> None:
    visits = told_of([ARRIVED, ADMIT, MOVE, DISCHARGE], [MOVE, ARRIVED, ADMIT, DISCHARGE]).visits
    assert set(visits) == {"V1"}
    assert {notice for notice, _, _ in told(visits["V1"])} >= {"encounter.registered", "encounter.admitted"}
    assert "pcp" not in {one.recipient for one in visits["V1"].told}, "not the wrong patient's doctor"


def test_story_50__an_end_that_comes_before_all_else_is_told_and_the_begin_is_history() -> None:
    visits = told_of([ARRIVED, ADMIT, MOVE, DISCHARGE], [DISCHARGE, MOVE, ARRIVED, ADMIT]).visits
    assert set(visits) == {"V1"}
    notices = {notice for notice, _, _ in told(visits["V1"])}
    assert not notices & {"encounter.registered", "encounter.admitted"}
    assert "encounter.discharged" in notices


def test_story_51__a_begin_that_comes_between_is_told_twice_of_two() -> None:
    """Registered of the one, admitted of the other: the move came in between."""
    visits = told_of([ARRIVED, ADMIT, MOVE], [ARRIVED, MOVE, ADMIT]).visits
    assert {one for one, _, _ in told(visits["V1/wrong"])} == {"encounter.registered", "encounter.moved"}
    assert {one for one, _, _ in told(visits["V1"])} == {"encounter.registered", "encounter.admitted"}


def test_story_52__a_move_that_nobody_can_read_leaves_two_stays() -> None:
    visits = told_of([ARRIVED, ADMIT, DISCHARGE]).visits
    assert (visits["V1/wrong"].status, visits["V1"].status) == ("in-progress", "finished")
    assert visits["V1/wrong"].corrections == {}


def test_story_53__a_stay_said_anew_is_told_however_old_it_is() -> None:
    """Moved on the third day: the admission was two days ago, and its own people have not heard of it."""
    late = of(MOVE, occurred=at("11-03 18:00"), recorded=at("11-03 18:10"))
    assert told(account([ADMIT, late], "11-03 20:00").visits["V1"])["encounter.admitted", "", 0]["coordinator"] == SENT


def test_story_54__near_to_the_move_it_may_have_been_told_of_either() -> None:
    """In one hour, by two lanes: who was told is corrected, and who was not is not."""
    visits = account([ARRIVED, ADMIT, MOVE], NIGHT, step=timedelta(hours=12)).visits
    assert not visits["V1/wrong"].surely
    assert visits["V1/wrong"].told[Telling("encounter.admitted", "", 0, 1, "pcp")] == {SENT, WITHDRAWN, UNKNOWN, ABSENT}
    assert visits["V1"].told[Telling("encounter.registered", "", 0, 1, UNHEARD)] == {
        "suppressed:no-directory-entry",
        ABSENT,
    }


def test_story_55__all_that_was_filed_under_the_number_by_then_is_moved__a43() -> None:
    """It names no visit. What begins under that number later is that patient's own."""
    before = message("A04", "10-30 09:00", visit="V0", class_="E", **WRONG)
    own = message("A04", "11-02 10:00", visit="V9", class_="E", **{**WRONG, "mistaken": False})
    move = of(MOVE, trigger="A43", visit="")
    visits = told_of([before, ADMIT, move, own, DISCHARGE]).visits
    assert {name: visits[name].status for name in visits} == {
        "V0/wrong": "cancelled",
        "V0": "in-progress",
        "V1/wrong": "cancelled",
        "V1": "finished",
        "V9": "in-progress",
    }
    assert (visits["V0"].numbers, visits["V9"].numbers) == ({"NORTH|M1"}, {"NORTH|W1"})


def test_story_56__what_had_begun_before_all_was_moved_is_moved_though_it_comes_later__a43() -> None:
    visits = told_of([ADMIT, DISCHARGE, of(MOVE, trigger="A43", visit="")], [MOVE, ADMIT, DISCHARGE]).visits
    assert set(visits) == {"V1"}
    assert visits["V1"].numbers == {"NORTH|M1"}


def test_story_57__one_visit_of_two_is_moved_and_says_where_it_is__a45() -> None:
    """The A45 holds a PV1, an A44 none."""
    other = message("A04", "11-01 08:00", visit="V0", class_="E", **{**WRONG, "mistaken": False})
    move = of(MOVE, trigger="A45", place="4EAST 401", class_="I")
    visits = told_of([other, ADMIT, move]).visits
    assert (visits["V0"].status, visits["V0"].numbers) == ("in-progress", {"NORTH|W1"})
    assert (visits["V1/wrong"].status, visits["V1"].status) == ("cancelled", "in-progress")
    assert (visits["V1"].numbers, visits["V1"].place) == ({"NORTH|M1"}, "4EAST 401")


def test_compare__a_wrong_telling_that_nobody_corrected_is_a_difference() -> None:
    expected, unmoved = told_of([ADMIT, MOVE, DISCHARGE]), told_of([ADMIT, DISCHARGE])
    whats = {one.what for one in compare(expected, unmoved) if one.visit == "V1/wrong"}
    assert "correction of encounter.admitted v0 no. 1 to pcp" in whats
    assert "encounter.moved v0 no. 1 to supervisor" in whats


def test_compare__what_may_have_been_told_of_nobody_is_no_difference() -> None:
    near = account([ADMIT, MOVE, DISCHARGE], NIGHT, step=timedelta(hours=12))
    first = told_of([ADMIT, MOVE, DISCHARGE], [MOVE, ADMIT, DISCHARGE])
    assert [one for one in compare(near, first) if one.visit == "V1/wrong"] == []
