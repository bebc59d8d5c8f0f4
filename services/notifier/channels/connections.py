"""SMTP connections kept open for the next message: each for a short time and a bounded number of messages.

Only one whose last message was taken with a clean reply is kept. It promises nothing: whoever is given a kept one must
be ready to open another, which is safe as long as no message has been handed over on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from aiosmtplib import SMTP

LIFE_SECONDS: Final = 60.0
IDLE_SECONDS: Final = 10.0
"""Shorter than any relay waits for a command (RFC 5321 §4.5.3.2.7: five minutes), so that few are found closed."""
MOST_MESSAGES: Final = 100


def _now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Connection:
    """One connection, how long it has been open and used, and how many messages went over it."""

    smtp: SMTP
    opened_at: float = field(default_factory=_now)
    used_at: float = field(default_factory=_now)
    messages: int = 0

    @property
    def is_fit(self) -> bool:
        """Is it open, and young and fresh enough to be used again?"""
        now = _now()
        fresh = now - self.opened_at < LIFE_SECONDS and now - self.used_at < IDLE_SECONDS
        return self.smtp.is_connected and fresh and self.messages < MOST_MESSAGES


class Connections:
    """The connections to one relay that nobody uses just now."""

    def __init__(self, new: Callable[[], SMTP]) -> None:
        self._new = new
        self._idle: list[Connection] = []

    def new(self) -> Connection:
        """One that is not open yet."""
        return Connection(self._new())

    def kept(self) -> Connection | None:
        """The one that was used last, or None. Those that are over are closed."""
        over = [one for one in self._idle if not one.is_fit]
        self._idle = [one for one in self._idle if one.is_fit]
        for one in over:
            one.smtp.close()
        return self._idle.pop() if self._idle else None

    def keep(self, connection: Connection) -> None:
        """Its last message was taken, and no reply is outstanding."""
        connection.messages += 1
        connection.used_at = _now()
        self._idle.append(connection)

    def close(self) -> None:
        """Close all that are idle."""
        for one in self._idle:
            one.smtp.close()
        self._idle.clear()
