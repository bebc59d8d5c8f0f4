"""Listens for `POST /adt` on one port for all feeds: loopback unless told otherwise, TLS if given a context, in limits.

Stopping, it takes no more connections, lets what was read be stored and answered, and closes.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import Final, cast

from aiohttp import web
from aiohttp.typedefs import Handler

from services.gateway.doors.http import replies
from services.gateway.doors.http.post import Post
from services.gateway.doors.http.senders import Senders
from services.gateway.doors.limits import ACCEPT_QUEUE, LOOPBACK, Limits
from shared.feeds import FeedProfile
from shared.telemetry import log

PATH: Final = "/adt"
LINGER_SECONDS: Final = 2.0
"""So long the rest of a body that is not read is passed over, so that its sender gets to read our answer."""


class HttpDoor:
    """One a process. `port` 0 takes a free one; `port` then says which."""

    def __init__(
        self,
        senders: Senders,
        post: Post,
        port: int,
        *,
        host: str = LOOPBACK,
        limits: Limits = Limits(),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._senders, self._post, self._limits = senders, post, limits
        self._host, self._tls, self.port = host, tls, port
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._silent: dict[asyncio.BaseProtocol, asyncio.TimerHandle] = {}
        self._told = False

    async def follow(self, profiles: Iterable[FeedProfile]) -> None:
        """Know these feeds from the next request on. A door whose port was taken is tried again."""
        self._senders.show(profiles)
        if self._server is not None:
            return
        try:
            await self._start()
        except OSError as error:
            await self.stop()
            if not self._told:
                log.error("door_stays_closed", kind="http", port=self.port, code=type(error).__name__)
            self._told = True

    async def _start(self) -> None:
        app = web.Application(middlewares=[self._first])
        app.router.add_post(PATH, self._post)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            keepalive_timeout=self._limits.idle,
            lingering_time=LINGER_SECONDS,
            shutdown_timeout=self._limits.stop / 2,  # it is waited for twice: for the handler, then for its end
        )
        await self._runner.setup()
        self._server = await asyncio.get_running_loop().create_server(
            self._connection,
            self._host,
            self.port,
            backlog=ACCEPT_QUEUE,
            ssl=self._tls,
            ssl_handshake_timeout=self._limits.frame if self._tls else None,
        )
        self.port = int(self._server.sockets[0].getsockname()[1])
        self._told = False
        log.info("door_open", kind="http", host=self._host, port=self.port)

    def _connection(self) -> asyncio.BaseProtocol:
        """One connection more, if there may be; it is closed again unless a request comes on it in time."""
        server = self._runner.server if self._runner else None
        if server is None or len(server.connections) >= self._limits.connections:
            return _Refused()
        made = server()
        self._silent[made] = asyncio.get_running_loop().call_later(self._limits.frame, self._still_silent, made)
        return made

    def _still_silent(self, connection: web.RequestHandler) -> None:
        del self._silent[connection]
        connection.force_close()

    def _speaks(self, connection: asyncio.BaseProtocol) -> None:
        timer = self._silent.pop(connection, None)
        if timer is not None:
            timer.cancel()

    @web.middleware
    async def _first(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every request: it came in time; what is asked for elsewhere is answered in our form."""
        self._speaks(request.protocol)
        try:
            return await handler(request)
        except web.HTTPException as elsewhere:
            response = replies.problem(elsewhere.status, f"http-{elsewhere.status}")
            response.force_close()
            return response

    async def stop(self) -> None:
        """As above, within `Limits.stop` seconds."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
        for timer in self._silent.values():
            timer.cancel()
        self._silent.clear()


class _Refused(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).abort()
