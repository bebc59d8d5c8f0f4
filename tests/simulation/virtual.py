"""An event loop without sockets, threads or waiting: time moves only when everybody sleeps.

Production modules that ask `time` and `random` are given the loop's time and the seed's chance while a world runs.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import heapq
import itertools
import random
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import structlog

from shared.alarm import sweeper
from shared.stream import loop as stream_loop
from shared.stream import memory as stream_memory
from shared.telemetry import metrics

START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
"""The wall clock when a world begins: a Monday, 07:00 in New York."""
START_SECONDS = START.timestamp()

OWNER: contextvars.ContextVar[Any] = contextvars.ContextVar("owner", default=None)
"""The simulated process that a task belongs to."""


def nobodys() -> contextvars.Context:
    """A context that belongs to no process."""
    context = contextvars.copy_context()
    context.run(OWNER.set, None)
    return context


class _Turn:
    """`await TURN`: everybody else who is ready goes first, as with `asyncio.sleep(0)`, at a third of its cost."""

    def __await__(self) -> Generator[None, None, None]:
        yield


TURN = _Turn()


class StandStill(Exception):
    """Nobody is ready and nobody sleeps: something waits for what never comes."""


class _Handle:
    """A call to come: what asyncio needs of its own handles, at a third of their cost."""

    __slots__ = ("args", "callback", "context", "dead")

    def __init__(self, callback: Callable[..., Any], args: tuple[Any, ...], context: contextvars.Context) -> None:
        self.callback, self.args, self.context, self.dead = callback, args, context, False

    def cancel(self) -> None:
        self.dead = True


class VirtualLoop(asyncio.BaseEventLoop):
    """To wait is to move the clock; what falls due at one instant is called in the order it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._timers: list[tuple[float, int, _Handle]] = []
        self._asked = itertools.count()
        self.set_task_factory(_owned)

    def time(self) -> float:
        return self.now

    def call_soon(self, callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:  # type: ignore[override]
        handle = _Handle(callback, args, context or contextvars.copy_context())
        self._ready.append(handle)  # type: ignore[attr-defined]
        return handle

    def call_at(self, when: float, callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:  # type: ignore[override]
        handle = _Handle(callback, args, context or contextvars.copy_context())
        heapq.heappush(self._timers, (when, next(self._asked), handle))
        return handle

    def call_later(self, delay: float, callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:  # type: ignore[override]
        return self.call_at(self.now + delay, callback, *args, context=context)

    def _run_once(self) -> None:
        """All that asyncio would do in many calls, until somebody stops the loop."""
        ready = self._ready  # type: ignore[attr-defined]
        next_one = ready.popleft
        while not self._stopping:  # type: ignore[attr-defined]
            if not ready:
                self._wait()
            for _ in range(len(ready)):
                handle = next_one()
                if not handle.dead:
                    try:
                        handle.context.run(handle.callback, *handle.args)
                    except Exception as error:  # noqa: BLE001 - as in asyncio
                        self.call_exception_handler({"message": "a callback failed", "exception": error})

    def _wait(self) -> None:
        """To the next instant at which something is due."""
        timers, ready = self._timers, self._ready  # type: ignore[attr-defined]
        while timers and timers[0][2].dead:
            heapq.heappop(timers)
        if not timers:
            raise StandStill
        self.now = max(self.now, timers[0][0])
        while timers and timers[0][0] <= self.now:
            ready.append(heapq.heappop(timers)[2])

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
        owner.tasks.append(task)
    return task


class Wall:
    """The wall clock, which may be set forward and back."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop, self.skew = loop, 0.0
        self._shown = START

    def jump(self, seconds: float) -> None:
        """Set it forward or back."""
        self._shown = self.highest()
        self.skew += seconds

    def highest(self) -> datetime:
        """The latest time it ever showed: who read it before it was set back may act on that."""
        return max(self._shown, self())

    def seconds(self) -> float:
        return START_SECONDS + self.loop.now + self.skew

    def __call__(self) -> datetime:
        return START + timedelta(seconds=self.loop.now + self.skew)


class _Silent:
    """A metric of a simulated process: nobody scrapes it."""

    def labels(self, *_: object) -> _Silent:
        return self

    def inc(self, *_: object) -> None:
        """Not counted."""

    set = observe = inc


@contextmanager
def _virtual(wall: Wall, rng: random.Random) -> Iterator[None]:
    clock = SimpleNamespace(time=wall.seconds, monotonic=wall.loop.time)
    places: list[tuple[Any, str, Any]] = [(module, "time", clock) for module in (sweeper, stream_loop, stream_memory)]
    places.append((stream_loop, "random", rng))
    places += [(metrics, field.name, _Silent()) for field in fields(metrics)]
    before = [(module, name, getattr(module, name)) for module, name, _ in places]
    logging = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    collecting = gc.isenabled()
    gc.disable()  # a world is small, and all of it goes at its end
    try:
        for module, name, value in places:
            object.__setattr__(module, name, value)
        yield
    finally:
        for module, name, value in before:
            object.__setattr__(module, name, value)
        structlog.configure(**logging)
        if collecting:
            gc.enable()


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
