"""Many connections to several receivers, for a hospital that sends faster than one would let it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from demo.hospital.mllp_client import MllpClient, MllpError


class MllpLanes:
    """Connections by (receiver's name, lane): whoever keeps to a lane keeps the order of what it sends."""

    def __init__(self, receivers: Mapping[str, Callable[[], MllpClient]]) -> None:
        self._receivers = receivers
        self._clients: dict[tuple[str, int], MllpClient] = {}

    async def send(self, receiver: str, lane: int, body: bytes) -> bool | None:
        """Whether the receiver took it (it answered AA or CA), or None if nobody answered until the deadline."""
        if (receiver, lane) not in self._clients:
            self._clients[receiver, lane] = self._receivers[receiver]()
        try:
            return (await self._clients[receiver, lane].send(body)).positive
        except MllpError:
            return None

    async def close(self) -> None:
        """Close all of them."""
        for client in self._clients.values():
            await client.close()
