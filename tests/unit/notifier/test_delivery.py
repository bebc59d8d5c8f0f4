"""Every step a delivery can take, and those it must not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from services.notifier.domain.delivery import (
    NEVER,
    Delivery,
    Due,
    claim,
    correction_due,
    finish,
    lease_ran_out,
    never_told,
    said,
    text_of,
    unsaid,
    withdraw,
)
from services.notifier.domain.retry import Kind, Result
from tests.builders import T0
from tests.unit.notifier.givens import a_correction, a_delivery

LEASE = timedelta(seconds=60)
SCHEDULE = (1.0, 5.0)
LATER = T0 + timedelta(seconds=61)


def claimed(one: Delivery | None = None) -> Delivery:
    held = claim(one or a_delivery(), T0, "sender-1", LEASE)
    assert held is not None
    return held


def ended(kind: Kind, one: Delivery | None = None, code: str = "code") -> Delivery:
    held = one or claimed()
    return finish(held, held.fence, Result(kind, code), T0, SCHEDULE, 0.5)


def test_claim__takes_it_for_one_attempt() -> None:
    held = claimed()
    assert (held.status, held.owner, held.lease_until, held.fence, held.attempts) == (
        "sending",
        "sender-1",
        T0 + LEASE,
        1,
        1,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"status": "sending"},
        {"status": "sent"},
        {"status": "withdrawn"},
        {"withdrawn_by": "c"},
        {"next_at": T0 + timedelta(microseconds=1)},
    ],
)
def test_claim__not_to_be_sent(change: dict[str, Any]) -> None:
    assert claim(a_delivery(**change), T0, "sender-1", LEASE) is None


def test_finish__sent() -> None:
    one = ended(Kind.SENT, code="smtp-250")
    assert (one.status, one.reason, one.last_code, one.said) == ("sent", "", "smtp-250", False)
    (outcome,) = one.outcomes
    assert (outcome.n, outcome.status, outcome.attempts, outcome.at) == (2, "sent", 1, T0)


def test_finish__certainly_not_taken_waits_as_pending() -> None:
    one = ended(Kind.TRANSIENT)
    assert (one.status, one.next_at, one.maybe_told, one.outcomes) == (
        "pending",
        T0 + timedelta(seconds=0.5),
        False,
        (),
    )


def test_finish__may_have_been_taken_waits_as_unknown_and_stays_so() -> None:
    one = ended(Kind.UNKNOWN)
    assert (one.status, one.maybe_told) == ("unknown", True)
    again = ended(Kind.TRANSIENT, claimed(one.but(next_at=T0)))
    assert (again.status, again.maybe_told, again.attempts) == ("unknown", True, 2)


def test_finish__refused_for_good_and_used_up() -> None:
    assert (ended(Kind.PERMANENT, code="smtp-550").status, ended(Kind.PERMANENT, code="smtp-550").reason) == (
        "failed",
        "smtp-550",
    )
    last = ended(Kind.TRANSIENT, claimed(a_delivery(attempts=2)))
    assert (last.status, last.reason, last.attempts) == ("failed", "exhausted", 3)


@pytest.mark.parametrize("kind", [Kind.PERMANENT, Kind.TRANSIENT, Kind.UNKNOWN])
def test_finish__a_late_answer_never_moves_back(kind: Kind) -> None:
    taken_over = lease_ran_out(claimed(), LATER, SCHEDULE)
    assert finish(taken_over, 1, Result(kind), LATER, SCHEDULE, 0.5) == taken_over
    second = claim(taken_over, LATER, "sender-2", LEASE)
    assert second is not None
    assert finish(second, 1, Result(kind), LATER, SCHEDULE, 0.5) == second


def test_finish__a_late_sent_moves_forward_once() -> None:
    taken_over = lease_ran_out(claimed(), LATER, SCHEDULE)
    sent = finish(taken_over, 1, Result(Kind.SENT), LATER, SCHEDULE, 0.5)
    assert sent.status == "sent"
    assert finish(sent, 2, Result(Kind.SENT), LATER, SCHEDULE, 0.5) == sent
    assert finish(sent, 2, Result(Kind.UNKNOWN), LATER, SCHEDULE, 0.5) == sent


def test_finish__sent_after_it_had_failed_is_a_second_outcome() -> None:
    failed = ended(Kind.PERMANENT)
    sent = finish(failed, 1, Result(Kind.SENT), LATER, SCHEDULE, 0.5)
    assert [(one.n, one.status) for one in sent.outcomes] == [(2, "failed"), (3, "sent")]


def test_lease__stands_until_its_end() -> None:
    held = claimed()
    assert lease_ran_out(held, T0 + timedelta(seconds=59), SCHEDULE) == held
    assert lease_ran_out(a_delivery(), LATER, SCHEDULE) == a_delivery()


def test_lease__run_out_is_unknown_and_due_at_once() -> None:
    one = lease_ran_out(claimed(), LATER, SCHEDULE)
    assert (one.status, one.maybe_told, one.next_at, one.attempts) == ("unknown", True, LATER, 1)


def test_lease__run_out_at_the_last_attempt_has_failed() -> None:
    one = lease_ran_out(claimed(a_delivery(attempts=2)), LATER, SCHEDULE)
    assert (one.status, one.reason, one.maybe_told) == ("failed", "exhausted", True)


def test_withdraw__before_any_attempt() -> None:
    one = withdraw(a_delivery(), "correction-1", T0)
    assert (one.status, one.reason, one.withdrawn_by) == ("withdrawn", "withdrawn", "correction-1")
    assert withdraw(one, "correction-2", T0) == one


def test_withdraw__may_have_been_told_is_not_tried_again() -> None:
    one = withdraw(ended(Kind.UNKNOWN), "correction-1", T0)
    assert (one.status, one.reason) == ("unknown", "withdrawn")
    assert claim(one, LATER, "sender-1", LEASE) is None


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Kind.SENT, "sent"),
        (Kind.TRANSIENT, "withdrawn"),
        (Kind.UNKNOWN, "unknown"),
        (Kind.PERMANENT, "failed"),
    ],
)
def test_withdraw__under_way_ends_with_the_attempt(kind: Kind, status: str) -> None:
    marked = withdraw(claimed(), "correction-1", T0)
    assert marked.status == "sending"
    one = ended(kind, marked)
    assert one.status == status
    assert len(one.outcomes) == 1
    assert claim(one, LATER, "sender-1", LEASE) is None


@pytest.mark.parametrize("kind", [Kind.SENT, Kind.PERMANENT])
def test_withdraw__of_what_has_ended_changes_nothing(kind: Kind) -> None:
    one = ended(kind)
    assert withdraw(one, "correction-1", T0) == one


@pytest.mark.parametrize(
    ("corrected", "due"),
    [
        (ended(Kind.SENT), Due.SEND),
        (ended(Kind.UNKNOWN), Due.SEND),
        (ended(Kind.PERMANENT, claimed(ended(Kind.UNKNOWN).but(next_at=T0))), Due.SEND),
        (claimed(), Due.WAIT),
        (claimed(ended(Kind.UNKNOWN).but(next_at=T0)), Due.WAIT),
        (a_delivery(), Due.WAIT),
        (withdraw(a_delivery(), "correction-1", T0), Due.NEVER_TOLD),
        (ended(Kind.PERMANENT), Due.NEVER_TOLD),
    ],
)
def test_correction__is_due_when_somebody_may_have_been_told(corrected: Delivery, due: Due) -> None:
    assert correction_due(a_correction("delivery-1"), [corrected]) is due


def test_correction__of_what_is_not_stored_any_more_is_due() -> None:
    assert correction_due(a_correction("gone"), []) is Due.SEND


def test_correction__of_several_is_due_when_one_was_told() -> None:
    told, withdrawn = ended(Kind.SENT), withdraw(a_delivery("delivery-2"), "c", T0)
    assert correction_due(a_correction("delivery-1", "delivery-2"), [withdrawn, told]) is Due.SEND


def test_never_told__ends_a_pending_correction_only() -> None:
    one = never_told(a_correction("delivery-1"), T0)
    assert (one.status, one.reason, one.outcomes[0].status) == ("suppressed", "never-told", "suppressed")
    assert never_told(one, T0) == one


def test_said__up_to_what_was_confirmed() -> None:
    two = finish(ended(Kind.PERMANENT), 1, Result(Kind.SENT), LATER, SCHEDULE, 0.5).but(say_until=LATER)
    assert [one.n for one in unsaid(two)] == [2, 3]
    half = said(two, 2)
    assert (half.said, [one.n for one in unsaid(half)]) == (False, [3])
    whole = said(half, 3)
    assert (whole.said, unsaid(whole), whole.say_until) == (True, (), NEVER)
    assert said(whole, 2).said_n == 3


def test_times__are_text_that_sorts_as_time_does() -> None:
    moments = [
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC),
        datetime(2026, 1, 1, 5, 0, 1, tzinfo=timezone(timedelta(hours=5))),
    ]
    texts = [text_of(one) for one in moments]
    assert texts == sorted(texts)
    assert texts[2] == "2026-01-01T00:00:01.000000+00:00"
    assert Delivery.model_validate(a_delivery().model_dump(mode="json")) == a_delivery()
