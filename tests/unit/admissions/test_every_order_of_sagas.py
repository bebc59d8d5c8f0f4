"""Invariant 5 for several patients: merges, moves, swaps and returns end alike in every order, also with repeats."""

from __future__ import annotations

from math import factorial

import pytest

from tests.unit.admissions.house import feeds
from tests.unit.admissions.saga_accounts import Saga, in_every_order
from tests.unit.admissions.sagas import SAGAS


def _name(saga: Saga) -> str:
    return saga.name.replace(" ", "-")


@pytest.mark.parametrize("saga", SAGAS, ids=_name)
def test_saga__in_every_order_and_with_repeats(saga: Saga) -> None:
    assert in_every_order(saga, feeds(**saga.profile)) == 3 * factorial(len(saga.messages))


def test_sagas__are_told_apart_by_their_names() -> None:
    assert len({saga.name for saga in SAGAS}) == len(SAGAS) >= 22
