"""An event loop without sockets, threads or waiting: time moves only when everybody sleeps.

Production modules that ask `time` and `random` are given the loop's time and the seed's chance while a world runs.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import structlog

from shared.alarm import sweeper
from shared.stream import loop as stream_loop
from shared.stream import memory as stream_memory

START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
"""The wall clock when a world begins: a Monday, 07:00 in New York."""

OWNER: contextvars.ContextVar[Any] = contextvars.ContextVar("owner", default=None)
"""The simulated process that a task belongs to."""


def nobodys() -> contextvars.Context:
    """A context that belongs to no process."""
    context = contextvars.copy_context()
    context.run(OWNER.set, None)
    return context


class StandStill(Exception):
    """Nobody is ready and nobody sleeps: something waits for what never comes."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Its own selector: to wait is to move the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._selector = self
        self.set_task_factory(_owned)

    def time(self) -> float:
        return self.now

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise StandStill
        self.now += max(0.0, timeout)
        return []

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """There is nobody to wake."""


def _owned(loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:
    """A task that its process knows of, so that a crash takes it along."""
    task = asyncio.Task(coro, loop=loop, **options)
    context = options.get("context")
    owner = OWNER.get() if context is None else context.get(OWNER)
    if owner is not None:
        owner.tasks[task] = None
        task.add_done_callback(lambda done: owner.tasks.pop(done, None))
    return task


class Wall:
    """The wall clock, which may be set forward and back."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop, self.skew = loop, 0.0

    def seconds(self) -> float:
        return START.timestamp() + self.loop.now + self.skew

    def __call__(self) -> datetime:
        return START + timedelta(seconds=self.loop.now + self.skew)


@contextmanager
def _virtual(wall: Wall, rng: random.Random) -> Iterator[None]:
    clock = SimpleNamespace(time=wall.seconds, monotonic=wall.loop.time)
    places = [(module, "time", clock) for module in (sweeper, stream_loop, stream_memory)]
    places.append((stream_loop, "random", rng))
    before = [(module, name, getattr(module, name)) for module, name, _ in places]
    logging = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        for module, name, value in places:
            setattr(module, name, value)
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
        structlog.configure(**logging)


def run(seed: int, main: Callable[[Wall, random.Random], Coroutine[Any, Any, Any]]) -> Any:
    """Run `main` to its end in a world of its own."""
    rng = random.Random(seed)  # noqa: S311 - a simulation
    loop = VirtualLoop()
    wall = Wall(loop)
    with _virtual(wall, rng):
        try:
            return loop.run_until_complete(main(wall, rng))
        finally:
            _end(loop)
            loop.close()


def _end(loop: VirtualLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=60.0))
