"""Patients known by two numbers, worked out on paper (HL7 v2.5.1 ch. 3.3.40: what was two is one, for ever)."""

from __future__ import annotations

from typing import Any, Final

from demo.oracle.comparing import compare
from demo.oracle.facts import Arrival
from tests.unit.oracle.paper import account, at, message, of, told

TEMPORARY: Final[dict[str, Any]] = {
    "patient": "NORTH|T1",
    "authority": "NORTH",
    "numbers": frozenset({"NORTH|T1"}),
}
OWN: Final[dict[str, Any]] = {
    "patient": "REGION|R1",
    "authority": "NORTH",
    "numbers": frozenset({"NORTH|M1", "REGION|R1"}),
}
ADMIT = message("A01", "11-01 12:00", **TEMPORARY)
DISCHARGE = message("A03", "11-02 15:00", **TEMPORARY)
MERGE = message("A40", "11-02 18:00", visit="", retires="NORTH|T1", **OWN)
NIGHT = "11-02 23:00"


def test_story_29__a_merge_tells_nobody_and_the_patient_is_called_otherwise() -> None:
    plain, merged = account([ADMIT, DISCHARGE], NIGHT), account([ADMIT, DISCHARGE, MERGE], NIGHT)
    assert set(merged.visits) == {"V1"}
    assert told(merged.visits["V1"]) == told(plain.visits["V1"])
    assert merged.visits["V1"].transitions == plain.visits["V1"].transitions
    assert plain.visits["V1"].numbers == {"NORTH|T1"}
    # the temporary number is never to be used again, so it is no name of the patient any more
    assert merged.visits["V1"].numbers == {"NORTH|M1", "REGION|R1"}


def test_story_30__a_merge_that_comes_before_the_stay_ends_alike() -> None:
    first = [Arrival(one.control_id, at("11-02 19:00")) for one in (MERGE, ADMIT, DISCHARGE)]
    early = account([ADMIT, DISCHARGE, MERGE], NIGHT, arrivals=first)
    assert early.visits["V1"].numbers == {"NORTH|M1", "REGION|R1"}
    assert early.visits["V1"].status == "finished"


def test_story_31__a_death_in_a_later_stay_is_told_of_the_one_that_was_merged_too() -> None:
    again = message("A01", "11-03 09:00", visit="V2", **OWN)
    died = message("A08", "11-03 12:00", visit="V2", died=True, **OWN)
    apart = account([ADMIT, DISCHARGE, again, died], "11-03 20:00").visits["V1"]
    one = account([ADMIT, DISCHARGE, MERGE, again, died], "11-03 20:00").visits["V1"]
    assert ("patient.died", "", 0) not in told(apart)
    assert set(told(one)["patient.died", "", 0]) == {"pcp", "coordinator"}


def test_story_32__who_is_merged_with_a_dead_one_is_dead() -> None:
    again = message("A01", "11-02 16:00", visit="V2", **OWN)
    expired = of(DISCHARGE, disposition="20", died=True)
    other = account([ADMIT, expired, again, MERGE], NIGHT).visits["V2"]
    assert set(told(other)["patient.died", "", 0]) == {"pcp", "coordinator"}


def test_story_33__each_hospital_has_the_last_word_on_its_own_number() -> None:
    elsewhere = {**OWN, "authority": "LAKESIDE", "numbers": frozenset({"LAKESIDE|L1", "REGION|R1"})}
    visits = account(
        [message("A01", "11-01 12:00", **OWN), message("A01", "11-02 09:00", visit="V2", **elsewhere)], NIGHT
    )
    assert visits.visits["V1"].numbers == visits.visits["V2"].numbers == {"NORTH|M1", "LAKESIDE|L1", "REGION|R1"}


def test_story_34__a_repeated_merge_and_one_of_a_patient_with_itself_change_nothing() -> None:
    again = of(MERGE, control_id="again")
    once, twice = account([ADMIT, MERGE, DISCHARGE], NIGHT), account([ADMIT, MERGE, again, DISCHARGE], NIGHT)
    assert compare(once, twice) == []


def test_story_35__a_merge_shows_who_was_admitted_again() -> None:
    """Out on Monday the 2nd, in again on Thursday under the own number; that it is one person is told on Friday."""
    again = message("A01", "11-05 09:00", visit="V2", **OWN)
    late = of(MERGE, occurred=at("11-06 09:00"), recorded=at("11-06 09:00"))
    apart = account([ADMIT, DISCHARGE, again], "11-06 10:00").visits["V1"].transitions[1]
    one = account([ADMIT, DISCHARGE, again, late], "11-06 10:00").visits["V1"].transitions[1]
    assert apart.tasks["practitioner-visit"].status == {"due"}
    assert one.tasks["practitioner-visit"].status == {"called-off"}


def test_compare__a_merge_that_had_no_effect_is_a_difference() -> None:
    merged, plain = account([ADMIT, DISCHARGE, MERGE], NIGHT), account([ADMIT, DISCHARGE], NIGHT)
    (one,) = compare(merged, plain)
    assert one.what == "numbers"
