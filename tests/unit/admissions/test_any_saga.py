"""Any multiset of what two hospitals send of four patients: in two orders, with repeats, it ends and tells alike."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.admissions.house import House, feeds
from tests.unit.admissions.saga_accounts import account, kept, reviews
from tests.unit.admissions.sagas import LONG, SAGAS
from tests.unit.admissions.walks import Sent, walk_of

POOL: tuple[Sent, ...] = tuple(dict.fromkeys(message for saga in (*SAGAS, *LONG) for message in saga.messages))


def told(messages: Sequence[Sent]) -> House:
    walk = walk_of(messages, feeds())
    for place in range(len(messages)):
        walk.hear(place)
    return walk.house


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(POOL), min_size=2, max_size=12), st.integers(0, 2**32))
def test_any_messages__end_alike_in_any_order(messages: list[Sent], seed: int) -> None:
    shuffled = Random(seed).sample(messages, len(messages))  # noqa: S311  a shuffle, not a secret
    one, other = told(messages), told(shuffled)
    assert account(one) == account(other)
    assert reviews(one) == reviews(other)
    assert kept(one) == kept(other)
