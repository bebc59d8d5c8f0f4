"""Says what became of each delivery on care.notifications.v1, until the broker confirms it.

The sender hands over what it ended itself, with the lease it took in the same write; what nobody holds is found by a
look. Any number of relays may run: the lease keeps two from saying the same at once; if they do, it is the same event
with the same id and sequence. The decision was number 1 of the delivery's stream; outcomes follow from 2.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from services.notifier.channels.message import message_id
from services.notifier.domain.delivery import Delivery, Outcome, said, unsaid
from services.notifier.handlers import DeliveryCollection, Publisher
from services.notifier.settings import NotifierPolicy
from shared.schemas.envelope import TYPE_PREFIX, Envelope, Event, Label, Mode, Sequence, derived_id
from shared.schemas.notifications import (
    DeliveryState,
    NotificationEvent,
    NotificationFailed,
    NotificationSent,
    NotificationSuppressed,
    NotificationWithdrawn,
)
from shared.schemas.topics import NOTIFICATIONS
from shared.stream.codec import encode
from shared.telemetry import metrics

BATCH: Final = 100

TYPES: Final[dict[str, type[NotificationEvent]]] = {
    "sent": NotificationSent,
    "failed": NotificationFailed,
    "unknown": NotificationFailed,  # no further attempt will be made, and whether one arrived is not known
    "withdrawn": NotificationWithdrawn,
    "suppressed": NotificationSuppressed,
}


def outcome_event(delivery: Delivery, outcome: Outcome, source: str, domain: str) -> Event:
    """The event that says an outcome; always the same one."""
    model = TYPES[outcome.status]
    state = DeliveryState(
        delivery_id=delivery.delivery_id,
        encounter_id=delivery.encounter_id,
        cause=delivery.cause,
        tells=delivery.tells,
        recipient=delivery.recipient,
        role=delivery.role,
        channel=delivery.channel,
        status=outcome.status,
        reason=outcome.reason,
        corrects=delivery.corrects,
        attempts=outcome.attempts,
        message_id=message_id(delivery.delivery_id, domain) if outcome.attempts else "",
    )
    envelope = Envelope(
        id=derived_id("notification", delivery.delivery_id, outcome.n),
        source=source,
        type=TYPE_PREFIX + model.TYPE,
        subject=delivery.delivery_id,
        time=outcome.at,
        key=delivery.key,
        tenant=delivery.tenant,
        feed=delivery.feed,
        mode=Mode(delivery.mode),
        label=Label(delivery.label),
        sequence=Sequence(delivery.epoch, outcome.n),
        traceparent=delivery.traceparent,
    )
    return Event(envelope, model(delivery=state, occurred_at=outcome.at))


class Relay:
    """`source` is the ce_source of this service."""

    def __init__(
        self,
        deliveries: DeliveryCollection,
        publisher: Publisher,
        policy: NotifierPolicy,
        *,
        source: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._deliveries, self._publisher, self._policy = deliveries, publisher, policy
        self._source, self._clock = source, clock
        self._handed: list[Delivery] = []

    def take(self, ended: Delivery) -> None:
        """Say this with the next step. It is saved with a lease (`say_until`): if it is lost here, a look finds it."""
        self._handed.append(ended)

    async def run(self, stop: asyncio.Event, on_error: Callable[[Exception], None]) -> None:
        """Say outcomes until `stop` is set, and once more then. A failed step goes to `on_error` and is tried again."""
        last = False
        while not last:
            last, found = stop.is_set(), 0
            try:
                found = await self.step()
            except Exception as error:  # noqa: BLE001 (a broker that is away must not end the saying)
                on_error(error)
            if found < BATCH:
                await self._pause(stop)

    async def step(self) -> int:
        """Say what is unsaid, confirmed, then note it as said. Returns how many deliveries. Raises what failed."""
        found = await self._found()
        held, self._handed = [*self._handed, *found], []
        if held:
            events = self._events(held)
            await self._publisher.say([encode(event, event.data.TOPIC) for event in events])
            metrics.said.labels(NOTIFICATIONS.name).inc(len(events))
            _count(held)
            await self._note(held)
        return len(held)

    async def _found(self) -> list[Delivery]:
        """What nobody was saying, held from now on."""
        now = self._clock()
        lease = now + timedelta(seconds=self._policy.lease_seconds)
        found = await self._deliveries.unsaid(now, BATCH)
        return await self._deliveries.save_all([one.but(say_until=lease) for one in found])

    def _events(self, held: list[Delivery]) -> list[Event]:
        domain = self._policy.smtp.message_id_domain
        return [outcome_event(one, outcome, self._source, domain) for one in held for outcome in unsaid(one)]

    async def _note(self, held: list[Delivery]) -> None:
        """Mark these outcomes as said. The sender may have changed a delivery meanwhile: it is looked at again."""
        last = {one.delivery_id: one.outcomes[-1].n for one in held}
        while held:
            saved = await self._deliveries.save_all([said(one, last[one.delivery_id]) for one in held])
            left = {one.delivery_id for one in held} - {one.delivery_id for one in saved}
            held = await self._deliveries.load(sorted(left)) if left else []

    async def _pause(self, stop: asyncio.Event) -> None:
        try:
            await asyncio.wait_for(stop.wait(), self._policy.poll_seconds)
        except TimeoutError:
            return


def _count(held: list[Delivery]) -> None:
    for one in held:
        for outcome in unsaid(one):
            metrics.deliveries.labels(one.channel, outcome.status).inc()
