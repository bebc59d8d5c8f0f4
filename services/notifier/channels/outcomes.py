"""Outcomes saved together: what ends while one write is under way goes into the next.

Each is guarded by its own revision, so that writing them together changes nothing but the number of round trips.
"""

from __future__ import annotations

import asyncio
from typing import Final

from services.notifier.domain.delivery import Delivery
from services.notifier.handlers import DeliveryCollection

GATHER_SECONDS: Final = 0.02
"""How long a further write waits for company: under load each mail had commands to the database of its own."""

Waiting = tuple[Delivery, asyncio.Future[Delivery | None]]


class Outcomes:
    """Saves deliveries one write after the other, as many in each as are waiting, of each delivery one."""

    def __init__(self, deliveries: DeliveryCollection) -> None:
        self._deliveries = deliveries
        self._waiting: list[Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def save(self, delivery: Delivery) -> Delivery | None:
        """As `DeliveryCollection.save`; raises what the write that it was part of raised."""
        saved: asyncio.Future[Delivery | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, saved))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await saved

    async def _write(self) -> None:
        while self._waiting:
            batch = {each[0].delivery_id: each for each in reversed(self._waiting)}  # the first of each
            self._waiting = [each for each in self._waiting if batch[each[0].delivery_id] is not each]
            await self._write_these(list(batch.values()))
            await asyncio.sleep(GATHER_SECONDS)

    async def _write_these(self, batch: list[Waiting]) -> None:
        try:
            found = {one.delivery_id: one for one in await self._deliveries.save_all([one for one, _ in batch])}
        except Exception as error:  # noqa: BLE001 (whatever the driver raises belongs to those who wait for the write)
            _answer(batch, error)
        else:
            _answer(batch, found)


def _answer(batch: list[Waiting], answer: Exception | dict[str, Delivery]) -> None:
    for one, saved in batch:
        if saved.done():
            continue  # whoever waited was cancelled
        if isinstance(answer, Exception):
            saved.set_exception(answer)
        else:
            saved.set_result(answer.get(one.delivery_id))
