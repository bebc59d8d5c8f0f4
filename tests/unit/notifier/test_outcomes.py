"""Outcomes that wait are written together, each under its own guard; what befalls a write befalls who waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from services.notifier.channels.outcomes import Outcomes
from services.notifier.domain.delivery import Delivery
from services.notifier.store import MemoryDeliveries
from tests.unit.notifier.givens import a_delivery


class Slow(MemoryDeliveries):
    """Writes when it is let, notes what each write held, and fails as often as told."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.writes: list[list[str]] = []
        self.failures = 0

    async def save_all(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        self.writes.append([one.delivery_id for one in deliveries])
        await self.go.wait()
        if self.failures:
            self.failures -= 1
            raise ConnectionError("away")
        return await super().save_all(deliveries)


async def begun(outcomes: Outcomes, *deliveries: Delivery) -> list[asyncio.Task[Delivery | None]]:
    """Each waits for its write, the first one's having begun alone."""
    tasks = []
    for one in deliveries:
        tasks.append(asyncio.create_task(outcomes.save(one)))
        for _ in range(3):
            await asyncio.sleep(0)
    return tasks


async def test_save__what_waits_goes_into_one_write() -> None:
    deliveries = Slow()
    many = [a_delivery(name) for name in "abcd"]
    await deliveries.insert_missing(many)
    tasks = await begun(Outcomes(deliveries), *(one.but(role="saved") for one in many))
    deliveries.go.set()
    saved = await asyncio.gather(*tasks)
    assert deliveries.writes == [["a"], ["d", "c", "b"]]
    assert saved == [one.but(role="saved", revision=1) for one in many]


async def test_save__of_one_delivery_twice_the_second_has_to_look_again() -> None:
    deliveries = Slow()
    await deliveries.insert_missing([a_delivery("a"), a_delivery("b")])
    tasks = await begun(
        Outcomes(deliveries), a_delivery("b"), a_delivery("a", role="first"), a_delivery("a", role="second")
    )
    deliveries.go.set()
    _, first, second = await asyncio.gather(*tasks)
    assert deliveries.writes == [["b"], ["a"], ["a"]]
    assert (first, second) == (a_delivery("a", role="first", revision=1), None)


async def test_save__a_write_that_fails_fails_for_all_in_it_and_for_nobody_else() -> None:
    deliveries = Slow()
    await deliveries.insert_missing([a_delivery("a"), a_delivery("b")])
    outcomes = Outcomes(deliveries)
    deliveries.failures = 1
    failing, later = await begun(outcomes, a_delivery("a"), a_delivery("b"))
    deliveries.go.set()
    assert await later == a_delivery("b", revision=1)
    with pytest.raises(ConnectionError):
        await failing
    assert await outcomes.save(a_delivery("a")) == a_delivery("a", revision=1)


async def test_save__who_does_not_wait_any_more_is_written_all_the_same() -> None:
    deliveries = Slow()
    await deliveries.insert_missing([a_delivery("a"), a_delivery("b")])
    gone, waiting = await begun(Outcomes(deliveries), a_delivery("a", role="saved"), a_delivery("b"))
    gone.cancel()
    deliveries.go.set()
    assert await waiting == a_delivery("b", revision=1)
    assert (await deliveries.load(["a"]))[0].role == "saved"
