"""Swaps, renamed numbers and readmissions on paper (HL7 v2.5.1 ch. 3.3.17, .35, .41, .42, .47, .49, .50)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

from tests.simulation.er7 import MONDAY, Message, written
from tests.simulation.hospital import LOCAL, Stay, truth_of
from tests.simulation.people import People
from tests.simulation.readmissions import is_back, readmitted
from tests.simulation.stories import STORIES, told


def drawn() -> Iterator[tuple[list[Stay], list[Message]]]:
    return (told(random.Random(seed), split=False) for seed in range(120))  # noqa: S311


def said(trigger: str, hour: int, under: int, other: int = 0, **more: str) -> Message:
    at = MONDAY + timedelta(hours=hour)
    return Message(trigger, f"{trigger}-{hour}", at, at, "", under=under, other=other, **more)  # type: ignore[arg-type]


def test_swap__each_of_the_two_is_in_the_bed_of_the_other() -> None:
    first = Stay(1, [said("A01", 1, 1), said("A17", 3, 1)], ward="4W", swapped_to="7E")
    second = Stay(2, [said("A01", 2, 2), said("A17", 3, 2)], ward="7E", swapped_to="4W")
    assert (truth_of(first).ward, truth_of(second).ward) == ("7E", "4W")


def test_swap__is_one_message_with_a_pid_and_a_pv1_of_each() -> None:
    both = said("A17", 3, 1, visit="V1", ward="7E")
    both.swaps = said("A17", 3, 2, visit="V2", ward="4W")
    lines = [line.split("|") for line in written(both).decode().split("\r") if line]
    assert [line[0] for line in lines] == ["MSH", "EVN", "PID", "PD1", "PV1", "PID", "PV1"]
    assert [line[3].partition("^")[0] for line in lines if line[0] == "PID"] == ["E1", "E2"]
    assert [(line[3][:2], line[19][:2]) for line in lines if line[0] == "PV1"] == [("7E", "V1"), ("4W", "V2")]


def test_rename__of_a_patients_numbers_makes_them_one_person_called_after_the_new_one() -> None:
    stay = Stay(1, [said("A01", 1, 8)])
    people = People([stay], [said("A47", 3, 1, 8)])
    assert people.owner(stay) == {1, 8}
    assert people.lead(people.of(8)) == "MR|77001"


def test_written__the_former_number_of_a_visit_is_in_mrg_5_and_of_an_account_in_mrg_3() -> None:
    visit = written(said("A50", 3, 1, 1, visit="V1", former="V91")).decode().split("\r")
    assert (visit[4].split("|")[5], visit[5].split("|")[19]) == ("V91^^^NORTH", "V1^^^NORTH^VN")
    account = written(said("A49", 3, 1, 1, account="A1", former="A91")).decode().split("\r")
    assert (account[2].split("|")[18], account[4].split("|")[3]) == ("A1^^^NORTH", "A91^^^NORTH")


def test_stories__every_one_is_told_and_both_of_a_swap_are_in_their_beds_before_it() -> None:
    triggers = set()
    for stays, repairs in drawn():
        triggers |= {one.trigger for one in repairs}
        for stay in stays if stays[0].swapped_to else ():
            at = next(one for one in stay.messages if one.trigger == "A17")
            assert at.recorded == next(one for one in stays[0].messages if one.trigger == "A17").recorded
            assert {one.ward for one in stay.messages if one.recorded < at.recorded} == {stay.ward}
    assert triggers == {"A35", "A41", "A42", "A47", "A49", "A50"}
    assert len(STORIES) == 5


def a_stay_of(trigger: str, day: int, *more: str, number: int) -> Stay:
    messages = [said(word, day * 24 + hour, 1) for hour, word in enumerate((trigger, *more))]
    return Stay(number, messages)


def test_readmission__is_an_admission_within_thirty_days_of_the_discharge() -> None:
    ended = a_stay_of("A01", 0, "A03", number=1)  # discharged on 2 November
    assert is_back(ended, [ended, a_stay_of("A01", 2, number=2)])
    assert is_back(ended, [ended, a_stay_of("A01", 30, "A03", number=2)])  # on 2 December
    assert not is_back(ended, [ended, a_stay_of("A01", 31, number=2)])
    assert is_back(ended, [ended, a_stay_of("A04", 10, "A01", number=2)])


def test_readmission__is_no_visit_none_that_was_taken_back_and_none_of_whom_is_not_discharged() -> None:
    ended = a_stay_of("A01", 0, "A03", number=1)
    assert not is_back(ended, [ended, a_stay_of("A04", 10, "A03", number=2)])
    assert not is_back(ended, [ended, a_stay_of("A01", 10, "A11", number=2)])
    assert not is_back(ended, [ended])
    still_in = a_stay_of("A01", 0, "A03", "A13", number=1)
    assert not is_back(still_in, [still_in, a_stay_of("A01", 10, number=2)])


def test_readmissions__come_on_the_second_tenth_thirtieth_and_thirty_first_day_and_some_call_nothing_off() -> None:
    days, backs = set(), set()
    for seed in range(120):
        (first, second), repairs = readmitted(random.Random(seed), False)  # noqa: S311
        ended = truth_of(first).discharged_at
        assert ended is not None
        assert not repairs
        days.add(((second.messages[0].happened + LOCAL).date() - (ended + LOCAL).date()).days)
        backs.add(is_back(first, [first, second]))
    assert days == {2, 10, 30, 31}
    assert backs == {True, False}
