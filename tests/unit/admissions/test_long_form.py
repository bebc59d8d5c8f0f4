"""That `make stories` tells a story that holds from one that does not, and from one that raises."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from tests.stories import Heard, hear, page
from tests.unit.admissions.house import feeds
from tests.unit.admissions.saga_accounts import Human, in_every_order
from tests.unit.admissions.sagas.merges import MERGES

SAGA = MERGES[0]


def heard(ending: frozenset[Human], messages: int = 4) -> Heard:
    saga = replace(SAGA, ending=ending)
    return hear(saga.name, messages, partial(in_every_order, saga, feeds()))


def test_story__that_holds() -> None:
    found = heard(SAGA.ending)
    assert (found.ends, found.failed) == (3 * 24, "")
    assert found.cpu_seconds > 0


def test_story__that_ends_otherwise_or_in_too_few_orders() -> None:
    assert "(0, 1, 2, 3) once" in heard(frozenset()).failed
    assert heard(SAGA.ending, messages=5).failed == "72 ends"


def test_story__that_raises() -> None:
    def raises() -> int:
        raise KeyError("lost")

    found = hear("a story", 4, raises)
    assert (found.ends, found.failed) == (0, "KeyError: 'lost'")


def test_page__counts_what_failed() -> None:
    good, bad = Heard("a", 6, 2160, 4.0), Heard("b", 6, 0, 1.0, "AssertionError: (0, 1) once")
    text = page(datetime(2026, 11, 23, 5, 0, tzinfo=UTC), 7, [good], [good, bad], [])
    assert text.startswith("# Stories in every order: 1 failed\n")
    assert "| 6 | 2 | 2,160 | 1 |" in text
    assert "- b: AssertionError: (0, 1) once" in text
