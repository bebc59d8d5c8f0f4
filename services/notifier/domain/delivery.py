"""One notification to one recipient by one channel: its document, and every step it can take.

    pending ── claim ──▶ sending ── taken ──▶ sent
       ▲                    │  └─ refused for good, or tries used up ──▶ failed
       └─ certainly not ────┤
          taken             └─ may have been taken, or the lease ran out ──▶ unknown ── claim ──▶ sending
    pending ── what it tells was taken back ──▶ withdrawn         pending ── nobody had been told ──▶ suppressed

Nothing is claimed once `withdrawn_by` is set. A late answer moves forward (to sent), never back. Steps are pure; what
they return is saved under a guard on `revision`, so that of two writers one has to look again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, ConfigDict, Field, PlainSerializer

from services.notifier.domain.model import Reason
from services.notifier.domain.retry import EXHAUSTED, Next, Result, decide_retry
from shared.schemas.identifiers import Contract
from shared.schemas.notifications import DeliveryStatus


def text_of(moment: datetime) -> str:
    """A time as the documents hold it: text of one width in UTC, so that the database orders it as time does."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


Instant = Annotated[AwareDatetime, PlainSerializer(text_of)]

NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
WITHDRAWN: Final = "withdrawn"
LEASE_RAN_OUT: Final = "lease-ran-out"


class Outcome(Contract):
    """What became of a delivery; said once, as number `n` of its stream (the decision was number 1)."""

    n: int
    status: DeliveryStatus
    reason: str = ""
    attempts: int
    at: Instant


