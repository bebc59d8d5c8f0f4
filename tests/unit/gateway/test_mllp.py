"""The MLLP door through real sockets: framing, answers, and senders that misbehave."""

from __future__ import annotations

import asyncio
import socket
import struct
import tracemalloc
from typing import Any

import pytest

from services.gateway.doors.answers import dtm
from services.gateway.doors.mllp.conversation import Conversation
from tests.unit.gateway.parts import (
    AT,
    BODY,
    BODY_ACK,
    BODY_ID,
    House,
    a_body,
    a_sender,
    a_server,
    framed,
    until,
)

NAK = b"\x0bMSH|^~\\&|||||20261103150000.123+0000||ACK|OURS1|P|2.5.1\rMSA|AR\r"


async def test_message__is_answered_with_these_bytes() -> None:
    house = House()
    async with a_server(house) as server, a_sender(server) as sender:
        await sender.send(framed(BODY))
        assert await sender.answer() == BODY_ACK
    assert list(house.store.rows) == [BODY_ID]


async def test_message__cut_at_every_offset_is_one_message() -> None:
    wire = framed(BODY)
    house = House()
    async with a_server(house, connections=1000, per_peer=1000) as server:

        async def cut(at: int) -> bytes:
            async with a_sender(server) as sender:
                await sender.send(wire[:at])
                await asyncio.sleep(0.002)
                await sender.send(wire[at:])
                return await sender.answer()

        for start in range(1, len(wire), 50):
            answers = await asyncio.gather(*(cut(at) for at in range(start, min(start + 50, len(wire)))))
            assert all(b"MSA|AA|MSG1\r" in answer for answer in answers)
    assert list(house.store.rows) == [BODY_ID]


async def test_message__cut_short_by_the_sender_is_neither_stored_nor_answered() -> None:
    wire = framed(BODY)
    house = House()
    async with a_server(house, connections=1000, per_peer=1000) as server:

        async def leave(at: int) -> bytes:
            async with a_sender(server) as sender:
                await sender.send(wire[:at])
                sender.writer.write_eof()
                return await sender.rest()

        for start in range(0, len(wire), 50):
            rests = await asyncio.gather(*(leave(at) for at in range(start, min(start + 50, len(wire)))))
            assert set(rests) == {b""}
    assert house.store.rows == {}


async def test_messages__in_one_write_are_answered_in_order() -> None:
    house = House()
    ids = [f"M{n}" for n in range(100)]
    async with a_server(house, at_once=7) as server, a_sender(server) as sender:
        await sender.send(b"".join(framed(a_body(one)) for one in ids))
        answers = [await sender.answer() for _ in ids]
    assert [answer.split(b"MSA|AA|")[1] for answer in answers] == [one.encode() + b"\r\x1c\r" for one in ids]
    assert len(house.store.rows) == 100
    assert len(house.store.writes) < 40


async def test_noise__between_frames_is_skipped() -> None:
    house = House()
    async with a_server(house) as server, a_sender(server) as sender:
        await sender.send(b"\r\n\x1c\rGET / HTTP\r\n" + framed(BODY) + b"\x00\x06noise" + framed(a_body("MSG2")))
        assert b"MSA|AA|MSG1\r" in await sender.answer()
        assert b"MSA|AA|MSG2\r" in await sender.answer()


async def test_message__with_lf_and_a_start_byte_inside_is_taken_as_it_is() -> None:
    house = House()
    body = BODY.replace(b"\r", b"\n") + b"ZZZ|\x0b|\x1c|\n"
    async with a_server(house) as server, a_sender(server) as sender:
        await sender.send(framed(body))
        assert b"MSA|AA|MSG1\r" in await sender.answer()
    assert [row.message.body for row in house.store.rows.values()] == [body]


async def test_refused__no_msh_is_answered_ar_and_the_connection_lives() -> None:
    house = House()
    async with a_server(house) as server, a_sender(server) as sender:
        await sender.send(framed(b"\xff\x00 not HL7") + framed(BODY))
        assert await sender.answer() == NAK + b"ERR|||100^Segment sequence error^HL70357|E\r\x1c\r"
        assert b"MSA|AA|MSG1\r" in await sender.answer()
    assert [copy.code for copy in house.store.refused.values()] == ["no-msh"]


async def test_enhanced_mode__is_answered_with_a_commit_where_it_is_asked_for() -> None:
    wants, never = (BODY.replace(b"|P|2.5.1", b"|P|2.5.1|||" + mode + b"|NE") for mode in (b"AL", b"NE"))
    house = House()
    async with a_server(house) as server, a_sender(server) as sender:
        await sender.send(framed(never.replace(b"MSG1", b"MSG0")) + framed(wants))
        assert b"MSA|CA|MSG1\r" in await sender.answer()
        await until(lambda: len(house.store.rows) == 2, "both stored")


