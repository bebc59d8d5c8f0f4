"""Mail servers of the tests, good and bad, on loopback; each is gone when its test ends."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from services.notifier.channels.email import EmailChannel
from services.notifier.settings import SmtpPolicy
from tests.unit.notifier.givens import a_policy

NOW = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)


class Mailbox:
    """What a mail server took; `rcpt` and `data` are what it answers."""

    def __init__(self, rcpt: str = "250 OK", data: str = "250 OK") -> None:
        self.rcpt, self.data = rcpt, data
        self.took: list[EmailMessage] = []
        self.recipients: list[list[str]] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.rcpt.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data.startswith("2"):
            self.took.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
            self.recipients.append(envelope.rcpt_tos)
        return self.data


def a_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def mail_server() -> Iterator[Callable[..., tuple[Mailbox, int]]]:
    running: list[Controller] = []

    def start(rcpt: str = "250 OK", data: str = "250 OK", **more: Any) -> tuple[Mailbox, int]:
        mailbox = Mailbox(rcpt, data)
        controller = Controller(mailbox, hostname="127.0.0.1", port=a_port(), **more)
        controller.start()
        running.append(controller)
        return mailbox, controller.port

    yield start
    for controller in running:
        controller.stop()


OPEN: list[EmailChannel] = []


@pytest.fixture
async def channels_closed() -> AsyncIterator[None]:
    """Every channel of `a_channel` is closed at the end."""
    yield
    while OPEN:
        OPEN.pop().close()


def a_channel(port: int, **changes: Any) -> EmailChannel:
    settings = {**a_policy().smtp.model_dump(), "port": port, **changes}
    OPEN.append(EmailChannel(SmtpPolicy(**settings), lambda: NOW))
    return OPEN[-1]


@asynccontextmanager
async def a_server(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]) -> AsyncIterator[int]:
    """A server of raw lines; every conversation is ended with it."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def say_until_data(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Greet and agree to everything, up to and with the whole message."""
    writer.write(b"220 ready\r\n")
    while (line := await reader.readline()).strip() != b"DATA":
        writer.write(b"250 OK\r\n" if line else b"")
    writer.write(b"354 go on\r\n")
    await reader.readuntil(b"\r\n.\r\n")


class Relay:
    """A server of raw lines that agrees to everything; `reply` may answer a command of a connection otherwise.

    It counts connections and the commands of each; a reply of b"" closes the connection.
    """

    def __init__(self, reply: Callable[[int, int, bytes], bytes | None] = lambda *_: None) -> None:
        self.reply = reply
        self.heard: list[list[bytes]] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(commands := [])
        number = len(self.heard)
        writer.write(b"220 ready\r\n")
        while line := await reader.readline():
            verb = line[:4].strip().upper()
            commands.append(verb)
            answer = self.reply(number, commands.count(verb), verb)
            if verb == b"DATA" and answer is None:
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                answer = self.reply(number, commands.count(verb), b".")
            if answer == b"":
                return
            writer.write((answer or b"250 OK") + b"\r\n")

    @property
    def mails(self) -> list[int]:
        return [commands.count(b"DATA") for commands in self.heard]
