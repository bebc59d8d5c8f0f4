"""Probes and metrics of one process, on a port of their own: /livez, /readyz, /startupz, /metrics.

Alive: the loop made progress lately (waiting for MongoDB or Kafka counts: restarting would not bring them back). Ready:
partitions are assigned and no driver is away. Answers hold codes only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.telemetry import registry

STUCK_SECONDS = 120.0


@dataclass(frozen=True)
class Health:
    """How a process tells what it is like: `alive` and `ready` give "" or the code of what is wrong."""

    alive: Callable[[], str]
    ready: Callable[[], str]


def stuck(progress_at: Callable[[], float], away: Callable[[], str]) -> Callable[[], str]:
    """An `alive` that fails when nothing moved for two minutes though no driver is away."""
    return lambda: "no-progress" if not away() and time.monotonic() - progress_at() > STUCK_SECONDS else ""


class AdminServer:
    """Serves one process's probes; start and stop it with the others."""

    def __init__(self, health: Health, host: str, port: int) -> None:
        self._health = health
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; port 0 means not at all."""
        if not self._port:
            return
        app = web.Application()
        app.router.add_get("/livez", self._live)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/startupz", self._ready)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _live(self, _request: web.Request) -> web.Response:
        return _answer(self._health.alive())

    async def _ready(self, _request: web.Request) -> web.Response:
        return _answer(self._health.ready())

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _answer(wrong: str) -> web.Response:
    return web.Response(text=wrong or "ok", status=503 if wrong else 200)
