"""Takes deliveries that are due, one guarded write each, hands them to their channel and records what became of them.

Any number of senders may run: a lease says whose a delivery is, and one that ran out makes it `unknown`, to be sent
again under the same Message-ID. Limits hold per endpoint and per recipient, so that neither a slow relay nor one busy
practice holds up the others.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from services.notifier.channels.outcomes import Outcomes
from services.notifier.channels.tray import WINDOW, Tray
from services.notifier.domain.breaker import Breaker
from services.notifier.domain.delivery import (
    LEASE_RAN_OUT,
    Delivery,
    Due,
    claim,
    correction_due,
    finish,
    lease_ran_out,
    never_told,
)
from services.notifier.domain.retry import Kind, Result
from services.notifier.handlers import Channel, DeliveryCollection, withdraw_all
from services.notifier.settings import NotifierPolicy
from shared.telemetry import metrics

SWEEP: Final = 100
LOOK_AGAIN: Final = timedelta(seconds=2)
"""When a correction looks again whether what it corrects has ended."""


def _nobody(_: Delivery) -> None:
    """Its lease runs out; then a relay finds it."""


@dataclass
class _Endpoint:
    channel: Channel
    breaker: Breaker
    under_way: Counter[str] = field(default_factory=Counter)
    tray: Tray = field(default_factory=Tray)


class Sender:
    """`clock` is the wall clock, `chance` draws from [0, 1), `owner` names this process in the leases."""

    def __init__(
        self,
        deliveries: DeliveryCollection,
        channels: Iterable[Channel],
        policy: NotifierPolicy,
        *,
        owner: str,
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        ended: Callable[[Delivery], None] = _nobody,
    ) -> None:
        """`ended` says the outcomes of what it is given, under the lease that was taken for it."""
        self._deliveries, self._policy, self._owner = deliveries, policy, owner
        self._clock, self._chance, self._ended = clock, chance, ended
        breaker = Breaker(policy.breaker_failures, timedelta(seconds=policy.breaker_seconds))
        self._endpoints = [_Endpoint(channel, breaker) for channel in channels]
        self._attempts: set[asyncio.Task[None]] = set()
        self._outcomes = Outcomes(deliveries)
        self._woken = asyncio.Event()
        self._sweep_at = 0.0

    def wake(self, new: Sequence[Delivery] | None = None) -> None:
        """Begin at once: these, which have just been stored; or look for all there are."""
        for endpoint in self._endpoints:
            kind = endpoint.channel.kind
            if new is None:
                endpoint.tray.read = False
            else:
                endpoint.tray.offer([one for one in new if one.status == "pending" and one.channel == kind])
        self._woken.set()

    async def run(self, stop: asyncio.Event, on_error: Callable[[Exception], None]) -> None:
        """Send until `stop` is set, then finish what is under way. A failed step goes to `on_error` and is tried again.

        What is under way when this is cancelled is left to its lease.
        """
        while not stop.is_set():
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 (a database that is away must not end the sending)
                on_error(error)
            await self._pause()
        await self.drain()

    async def step(self) -> int:
        """One look: ends leases that ran out, begins every attempt that may begin. Returns how many it began."""
        await self._end_leases()
        for endpoint in self._endpoints:
            endpoint.tray.clear()
        return await self._begin_all()

    async def _look(self) -> None:
        """A whole step every `poll_seconds`; whoever is woken in between begins what may begin, and no more."""
        now = asyncio.get_running_loop().time()
        if now < self._sweep_at:
            await self._begin_all()
        else:
            await self.step()
            self._sweep_at = now + self._policy.poll_seconds

    async def drain(self) -> None:
        """Wait until no attempt is under way."""
        while self._attempts:
            await asyncio.wait(self._attempts)

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), self._policy.poll_seconds)
        except TimeoutError:
            return
        finally:
            self._woken.clear()

    async def _end_leases(self) -> None:
        now = self._clock()
        for one in await self._deliveries.leases_run_out(now, SWEEP):
            if await self._deliveries.save(lease_ran_out(one, now, self._policy.retry_seconds)) is not None:
                metrics.attempts.labels(one.channel, LEASE_RAN_OUT).inc()

    async def _begin_all(self) -> int:
        return sum([await self._begin(endpoint) for endpoint in self._endpoints])

    async def _begin(self, endpoint: _Endpoint) -> int:
        begun = 0
        while free := self._free(endpoint):
            ready = self._taken(endpoint, free)
            if not ready:
                if endpoint.tray.read:
                    break
                await self._refill(endpoint)
                continue
            begun += await self._begin_these(endpoint, ready)
        return begun

    def _free(self, endpoint: _Endpoint) -> int:
        return endpoint.breaker.allows(self._clock(), endpoint.under_way.total(), self._policy.endpoint_limit)

    def _taken(self, endpoint: _Endpoint, free: int) -> list[Delivery]:
        return endpoint.tray.take(free, endpoint.under_way, self._policy.recipient_limit)

    async def _refill(self, endpoint: _Endpoint) -> None:
        """Addresses at their limit, and those that wait here already, are left out: they must not fill the window."""
        busy = {address for address, n in endpoint.under_way.items() if n >= self._policy.recipient_limit}
        without = sorted(busy | endpoint.tray.addresses())
        endpoint.tray.read = True
        found = await self._deliveries.due(endpoint.channel.kind, self._clock(), WINDOW, without)
        endpoint.tray.fill(found, self._chance())

    async def _begin_these(self, endpoint: _Endpoint, due: list[Delivery]) -> int:
        """Claim them in one write; an attempt begins only for what that write held."""
        ready = [one for one in due if await self._is_due(one)]
        now, lease = self._clock(), timedelta(seconds=self._policy.lease_seconds)
        taken = [claimed for one in ready if (claimed := claim(one, now, self._owner, lease)) is not None]
        held = await self._deliveries.save_all(taken)
        for one in held:
            endpoint.under_way[one.address] += 1
            self._start(self._attempt(endpoint, one))
        return len(held)

    async def _is_due(self, one: Delivery) -> bool:
        """A correction is sent when somebody was told, waits while that is not known, and else is not needed."""
        if not one.corrects:
            return True
        now = self._clock()
        if one.withdraws:
            await withdraw_all(self._deliveries, one.corrects, one.delivery_id, now)
        match correction_due(one, await self._deliveries.load(one.corrects)):
            case Due.SEND:
                return True
            case Due.WAIT:
                await self._deliveries.save(one.but(next_at=now + LOOK_AGAIN))
            case Due.NEVER_TOLD:
                await self._deliveries.save(never_told(one, now))
        return False

    def _start(self, attempt: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(attempt)
        self._attempts.add(task)
        task.add_done_callback(self._attempts.discard)

    async def _attempt(self, endpoint: _Endpoint, held: Delivery) -> None:
        """One attempt. It makes room for others as soon as its end is known; its outcome is saved beside them."""
        try:
            result = await self._send(endpoint.channel, held)
            metrics.attempts.labels(endpoint.channel.kind, result.kind.value).inc()
            endpoint.breaker = endpoint.breaker.after(result.kind, self._clock())
        finally:
            endpoint.under_way[held.address] -= 1
            self._woken.set()
        await self._record(held, result)

    async def _send(self, channel: Channel, held: Delivery) -> Result:
        try:
            return await channel.send(held)
        except Exception:  # noqa: BLE001 (a channel that breaks its promise: nothing is known)
            return Result(Kind.UNKNOWN, "channel-broke")

    async def _record(self, held: Delivery, result: Result) -> None:
        """Save the outcome. When the database is away for longer than the lease, the lease speaks instead."""
        now, chance = self._clock(), self._chance()
        known = [held]
        while self._clock() < held.lease_until:
            try:
                if await self._recorded(known, held.fence, result, now, chance):
                    return
                known = await self._deliveries.load([held.delivery_id])
            except Exception:  # noqa: BLE001 (whatever the driver raises: try until the lease ends)
                await asyncio.sleep(self._policy.poll_seconds)

    async def _recorded(self, known: list[Delivery], fence: int, result: Result, now: datetime, chance: float) -> bool:
        """Whether nothing is left to be saved. `known` is the delivery as last seen, or empty if it is gone."""
        for one in known:
            after = finish(one, fence, result, now, self._policy.retry_seconds, chance)
            return after == one or await self._saved(after)
        return True

    async def _saved(self, after: Delivery) -> bool:
        """Whether this was saved. What is to be said of it is leased in the same write, for whom it is handed to."""
        if not after.said:
            after = after.but(say_until=self._clock() + timedelta(seconds=self._policy.lease_seconds))
        saved = await self._outcomes.save(after)
        if saved is not None and not saved.said:
            self._ended(saved)
        return saved is not None
