"""The gateway as it is deployed, while its feeds are added, broken, mended and switched off: nobody restarts it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiokafka import AIOKafkaProducer

from demo.stack import Kafka, Mongo
from demo.stack.ports import free_ports
from shared.stream.administration import create
from tests.integration.test_gateway_doors import FEEDS, ROOT, Place, asked, eventually
from tests.unit.gateway.parts import SECRET, a_body
from tests.unit.gateway.test_http import NORTH, TOKEN

pytestmark = pytest.mark.integration


@pytest.fixture
async def place(kafka: Kafka, mongo: Mongo, unique: str) -> Place:
    found = Place(kafka, mongo, unique)
    await create(found.broker, 1, [found.topic])
    return found


@asynccontextmanager
async def a_gateway(place: Place, tmp_path: Path, http_port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    (tmp_path / "secret").write_bytes(SECRET)
    files = {"CARE_FEEDS_FILE": f"{tmp_path}/feeds", "CARE_IDENTITY_SECRET_FILE": f"{tmp_path}/secret"}
    files["CARE_HTTP_PORT"] = str(http_port)
    command = (sys.executable, "-m", "services.gateway")
    with (tmp_path / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env={**os.environ, **place.environment(), **files}, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def is_open(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def posted(port: int, body: bytes) -> int:
    """The status of one post with north's token, 0 where nobody listens."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "text/plain"}
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"http://127.0.0.1:{port}/adt", data=body, headers=headers) as response,
        ):
            return response.status
    except aiohttp.ClientConnectorError:
        return 0


async def test_feeds__added_broken_mended_and_switched_off_while_it_runs(place: Place, tmp_path: Path) -> None:
    north, south, moved, http = free_ports(4)
    feeds, named = tmp_path / "feeds", (place.unique, f"{place.unique}-south")

    def write(feed: str, port: int, **changes: str) -> None:
        text = FEEDS.format(feed=feed, port=port)
        for old, new in changes.items():
            text = text.replace(old, new)
        (feeds / "new").write_text(text)
        (feeds / "new").rename(feeds / f"{feed}.toml")

    def logged(what: str) -> int:
        return (tmp_path / "log").read_text().count(what)

    async def said_mode(control_id: str) -> Any:
        records = await place.said(lambda found: any(r.value == a_body(control_id) for r in found))
        return next(r.header("ce_mode") for r in records if r.value == a_body(control_id))

    feeds.mkdir()
    write(named[0], north)
    async with a_gateway(place, tmp_path, http) as gateway:
        await eventually(lambda: is_open(north), "the first door is open")
        write(named[1], south)
        await eventually(lambda: is_open(south), "the added feed has a door")
        assert b"MSA|AA|S1" in (await asked(south, [a_body("S1")]))[0]

        write(named[1], south, live="loud")
        await eventually(lambda: _is(logged("feeds_refused"), 1), "the broken edition is refused")
        assert logged(f"{named[1]}.toml: feed[0].mode: Input should be") == 1
        assert b"MSA|AA|N1" in (await asked(north, [a_body("N1")]))[0]
        assert b"MSA|AA|S2" in (await asked(south, [a_body("S2")]))[0]

        write(named[1], south)
        write(named[0], north, live="shadow")
        await eventually(lambda: _is(logged("feeds_taken"), 2), "the mended edition counts")
        assert b"MSA|AA|N2" in (await asked(north, [a_body("N2")]))[0]
        assert [await said_mode(one) for one in ("N1", "N2")] == ["live", "shadow"]

        write(named[1], south, live="off")
        await eventually(lambda: _not(is_open(south)), "the door of the feed that is off is closed")
        assert await is_open(north)

        topic = f'mllp_port = {moved}\nkafka_topic = "{place.topic}"\n'
        write(named[0], north, **{f"mllp_port = {north}\n": topic})
        await eventually(lambda: _is(logged("topics_heard"), 1), "its topic is heard")
        await eventually(lambda: _not(is_open(north)), "the door of the port before is closed")
        await eventually(lambda: is_open(moved), "the feed moved to the other port")
        async with AIOKafkaProducer(bootstrap_servers=place.kafka.bootstrap) as producer:
            await producer.send_and_wait(place.topic, a_body("T1"))
        assert await said_mode("T1") == "live"

        assert await posted(http, a_body("P1")) == 401
        token = f'http_token_sha256 = "{NORTH}"\n'
        write(named[0], moved, **{f"mllp_port = {moved}\n": token})
        await eventually(lambda: _posted(http, "P1", 200), "the token of the new edition may post")
        write(named[0], moved, live="off", **{f"mllp_port = {moved}\n": token})
        await eventually(lambda: _posted(http, "P2", 403), "the feed is off")
        assert gateway.returncode is None
    assert "Canarybird" not in (tmp_path / "log").read_text()


async def _is(count: int, wanted: int) -> bool:
    return count == wanted


async def _posted(port: int, control_id: str, wanted: int) -> bool:
    return await posted(port, a_body(control_id)) == wanted


async def _not(asking: Any) -> bool:
    return not await asking
