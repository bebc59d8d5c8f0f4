"""The model is an oracle: what it says of small stays is worked out here on paper, and the seeds cover every script."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from tests.simulation.er7 import MONDAY, Message
from tests.simulation.hospital import SCRIPTS, Stay, a_stay, truth_of, windows


def a_story(*words: str) -> Stay:
    stay = Stay(1)
    for position, word in enumerate(words):
        trigger, _, detail = word.partition(":")
        at = MONDAY + timedelta(hours=position)
        stay.messages.append(Message(trigger, f"M{position}", at, at, detail))
    return stay


def test_truth__a_discharge_stands_until_it_is_taken_back_and_stands_again() -> None:
    assert truth_of(a_story("A01", "A03:01")).status == "finished"
    taken_back = truth_of(a_story("A01", "A03:01", "A13"))
    assert (taken_back.status, taken_back.tasks) == ("in-progress", {})
    assert truth_of(a_story("A01", "A03:01", "A13", "A03:03")).discharged_at == MONDAY + timedelta(hours=3)


def test_truth__a_cancelled_admission_of_a_visit_leaves_the_visit() -> None:
    assert truth_of(a_story("A01", "A11")).status == "cancelled"
    assert truth_of(a_story("A04", "A01", "A11")).status == "in-progress"


def test_truth__the_work_is_that_of_the_last_disposition_and_of_the_dead_nobody_is_visited() -> None:
    assert set(truth_of(a_story("A01", "A03:01", "A03:03")).tasks) == {"facility-warm-call"}
    assert set(truth_of(a_story("A01", "A03:01", "A08:dead")).tasks) == {"bereavement"}
    assert set(truth_of(a_story("A04", "A03:01")).tasks) == {"follow-up-call"}


def test_truth__a_cancelled_transfer_gives_the_bed_back_to_the_one_before() -> None:
    assert truth_of(a_story("A01", "A02:7E", "A02:ICU", "A12")).ward == "7E"
    assert truth_of(a_story("A01", "A02:7E", "A12", "A02:ICU", "A03:01")).ward == "ICU"


def test_truth__an_emergency_visit_that_nobody_ends_is_closed_and_a_stay_is_not() -> None:
    closed = truth_of(a_story("A04", "A08:late"))
    assert (closed.status, closed.closed, closed.discharged_at) == ("finished", True, None)
    stay = truth_of(a_story("A04", "A08:late", "A01"))
    assert (stay.status, stay.closed) == ("in-progress", False)
    assert not truth_of(a_story("A04", "A03:01")).closed


def test_windows__a_discharge_home_on_a_tuesday_at_ten() -> None:
    # 2026-11-03 15:00 UTC is Tuesday 10:00 in New York; the second business day after it is Thursday the 5th
    home = windows("home", datetime(2026, 11, 3, 15, 0, tzinfo=UTC))
    assert home["home-visit"] == (datetime(2026, 11, 5, 15, tzinfo=UTC), datetime(2026, 11, 6, 15, tzinfo=UTC))
    assert home["contact"] == (datetime(2026, 11, 4, 5, tzinfo=UTC), datetime(2026, 11, 6, 4, 59, 59, tzinfo=UTC))
    assert home["practitioner-visit"][1] == datetime(2026, 11, 11, 4, 59, 59, tzinfo=UTC)


def test_stays__every_script_is_played_within_a_few_hundred_seeds() -> None:
    played = {
        tuple(message.trigger + (f":{message.detail}" if message.detail else "") for message in stay.messages)
        for stay in (a_stay(1, random.Random(seed), split=False) for seed in range(300))  # noqa: S311
    }
    assert played == set(SCRIPTS)
