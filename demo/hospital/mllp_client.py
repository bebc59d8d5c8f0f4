"""An MLLP sender that keeps a message until it is acknowledged: a lost connection is made anew, the message sent again.

Errors are codes; no text holds a piece of a message. One message is under way at a time (HL7 v2.5.1 ch. 2.9: a sender
waits for the answer before the next one).
"""

from __future__ import annotations

import asyncio
import codecs
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from demo.hospital.mllp_answers import Acknowledgement, Answers, Failure, MllpError, asked_of
from shared.hl7.batch import split_messages
from shared.hl7.mllp import frame

__all__ = ["Acknowledgement", "Failure", "MllpClient", "MllpError", "Patience", "Sent", "send_files"]

_CHUNK: Final = 65_536
# their line ends are not single bytes
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds: to connect, for an answer, between tries, and altogether for one message."""

    connect: float = 5.0
    answer: float = 15.0
    between: float = 0.5
    altogether: float = 60.0


class MllpClient:
    """One connection to one receiver. `tls`: None sends in the clear. `tell` hears of each failure that is tried again.

    Safe to use from several tasks: they take turns. It connects when it must; leaving it as a context closes it.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        patience: Patience | None = None,
        tell: Callable[[Failure], None] | None = None,
    ) -> None:
        self._host, self._port, self._tls = host, port, tls
        self._patience = patience or Patience()
        self._tell = tell
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn = asyncio.Lock()
        self.resent = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def connect(self) -> None:
        """Connect unless connected. Raises MllpError(UNREACHABLE)."""
        if self._streams is not None:
            return
        opening = asyncio.open_connection(self._host, self._port, ssl=self._tls)
        try:
            self._streams = await asyncio.wait_for(opening, self._patience.connect)
        except (OSError, TimeoutError):
            raise MllpError(Failure.UNREACHABLE) from None

    async def close(self) -> None:
        """Drop the connection; nothing happens if there is none."""
        if self._streams is None:
            return
        _, writer = self._streams
        self._streams = None
        writer.close()
        try:
            await writer.wait_closed()
        except OSError:
            return

    async def send(self, body: bytes) -> Acknowledgement:
        """Send one unframed message and wait for the answer that echoes its MSH-10, again and again until the deadline.

        A negative answer is an answer and is returned. Raises MllpError with the last failure's code.
        """
        control_id, wants_answer = asked_of(body)
        async with self._turn:
            deadline = asyncio.get_running_loop().time() + self._patience.altogether
            while True:
                try:
                    return await self._try(body, control_id, wants_answer=wants_answer)
                except MllpError as failed:
                    await self.close()
                    await self._pause(failed, deadline)
                except BaseException:
                    # cancelled while an answer is due: on this connection it would be taken for the next one's
                    await self.close()
                    raise

    async def _pause(self, failed: MllpError, deadline: float) -> None:
        if asyncio.get_running_loop().time() + self._patience.between > deadline:
            raise failed
        if self._tell is not None:
            self._tell(failed.code)
        await asyncio.sleep(self._patience.between)
        self.resent += failed.code is not Failure.UNREACHABLE

    async def _try(self, body: bytes, control_id: str, *, wants_answer: bool) -> Acknowledgement:
        await self.connect()
        assert self._streams is not None  # noqa: S101  connect() has just set it
        reader, writer = self._streams
        answers = Answers(control_id)
        try:
            async with asyncio.timeout(self._patience.answer):
                writer.write(frame(body))
                await writer.drain()
                return await _answer(reader, answers) if wants_answer else Acknowledgement("", control_id)
        except TimeoutError:
            raise MllpError(Failure.OTHER_ANSWER if answers.others else Failure.NO_ANSWER) from None
        except OSError:
            raise MllpError(Failure.CONNECTION_LOST) from None


async def _answer(reader: asyncio.StreamReader, answers: Answers) -> Acknowledgement:
    while data := await reader.read(_CHUNK):
        found = answers.feed(data)
        if found is not None:
            return found
    raise MllpError(Failure.CONNECTION_LOST)


@dataclass(frozen=True, slots=True)
class Sent:
    """One message of one file: `number` from 1 (0: the file itself), `offset` in bytes; an answer or a failure."""

    path: Path
    number: int
    offset: int
    acknowledgement: Acknowledgement | None = None
    failure: Failure | None = None

    @property
    def accepted(self) -> bool:
        """Acknowledged positively, or sent as one that wants no answer."""
        return self.acknowledgement is not None and (self.acknowledgement.positive or not self.acknowledgement.code)


async def send_files(
    paths: Iterable[Path],
    host: str,
    port: int,
    *,
    tls: ssl.SSLContext | None = None,
    patience: Patience | None = None,
    tell: Callable[[Failure], None] | None = None,
) -> AsyncIterator[Sent]:
    """Send every message of every file over one connection, in order, yielding what became of each; `tell` as there.

    Files may hold one message, many, MLLP frames or a batch, with CR, LF or CRLF: each segment is sent with CR.

    After a message that nobody acknowledged nothing more is sent: what follows is yielded as NOT_SENT, since a later
    message must not overtake an earlier one.
    """
    stopped = False
    async with MllpClient(host, port, tls=tls, patience=patience, tell=tell) as client:
        for path in paths:
            async for sent in _send_file(client, path, stopped=stopped):
                stopped = stopped or (sent.number > 0 and sent.failure is not None)
                yield sent


async def _send_file(client: MllpClient, path: Path, *, stopped: bool) -> AsyncIterator[Sent]:
    try:
        pieces = list(split_messages(await asyncio.to_thread(path.read_bytes)))
    except OSError:
        yield Sent(path, 0, 0, failure=Failure.UNREADABLE_FILE)
        return
    if not pieces:
        yield Sent(path, 0, 0, failure=Failure.NO_MESSAGE)
    for number, piece in enumerate(pieces, start=1):
        if stopped:
            yield Sent(path, number, piece.offset, failure=Failure.NOT_SENT)
            continue
        try:
            yield Sent(path, number, piece.offset, await client.send(_on_the_wire(piece.data)))
        except MllpError as failed:
            stopped = True
            yield Sent(path, number, piece.offset, failure=failed.code)


def _on_the_wire(data: bytes) -> bytes:
    """Every segment ends with CR, the last one too (HL7 v2.5.1 ch. 2.5.1), however the file was edited."""
    if data.startswith(_UTF16_MARKS):
        return data
    return data.replace(b"\r\n", b"\r").replace(b"\n", b"\r") + b"\r"
