"""Doors that follow the profiles: opened, closed and given another mode while messages come."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.gateway.doors.limits import Limits
from services.gateway.doors.mllp.conversation import Door
from services.gateway.doors.mllp.doors import MllpDoors
from services.gateway.doors.mllp.server import MllpServer
from shared.feeds import FeedProfile
from shared.schemas.envelope import Mode
from shared.telemetry import registry
from tests.unit.gateway.parts import House, Sender, a_body, a_feed, framed, until


@asynccontextmanager
async def some_doors(house: House) -> AsyncIterator[MllpDoors]:
    def make(profile: FeedProfile, port: int) -> MllpServer:
        return MllpServer(Door(profile, house.intake, house.clock, lambda: "OURS1"), port, limits=Limits())

    doors = MllpDoors(make)
    try:
        yield doors
    finally:
        await doors.stop()


@asynccontextmanager
async def sender_to(port: int) -> AsyncIterator[Sender]:
    sender = Sender(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield sender
    finally:
        await sender.close()


def open_of(feed: str) -> float | None:
    return registry.get_sample_value("care_door_open", {"feed": feed})


async def test_follow__opens_what_is_new_and_closes_what_is_gone() -> None:
    async with some_doors(House()) as doors:
        await doors.follow([a_feed(mllp_port=0), a_feed(feed="topic-only")])
        north = doors.port_of("north")
        assert north > 0
        assert (doors.port_of("topic-only"), open_of("north")) == (0, 1)
        await doors.follow([a_feed(mllp_port=0), a_feed(feed="south", mllp_port=0)])
        assert doors.port_of("north") == north, "the door that stays was not shut for it"
        assert doors.port_of("south") > 0
        await doors.follow([a_feed(feed="south", mllp_port=0)])
        assert (doors.port_of("north"), open_of("north"), open_of("south")) == (0, 0, 1)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", north)
    assert open_of("south") == 0


async def test_follow__another_mode_counts_from_the_next_message_of_an_open_connection() -> None:
    house = House()
    async with some_doors(house) as doors:
        await doors.follow([a_feed(mllp_port=0, mode=Mode.SHADOW)])
        async with sender_to(doors.port_of("north")) as sender:
            await sender.send(framed(a_body("M1")))
            await sender.answer()
            await doors.follow([a_feed(mllp_port=0, mode=Mode.LIVE)])
            await sender.send(framed(a_body("M2")))
            await sender.answer()
        await until(lambda: len(house.records) == 2, "both said")
    modes = {record.value: record.header("ce_mode") for record in house.records}
    assert modes == {a_body("M1"): "shadow", a_body("M2"): "live"}


@pytest.mark.parametrize(
    ("mode", "asks", "answers"),
    [
        ("as-asked", b"", [b"MSA|AA|M1", b"MSA|AR|M2"]),
        ("original", b"|||AL|NE", [b"MSA|AA|M1", b"MSA|AR|M2"]),
        ("enhanced", b"|||NE|NE", [b"MSA|CA|M1", b"MSA|CR|M2"]),
    ],
)
async def test_answers__go_by_the_feeds_acknowledgement(mode: str, asks: bytes, answers: list[bytes]) -> None:
    profile = a_feed(mllp_port=0, acknowledgement={"mode": mode, "not_adt": "reject"})
    house = House()
    bodies = [a_body(one).replace(b"|P|2.5.1", b"|P|2.5.1" + asks) for one in ("M1", "M2")]
    bodies[1] = bodies[1].replace(b"ADT^A03^ADT_A03", b"ORU^R01^ORU_R01")
    async with some_doors(house) as doors:
        await doors.follow([profile])
        async with sender_to(doors.port_of("north")) as sender:
            await sender.send(b"".join(framed(body) for body in bodies))
            got = [await sender.answer() for _ in bodies]
    assert [wanted in answer for wanted, answer in zip(answers, got, strict=True)] == [True, True], got
    assert b"200^Unsupported message type" in got[1]
    assert [one.code for one in house.store.refused.values()] == ["not-adt"]


async def test_follow__a_closed_door_answers_what_it_has_read() -> None:
    house = House()
    async with some_doors(house) as doors:
        await doors.follow([a_feed(mllp_port=0)])
        house.store.gate.clear()
        async with sender_to(doors.port_of("north")) as sender:
            await sender.send(framed(a_body("M1")))
            await house.store.asked.wait()
            closing = asyncio.create_task(doors.follow([]))
            await until(lambda: doors.port_of("north") == 0, "the door is closing")
            assert not closing.done()
            house.store.gate.set()
            assert b"MSA|AA|M1" in await sender.answer()
            assert await sender.rest() == b""
        await closing
    assert len(house.store.rows) == 1


async def test_follow__a_taken_port_is_tried_again_and_holds_nobody_up(capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        feeds = [a_feed(mllp_port=port), a_feed(feed="south", mllp_port=0)]
        async with some_doors(House()) as doors:
            for _ in range(3):
                await doors.follow(feeds)
            assert (doors.port_of("north"), open_of("north"), open_of("south")) == (0, 0, 1)
            said = capsys.readouterr()
            assert (said.out + said.err).count("door_stays_closed") == 1
            taken.close()
            await doors.follow(feeds)
            assert (doors.port_of("north"), open_of("north")) == (port, 1)


async def test_follow__another_port_is_another_door() -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    async with some_doors(House()) as doors:
        await doors.follow([a_feed(mllp_port=0)])
        before = doors.port_of("north")
        await doors.follow([a_feed(mllp_port=port)])
        assert doors.port_of("north") == port
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", before)