class Delivery(Contract):
    """The document. `key`, `mode`, `label`, `traceparent` are the deciding event's.

    `context` are the template's values. `maybe_told`: an attempt ended without an answer. `fence` counts claims.
    `said`: every outcome up to `said_n` is confirmed by the broker. `last_code` is the code of the last attempt.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, serialize_by_alias=True)

    delivery_id: str = Field(alias="_id")
    encounter_id: str
    cause: str
    tells: str
    notice: str = ""
    recipient: str
    role: str
    channel: str
    address: str = ""
    context: dict[str, Any] = Field(default_factory=dict)
    corrects: tuple[str, ...] = ()
    withdraws: bool = True
    status: Literal["pending", "sending", "sent", "failed", "unknown", "withdrawn", "suppressed"]
    reason: str = ""
    attempts: int = 0
    maybe_told: bool = False
    withdrawn_by: str = ""
    last_code: str = ""
    decided_at: Instant
    next_at: Instant
    owner: str = ""
    lease_until: Instant = NEVER
    fence: int = 0
    outcomes: tuple[Outcome, ...] = ()
    said_n: int = 1
    said: bool = True
    say_until: Instant = NEVER
    epoch: int = 1
    tenant: str = ""
    feed: str = ""
    key: str = ""
    mode: str = "live"
    label: str = "normal"
    traceparent: str = ""
    revision: int = 0

    def but(self, **changes: Any) -> Delivery:
        """This delivery with changes."""
        return self.model_copy(update=changes)


def claim(delivery: Delivery, now: datetime, owner: str, lease: timedelta) -> Delivery | None:
    """Taken by `owner` for one attempt; None when it is not to be sent (any more, or yet)."""
    if delivery.status not in ("pending", "unknown") or delivery.withdrawn_by or delivery.next_at > now:
        return None
    return delivery.but(
        status="sending",
        owner=owner,
        lease_until=now + lease,
        fence=delivery.fence + 1,
        attempts=delivery.attempts + 1,
    )


def finish(
    delivery: Delivery, fence: int, result: Result, now: datetime, schedule: Sequence[float], chance: float
) -> Delivery:
    """After the attempt that was claimed under `fence`. An answer that nobody waits for any more only moves forward."""
    retry = decide_retry(result, delivery.attempts, schedule, chance)
    if retry.next is Next.DONE:
        return delivery if delivery.status == "sent" else _ended(delivery, "sent", "", now, result.code)
    if delivery.status != "sending" or delivery.fence != fence:
        return delivery
    seen = delivery.but(maybe_told=delivery.maybe_told or result.kind == "unknown", last_code=result.code)
    if retry.next is Next.FAILED:
        return _ended(seen, "failed", retry.reason, now, result.code)
    return _again(seen, now + retry.after, now)


def lease_ran_out(delivery: Delivery, now: datetime, schedule: Sequence[float]) -> Delivery:
    """What a delivery is whose sender fell silent: it may have been sent, and is sent again under the same id."""
    if delivery.status != "sending" or delivery.lease_until > now:
        return delivery
    seen = delivery.but(maybe_told=True, last_code=LEASE_RAN_OUT)
    if delivery.attempts > len(schedule):
        return _ended(seen, "failed", EXHAUSTED, now, LEASE_RAN_OUT)
    return _again(seen, now, now)


def withdraw(delivery: Delivery, by: str, now: datetime) -> Delivery:
    """Taken back by the delivery `by`. One under way is not claimed again; one that has ended stays as it is."""
    if delivery.withdrawn_by or delivery.status not in ("pending", "sending", "unknown"):
        return delivery
    marked = delivery.but(withdrawn_by=by)
    return marked if delivery.status == "sending" else _withdrawn(marked, now)


class Due(StrEnum):
    """What a correction waits for."""

    SEND = "send"
    WAIT = "wait"
    NEVER_TOLD = "never-told"


def correction_due(correction: Delivery, corrected: Sequence[Delivery]) -> Due:
    """Whether anybody was told what `correction` takes back. One that is not stored any more counts as told.

    One that takes nothing back follows what it corrects: that is still to be sent, and must not be the last word.
    """
    known = {one.delivery_id: one for one in corrected}
    if not correction.withdraws and any(_may_yet_be_told(one) for one in known.values()):
        return Due.WAIT
    if any(name not in known or _told(known[name]) for name in correction.corrects):
        return Due.SEND
    if any(_may_yet_be_told(one) for one in known.values()):
        return Due.WAIT
    return Due.NEVER_TOLD


def never_told(correction: Delivery, now: datetime) -> Delivery:
    """A correction of what nobody had been told: it is not sent."""
    if correction.status != "pending":
        return correction
    return _ended(correction, "suppressed", Reason.NEVER_TOLD.value, now, correction.last_code)


def unsaid(delivery: Delivery) -> tuple[Outcome, ...]:
    """The outcomes the broker has not confirmed, oldest first."""
    return tuple(outcome for outcome in delivery.outcomes if outcome.n > delivery.said_n)


def said(delivery: Delivery, n: int) -> Delivery:
    """Every outcome up to `n` is confirmed."""
    return delivery.but(said_n=max(n, delivery.said_n), said=delivery.outcomes[-1].n <= n, say_until=NEVER)


def _told(one: Delivery) -> bool:
    """Told, or nobody can say that it was not."""
    return one.status in ("sent", "unknown") or (one.maybe_told and one.status != "sending")


def _may_yet_be_told(one: Delivery) -> bool:
    return one.status in ("pending", "sending")


def _again(delivery: Delivery, next_at: datetime, now: datetime) -> Delivery:
    """Back among those to be claimed, unless it was taken back meanwhile."""
    status = "unknown" if delivery.maybe_told else "pending"
    back = delivery.but(status=status, next_at=next_at, owner="", lease_until=NEVER)
    return _withdrawn(back, now) if delivery.withdrawn_by else back


def _withdrawn(delivery: Delivery, now: datetime) -> Delivery:
    status: DeliveryStatus = "unknown" if delivery.maybe_told else "withdrawn"
    return _ended(delivery, status, WITHDRAWN, now, delivery.last_code)


def _ended(delivery: Delivery, status: DeliveryStatus, reason: str, now: datetime, code: str) -> Delivery:
    n = len(delivery.outcomes) + 2
    outcome = Outcome(n=n, status=status, reason=reason, attempts=delivery.attempts, at=now)
    return delivery.but(
        status=status,
        reason=reason,
        last_code=code,
        outcomes=(*delivery.outcomes, outcome),
        said=False,
        owner="",
        lease_until=NEVER,
    )
