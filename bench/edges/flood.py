"""Child process: so many connections, each with one message outstanding, as fast as answers come (closed loop).

As light as asyncio allows: a message is a frame with a new control id put into it, an answer is only looked at for its
end and its code. `python -m bench.edges.flood PORT CONNECTIONS WARM_SECONDS SECONDS`; tells JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from collections import Counter
from itertools import count, cycle
from typing import Final

from bench.edges.traffic import traffic
from shared.telemetry import wall_clock

END: Final = b"\x1c\r"


class Flood:
    """What all connections share: the messages, the count, the latencies while it is measured."""

    def __init__(self) -> None:
        frames = [one.frame for one in traffic(30, 40.0, 12.0, wall_clock()) if one.feed == "north"]
        self._parts = cycle([_around_control_id(frame) for frame in frames])
        self._numbers = count(1)
        self._run = f"F{time.time_ns() // 1_000_000 % 10**9:09d}"
        self.measuring = self.over = False
        self.taken: list[float] = []
        self.codes: Counter[bytes] = Counter()

    def next(self) -> bytes:
        """A message that nobody has seen."""
        before, after = next(self._parts)
        return before + f"{self._run}{next(self._numbers)}".encode() + after


def _around_control_id(frame: bytes) -> tuple[bytes, bytes]:
    place = -1
    for _ in range(9):
        place = frame.index(b"|", place + 1)
    return frame[: place + 1], frame[frame.index(b"|", place + 1) :]


class Connection(asyncio.Protocol):
    """One outstanding message."""

    def __init__(self, flood: Flood) -> None:
        self._flood, self._held = flood, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._flood.next())

    def data_received(self, data: bytes) -> None:
        self._held += data
        if not self._held.endswith(END):
            return
        place = self._held.find(b"\rMSA|")
        self._flood.codes[self._held[place + 5 : place + 7]] += 1
        self._held = b""
        if self._flood.measuring:
            self._flood.taken.append(time.perf_counter() - self._sent)
        if self._flood.over:
            self._transport.close()
        else:
            self._send()

    def connection_lost(self, _: Exception | None) -> None:
        if not self._flood.over:
            self._flood.codes[b"lost"] += 1


async def flooded(port: int, connections: int, warm: float, seconds: float) -> dict[str, object]:
    """Messages answered, by code, and what it took."""
    flood, loop = Flood(), asyncio.get_running_loop()
    gc.freeze()
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(flood), "127.0.0.1", port)
    await asyncio.sleep(warm)
    before, begun, flood.measuring = os.times(), time.perf_counter(), True
    await asyncio.sleep(seconds)
    flood.measuring, took, after = False, time.perf_counter() - begun, os.times()
    flood.over = True
    await asyncio.sleep(1.0)  # what is under way is answered
    ordered = sorted(flood.taken)
    return {
        "rate": len(ordered) / took,
        "p50_ms": ordered[len(ordered) // 2] * 1e3,
        "p99_ms": ordered[len(ordered) * 99 // 100] * 1e3,
        "client_cores": (after.user + after.system - before.user - before.system) / took,
        "codes": {code.decode(): n for code, n in flood.codes.items()},
    }


if __name__ == "__main__":
    arguments = sys.argv[1:]
    told = asyncio.run(flooded(int(arguments[0]), int(arguments[1]), float(arguments[2]), float(arguments[3])))
    sys.stdout.write(json.dumps(told) + "\n")
