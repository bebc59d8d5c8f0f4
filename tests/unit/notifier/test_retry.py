"""What follows an attempt, and when an endpoint is left alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.notifier.domain.breaker import Breaker
from services.notifier.domain.retry import Kind, Next, Result, RetryDecision, decide_retry
from tests.builders import T0
from tests.unit.notifier.givens import a_policy

SCHEDULE = (1.0, 5.0, 60.0)
AGAIN = (Kind.TRANSIENT, Kind.UNREACHABLE, Kind.UNKNOWN)


def test_retry__sent_is_done() -> None:
    assert decide_retry(Result(Kind.SENT), 1, SCHEDULE, 0.5) == RetryDecision(Next.DONE)


def test_retry__refused_for_good_keeps_the_code() -> None:
    decision = decide_retry(Result(Kind.PERMANENT, "smtp-550"), 1, SCHEDULE, 0.5)
    assert decision == RetryDecision(Next.FAILED, reason="smtp-550")


@pytest.mark.parametrize("kind", AGAIN)
@pytest.mark.parametrize(
    ("attempts", "chance", "seconds"),
    [(1, 0.0, 0.0), (1, 0.5, 0.5), (2, 0.0, 1.0), (2, 0.25, 2.0), (3, 0.0, 5.0), (3, 0.999, 59.945)],
)
def test_retry__waits_between_the_step_before_and_its_own(
    kind: Kind, attempts: int, chance: float, seconds: float
) -> None:
    decision = decide_retry(Result(kind), attempts, SCHEDULE, chance)
    assert decision == RetryDecision(Next.AGAIN, timedelta(seconds=seconds))


@pytest.mark.parametrize("kind", AGAIN)
def test_retry__used_up(kind: Kind) -> None:
    assert decide_retry(Result(kind), 4, SCHEDULE, 0.5) == RetryDecision(Next.FAILED, reason="exhausted")


def test_schedule__by_default_ends_after_nine_waits_of_up_to_a_day() -> None:
    waits = [timedelta(seconds=wait) for wait in a_policy().retry_seconds]
    assert waits[0] <= timedelta(seconds=5)
    assert waits[1:] == [
        timedelta(seconds=5),
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(hours=5),
        timedelta(hours=10),
        timedelta(hours=24),
    ]


def test_breaker__opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(2, timedelta(seconds=30))
    broken = breaker.after(Kind.UNREACHABLE, T0)
    assert broken.allows(T0, 1, 4) == 3
    assert broken.after(Kind.TRANSIENT, T0).after(Kind.UNREACHABLE, T0).allows(T0, 5, 4) == 0
    assert broken.after(Kind.TRANSIENT, T0).after(Kind.UNREACHABLE, T0).allows(T0, 0, 4) == 4
    assert broken.after(Kind.UNREACHABLE, T0).allows(T0, 0, 4) == 0


def test_breaker__probes_one_at_a_time_and_opens_again_at_once() -> None:
    opened = Breaker(1, timedelta(seconds=30)).after(Kind.UNREACHABLE, T0)
    later = T0 + timedelta(seconds=30)
    assert opened.allows(later - timedelta(microseconds=1), 0, 4) == 0
    assert opened.allows(later, 0, 4) == 1
    assert opened.allows(later, 1, 4) == 0
    assert opened.after(Kind.UNREACHABLE, later).allows(later, 0, 4) == 0
    assert opened.after(Kind.SENT, later).allows(later, 0, 4) == 4
