"""A schedule that was played, against what was observed of it: the whole check, for `care`, the demo and tests."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.hospital.sendings import Sending
from demo.oracle.audience import Directory
from demo.oracle.comparing import Difference, compare, leaks, mails
from demo.oracle.expecting import expect
from demo.oracle.facts import Account, Message, Pace
from demo.oracle.meant import meant, unreadable
from demo.oracle.observing import Observed

DIRECTORY = Path(__file__).parents[1] / "data" / "directory.toml"


@dataclass(frozen=True)
class Verdict:
    """`differences` empty: the oracle agrees. The counts say how much was compared."""

    visits: int
    tasks: int
    tellings: int
    dead_letters: int
    differences: tuple[Difference, ...]

    def __str__(self) -> str:
        """One line."""
        counts = f"{self.visits} visits, {self.tasks} tasks, {self.tellings} tellings, {self.dead_letters} dead letters"
        if not self.differences:
            return f"the oracle agrees: {counts}"
        return f"the oracle disagrees in {len(self.differences)} points of {counts}"


def judge(sendings: Sequence[Sending], seen: Observed, pace: Pace) -> Verdict:
    """What must have become of `sendings` (those that were acknowledged) against what was `seen`."""
    control_ids = {one.control_id for one in sendings}
    let_in = seen.arrivals()
    lost = control_ids - {one.control_id for one in let_in}
    messages = meant(sendings)
    directory = Directory(tomllib.loads(DIRECTORY.read_text("utf-8")))
    expected = expect(messages, unreadable(sendings), let_in, seen.done(), directory, pace)
    visits = {one.visit for one in messages.values()} - {""}
    found = [Difference("", f"message {one}", "let in", "not on adt.inbound") for one in sorted(lost)]
    found += compare(expected, seen.account(visits, control_ids, wrong_numbers(messages.values())))
    found += mails(_outcomes(seen, visits), seen.mails, seen.repeats)
    found += leaks(expected, {id_: (seen.visit_of(of), at) for id_, (of, at) in seen.corrected.items()}, seen.naming)
    return _verdict(expected, tuple(found))


def wrong_numbers(messages: Iterable[Message]) -> frozenset[str]:
    """The numbers under which visits of others were filed."""
    return frozenset(number for one in messages if one.mistaken for number in one.numbers)


def _outcomes(seen: Observed, visits: set[str]) -> dict[str, tuple[str, str]]:
    return {id_: (seen.visit_of(one.encounter_id), one.status) for id_, one in seen.deliveries(visits).items()}


def _verdict(expected: Account, differences: tuple[Difference, ...]) -> Verdict:
    visits = expected.visits.values()
    return Verdict(
        visits=len(expected.visits),
        tasks=sum(len(transition.tasks) for visit in visits for transition in visit.transitions.values()),
        tellings=sum(len(visit.told) for visit in visits),
        dead_letters=len(expected.dead_letters),
        differences=differences,
    )
