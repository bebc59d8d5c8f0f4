"""How long a sender may take: one timer a connection. It refuses to wait longer than it was last told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Patience:
    """Calls `over` with the code once the deadline has passed, unless it was moved on or stopped before.

    The timer is moved when it rings, not with each deadline: a sender in time moves its own with every message.
    """

    def __init__(self, over: Callable[[str], None]) -> None:
        self._over, self._loop = over, asyncio.get_running_loop()
        self._deadline: float | None = None
        self._code = ""
        self._timer: asyncio.TimerHandle | None = None

    def until(self, deadline: float, code: str) -> None:
        """From now on this deadline, in the loop's time, and this code."""
        self._deadline, self._code = deadline, code
        if self._timer is None or self._timer.when() > deadline:
            self._set(deadline)

    def wait(self) -> None:
        """No deadline until the next one is told: it is not the sender's time that passes."""
        self._deadline = None

    def end(self) -> None:
        """It rings no more."""
        self._deadline = None
        if self._timer is not None:
            self._timer.cancel()

    def _set(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._deadline is None:
            return
        if self._loop.time() < self._deadline:
            self._set(self._deadline)
        else:
            self._over(self._code)
