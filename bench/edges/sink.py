"""Child process: a mail relay that takes every mail and notes when, nothing else; far lighter than a real one.

`python -m bench.edges.sink PORT RESULT`; one line a mail: monotonic seconds, X-Care-Delivery.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from pathlib import Path
from typing import Final

FLUSH: Final = 0.25
_DELIVERY: Final = re.compile(rb"^X-Care-Delivery: *(\S+)", re.MULTILINE)
_EXTENSIONS: Final = b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"


class Connection(asyncio.Protocol):
    """One SMTP session (RFC 5321), its commands taken as they come."""

    def __init__(self, taken: list[tuple[float, bytes]]) -> None:
        self._taken = taken
        self._held = b""
        self._in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink ready\r\n")

    def data_received(self, data: bytes) -> None:
        self._held += data
        while self._mail() if self._in_data else self._command():
            pass

    def _mail(self) -> bool:
        mail, dot, rest = self._held.partition(b"\r\n.\r\n")
        if not dot:
            return False
        self._held, self._in_data = rest, False
        found = _DELIVERY.search(mail)
        self._taken.append((time.monotonic(), found[1] if found else b""))
        self._transport.write(b"250 taken\r\n")
        return True

    def _command(self) -> bool:
        line, end, rest = self._held.partition(b"\r\n")
        if not end:
            return False
        self._held = rest
        word = line[:4].upper()
        if word == b"QUIT":
            self._transport.write(b"221 bye\r\n")
            self._transport.close()
            return False
        self._in_data = word == b"DATA"
        self._transport.write({b"EHLO": _EXTENSIONS, b"DATA": b"354 go on\r\n"}.get(word, b"250 yes\r\n"))
        return True


async def serve(port: int, result: Path) -> None:
    """Until it is killed; what came is in `result` at most `FLUSH` seconds later."""
    taken: list[tuple[float, bytes]] = []
    server = await asyncio.get_running_loop().create_server(lambda: Connection(taken), "127.0.0.1", port, backlog=512)
    with result.open("a") as file:
        while server.is_serving():
            await asyncio.sleep(FLUSH)
            file.writelines(f"{at:.6f} {delivery.decode('ascii', 'replace')}\n" for at, delivery in taken)
            file.flush()
            taken.clear()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
