"""Child process: sends framed messages over MLLP by the clock, whatever the answers do (open loop).

Each connection has one message under way; what is due waits in its lane, and that wait counts. A connection that was
lost is made anew and its message sent again. `python -m bench.edges.sender PLAN RESULT`.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any, Final

import orjson

AGAIN: Final = 0.1
PATIENCE: Final = 120.0
END: Final = b"\x1c\r"


class Lane(asyncio.Protocol):
    """One connection. Times are of the monotonic clock, which all processes of a machine share."""

    def __init__(self, host: str, port: int, outcome: Outcome) -> None:
        self._host, self._port, self._outcome = host, port, outcome
        self._queue: deque[tuple[int, bytes]] = deque()
        self._under_way: tuple[int, bytes] | None = None
        self._transport: asyncio.Transport | None = None
        self._held = b""

    async def connect(self) -> None:
        """Until it is connected."""
        while self._transport is None:
            try:
                await asyncio.get_running_loop().create_connection(lambda: self, self._host, self._port)
            except OSError:
                await asyncio.sleep(AGAIN)

    def put(self, index: int, frame: bytes) -> None:
        """It is due now."""
        self._queue.append((index, frame))
        if self._under_way is None and self._transport is not None:
            self._next()

    def _next(self) -> None:
        self._under_way = self._queue.popleft() if self._queue else None
        if self._under_way is not None and self._transport is not None:
            self._outcome.sent[self._under_way[0]] = time.monotonic()
            self._transport.write(self._under_way[1])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._held = transport, b""
        if self._under_way is not None:
            self._outcome.resent += 1
            transport.write(self._under_way[1])
        else:
            self._next()

    def connection_lost(self, _: Exception | None) -> None:
        self._transport = None
        if not self._outcome.over:
            self._outcome.tasks.append(asyncio.get_running_loop().create_task(self.connect()))

    def data_received(self, data: bytes) -> None:
        self._held += data
        if self._held.endswith(END) and self._under_way is not None:
            place = self._held.find(b"\rMSA|")
            self._outcome.answered[self._under_way[0]] = time.monotonic()
            self._outcome.note(self._held[place + 5 : place + 7].decode() if place > 0 else "none")
            self._held = b""
            self._next()

    def close(self) -> None:
        """Nothing more is sent."""
        if self._transport is not None:
            self._transport.close()


class Outcome:
    """What became of each message, by its number; 0.0: nothing yet."""

    def __init__(self, count: int) -> None:
        self.sent, self.answered = [0.0] * count, [0.0] * count
        self.codes: Counter[str] = Counter()
        self.resent, self.late = 0, 0.0
        self.over = False
        self.tasks: list[asyncio.Task[None]] = []
        self._left = count
        self.done = asyncio.Event()

    def note(self, code: str) -> None:
        """One more answer."""
        self.codes[code] += 1
        self._left -= 1
        if not self._left:
            self.done.set()


async def send(plan: dict[str, Any]) -> dict[str, Any]:
    """Send a plan {host, ports, lanes, start, messages: [[at, feed, lane, frame]]}; `start` is monotonic."""
    messages = [(at, feed, lane, frame.encode()) for at, feed, lane, frame in plan["messages"]]
    outcome = Outcome(len(messages))
    lanes = {
        feed: [Lane(plan["host"], port, outcome) for _ in range(plan["lanes"])] for feed, port in plan["ports"].items()
    }
    every = [lane for of_feed in lanes.values() for lane in of_feed]
    await asyncio.gather(*(lane.connect() for lane in every))
    gc.freeze()
    before = os.times()
    for index, (at, feed, number, frame) in enumerate(messages):
        wait = plan["start"] + at - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        outcome.late = max(outcome.late, -wait)
        lanes[feed][number % plan["lanes"]].put(index, frame)
    await asyncio.wait_for(outcome.done.wait(), PATIENCE)
    after = os.times()
    outcome.over = True
    for lane in every:
        lane.close()
    cpu = after.user + after.system - before.user - before.system
    return {"sent": outcome.sent, "answered": outcome.answered, "codes": outcome.codes, "resent": outcome.resent,
            "late": outcome.late, "cpu_s": cpu}  # fmt: skip


if __name__ == "__main__":
    told = asyncio.run(send(orjson.loads(Path(sys.argv[1]).read_bytes())))
    Path(sys.argv[2]).write_bytes(orjson.dumps(told))
