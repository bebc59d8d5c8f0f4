"""Any messages at all, of the whole table of triggers: in two orders, with repeats, they end and are told alike."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.admissions.house import feeds
from tests.unit.admissions.letters import PROFILES, UNITS, letters
from tests.unit.admissions.saga_accounts import letters_in_two_orders


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: next(iter(profile), "as-shipped"))
@settings(max_examples=50, deadline=None)
@given(draw=st.randoms(use_true_random=False))
def test_any_letters__end_alike_in_any_order(profile: dict[str, object], draw: Random) -> None:
    assert letters_in_two_orders(letters(draw), draw, feeds(**UNITS, **profile)) in (0, 3)
