"""Any multiset of what two hospitals send of four patients: in two orders, with repeats, it ends and tells alike."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.admissions.house import feeds
from tests.unit.admissions.saga_accounts import in_two_orders
from tests.unit.admissions.sagas import POOL
from tests.unit.admissions.walks import Sent


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(POOL), min_size=2, max_size=12), st.integers(0, 2**32))
def test_any_messages__end_alike_in_any_order(messages: list[Sent], seed: int) -> None:
    shuffled = Random(seed).sample(messages, len(messages))  # noqa: S311  a shuffle, not a secret
    assert in_two_orders(messages, shuffled, feeds()) == 2
