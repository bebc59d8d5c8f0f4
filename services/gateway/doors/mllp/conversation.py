"""One connection of an MLLP door: frames in, acknowledgements out, in order, until either side has had enough.

No answer before the message is durable; where it cannot be stored there is none, and the connection closes: the sender
keeps the message and comes again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from services.gateway.domain.batches import holds_several
from services.gateway.domain.message import TOO_LARGE
from services.gateway.doors.answers import answer, batch_answer
from services.gateway.doors.limits import Limits
from services.gateway.doors.mllp.patience import Patience
from services.gateway.handlers.intake import BatchOutcome, Intake, Outcome
from shared.feeds import FeedProfile
from shared.hl7.batch import is_batch
from shared.hl7.mllp import FrameDecoder, TooLarge, frame
from shared.stream.outages import Away, where

T = TypeVar("T")

CHUNK: Final = 65_536


class Over(Exception):
    """The connection is to be closed; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Door:
    """Whose messages come through here, who takes them, and what our own MSH-7 and MSH-10 are made of.

    `profile` is looked up for each message: another edition of it counts from the next one on.
    """

    profile: FeedProfile
    intake: Intake
    clock: Callable[[], datetime]
    next_control_id: Callable[[], str]


class Conversation:
    """Reads, has it taken, answers. `busy` while what was read is not answered yet."""

    def __init__(self, door: Door, limits: Limits, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._door, self._limits, self._reader, self._writer = door, limits, reader, writer
        self._decoder = FrameDecoder(limits.message)
        self._patience = Patience(self._too_late)
        self._last = False
        self.busy = False

    def finish(self) -> None:
        """Answer what was read, read no more."""
        self._last = True

    async def run(self) -> str:
        """Until it is over; returns why: peer-closed, peer-lost, idle, slow, unread, stopping, a driver, a code."""
        try:
            await self._converse()
        except Over as over:
            return over.code
        except Away as away:
            return f"{away.what}-away"
        except OSError:
            return "peer-lost"
        except Exception as bug:  # noqa: BLE001 - one connection's bug is not the others'
            return f"bug-{type(bug).__name__}-{where(bug)}"
        finally:
            self._patience.end()
        return "stopping"

    def _too_late(self, code: str) -> None:
        self._reader.set_exception(Over(code))

    async def _converse(self) -> None:
        deadline = _now() + self._limits.idle
        while not self._last:
            self._patience.until(deadline, "idle" if self._decoder.idle else "slow")
            data = await self._reader.read(CHUNK)
            self._patience.wait()
            if not data:
                raise Over("peer-closed")
            more = await self._hear(data)
            deadline = _now() + more if more else deadline

    async def _hear(self, data: bytes) -> float:
        """Take what these bytes complete; returns how long the sender has from now, 0 if its time runs on.

        Noise buys no time, nor does one more byte of a frame: only a frame's beginning and its end do.
        """
        inside = not self._decoder.idle
        found = self._decoder.feed(data)
        self.busy = True
        await self._answer(found)
        self.busy = False
        if self._decoder.idle:
            return self._limits.idle if found or inside else 0.0
        return self._limits.frame if found or not inside else 0.0

    async def _answer(self, found: Sequence[bytes | TooLarge]) -> None:
        """Several are stored at once; answered in order, and after the first that cannot be no other is."""
        if len(found) == 1:  # as nearly always: no task for it
            self._say(await self._take(found[0]))
            await self._read_by_peer()
            return
        for start in range(0, len(found), self._limits.at_once):
            together = (self._take(one) for one in found[start : start + self._limits.at_once])
            for outcome in await asyncio.gather(*together, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome
                self._say(outcome)
            await self._read_by_peer()

    async def _read_by_peer(self) -> None:
        """What the kernel took at once needs no waiting."""
        if self._writer.transport.get_write_buffer_size():
            await self._within(self._writer.drain(), _now() + self._limits.frame, "unread")

    def _take(self, one: bytes | TooLarge) -> Awaitable[Outcome | BatchOutcome]:
        intake, profile = self._door.intake, self._door.profile
        if isinstance(one, TooLarge):
            return (intake.take_large_batch if is_batch(one.head) else intake.take_too_large)(one.head, profile)
        return (intake.take_batch if holds_several(one) else intake.take)(one, profile)

    def _say(self, outcome: Outcome | BatchOutcome) -> None:
        """Nothing, where the sender asked for no answer (MSH-15, HL7 v2.5.1 ch. 2.9.3)."""
        written = self._written(outcome)
        if written is not None:
            self._writer.write(frame(written))

    def _written(self, outcome: Outcome | BatchOutcome) -> bytes | None:
        door, at = self._door, self._door.clock()
        if isinstance(outcome, BatchOutcome):
            return batch_answer(outcome, door.profile, at, door.next_control_id)
        if outcome.code == TOO_LARGE and outcome.header is None:
            raise Over("too-large-and-unreadable")
        return answer(outcome, door.profile, at, door.next_control_id())

    async def _within(self, step: Awaitable[T], deadline: float, code: str) -> T:
        try:
            async with asyncio.timeout_at(deadline):
                return await step
        except TimeoutError:
            raise Over(code) from None


def _now() -> float:
    return asyncio.get_running_loop().time()
