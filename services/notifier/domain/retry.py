"""What follows an attempt: done, again and when, or never. Pure; the chance is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

EXHAUSTED: Final = "exhausted"


class Kind(StrEnum):
    """What is known after an attempt.

    SENT: taken. PERMANENT: refused for good. TRANSIENT: certainly not taken, may be later. UNREACHABLE: the endpoint
    could not be used at all, whoever the recipient. UNKNOWN: it may have been taken.
    """

    SENT = "sent"
    PERMANENT = "permanent"
    TRANSIENT = "transient"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Result:
    """The end of one attempt. `code` is ours or the protocol's (`smtp-451`), never what the other side wrote."""

    kind: Kind
    code: str = ""


class Next(StrEnum):
    """What to do with the delivery."""

    DONE = "done"
    AGAIN = "again"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """`after`: how long to wait when it is to be tried again; `reason`: the code of a failure."""

    next: Next
    after: timedelta = timedelta(0)
    reason: str = ""


def decide_retry(result: Result, attempts: int, schedule: Sequence[float], chance: float) -> RetryDecision:
    """What follows the `attempts`-th attempt (from 1). `schedule`: seconds; `chance`: in [0, 1).

    The wait is spread evenly from the schedule's step before to its own, so that what failed together does not come
    back together, and an unlucky draw cannot use up a day's attempts in seconds.
    """
    match result.kind:
        case Kind.SENT:
            return RetryDecision(Next.DONE)
        case Kind.PERMANENT:
            return RetryDecision(Next.FAILED, reason=result.code)
        case _:
            return _again(attempts, schedule, chance)


def _again(attempts: int, schedule: Sequence[float], chance: float) -> RetryDecision:
    if attempts > len(schedule):
        return RetryDecision(Next.FAILED, reason=EXHAUSTED)
    least = schedule[attempts - 2] if attempts > 1 else 0.0
    most = schedule[attempts - 1]
    return RetryDecision(Next.AGAIN, timedelta(seconds=least + chance * (most - least)))
