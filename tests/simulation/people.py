"""Who is one person and whose a stay is, worked from what the hospital recorded; and the stories that change it.

The model goes through the repairs in the order in which they were recorded (HL7 v2.5.1 ch. 3.3.40, .44, .45): a merge
makes two patients one, called after the number that stays; a move gives a stay to whom it names. What was said of the
patient under a number stays that number's.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.simulation.er7 import Message
from tests.simulation.hospital import Stay, a_stay

MERGES, MOVES = ("A40", "A47"), ("A44", "A45")
EMERGENCY = (("A04",), ("A04", "A03:01"), ("A04", "A08", "A11"))
"""Of a second stay of the same person: a visit to the emergency department calls off no work of another stay."""

SECOND, FIRST_TEMPORARY, SECOND_TEMPORARY = 2, 8, 9


@dataclass
class People:
    """The patients of one seed."""

    stays: Sequence[Stay]
    repairs: Sequence[Message]

    def __post_init__(self) -> None:
        self.messages = [*(message for stay in self.stays for message in stay.messages), *self.repairs]
        self.recorded = sorted(self.repairs, key=lambda one: one.recorded)
        self.retired: set[int] = set()
        self._joined: list[frozenset[int]] = []
        for merge in (one for one in self.recorded if one.trigger in MERGES):
            self._joined = [self.of(merge.under) | self.of(merge.other), *self._joined]
            self.retired = (self.retired | {merge.other}) - {merge.under}

    def of(self, number: int) -> frozenset[int]:
        """All numbers of a person."""
        return next((group for group in self._joined if number in group), frozenset({number}))

    def owner(self, stay: Stay) -> frozenset[int]:
        """Whose stay it is."""
        moved = [one for one in self.recorded if one.trigger in MOVES and stay.is_meant_by(one)]
        return self.of(moved[-1].under if moved else stay.messages[0].under)

    def lead(self, person: frozenset[int]) -> str:
        """What the person is called after: the medical record number, else the only one that was sent."""
        (number,) = person - self.retired
        sent = [one for one in self.messages if number in (one.under, one.other)]
        return f"PI|E{number}" if all(one.split for one in sent) else f"MR|7700{number}"

    def last_word(self, person: frozenset[int]) -> Message:
        """The message that was recorded last of the person."""
        return max((one for one in self.messages if one.under in person), key=lambda one: one.recorded)

    def is_dead(self, person: frozenset[int]) -> bool:
        """Did any message say so of the person?"""
        return any(one.detail == "dead" for one in self.messages if one.under in person)


def plotted(stays: list[Stay], rng: random.Random) -> tuple[list[Stay], list[Message]]:
    """The stays as one of the stories has them, and the repairs that it brings."""
    return rng.choice(PLOTS)(stays, rng)


Plot = Callable[[list[Stay], random.Random], tuple[list[Stay], list[Message]]]


def _temporary(stays: list[Stay], rng: random.Random) -> tuple[list[Stay], list[Message]]:
    """The patient has a temporary number for a while; some still use it after it was merged."""
    for message in stays[0].messages:
        message.under = FIRST_TEMPORARY if rng.random() < 0.6 else 1
    return stays, [_merge("T1", 1, FIRST_TEMPORARY, _some_time(stays, rng))]


def _chain(stays: list[Stay], rng: random.Random) -> tuple[list[Stay], list[Message]]:
    """One temporary number gives way to another, and that one to the patient's own."""
    for message in stays[0].messages:
        message.under = rng.choice((1, FIRST_TEMPORARY, SECOND_TEMPORARY))
    first = _some_time(stays, rng)
    second = first + timedelta(minutes=rng.randrange(1, 300))
    return stays, [
        _merge("T1", SECOND_TEMPORARY, FIRST_TEMPORARY, first),
        _merge("T2", 1, SECOND_TEMPORARY, second),
    ]


def _united(stays: list[Stay], rng: random.Random) -> tuple[list[Stay], list[Message]]:
    """Two patients with a stay each turn out to be one."""
    both = _with_a_visit(stays, rng)
    return both, [_merge("T1", 1, SECOND, _some_time(both, rng))]


def _back_and_forth(stays: list[Stay], rng: random.Random) -> tuple[list[Stay], list[Message]]:
    """They are merged the wrong way round, and then the other: the last word leads."""
    both = _with_a_visit(stays, rng)
    first = _some_time(both, rng)
    second = first + timedelta(minutes=rng.randrange(1, 300))
    return both, [_merge("T1", 1, SECOND, first), _merge("T2", SECOND, 1, second)]


def _wrong_patient(stays: list[Stay], rng: random.Random) -> tuple[list[Stay], list[Message]]:
    """A stay begins under another patient's number, and is moved: the account, or the visit."""
    stay = stays[0]
    for message in stay.messages:
        message.split, message.account = False, "A1"
        message.under = SECOND if rng.random() < 0.6 else 1
    at = _some_time(stays, rng)
    named = {"visit": stay.visit} if rng.random() < 0.5 else {"account": "A1"}
    move = Message("A45" if "visit" in named else "A44", "T1", at, at, "", sent_at=at, under=1, other=SECOND, **named)
    return stays, [move]


PLOTS: tuple[Plot, ...] = (_temporary, _chain, _united, _back_and_forth, _wrong_patient)


def _with_a_visit(stays: list[Stay], rng: random.Random) -> list[Stay]:
    return [stays[0], a_stay(SECOND, rng, split=any(one.split for one in stays[0].messages), scripts=EMERGENCY)]


def _some_time(stays: list[Stay], rng: random.Random) -> datetime:
    """Before the first message, among them, or after the last; at a second of its own."""
    times = [message.recorded for stay in stays for message in stay.messages]
    span = (max(times) - min(times)) // timedelta(minutes=1)
    return min(times) + timedelta(minutes=rng.randrange(-60, span + 120), seconds=7)


def _merge(control_id: str, into: int, gone: int, at: datetime) -> Message:
    return Message("A40", control_id, at, at, "", sent_at=at, under=into, other=gone)