async def test_too_large__is_answered_at_once_and_the_rest_passed_over() -> None:
    house = House(limit=1000)
    async with a_server(house, message=1000) as server, a_sender(server) as sender:
        await sender.send(b"\x0b" + BODY + b"x" * 5000)
        answer = await sender.answer()
        assert b"MSA|AR|MSG1\rERR|||207^Application internal error^HL70357|E\r" in answer
        await sender.send(b"y" * 5000 + b"\x1c\r" + framed(a_body("MSG2")))
        assert b"MSA|AA|MSG2\r" in await sender.answer()
    (copy,) = house.store.refused.values()
    assert (copy.code, copy.body) == ("too-large", (BODY + b"x" * 5000)[:1000])


async def test_too_large__in_enhanced_mode_is_cr() -> None:
    house = House(limit=1000)
    body = BODY.replace(b"|P|2.5.1", b"|P|2.5.1|||AL|NE")
    async with a_server(house, message=1000) as server, a_sender(server) as sender:
        await sender.send(framed(body + b"x" * 5000))
        assert b"MSA|CR|MSG1\r" in await sender.answer()


async def test_too_large__without_msh_closes() -> None:
    house = House(limit=1000)
    async with a_server(house, message=1000) as server, a_sender(server) as sender:
        await sender.send(b"\x0b" + b"x" * 5000)
        assert await sender.rest() == b""
    assert [copy.code for copy in house.store.refused.values()] == ["too-large"]


async def test_too_large__endless_leaves_memory_flat() -> None:
    house = House()
    async with a_server(house, frame=60.0) as server, a_sender(server) as sender:
        await sender.send(b"\x0b" + BODY + b"x" * 2_000_000)
        assert b"MSA|AR|MSG1\r" in await sender.answer()
        chunk = b"z" * 1_048_576
        tracemalloc.start()
        for _ in range(64):
            await sender.send(chunk)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 4 * 1_048_576, "both ends together, for 64 MiB"


async def test_sender__that_resets_the_connection_disturbs_nobody() -> None:
    house = House()
    house.store.gate.clear()
    async with a_server(house) as server:
        async with a_sender(server) as sender:
            await sender.send(framed(BODY))
            await house.store.asked.wait()
            sender.writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            sender.writer.transport.abort()
        house.store.gate.set()
        await until(lambda: not server._open, "the connection is gone")
        async with a_sender(server) as again:
            await again.send(framed(BODY))
            assert b"MSA|AA|MSG1\r" in await again.answer()
    assert list(house.store.rows) == [BODY_ID]


async def test_slow_sender__is_closed_at_the_frames_deadline_however_busy_it_looks() -> None:
    house = House()
    async with a_server(house, frame=0.3) as server, a_sender(server) as sender:
        started = asyncio.get_running_loop().time()
        await sender.send(b"\x0b")

        async def drip() -> None:
            while True:
                await sender.send(b"M")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        assert await sender.rest() == b""
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
        assert 0.25 < asyncio.get_running_loop().time() - started < 15.0
    assert house.store.rows == {}


async def test_slow_sender__after_too_large_is_closed_too() -> None:
    house = House(limit=1000)
    async with a_server(house, message=1000, frame=0.3) as server, a_sender(server) as sender:
        await sender.send(b"\x0b" + BODY + b"x" * 2000)
        assert b"MSA|AR|MSG1\r" in await sender.rest()


@pytest.mark.parametrize("noise", [b"", b"noise"])
async def test_idle__is_closed_and_noise_buys_no_time(noise: bytes) -> None:
    house = House()
    async with a_server(house, idle=0.3) as server, a_sender(server) as sender:

        async def make_noise() -> None:
            while noise:
                await sender.send(noise)
                await asyncio.sleep(0.02)

        noisy = asyncio.create_task(make_noise())
        assert await sender.rest() == b""
        noisy.cancel()
        await asyncio.gather(noisy, return_exceptions=True)


async def test_idle__runs_anew_from_each_message() -> None:
    house = House()
    async with a_server(house, idle=2.0) as server, a_sender(server) as sender:
        for n in range(5):  # a pause may take much longer on a busy machine
            await sender.send(framed(a_body(f"M{n}")))
            await sender.answer()
            await asyncio.sleep(0.6)


async def test_sender__that_reads_no_answers_is_closed() -> None:
    house = House()
    long = BODY.replace(b"|NORTH|", b"|" + b"N" * 40_000 + b"|")  # our answer echoes it, so that few fill the buffers
    async with a_server(house, frame=0.3) as server:
        async with a_sender(server) as sender:
            sender.writer.transport.pause_reading()  # type: ignore[attr-defined]

            async def pour() -> None:
                while True:
                    await sender.send(framed(long))

            with pytest.raises(OSError):  # noqa: PT011 - reset or broken pipe, as the kernel likes
                await asyncio.wait_for(pour(), 30)
        async with a_sender(server) as healthy:
            await healthy.send(framed(BODY))
            assert b"MSA|AA|MSG1\r" in await healthy.answer()


