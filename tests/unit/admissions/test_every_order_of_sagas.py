"""Invariant 5 for several patients: merges, moves, swaps and returns end alike in every order, also with repeats."""

from __future__ import annotations

from math import factorial
from random import Random

import pytest

from tests.unit.admissions.house import feeds
from tests.unit.admissions.saga_accounts import Saga, in_every_order, in_some_orders
from tests.unit.admissions.sagas import LONG, SAGAS

DRAWN = 60


def _name(saga: Saga) -> str:
    return saga.name.replace(" ", "-")


@pytest.mark.parametrize("saga", SAGAS, ids=_name)
def test_saga__in_every_order_and_with_repeats(saga: Saga) -> None:
    assert in_every_order(saga, feeds(**saga.profile)) == 3 * factorial(len(saga.messages))


@pytest.mark.parametrize("saga", LONG, ids=_name)
def test_saga__of_seven_messages_in_drawn_orders(saga: Saga) -> None:
    """All of them: `make stories`."""
    draw = Random(saga.name)  # noqa: S311  a sample, not a secret
    places = range(len(saga.messages))
    orders = {tuple(draw.sample(places, len(places))) for _ in range(DRAWN)}
    assert in_some_orders(saga, feeds(**saga.profile), sorted(orders)) == 3 * len(orders) > 2 * DRAWN


def test_sagas__are_told_apart_by_their_names_and_are_as_long_as_they_say() -> None:
    every = (*SAGAS, *LONG)
    assert len({saga.name for saga in every}) == len(every) >= 40
    assert sum(len(saga.messages) == 6 for saga in SAGAS) >= 8
    assert [len(saga.messages) for saga in LONG].count(7) == len(LONG) >= 4
