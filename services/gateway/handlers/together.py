"""Messages of many connections in one write: a journaled majority write costs the same for one as for hundreds."""

from __future__ import annotations

import asyncio

from services.gateway.domain.message import Received
from services.gateway.handlers.ports import Kept, RawMessages


class GroupCommit:
    """Whatever came in while one write was under way goes into the next one together; nobody waits on purpose."""

    def __init__(self, raw: RawMessages, *, most: int = 500, most_bytes: int = 16 * 1024 * 1024) -> None:
        self._raw, self._most, self._most_bytes = raw, most, most_bytes
        self._waiting: list[tuple[Received, asyncio.Future[Kept]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def add(self, message: Received) -> Kept:
        """As `RawMessages.add`, for one message. Raises Away."""
        future: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        self._waiting.append((message, future))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await future

    async def _write(self) -> None:
        try:
            while self._waiting:
                await self._store(self._next())
        finally:
            self._writing = None

    def _next(self) -> list[tuple[Received, asyncio.Future[Kept]]]:
        size = taken = 0
        for message, _ in self._waiting[: self._most]:
            size += len(message.body)
            if taken and size > self._most_bytes:
                break
            taken += 1
        batch, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return batch

    async def _store(self, batch: list[tuple[Received, asyncio.Future[Kept]]]) -> None:
        """What befalls the write befalls everyone in it; a sender that has gone is told nothing."""
        asking = [future for _, future in batch]
        try:
            found = await self._raw.add([message for message, _ in batch])
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            for future in (future for future in asking if not future.done()):
                future.set_exception(error)
            return
        for future, kept in zip(asking, found, strict=True):
            if not future.done():
                future.set_result(kept)
