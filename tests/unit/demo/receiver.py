"""A receiver on loopback that does with each message what the test says, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from shared.hl7.ack import Verdict, build_ack, build_nak
from shared.hl7.er7 import parse
from shared.hl7.malformed import Malformed
from shared.hl7.mllp import FrameDecoder, frame

ACCEPT, REFUSE, DROP, SILENCE, OTHER, GARBAGE = "accept", "refuse", "drop", "silence", "other", "garbage"


@dataclass
class Receiver:
    """`deeds`: what to do with the next messages, in order, then accept all. `heard`: bodies as they came."""

    deeds: Iterator[str] = field(default_factory=lambda: iter(()))
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    on_heard: Callable[[bytes], None] = lambda _: None

    def answers(self, body: bytes, deed: str) -> list[bytes]:
        try:
            message = parse(body)
        except Malformed:
            return [build_nak(at="20261102120000+0000", control_id="R1")]
        verdict = Verdict.ERROR if deed == REFUSE else Verdict.ACCEPT
        ack = build_ack(message, verdict, at="20261102120000+0000", control_id="R1") or b""
        other = ack.replace(message.control_id.encode(), b"SOMEBODY-ELSE")
        return {OTHER: [other], GARBAGE: [b"not HL7"], SILENCE: []}.get(deed, [ack] if ack else [])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        frames = FrameDecoder()
        try:
            while data := await reader.read(4096):
                for body in frames.feed(data):
                    assert isinstance(body, bytes)
                    self.heard.append(body)
                    self.on_heard(body)
                    deed = next(self.deeds, ACCEPT)
                    if deed == DROP:
                        return
                    for answer in self.answers(body, deed):
                        writer.write(frame(answer))
                        await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()


@asynccontextmanager
async def a_receiver(*deeds: str) -> AsyncIterator[Receiver]:
    receiver = Receiver(iter(deeds))
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
