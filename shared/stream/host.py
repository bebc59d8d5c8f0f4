"""A service's process: a Faust app whose worker supervises our services; its own Kafka and web parts stay off.

Faust's agents acknowledge in `finally`, and its web server has no authentication (docs/adr/0003), so the worker, its
supervision, signals and timers are used, and the data plane is our one batch consumer.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import faust
from faust.app.base import BootStrategy
from mode import Service

from shared.stream.loop import Loop
from shared.stream.outages import where
from shared.telemetry import log

SHUTDOWN_SECONDS = 25.0


def die(code: str) -> None:
    """End the process now: nothing unexpected may end in an exception that a framework swallows."""
    log.critical("process_ends", code=code)
    sys.stderr.flush()
    os._exit(70)


class _OursOnly(BootStrategy):
    enable_kafka = False
    enable_web = False


class _App(faust.App):
    BootStrategy = _OursOnly


class DataPlane(Service):
    """Runs the loop; on stop finishes the batch and leaves the group, or ends the process after 25 s."""

    def __init__(self, loop: Loop) -> None:
        super().__init__()
        self._plane = loop
        self._done = asyncio.Event()

    @Service.task
    async def _run(self) -> None:
        await self._plane.run()
        self._done.set()

    async def on_stop(self) -> None:
        """As above."""
        await self._plane.stop()
        try:
            await asyncio.wait_for(self._done.wait(), SHUTDOWN_SECONDS)
        except TimeoutError:
            die("shutdown-took-too-long")


class Periodic(Service):
    """Calls `action` every `seconds`, one call at a time; an exception ends the process."""

    def __init__(self, action: Callable[[], Awaitable[Any]], seconds: float) -> None:
        super().__init__()
        self._action = action
        self._seconds = seconds

    @Service.task
    async def _run(self) -> None:
        while not self.should_stop:
            try:
                await self._action()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - as in the loop
                die(f"periodic-{type(error).__name__}-{where(error)}")
            await self.sleep(self._seconds)


class Background(Service):
    """Starts something before the others and stops it after them."""

    def __init__(self, start: Callable[[], Awaitable[Any]], stop: Callable[[], Awaitable[Any]]) -> None:
        super().__init__()
        self._begin = start
        self._end = stop

    async def on_start(self) -> None:
        """As above."""
        await self._begin()

    async def on_stop(self) -> None:
        """As above."""
        await self._end()


def _settle_memory() -> None:
    """What is loaded by now stays: the collector passes over it, and looks at the rest seldom.

    A batch makes tens of thousands of objects that live as long as it does; looking at them a dozen times each was a
    fifth of a service's CPU (docs/performance.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)


def run(name: str, bootstrap: str, make: Callable[[], Awaitable[Sequence[Any]]]) -> None:
    """Run the process until SIGTERM or SIGINT. `make` builds the services inside the running loop, in start order."""
    app = _App(
        name,
        broker=f"kafka://{bootstrap}",
        autodiscover=False,
        web_enabled=False,
        topic_allow_declare=False,
        # Faust makes this directory though no table lives in it: never in the working directory
        datadir=str(Path(tempfile.gettempdir()) / f"care-faust-{os.getuid()}"),
    )

    @app.task  # type: ignore[untyped-decorator]
    async def start() -> None:
        try:
            for service in await make():
                await app.add_runtime_dependency(service)
        except Exception as error:  # noqa: BLE001 - Faust would log it and go on half started
            die(f"start-{type(error).__name__}-{where(error)}")
        _settle_memory()
        log.info("service_started")

    worker = faust.Worker(app, loglevel="WARN", override_logging=False, redirect_stdouts=False, quiet=True)
    worker.execute_from_commandline()
