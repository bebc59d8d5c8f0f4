"""What the gateway's tests are made of: one message, one feed, a store that can be held up or be away, a sender."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from services.gateway.domain.message import Judge, Received
from services.gateway.doors.limits import Limits
from services.gateway.doors.mllp.conversation import Door
from services.gateway.doors.mllp.server import MllpServer
from services.gateway.handlers.intake import Intake
from services.gateway.handlers.ports import Kept, Outages
from services.gateway.handlers.voice import Voice
from services.gateway.store import MemoryRawMessages
from shared.feeds import FeedProfile
from shared.schemas.envelope import Mode
from shared.stream.memory import MemoryLog, MemoryPublisher
from shared.stream.outages import Away
from shared.stream.records import Saying

AT = datetime(2026, 11, 3, 15, 0, 0, 123456, tzinfo=UTC)
SECRET = b"a secret of the tests, 32 bytes."
LIMIT = 1024 * 1024
CANARY = "Canarybird"

BODY = (
    b"MSH|^~\\&|ADT|NORTH|CARE|HUB|20261103100000-0500||ADT^A03^ADT_A03|MSG1|P|2.5.1\r"
    b"EVN|A03|20261103100000-0500\r"
    b"PID|1||E1^^^NORTH^PI~100200^^^NORTH^MR||Canarybird^Ada||19410506|F\r"
    b"PV1|1|I\r"
)
# by hand: openssl dgst -sha256; uuid5 of "raw", "north", "MSG1" and that, joined by 0x1F, under the project's namespace
BODY_SHA256 = "661dc63ea5b2ec2e8835a4007d3d8d20230a1f6d6a390394a4ad724b652e47d7"
BODY_ID = "4c7baacf-4af2-56d5-b6c9-82d9cb0ab054"
# by hand: printf 'tenant-1\x1f100200' | openssl dgst -sha256 -hmac SECRET
BODY_KEY = "73e2164e9f557595a7debcf5c67635b560da1545ff2072500e6423de5ca1fabb"
# by hand, from HL7 v2.5.1 ch. 2.9.2: theirs and ours change places, MSA-2 is their MSH-10
BODY_ACK = b"\x0bMSH|^~\\&|CARE|HUB|ADT|NORTH|20261103150000.123+0000||ACK^A03^ACK|OURS1|P|2.5.1\rMSA|AA|MSG1\r\x1c\r"


def a_feed(**changes: Any) -> FeedProfile:
    sent = {
        "feed": "north",
        "tenant": "tenant-1",
        "zone": "America/New_York",
        "facility": "NORTH",
        "default_authority": "NORTH",
        "mode": Mode.LIVE,
    }
    return FeedProfile.model_validate({**sent, **changes})


def a_body(control_id: str, text: str = "") -> bytes:
    return BODY.replace(b"MSG1", control_id.encode()) + (f"ZZZ|{text}\r".encode() if text else b"")


def received(body: bytes = BODY, at: datetime = AT, **changes: Any) -> Received:
    letter = Judge(SECRET, LIMIT).er7(body, a_feed(**changes), at).letter
    assert isinstance(letter, Received)
    return letter


class Hands:
    """A clock that a test moves."""

    def __init__(self, at: datetime = AT) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class HeldStore(MemoryRawMessages):
    """The twin, which can be held up before a write (`gate`), be away, and counts its writes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()
        self.away = False
        self.writes: list[int] = []

    async def add(self, messages: Sequence[Received]) -> list[Kept]:
        self.asked.set()
        await self.gate.wait()
        if self.away:
            raise Away("mongodb", "NetworkTimeout")
        self.writes.append(len(messages))
        return await super().add(messages)

    async def keep_refused(self, refusals: Sequence[Any]) -> None:
        if self.away:
            raise Away("mongodb", "NetworkTimeout")
        await super().keep_refused(refusals)

    async def unsaid(self, most: int) -> int:
        if self.away:
            raise Away("mongodb", "NetworkTimeout")
        return await super().unsaid(most)


class HeldPublisher(MemoryPublisher):
    """The twin, which can be away."""

    def __init__(self, log: MemoryLog) -> None:
        super().__init__(log)
        self.away = False
        self.tries = 0

    async def say(self, sayings: Sequence[Saying]) -> None:
        self.tries += 1
        if self.away:
            raise Away("kafka", "KafkaTimeoutError")
        await super().say(sayings)


class House:
    """Everything behind the doors, in memory. `await house.said(n)` waits until n records are on the topic."""

    def __init__(self, *, limit: int = LIMIT) -> None:
        self.clock = Hands()
        self.store = HeldStore(clock=self.clock, lease=15.0)
        self.log = MemoryLog()
        self.publisher = HeldPublisher(self.log)
        self.outages = Outages()
        self.voice = Voice(self.store, self.publisher, self.outages)
        self.full = False
        judge = Judge(SECRET, limit)
        self.intake = Intake(self.store, self.voice, judge, self.clock, lambda: self.full, self.outages)

    @property
    def records(self) -> list[Any]:
        return self.log.all_of("adt.inbound.v1")


async def until(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.005)


@asynccontextmanager
async def a_server(house: House, *, tls: Any = None, **limits: Any) -> AsyncIterator[MllpServer]:
    numbers = iter(range(1, 1_000_000))
    door = Door(a_feed(), house.intake, house.clock, lambda: f"OURS{next(numbers)}")
    server = MllpServer(door, 0, limits=Limits(**limits), tls=tls)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class Sender:
    """A hospital's side of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, seconds: float = 30.0) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(b"\x1c\r"), seconds)

    async def rest(self, seconds: float = 30.0) -> bytes:
        """All that comes until the other side closes."""
        try:
            return await asyncio.wait_for(self.reader.read(), seconds)
        except ConnectionResetError:
            return b""

    async def close(self) -> None:
        self.writer.close()


@asynccontextmanager
async def a_sender(server: MllpServer, **options: Any) -> AsyncIterator[Sender]:
    sender = Sender(*await asyncio.open_connection("127.0.0.1", server.port, **options))
    try:
        yield sender
    finally:
        await sender.close()


def framed(body: bytes) -> bytes:
    return b"\x0b" + body + b"\x1c\r"
