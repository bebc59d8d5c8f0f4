"""The difference between two accounts, as sentences of ids and codes. None: the oracle agrees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from demo.oracle.facts import ABSENT, SENT, UNKNOWN, Account, Task, Telling, Transition, Visit

NOTHING = frozenset({ABSENT})
MAYBE_TOLD = frozenset({SENT, UNKNOWN})


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it must be. `visit` is "" where it is about no visit."""

    visit: str
    what: str
    expected: str
    got: str

    def __str__(self) -> str:
        """A line that says where to look."""
        look = f"; care trace {self.visit.partition('/')[0]}" if self.visit else ""
        return f"{self.visit or 'messages'}: {self.what}: expected {self.expected}, got {self.got}{look}"


def compare(expected: Account, got: Account) -> list[Difference]:
    """Every difference, by visit."""
    found = [
        difference
        for visit in sorted({*expected.visits, *got.visits})
        for difference in _visits(visit, expected.visits.get(visit), got.visits.get(visit))
    ]
    for control_id in sorted(expected.dead_letters ^ got.dead_letters):
        planted = control_id in expected.dead_letters
        found.append(Difference("", f"dead letter {control_id}", *(("one", "none") if planted else ("none", "one"))))
    return found


def _visits(visit: str, expected: Visit | None, got: Visit | None) -> Iterator[Difference]:
    if got is None and expected is not None and not expected.surely:
        return
    if expected is None or got is None:
        yield Difference(visit, "visit", "told of" if expected else "never told of", "told of" if got else "nothing")
        return
    for name in ("status", "discharged_at", "disposition", "numbers", "class_", "place", "on_leave"):
        yield from _values(visit, name, getattr(expected, name), getattr(got, name))
    for version in sorted({*expected.transitions, *got.transitions}):
        what = f"transition v{version}"
        yield from _transitions(visit, what, expected.transitions.get(version), got.transitions.get(version))
    for telling in sorted({*expected.told, *got.told}):
        yield from _told(visit, telling, expected, got)


def _values(visit: str, what: str, expected: Any, got: Any) -> Iterator[Difference]:
    if expected != got:
        yield Difference(visit, what, _shown(expected), _shown(got))


def _transitions(visit: str, what: str, expected: Transition | None, got: Transition | None) -> Iterator[Difference]:
    if expected is None or got is None:
        yield Difference(visit, what, "one" if expected else "none", "one" if got else "none")
        return
    yield from _values(visit, f"{what} status", expected.status, got.status)
    yield from _values(visit, f"{what} pathway", expected.pathway, got.pathway)
    for code in sorted({*expected.tasks, *got.tasks}):
        yield from _tasks(visit, f"task {code} of {what}", expected.tasks.get(code), got.tasks.get(code))


def _tasks(visit: str, what: str, expected: Task | None, got: Task | None) -> Iterator[Difference]:
    if got is None and expected is not None and not expected.surely:
        return
    if expected is None or got is None:
        yield Difference(visit, what, "one" if expected else "none", "one" if got else "none")
        return
    expected = next((one for one in expected.or_else if _is(one, got)), expected)
    yield from _values(visit, f"{what} opens", expected.opens_at, got.opens_at)
    yield from _values(visit, f"{what} due", expected.due_at, got.due_at)
    yield from _allowed(visit, f"{what} status", expected.status, got.status)


def _is(one: Task, got: Task) -> bool:
    return (one.opens_at, one.due_at) == (got.opens_at, got.due_at) and got.status <= one.status


def _told(visit: str, telling: Telling, expected: Visit, got: Visit) -> Iterator[Difference]:
    what = f"{telling.notice} {telling.code} v{telling.version} no. {telling.n} to {telling.recipient}".replace(
        "  ", " "
    )
    became = got.told.get(telling, NOTHING)
    yield from _allowed(visit, what, expected.told.get(telling, NOTHING), became)
    corrected = got.corrections.get(telling, NOTHING)
    if telling not in expected.corrections:
        yield from _allowed(visit, f"correction of {what}", NOTHING, corrected)
    elif became & MAYBE_TOLD:
        owed = frozenset({SENT}) | (expected.corrections[telling] & NOTHING)
        yield from _allowed(visit, f"correction of {what}", owed, corrected)


def _allowed(visit: str, what: str, allowed: frozenset[str], got: frozenset[str]) -> Iterator[Difference]:
    if not got <= allowed:
        yield Difference(visit, what, _shown(allowed), _shown(got))


def _shown(value: Any) -> str:
    if isinstance(value, frozenset):
        return " or ".join(sorted(value))
    return value.isoformat() if hasattr(value, "isoformat") else str(value or "none")


def mails(
    deliveries: Mapping[str, tuple[str, str]], sent: Mapping[str, int], repeats: Mapping[str, int]
) -> list[Difference]:
    """Each delivery that was sent has its mail, once unless a further one says that it may be a repeat; no other has.

    `deliveries`: id → (visit, outcome). `sent` and `repeats`: id → how many mails.
    """
    found = []
    for id_, (visit, outcome) in deliveries.items():
        most = 1 if outcome in MAYBE_TOLD else 0
        count = sent.get(id_, 0)
        least = 1 if outcome == SENT and not repeats.get(id_) else 0
        if not least <= count <= most or (repeats.get(id_) and not most):
            found.append(Difference(visit, f"mails of delivery {id_} ({outcome})", f"{most}", f"{count}"))
    return found


def leaks(expected: Account, corrections: Mapping[str, tuple[str, datetime]], naming: set[str]) -> list[Difference]:
    """Of a protected stay a correction names nobody. `corrections`: delivery id → (visit, when its cause came).

    `naming`: the deliveries of mails that name somebody.
    """
    found = []
    for id_ in sorted(naming & corrections.keys()):
        visit, at = corrections[id_]
        since = expected.visits[visit].shielded if visit in expected.visits else None
        if since is not None and at >= since:
            found.append(Difference(visit, f"mail of correction {id_} of a protected stay", "no name", "a name"))
    return found
