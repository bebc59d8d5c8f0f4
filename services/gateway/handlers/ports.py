"""What the handlers ask of the store, and who of the drivers is away."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from services.gateway.domain.message import Received, Refusal
from shared.stream.outages import Away
from shared.telemetry import log, metrics


class Kept(Enum):
    """What the store found: a new message, the same one sent again, a new one under a used control id."""

    NEW = "stored"
    REPEATED = "repeated"
    REUSED = "control-id-reused"


class RawMessages(Protocol):
    """Where raw messages live. Every method raises Away when the store cannot be reached."""

    async def add(self, messages: Sequence[Received]) -> list[Kept]:
        """Durable when it returns, the repeated ones too; one answer a message, in order.

        New ones are leased to whoever added them, so that no relay says them at the same time.
        """

    async def keep_refused(self, refusals: Sequence[Refusal]) -> None:
        """Durable when it returns; a copy that is there stays as it is."""

    async def said(self, ids: Sequence[str]) -> None:
        """Their time to expire begins. One that is not noted is said again."""

    async def set_aside(self, id_: str, code: str) -> None:
        """This one can never be said: it is claimed no more, and never expires."""

    async def claim(self, limit: int) -> list[Received]:
        """Up to `limit` unsaid messages whose lease is over, oldest first, leased to this caller alone."""

    async def unsaid(self, most: int) -> int:
        """How many are stored and not said, counted up to `most`."""


class Outages:
    """The drivers that are away, for all rooms of one process: one log line when one goes, one when it is back."""

    def __init__(self) -> None:
        self.away: set[str] = set()

    def note(self, away: Away) -> None:
        """It is away, or refuses."""
        if away.what not in self.away:
            log.warning("driver_away", what=away.what, code=away.code)
            metrics.away.labels(away.what).inc()
        self.away.add(away.what)

    def over(self, what: str) -> None:
        """It answered."""
        if what in self.away:
            log.warning("driver_back", what=what)
        self.away.discard(what)
