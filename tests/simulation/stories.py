"""More that a hospital sends of its patients: two who change beds in one message, and numbers that get another name.

As in `people`, each story gives the stays and the repairs; what must stand is worked from what was recorded. A swap
(HL7 v2.5.1 ch. 3.3.17) is one message about two patients. A number renamed (ch. 3.3.47, .49, .50) or merged (.35, .41,
.42) is the same patient, visit or account under another number, in whichever order the two were used.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from tests.simulation.er7 import WARD, Message
from tests.simulation.hospital import Stay, a_stay
from tests.simulation.readmissions import readmitted

OTHER_WARD = "7E"
SECOND, FORMER = 2, 8
SWAPPED = (
    ("A01", "A17"),
    ("A01", "A17", "A03:01"),
    ("A01", "A08", "A17", "A03:01"),
    ("A01", "A17", "A03:01", "A13"),
    ("A01", "A17", "A08:dead"),
)
"""What is said of each of the two; the A17 is one message."""

RENAMED = (
    ("A01", "A08", "A03:01"),
    ("A01", "A03:01", "A08"),
    ("A01", "A03:01", "A13"),
    ("A01", "A02:7E", "A02:ICU", "A12", "A03:03"),
    ("A04", "A08", "A03:01"),
)
"""Stays of which several messages may name one number or the other."""

Told = tuple[list[Stay], list[Message]]
Story = Callable[[random.Random, bool], Told]


def told(rng: random.Random, *, split: bool) -> Told:
    """One of the stories. `split`: some messages bring one of a patient's numbers only."""
    return rng.choice(STORIES)(rng, split)


def _swapped(rng: random.Random, split: bool) -> Told:
    """Two patients change beds: one message, of which each is half."""
    stays = [a_stay(number, rng, split=split, scripts=SWAPPED) for number in (1, SECOND)]
    first, second = (next(one for one in stay.messages if one.trigger == "A17") for stay in stays)
    apart = first.recorded - second.recorded
    for message in stays[1].messages if apart > timedelta(0) else stays[0].messages:
        message.later(abs(apart))
    first.swaps, second.is_half = second, True
    for stay, own, others in zip(stays, (WARD, OTHER_WARD), (OTHER_WARD, WARD), strict=True):
        stay.ward, stay.swapped_to = own, others
        for message in stay.messages:  # what comes after the swap says nothing of the bed: only the swap does
            message.ward = own if message.recorded < first.recorded else others if message.trigger == "A17" else ""
    return stays, []


def _renamed_patient(rng: random.Random, split: bool) -> Told:
    """The list of a patient's numbers is changed (A47): the former ones are obsolete, and some still use them."""
    stay = a_stay(1, rng, split=split, scripts=RENAMED)
    for message in stay.messages:
        message.under = FORMER if rng.random() < 0.6 else 1
    at = _some_time(stay, rng)
    return [stay], [Message("A47", "T1", at, at, "", sent_at=at, under=1, other=FORMER)]


def _renamed_visit(rng: random.Random, split: bool) -> Told:
    """A visit gets another number (A50), or two numbers are one visit (A42); some still use the former one."""
    stay = a_stay(1, rng, split=split, scripts=RENAMED)
    stay.other_numbers = frozenset({"V91"})
    for message in stay.messages:
        message.visit = "V91" if rng.random() < 0.5 else stay.visit
    at = _some_time(stay, rng)
    repair = Message(rng.choice(("A42", "A50")), "T1", at, at, "", sent_at=at, visit=stay.visit, other=1)
    repair.former = "V91"
    return [stay], [repair]


def _renamed_account(rng: random.Random, split: bool) -> Told:
    """A stay is known by its account alone, which gets another number (A49) or is two that are one (A35, A41)."""
    stay = a_stay(1, rng, split=split, scripts=RENAMED)
    stay.other_numbers = frozenset({"A1", "A91"})
    for message in stay.messages:
        message.visit, message.account = "", "A91" if rng.random() < 0.5 else "A1"
    at = _some_time(stay, rng)
    repair = Message(rng.choice(("A35", "A41", "A49")), "T1", at, at, "", sent_at=at, account="A1", other=1)
    repair.former = "A91"
    return [stay], [repair]


STORIES: tuple[Story, ...] = (_swapped, _renamed_patient, _renamed_visit, _renamed_account, readmitted)


def _some_time(stay: Stay, rng: random.Random) -> datetime:
    """Before the first message, among them, or after the last; at a second of its own."""
    times = [message.recorded for message in stay.messages]
    span = (max(times) - min(times)) // timedelta(minutes=1)
    return min(times) + timedelta(minutes=rng.randrange(-60, span + 120), seconds=7)
