"""Planted bugs of the notifier: leases, attempts, withdrawals, corrections, outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from unittest.mock import patch

from services.notifier import store as notifier_store
from services.notifier.channels import message, relay, sender
from services.notifier.domain import delivery
from services.notifier.domain.decide import _Deciding
from shared.stream.outages import Away


def ends_leases_at_once() -> Any:
    def ran_out(one: Any, now: datetime, schedule: Any) -> Any:
        return delivery.lease_ran_out(one.but(lease_until=now), now, schedule)

    async def all_sending(self: Any, now: datetime, limit: int) -> Any:
        return [one for one in self._all() if one.status == "sending"][:limit]

    both = patch.object(notifier_store.MemoryDeliveries, "leases_run_out", all_sending)
    return _together(both, patch.object(sender, "lease_ran_out", ran_out))


def new_message_id_for_each_attempt() -> Any:
    real, count = message.message_id, iter(range(10**9))
    return patch.object(message, "message_id", lambda id_, domain: real(f"{id_}.{next(count)}", domain))


def takes_back_nothing_that_waits() -> Any:
    async def nothing(*_: Any) -> None:
        return None

    return _together(
        patch.object(notifier_store, "withdraw_all", nothing), patch.object(sender, "withdraw_all", nothing)
    )


def decides_no_correction() -> Any:
    return patch.object(_Deciding, "corrections", lambda self: iter(()))


def takes_everybody_for_never_told() -> Any:
    return patch.object(sender, "correction_due", lambda *_: delivery.Due.NEVER_TOLD)


def takes_an_unknown_outcome_for_sent() -> Any:
    def ran_out(one: Any, now: datetime, schedule: Any) -> Any:
        return delivery._ended(one, "sent", "", now, delivery.LEASE_RAN_OUT)

    return patch.object(sender, "lease_ran_out", ran_out)


def takes_unknown_for_not_sent() -> Any:
    real = delivery.finish

    def finish(one: Any, fence: int, result: Any, *rest: Any) -> Any:
        after = real(one, fence, result, *rest)
        return after.but(maybe_told=False, status="pending") if after.status == "unknown" else after

    return patch.object(sender, "finish", finish)


def outcome_noted_as_said_before_saying() -> Any:
    async def step(self: Any) -> int:
        found = await self._deliveries.unsaid(self._clock(), relay.BATCH)
        await self._note(found)
        if found:
            await self._publisher.say([relay.encode(e, e.data.TOPIC) for e in self._events(found)])
        return len(found)

    return patch.object(relay.Relay, "step", step)


def does_not_wait_for_the_projection() -> Any:
    real = notifier_store.Deliveries.project

    async def project(self: Any, items: Any) -> None:
        try:
            await real(self, items)
        except Away:
            return

    return patch.object(notifier_store.Deliveries, "project", project)


def gives_up_silently() -> Any:
    real = delivery.finish

    def finish(one: Any, fence: int, result: Any, *rest: Any) -> Any:
        after = real(one, fence, result, *rest)
        return after.but(reason="") if after.status == "failed" else after

    return patch.object(sender, "finish", finish)


@contextmanager
def _together(*patches: Any) -> Iterator[None]:
    with patches[0], patches[1]:
        yield
