"""Listens for one feed: many connections, within limits, on loopback unless told otherwise; TLS if given a context.

Stopping, it takes no more connections, lets what was read be stored and answered, and closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import Counter
from functools import partial

from services.gateway.doors.limits import ACCEPT_QUEUE, LOOPBACK, Limits
from services.gateway.doors.mllp.conversation import Conversation, Door
from shared.feeds import FeedProfile
from shared.telemetry import log

CLOSE_SECONDS = 2.0
# a sender that goes, or comes again, is no news
_QUIET = frozenset({"peer-closed", "peer-lost", "stopping"})


class MllpServer:
    """One MLLP door. `port` 0 takes a free one; `port` then says which."""

    def __init__(
        self,
        door: Door,
        port: int,
        *,
        host: str = LOOPBACK,
        limits: Limits = Limits(),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._door, self._host, self._limits, self._tls = door, host, limits, tls
        self.port = port
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], Conversation] = {}
        self._peers: Counter[str] = Counter()
        self._stopping = self._refusing = False

    @property
    def feed(self) -> str:
        """Whose door this is."""
        return self._door.profile.feed

    def show(self, profile: FeedProfile) -> None:
        """Another edition of this feed's profile counts from the next message on."""
        self._door.profile = profile

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(
            self._connected,
            self._host,
            self.port,
            backlog=ACCEPT_QUEUE,
            ssl=self._tls,
            ssl_handshake_timeout=self._limits.frame if self._tls else None,
        )
        self.port = int(self._server.sockets[0].getsockname()[1])
        log.info("door_open", feed=self.feed, host=self._host, port=self.port)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The task is ours: asyncio's own would report each one that we cancel as an error."""
        peer = str((writer.get_extra_info("peername") or ("",))[0])
        if not self._admits(peer):
            writer.transport.abort()
            return
        conversation = Conversation(self._door, self._limits, reader, writer)
        task = asyncio.create_task(self._serve(conversation, writer))
        self._open[task] = conversation
        self._peers[peer] += 1
        task.add_done_callback(partial(self._gone, peer, writer))

    async def _serve(self, conversation: Conversation, writer: asyncio.StreamWriter) -> None:
        """Answers on their way are flushed, cancelled or not; a peer that does not let us is dropped."""
        try:
            self._note(await conversation.run())
        finally:
            with contextlib.suppress(OSError, TimeoutError):
                writer.close()
                await asyncio.wait_for(writer.wait_closed(), CLOSE_SECONDS)

    def _gone(self, peer: str, writer: asyncio.StreamWriter, task: asyncio.Task[None]) -> None:
        """However it ended, cancelled before it began included."""
        del self._open[task]
        self._peers -= Counter({peer: 1})
        writer.transport.abort()

    def _admits(self, peer: str) -> bool:
        """One log line when connections begin to be refused, not one for each."""
        admits = len(self._open) < self._limits.connections and self._peers[peer] < self._limits.per_peer
        if not admits and not self._refusing:
            log.warning("connections_refused", feed=self.feed, count=len(self._open))
        self._refusing = not admits
        return admits and not self._stopping

    def _note(self, code: str) -> None:
        if code not in _QUIET:
            log.warning("connection_closed", feed=self.feed, code=code)

    async def stop(self) -> None:
        """As above, within `Limits.stop` seconds."""
        self._stopping = True
        if self._server is not None:
            self._server.close()
        for task, conversation in list(self._open.items()):
            conversation.finish()
            if not conversation.busy:
                task.cancel()
        if self._open:
            _, late = await asyncio.wait(set(self._open), timeout=self._limits.stop)
            for task in late:
                task.cancel()
