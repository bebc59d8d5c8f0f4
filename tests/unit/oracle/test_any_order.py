"""The services say what the oracle says, in whatever order a hospital's messages come and the services take turns.

The runs on real servers see few orders; a discharge that was heard after the death that was none, and told of it, came
up once in many.
"""

from __future__ import annotations

from collections import defaultdict
from random import Random

import pytest

from demo.deployment import START
from demo.hospital import Note, Sending, schedule
from demo.hospital.course import PROTECTED_WARDS, Shield
from shared.telemetry import without_logs
from tests.chaos.traffic import FAULTS, traffic
from tests.unit.oracle.chain import differences

MESSAGES, PATIENTS = 600, 165


def by_patient(seed: int) -> list[list[Sending]]:
    """What is sent of each patient, about a stay; of a repeat the first."""
    return stories_of(traffic(seed, MESSAGES, PATIENTS))


def stories_of(sendings: list[Sending]) -> list[list[Sending]]:
    """The same of any schedule."""
    found: dict[str, dict[str, Sending]] = defaultdict(dict)
    for one in sendings:
        if one.meant is not None:
            found[one.patient].setdefault(one.control_id, one)
    return [list(messages.values()) for messages in found.values()]


@pytest.mark.parametrize("seed", [3, 4, 5])
async def test_account__is_the_oracles_in_any_order(seed: int) -> None:
    dice = Random(seed)  # noqa: S311 - seeded
    stories = by_patient(seed)
    assert len(stories) > 60
    with without_logs():
        for messages in stories:
            order = led_on(dice.sample(messages, len(messages)))
            told = [f"{one.meant.trigger} {one.note}" for one in order if one.meant]
            assert not await differences(order, dice), told


def led_on(order: list[Sending]) -> list[Sending]:
    """An end under the new number does not come before the A06 that joins it to the old one: of two encounters that
    were told of the oracle does not know which lives on.
    """
    found = list(order)
    for join in (one for one in order if one.note is Note.RENUMBERED):
        at = found.index(join)
        ends = [n for n, one in enumerate(found[:at]) if is_end_of(one, join)]
        if ends:
            found.insert(ends[0], found.pop(at))
    return found


def is_end_of(one: Sending, join: Sending) -> bool:
    return bool(one.meant and join.meant) and (one.meant.trigger, one.meant.visit.number) == (
        "A03",
        join.meant.visit.number,
    )


def with_notes(*notes: Note) -> list[list[Sending]]:
    """The stories of two seeds in which all of these are said."""
    return [story for seed in (3, 4) for story in by_patient(seed) if {*notes} <= {one.note for one in story}]


async def test_account__of_a_death_that_was_none_in_many_orders() -> None:
    """Of an inpatient who had gone home."""
    dice = Random(1)  # noqa: S311 - seeded
    messages = with_notes(Note.DIED, Note.NOT_DEAD)[0]
    with without_logs():
        for _ in range(60):
            assert not await differences(dice.sample(messages, len(messages)), dice)


async def test_account__of_a_stay_of_the_wrong_patient_in_many_orders_and_turns() -> None:
    """In half of them each message is through before the next: then it is certain who must have been told of whom."""
    dice = Random(2)  # noqa: S311 - seeded
    stories = with_notes(Note.MOVED)
    assert len(stories) > 1
    with without_logs():
        for messages in stories:
            for n in range(10):
                order = dice.sample(messages, len(messages)) + dice.sample(messages, n % 3)
                told = [f"{one.meant.trigger} {one.note}" for one in order if one.meant]
                assert not await differences(order, dice if n % 2 else None), told


async def test_account__of_what_was_moved_with_its_number_or_visit_in_many_orders_and_turns() -> None:
    """A43 and A45 are rare: few patients in a thousand have one."""
    dice = Random(5)  # noqa: S311 - seeded
    stories = [story for seed in (1, 2) for story in stories_of(schedule(seed, 400, 7, START, FAULTS))]
    moved = [story for story in stories if {"A43", "A45"} & {one.meant.trigger for one in story if one.meant}]
    assert {"A43", "A45"} <= {one.meant.trigger for story in moved for one in story if one.meant}
    with without_logs():
        for messages in moved:
            for n in range(8):
                order = dice.sample(messages, len(messages)) + dice.sample(messages, n % 3)
                told = [f"{one.meant.trigger} {one.note}" for one in order if one.meant]
                assert not await differences(order, dice if n % 2 else None), told


async def test_account__of_protected_stays_in_many_orders_and_turns() -> None:
    """By a unit (42 CFR Part 2, behavioural health), PD1-12, PV2-22 or an ARV of either."""
    dice = Random(6)  # noqa: S311 - seeded
    stories = [story for story in stories_of(schedule(1, 150, 7, START, FAULTS, 0.6)) if any(map(is_protected, story))]
    assert {one.meant.visit.shield for story in stories for one in story if one.meant} == set(Shield)
    with without_logs():
        for n, messages in enumerate(stories):
            order = led_on(dice.sample(messages, len(messages))) if n % 3 else messages
            told = [f"{one.meant.trigger} {one.note}" for one in order if one.meant]
            assert not await differences(order, dice if n % 2 else None), told


def is_protected(one: Sending) -> bool:
    visit = one.meant.visit if one.meant else None
    return visit is not None and (visit.shield is not Shield.NONE or visit.ward in PROTECTED_WARDS)


async def test_account__of_a_stay_with_two_numbers_in_many_orders_and_turns() -> None:
    dice = Random(3)  # noqa: S311 - seeded
    stories = with_notes(Note.RENUMBERED)
    assert len(stories) > 1
    with without_logs():
        for messages in stories:
            for n in range(10):
                order = led_on(dice.sample(messages, len(messages))) + dice.sample(messages, n % 3)
                told = [f"{one.meant.trigger} {one.note}" for one in order if one.meant]
                assert not await differences(order, dice if n % 2 else None), told


async def test_account__of_two_who_change_beds_in_many_orders_and_turns() -> None:
    dice = Random(4)  # noqa: S311 - seeded
    stories = with_notes(Note.SWAPPED)
    assert len(stories) > 1
    with without_logs():
        for messages in stories:
            for n in range(10):
                order = dice.sample(messages, len(messages)) + dice.sample(messages, n % 3)
                told = [f"{one.meant.trigger} {one.note}" for one in order if one.meant]
                assert not await differences(order, dice if n % 2 else None), told
