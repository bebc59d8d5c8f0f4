"""The oracle can disagree: each thing that may go wrong is done to an account that agrees, and is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from demo.oracle.comparing import compare, mails
from demo.oracle.facts import SENT, Account, Telling, Visit
from tests.unit.oracle.paper import ADMIT, DISCHARGE, VISIT, account
from tests.unit.oracle.test_stories import AGAIN, CANCEL

EXPECTED = account([ADMIT, DISCHARGE, CANCEL, AGAIN], "11-03 12:00", unreadable=["TORN"])
DISCHARGED = Telling("encounter.discharged", "", 1, 1, "pcp")
OPENED_AGAIN = Telling("transition.opened", "", 2, 1, "coordinator")


def as_observed(end: Visit) -> Visit:
    """An end in which everything that is allowed in several ways happened in one, and every correction was sent."""
    told = {telling: frozenset({SENT} & allowed or {min(allowed)}) for telling, allowed in end.told.items()}
    return replace(end, told=told, corrections={telling: frozenset({SENT}) for telling in end.corrections})


GOOD = Account({VISIT: as_observed(EXPECTED.visits[VISIT])}, EXPECTED.dead_letters)


def test_compare__what_agrees() -> None:
    assert GOOD.visits[VISIT].told
    assert GOOD.visits[VISIT].corrections
    assert compare(EXPECTED, GOOD) == []


Spoil = Callable[[Visit], Visit]


def task(version: int, code: str, **changes: object) -> Spoil:
    def spoil(end: Visit) -> Visit:
        transition = end.transitions[version]
        tasks = {**transition.tasks, code: replace(transition.tasks[code], **changes)}
        return replace(end, transitions={**end.transitions, version: replace(transition, tasks=tasks)})

    return spoil


def without_task(end: Visit) -> Visit:
    tasks = {code: one for code, one in end.transitions[2].tasks.items() if code != "contact"}
    return replace(end, transitions={**end.transitions, 2: replace(end.transitions[2], tasks=tasks)})


def told_as(telling: Telling, *outcomes: str) -> Spoil:
    return lambda end: replace(end, told={**end.told, telling: frozenset(outcomes)})


def untold(telling: Telling) -> Spoil:
    return lambda end: replace(end, told={one: became for one, became in end.told.items() if one != telling})


def uncorrected(end: Visit) -> Visit:
    return replace(end, corrections={one: how for one, how in end.corrections.items() if one != DISCHARGED})


DUE = GOOD.visits[VISIT].transitions[2].tasks["contact"].due_at


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (without_task, "task contact of transition v2"),
        (task(2, "contact", due_at=DUE + timedelta(seconds=1)), "task contact of transition v2 due"),
        (task(2, "contact", opens_at=DUE), "task contact of transition v2 opens"),
        (task(1, "home-visit", status=frozenset({"due"})), "task home-visit of transition v1 status"),
        (told_as(DISCHARGED, SENT, "told-twice"), "encounter.discharged v1 no. 1 to pcp"),
        (told_as(DISCHARGED, "suppressed:too-old"), "encounter.discharged v1 no. 1 to pcp"),
        (told_as(OPENED_AGAIN, "failed"), "transition.opened v2 no. 1 to coordinator"),
        (untold(OPENED_AGAIN), "transition.opened v2 no. 1 to coordinator"),
        (told_as(DISCHARGED._replace(n=2), SENT), "encounter.discharged v1 no. 2 to pcp"),
        (told_as(DISCHARGED._replace(recipient="stranger"), SENT), "encounter.discharged v1 no. 1 to stranger"),
        (uncorrected, "correction of encounter.discharged v1 no. 1 to pcp"),
        (
            lambda end: replace(end, corrections={**end.corrections, OPENED_AGAIN: frozenset({SENT})}),
            "correction of transition.opened v2 no. 1 to coordinator",
        ),
        (
            lambda end: replace(end, corrections={**end.corrections, DISCHARGED: frozenset({"suppressed:never-told"})}),
            "correction of encounter.discharged v1 no. 1 to pcp",
        ),
        (lambda end: replace(end, status="in-progress"), "status"),
        (lambda end: replace(end, discharged_at=DUE), "discharged_at"),
        (lambda end: replace(end, disposition="01"), "disposition"),
        (lambda end: replace(end, transitions={1: end.transitions[1]}), "transition v2"),
        (
            lambda end: replace(end, transitions={**end.transitions, 1: replace(end.transitions[1], status="open")}),
            "transition v1 status",
        ),
        (
            lambda end: replace(end, transitions={**end.transitions, 2: replace(end.transitions[2], pathway="home")}),
            "transition v2 pathway",
        ),
    ],
)
def test_compare__sees_what_went_wrong(spoil: Spoil, what: str) -> None:
    (difference,) = compare(EXPECTED, replace(GOOD, visits={VISIT: spoil(GOOD.visits[VISIT])}))
    assert (difference.visit, difference.what) == (VISIT, what)
    assert str(difference).endswith(f"; care trace {VISIT}")


def test_compare__a_visit_of_which_nothing_was_said() -> None:
    (difference,) = compare(EXPECTED, replace(GOOD, visits={}))
    assert (difference.what, difference.got) == ("visit", "nothing")


def test_compare__a_visit_that_should_not_be_known() -> None:
    (difference,) = compare(replace(EXPECTED, visits={}), GOOD)
    assert (difference.what, difference.expected) == ("visit", "never told of")


def test_compare__dead_letters_that_are_missing_and_that_nobody_planted() -> None:
    planted = replace(EXPECTED, dead_letters=frozenset({"TORN"}))
    found = compare(planted, replace(GOOD, dead_letters=frozenset({"LOST"})))
    assert [(one.what, one.expected, one.got) for one in found] == [
        ("dead letter LOST", "none", "one"),
        ("dead letter TORN", "one", "none"),
    ]


@pytest.mark.parametrize(
    ("outcome", "sent", "repeats", "wrong"),
    [
        ("sent", 1, 0, False),
        ("sent", 1, 2, False),  # a repeat that says so, after an answer that was lost
        ("sent", 0, 1, False),  # the first attempt was lost before it arrived
        ("sent", 0, 0, True),
        ("sent", 2, 0, True),
        ("unknown", 1, 0, False),
        ("unknown", 0, 0, False),
        ("suppressed", 0, 0, False),
        ("suppressed", 1, 0, True),
        ("withdrawn", 0, 1, True),
    ],
)
def test_mails__one_for_each_that_was_sent(outcome: str, sent: int, repeats: int, wrong: bool) -> None:
    found = mails({"D1": (VISIT, outcome)}, {"D1": sent}, {"D1": repeats})
    assert bool(found) is wrong
