"""What a hearer knows of a numbered stream: gaps, late ones, epochs, and numbers nobody can have meant."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.stream.documents import MAX_MISSING, Stream
from shared.stream.ledger import Ledger
from shared.stream.records import Cause

NUMBERS = st.lists(st.integers(1, 40), max_size=60)


def hear(stream: Stream, *numbers: int, epoch: int = 1) -> list[int]:
    """Hear them in this order; returns those that were new."""
    new = []
    for n in numbers:
        if not stream.knows(epoch, n):
            stream.hear(epoch, n)
            new.append(n)
    return new


def test_hear__in_order_leaves_nothing_missing() -> None:
    stream = Stream()
    assert hear(stream, 1, 2, 3) == [1, 2, 3]
    assert stream == Stream(1, 3, [])


def test_hear__a_jump_leaves_the_skipped_ones_missing() -> None:
    stream = Stream()
    hear(stream, 1, 4)
    assert stream == Stream(1, 4, [2, 3])


def test_hear__a_missing_one_is_new_once() -> None:
    stream = Stream()
    assert hear(stream, 1, 4, 2, 2) == [1, 4, 2]
    assert stream == Stream(1, 4, [3])


def test_hear__a_higher_epoch_starts_anew_and_a_lower_one_is_old() -> None:
    stream = Stream()
    hear(stream, 1, 5)
    assert hear(stream, 2, epoch=2) == [2]
    assert stream == Stream(2, 2, [1])
    assert hear(stream, 3, 6, 99, epoch=1) == []


def test_hear__a_number_far_ahead_takes_no_more_memory_than_the_bound() -> None:
    """10**12 is what a broken or hostile sender may write; a list of so many would kill every hearer in turn."""
    stream = Stream()
    hear(stream, 1, 10**12)
    assert stream.last == 10**12
    assert stream.missing == list(range(10**12 - MAX_MISSING, 10**12))


def test_hear__beyond_the_bound_the_oldest_missing_are_given_up() -> None:
    stream = Stream()
    hear(stream, 3, 3 + MAX_MISSING)
    assert stream.missing == [2, *range(4, 3 + MAX_MISSING)]


@given(NUMBERS)
def test_hear__whatever_the_order_each_number_is_new_once(numbers: list[int]) -> None:
    stream = Stream()
    assert sorted(hear(stream, *numbers)) == sorted(set(numbers))


@given(NUMBERS)
def test_hear__last_and_missing_tell_exactly_what_was_heard(numbers: list[int]) -> None:
    stream = Stream()
    hear(stream, *numbers)
    assert set(range(1, stream.last + 1)) - set(stream.missing) == set(numbers)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 9)), max_size=60))
def test_hear__over_epochs_only_the_highest_counts(heard: list[tuple[int, int]]) -> None:
    stream, new = Stream(), []
    for epoch, n in heard:
        if not stream.knows(epoch, n):
            stream.hear(epoch, n)
            new.append((epoch, n))
    assert len(new) == len(set(new))
    assert [epoch for epoch, _ in new] == sorted(epoch for epoch, _ in new)
    highest = max((epoch for epoch, _ in heard), default=0)
    assert {n for epoch, n in new if epoch == highest} == {n for epoch, n in heard if epoch == highest}


def test_ledger__nothing_is_settled_until_a_commit_above_it_is_known() -> None:
    ledger = Ledger()
    assert not ledger.settled(Cause("t", 0, 4))
    ledger.note("t", 0, 5)
    assert ledger.settled(Cause("t", 0, 4))
    assert not ledger.settled(Cause("t", 0, 5))
    assert not ledger.settled(Cause("t", 1, 4))
    assert not ledger.settled(Cause("u", 0, 4))


def test_ledger__an_older_answer_takes_nothing_back() -> None:
    ledger = Ledger()
    ledger.note("t", 0, 5)
    ledger.note("t", 0, 3)
    assert ledger.committed("t", 0) == 5
    assert ledger.settled(Cause("t", 0, 4))


@given(st.lists(st.integers(0, 50)), st.integers(0, 50))
def test_ledger__settled_means_below_the_highest_known_commit(commits: list[int], offset: int) -> None:
    ledger = Ledger()
    for commit in commits:
        ledger.note("t", 0, commit)
    assert ledger.settled(Cause("t", 0, offset)) == (offset < max(commits, default=0))


def test_ledger__the_beginning_of_a_partition_counts_as_heard_but_settles_nothing() -> None:
    """What retention took can be heard by nobody, so a fence need not wait for it; an outbox still must."""
    ledger = Ledger()
    ledger.begins("t", 0, 100)
    assert ledger.committed("t", 0) == 100
    assert not ledger.settled(Cause("t", 0, 99))