async def test_answer__comes_only_after_the_store_has_it() -> None:
    house = House()
    house.store.gate.clear()
    async with a_server(house) as server, a_sender(server) as sender:
        await sender.send(framed(BODY))
        await house.store.asked.wait()
        with pytest.raises(TimeoutError):
            await sender.answer(seconds=0.3)
        assert house.store.rows == {}
        house.store.gate.set()
        rest = await sender.reader.readuntil(b"\x1c\r")
        assert rest == BODY_ACK


async def test_store_away__closes_without_an_answer() -> None:
    house = House()
    house.store.away = True
    async with a_server(house) as server:
        async with a_sender(server) as sender:
            await sender.send(framed(BODY))
            assert await sender.rest() == b""
        house.store.away = False
        async with a_sender(server) as sender:
            await sender.send(framed(BODY))
            assert b"MSA|AA|MSG1\r" in await sender.answer()
    assert list(house.store.rows) == [BODY_ID]


async def test_store_away__in_mid_stream_answers_what_was_stored_and_no_more() -> None:
    house = House()
    async with a_server(house, at_once=1) as server, a_sender(server) as sender:
        await sender.send(framed(BODY))
        assert await sender.answer() == BODY_ACK
        house.store.away = True
        await sender.send(framed(a_body("MSG2")) + framed(a_body("MSG3")))
        assert await sender.rest() == b""


async def test_backlog_full__closes_without_an_answer() -> None:
    house = House()
    house.full = True
    async with a_server(house) as server, a_sender(server) as sender:
        await sender.send(framed(BODY))
        assert await sender.rest() == b""


async def test_sent_again__is_answered_aa_and_stored_once() -> None:
    house = House()
    async with a_server(house) as server:
        for _ in range(3):
            async with a_sender(server) as sender:
                await sender.send(framed(BODY))
                assert b"MSA|AA|MSG1\r" in await sender.answer()
    await house.voice.close()
    assert len(house.store.rows) == len(house.records) == 1


async def test_connections__sixty_four_at_once_share_writes() -> None:
    house = House()
    house.store.gate.clear()
    async with a_server(house) as server:

        async def one(n: int) -> bytes:
            async with a_sender(server) as sender:
                await sender.send(framed(a_body(f"M{n}")))
                return await sender.answer()

        senders = [asyncio.create_task(one(n)) for n in range(64)]
        await until(lambda: len(server._open) == 64 and all(c.busy for c in server._open.values()), "all sent")
        house.store.gate.set()
        answers = await asyncio.gather(*senders)
    assert {answer.split(b"MSA|AA|")[1].split(b"\r")[0] for answer in answers} == {b"M%d" % n for n in range(64)}
    assert sum(house.store.writes) == 64
    assert len(house.store.writes) <= 4


@pytest.mark.parametrize("limits", [{"connections": 2}, {"per_peer": 2}])
async def test_connections__above_the_limit_are_closed_and_the_others_live(limits: dict[str, Any]) -> None:
    house = House()
    async with a_server(house, **limits) as server:
        async with a_sender(server) as first, a_sender(server) as second:
            await until(lambda: len(server._open) == 2, "two are open")
            async with a_sender(server) as third:
                assert await third.rest() == b""
            for sender in (first, second):
                await sender.send(framed(BODY))
                assert b"MSA|AA|MSG1\r" in await sender.answer()
        await until(lambda: not server._open, "both are closed")
        async with a_sender(server) as fourth:
            await fourth.send(framed(BODY))
            assert b"MSA|AA|MSG1\r" in await fourth.answer()


async def test_stop__answers_what_is_being_stored_and_closes_the_rest() -> None:
    house = House()
    house.store.gate.clear()
    async with a_server(house) as server, a_sender(server) as busy, a_sender(server) as silent:
        await busy.send(framed(BODY))
        await house.store.asked.wait()
        await until(lambda: len(server._open) == 2, "both are open")
        stopping = asyncio.create_task(server.stop())
        assert await silent.rest() == b""
        assert not stopping.done()
        house.store.gate.set()
        await asyncio.wait_for(stopping, 30)
        assert await busy.rest() == BODY_ACK
        with pytest.raises(OSError):  # noqa: PT011 - refused
            await asyncio.open_connection("127.0.0.1", server.port)


async def test_stop__does_not_wait_for_ever() -> None:
    house = House()
    house.store.gate.clear()
    async with a_server(house, stop=0.2) as server, a_sender(server) as sender:
        await sender.send(framed(BODY))
        await house.store.asked.wait()
        await asyncio.wait_for(server.stop(), 3)
        assert await sender.rest() == b""
        house.store.gate.set()


async def test_bug__in_answering_closes_that_connection_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    async with a_server(house) as server, a_sender(server) as other:
        with monkeypatch.context() as patched:
            patched.setattr(Conversation, "_written", lambda *_: 1 // 0)
            async with a_sender(server) as sender:
                await sender.send(framed(BODY))
                assert await sender.rest() == b""
        await other.send(framed(BODY))
        assert b"MSA|AA|MSG1\r" in await other.answer()


def test_dtm__is_utc_with_milliseconds_and_offset() -> None:
    assert dtm(AT) == "20261103150000.123+0000"
