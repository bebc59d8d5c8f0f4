"""Who is one person by the repairs that the hospital recorded, on paper (HL7 v2.5.1 ch. 3.3.40, .44, .45)."""

from __future__ import annotations

import random
from datetime import timedelta

from tests.simulation.er7 import MONDAY, Message, phone_of, written
from tests.simulation.hospital import Stay
from tests.simulation.people import PLOTS, People, plotted


def said(trigger: str, hour: int, under: int, other: int = 0, **more: str) -> Message:
    at = MONDAY + timedelta(hours=hour)
    return Message(trigger, f"{trigger}-{hour}", at, at, more.pop("detail", ""), under=under, other=other, **more)  # type: ignore[arg-type]


def a_stay_of(*messages: Message, number: int = 1) -> Stay:
    return Stay(number, list(messages))


def test_merge__makes_two_numbers_one_person_called_after_the_one_that_stays() -> None:
    stay = a_stay_of(said("A01", 1, 8), said("A08", 5, 1))
    people = People([stay], [said("A40", 3, 1, 8)])
    assert people.owner(stay) == {1, 8}
    assert people.lead(people.of(8)) == "MR|77001"
    assert people.last_word(people.of(8)).control_id == "A08-5"


def test_merge__the_last_word_leads_whichever_is_given_first() -> None:
    merges = [said("A40", 4, 2, 1), said("A40", 3, 1, 2)]
    stay = a_stay_of(said("A01", 1, 1))
    assert People([stay], merges).lead(frozenset({1, 2})) == "MR|77002"
    assert People([stay], merges[::-1]).lead(frozenset({1, 2})) == "MR|77002"


def test_merge__a_chain_ends_at_its_last_number() -> None:
    people = People([a_stay_of(said("A01", 1, 8))], [said("A40", 2, 9, 8), said("A40", 3, 1, 9)])
    assert people.of(8) == {1, 8, 9}
    assert people.lead(people.of(9)) == "MR|77001"


def test_move__gives_the_stay_to_whom_it_names_and_leaves_what_was_said_of_the_other_with_him() -> None:
    stay = a_stay_of(said("A01", 1, 2, visit="V1"), said("A08", 9, 2, visit="V1", detail="dead"))
    people = People([stay], [said("A45", 3, 1, 2, visit="V1")])
    assert people.owner(stay) == {1}
    assert people.is_dead(people.of(2))
    assert not people.is_dead(people.owner(stay))
    other = a_stay_of(said("A01", 1, 2, visit="V2"), number=2)
    assert People([other], [said("A45", 3, 1, 2, visit="V1")]).owner(other) == {2}


def test_lead__of_whom_only_one_number_was_ever_sent_is_that_one() -> None:
    message = said("A01", 1, 1)
    message.split = True
    assert People([a_stay_of(message)], []).lead(frozenset({1})) == "PI|E1"


def test_written__a_merge_names_who_stays_in_pid_and_who_goes_in_mrg() -> None:
    lines = written(said("A40", 3, 1, 8)).decode().split("\r")
    assert [line[:3] for line in lines if line] == ["MSH", "EVN", "PID", "PD1", "MRG"]
    assert lines[2].split("|")[3] == "E1^^^NORTH^PI~77001^^^NORTH^MR"
    assert lines[2].split("|")[13] == phone_of(said("A40", 3, 1, 8)) == "555-02150000"
    assert lines[4].split("|")[1] == "77008^^^NORTH^MR~E8^^^NORTH^PI"


def test_written__a_move_of_a_visit_has_it_in_mrg_5_and_pv1_19_and_of_an_account_in_mrg_3_and_pid_18() -> None:
    *_, merged, visit, _ = written(said("A45", 3, 1, 2, visit="V1")).decode().split("\r")
    assert (merged.split("|")[5], visit.split("|")[19]) == ("V1^^^NORTH", "V1^^^NORTH^VN")
    lines = written(said("A44", 3, 1, 2, account="A1")).decode().split("\r")
    assert (lines[2].split("|")[18], lines[4].split("|")[3]) == ("A1^^^NORTH", "A1^^^NORTH")


def test_plots__every_story_is_played_and_leaves_one_owner_of_every_stay() -> None:
    played = set()
    for seed in range(60):
        rng = random.Random(seed)  # noqa: S311
        stays, repairs = plotted([Stay(1, [said("A01", 1, 1, visit="V1"), said("A03", 5, 1, visit="V1")])], rng)
        people = People(stays, repairs)
        assert all(people.lead(people.owner(stay)) for stay in stays)
        played.add(tuple((one.trigger, one.under, one.other) for one in repairs))
    assert len(played) == len(PLOTS) + 1  # a move is of a visit or of an account
