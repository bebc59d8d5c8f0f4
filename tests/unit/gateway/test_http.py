"""The HTTP door through real sockets: who may post, what is kept before it is answered, and each refusal's status."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from services.gateway.doors.http.post import Post
from services.gateway.doors.http.senders import Senders
from services.gateway.doors.http.server import HttpDoor
from services.gateway.doors.limits import Limits
from shared.feeds import FeedProfile
from shared.telemetry import registry
from tests.unit.gateway.parts import BODY, BODY_ACK, BODY_ID, House, a_body, a_feed, until
from tests.unit.gateway.test_batches import ANSWER, BATCH, BHS

# printf 'token-of-north' | openssl dgst -sha256
NORTH = "7e8684a4e181d9f60270b0cb4dae2929049aca9ecf6b31ae3b10b9f7fd5f8801"
SOUTH = "38f3503f5485cde72b3c990a1d96bac940dd5e9208d3781b6b229dc2ec15a2fa"
TOKEN = "token-of-north"
ER7 = "x-application/hl7-v2+er7"
EVENTS = Path(__file__).parents[3] / "shared/schemas/examples/adt.inbound.v1/adt-event.v1"
EVENT = (EVENTS / "a03-discharge-home.json").read_bytes()


def north(**changes: Any) -> FeedProfile:
    return a_feed(http_token_sha256=NORTH, **changes)


@dataclass
class Reply:
    status: int
    headers: Any
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        assert self.headers["Content-Type"] == "application/json"
        content: dict[str, Any] = json.loads(self.body)
        return content

    @property
    def short(self) -> tuple[int, str]:
        return self.status, self.content["code"]


class Client:
    def __init__(self, session: aiohttp.ClientSession, door: HttpDoor) -> None:
        self.session, self.door = session, door

    async def post(self, body: Any = BODY, kind: str = ER7, token: str = TOKEN, **headers: str) -> Reply:
        sent = {"Authorization": f"Bearer {token}", "Content-Type": kind, **headers}
        return await self.ask("POST", "/adt", data=body, headers={k: v for k, v in sent.items() if v != "-"})

    async def ask(self, method: str, path: str, **options: Any) -> Reply:
        url = f"http://127.0.0.1:{self.door.port}{path}"
        async with self.session.request(method, url, **options) as response:
            return Reply(response.status, response.headers, await response.read())


@asynccontextmanager
async def a_door(
    house: House, profiles: Iterable[FeedProfile] | None = None, *, tls: Any = None, **limits: Any
) -> AsyncIterator[Client]:
    numbers = iter(range(1, 1_000_000))
    found, senders = Limits(**limits), Senders()
    post = Post(senders, house.intake, house.clock, lambda: f"OURS{next(numbers)}", found)
    door = HttpDoor(senders, post, 0, limits=found, tls=tls)
    await door.follow([north()] if profiles is None else profiles)
    try:
        async with aiohttp.ClientSession() as session:
            yield Client(session, door)
    finally:
        await door.stop()
        await house.voice.close()


async def test_er7__is_stored_and_answered_as_over_mllp() -> None:
    house = House()
    async with a_door(house) as client:
        reply = await client.post()
    assert (reply.status, reply.headers["Content-Type"]) == (200, ER7)
    assert reply.body == BODY_ACK.removeprefix(b"\x0b").removesuffix(b"\x1c\r")
    assert list(house.store.rows) == [BODY_ID]
    assert [record.value for record in house.records] == [BODY]


async def test_er7__as_plain_text_is_answered_in_plain_text() -> None:
    async with a_door(House()) as client:
        reply = await client.post(kind="text/plain; charset=utf-8")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/plain")


async def test_er7__with_json_asked_for_is_answered_with_its_id() -> None:
    async with a_door(House()) as client:
        reply = await client.post(Accept="application/json")
    assert (reply.status, reply.content) == (200, {"status": "stored", "message_ids": [BODY_ID]})


async def test_er7__that_wants_no_acknowledgement_is_still_told_200() -> None:
    house = House()
    async with a_door(house) as client:
        reply = await client.post(BODY.replace(b"|P|2.5.1", b"|P|2.5.1|||NE|NE"))
    assert (reply.status, reply.body, len(house.store.rows)) == (200, b"", 1)


async def test_er7__posted_twice_is_stored_once_and_answered_twice() -> None:
    house = House()
    async with a_door(house) as client:
        assert [(await client.post()).status for _ in range(2)] == [200, 200]
    assert (len(house.store.rows), len(house.records)) == (1, 1)


async def test_answer__comes_only_after_the_store_has_it() -> None:
    house = House()
    house.store.gate.clear()
    async with a_door(house) as client:
        asking = asyncio.create_task(client.post())
        await house.store.asked.wait()
        assert not asking.done()
        house.store.gate.set()
        assert (await asking).status == 200


async def test_json__is_stored_as_it_came() -> None:
    house = House()
    async with a_door(house) as client:
        reply = await client.post(EVENT, "application/json")
    (row,) = house.store.rows.values()
    assert (reply.status, reply.content) == (200, {"status": "stored", "message_ids": [row.message.id]})
    assert (row.message.body, row.message.media_type, row.message.control_id) == (
        EVENT,
        "application/json",
        "MSG00017342",
    )


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"patient": None}, "patient: model-type"),
        ({"occurred_at": {"text": "Canarybird", "precision": "day"}}, "occurred_at.offset_source: missing"),
        ({"occurred_at": {"text": "2026", "precision": "year", "offset_source": "none"}}, "occurred_at: no-time"),
        ({"cleared": ["a", 7]}, "cleared.1: string-type"),
    ],
)
async def test_json__that_is_no_adt_event_is_refused_with_the_place_of_each_fault(changes: Any, fault: str) -> None:
    house = House()
    body = json.dumps(json.loads(EVENT) | changes).encode()
    async with a_door(house) as client:
        reply = await client.post(body, "application/json")
    assert (reply.short, reply.content["faults"]) == ((422, "json-no-adt-event"), [fault])
    assert b"Canarybird" not in reply.body
    (copy,) = house.store.refused.values()
    assert (copy.body, reply.content["message_ids"]) == (body, [copy.id])


@pytest.mark.parametrize("body", [b"[]", b"{", b""])
async def test_json__that_is_no_object_is_refused(body: bytes) -> None:
    async with a_door(House()) as client:
        reply = await client.post(body, "application/json")
        assert reply.short == (422, "json-no-object")
        assert "faults" not in reply.content


@pytest.mark.parametrize(
    ("body", "changes", "code"),
    [
        (b"PID|1||100200", {}, "no-msh"),
        (b"", {}, "empty"),
        (BODY.replace(b"ADT^", b"ORU^"), {"acknowledgement": {"not_adt": "reject"}}, "not-adt"),
    ],
)
async def test_er7__that_can_never_succeed_is_422_and_a_copy_kept(body: bytes, changes: Any, code: str) -> None:
    house = House()
    async with a_door(house, [north(**changes)]) as client:
        reply = await client.post(body)
    assert (reply.short, reply.content["status"]) == ((422, code), "refused")
    assert [(copy.id, copy.body) for copy in house.store.refused.values()] == [(reply.content["message_ids"][0], body)]


async def test_batch__is_answered_with_a_batch() -> None:
    house = House()
    async with a_door(house) as client:
        reply = await client.post(BATCH)
    assert (reply.status, reply.body) == (200, ANSWER.removeprefix(b"\x0b").removesuffix(b"\x1c\r"))
    assert house.store.writes == [2]


async def test_batch__with_json_asked_for_tells_what_of_it_is_refused() -> None:
    async with a_door(House()) as client:
        reply = await client.post(BHS + b"PID|1||7\r" + BODY + b"BTS|2\r", Accept="application/json")
        nothing = await client.post(BHS + b"BTS|0\r", Accept="application/json")
    told = {"status": "stored", "message_ids": [BODY_ID], "refused": [{"message": 1, "code": "no-msh"}]}
    assert (reply.status, reply.content) == (200, told)
    assert (nothing.status, nothing.content) == (200, {"status": "stored", "message_ids": []})


async def test_several__without_a_batch_are_stored_each_and_answered_once() -> None:
    house, two = House(), BODY + a_body("MSG2")
    async with a_door(house) as client:
        reply = await client.post(two)
        as_json = await client.post(two, Accept="application/json")
    assert (reply.status, reply.body) == (200, BODY_ACK.removeprefix(b"\x0b").removesuffix(b"\x1c\r"))
    assert (as_json.status, as_json.content["message_ids"]) == (200, list(house.store.rows))
    assert house.store.writes == [2, 2]


async def test_batch__of_which_nothing_can_be_read_is_422() -> None:
    async with a_door(House()) as client:
        reply = await client.post(BHS + b"PID|1||7\rMSH\rBTS|2\r")
    assert (reply.short, len(reply.content["message_ids"])) == ((422, "bad-separators,no-msh"), 2)


@pytest.mark.parametrize("header", ["-", "Basic bm9ydGg6eA==", "Bearer", "Bearer token-of-nort", "Bearer \udce4"])
async def test_token__that_is_none_of_ours_is_401_and_the_connection_closes(header: str) -> None:
    house = House()
    async with a_door(house) as client:
        raw = header.encode("utf-8", "surrogateescape").decode("latin-1") if header != "-" else header
        reply = await client.post(Authorization=raw)
    assert reply.short == (401, "no-token" if header == "-" else "token-unknown")
    assert (reply.headers["WWW-Authenticate"], reply.headers["Connection"]) == ("Bearer", "close")
    assert (house.store.rows, house.store.refused) == ({}, {})


async def test_token__says_which_feed_it_is_whatever_the_message_says() -> None:
    house = House()
    south = a_feed(feed="south", tenant="tenant-2", http_token_sha256=SOUTH)
    async with a_door(house, [north(), south, a_feed(feed="mllp-only")]) as client:
        assert (await client.post(token="token-of-south")).status == 200
    assert [(row.message.feed, row.message.tenant) for row in house.store.rows.values()] == [("south", "tenant-2")]


async def test_feed__switched_off_and_on_again_is_followed() -> None:
    house = House()
    async with a_door(house) as client:
        port = client.door.port
        await client.door.follow([north(mode="off")])
        assert (await client.post()).short == (403, "feed-off")
        await client.door.follow([north(mode="shadow")])
        assert (await client.post()).status == 200
        await client.door.follow([])
        assert (await client.post()).short == (401, "token-unknown")
        assert client.door.port == port
    assert [row.message.mode.value for row in house.store.rows.values()] == ["shadow"]


@pytest.mark.parametrize("kind", ["application/xml", "-", "application/fhir+json"])
async def test_media_type__that_is_none_of_ours_is_415(kind: str) -> None:
    async with a_door(House()) as client:
        assert (await client.post(kind=kind)).short == (415, "media-type-unknown")


async def test_too_large__is_413_with_the_limit_and_its_beginning_is_kept() -> None:
    house = House(limit=1000)
    async with a_door(house, message=1000) as client:
        reply = await client.post(BODY + b"x" * 200_000)
        assert (reply.short, reply.content["limit_bytes"]) == ((413, "too-large"), 1000)
        assert (await client.post(BODY)).status == 200
    assert [(copy.code, copy.body[:3]) for copy in house.store.refused.values()] == [("too-large", b"MSH")]


async def test_store_away__is_503_and_nothing_is_kept_then_it_heals() -> None:
    house = House()
    async with a_door(house) as client:
        house.store.away = True
        for body, kind in ((BODY, ER7), (BATCH, ER7), (EVENT, "application/json"), (b"PID|1", ER7)):
            reply = await client.post(body, kind)
            assert (reply.short, reply.headers["Retry-After"]) == ((503, "mongodb-away"), "5")
        assert (house.store.rows, house.store.refused) == ({}, {})
        house.store.away = False
        assert (await client.post()).status == 200


async def test_backlog_full__is_503() -> None:
    house = House()
    house.full = True
    async with a_door(house) as client:
        assert (await client.post()).short == (503, "backlog-away")


async def test_elsewhere__is_answered_in_json_too() -> None:
    async with a_door(House()) as client:
        assert (await client.ask("GET", "/adt")).short == (405, "http-405")
        assert (await client.ask("POST", "/")).short == (404, "http-404")


async def test_bug__is_500_with_its_place_and_no_word_of_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    async with a_door(house) as client:
        monkeypatch.setattr("services.gateway.doors.http.post.answer", lambda *_: {}["Canarybird"])
        with capture_logs() as logs:
            reply = await client.post()
        monkeypatch.undo()
        assert (await client.post()).status == 200
    assert reply.status == 500
    assert reply.content["code"].startswith("bug-KeyError-")
    assert b"Canarybird" not in reply.body + repr(logs).encode()


async def raw(client: Client, data: bytes) -> bytes:
    """What comes back for these bytes until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.door.port)
    try:
        writer.write(data)
        return await asyncio.wait_for(reader.read(), 30)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


HEAD = b"POST /adt HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-of-north\r\nContent-Type: text/plain\r\n"


async def test_slow_sender__of_a_body_is_told_408_and_closed() -> None:
    house = House()
    async with a_door(house, frame=0.2) as client:
        reply = await raw(client, HEAD + b"Content-Length: 500\r\n\r\nMSH|")
    assert reply.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"slow"' in reply
    assert (house.store.rows, house.store.refused) == ({}, {})


@pytest.mark.parametrize("head", [b"", HEAD])
async def test_slow_sender__of_a_head_is_closed(head: bytes) -> None:
    async with a_door(House(), frame=0.2) as client:
        assert await raw(client, head) == b""


async def test_sender__that_goes_in_the_middle_leaves_nothing() -> None:
    house = House()
    async with a_door(house) as client:
        _, writer = await asyncio.open_connection("127.0.0.1", client.door.port)
        writer.write(HEAD + b"Content-Length: 5000\r\n\r\n" + BODY)
        await writer.drain()
        writer.close()
        assert (await client.post(a_body("MSG2"))).status == 200
    assert [row.message.control_id for row in house.store.rows.values()] == ["MSG2"]
    assert house.store.refused == {}


async def test_connections__above_the_limit_are_closed_and_the_others_live() -> None:
    async with a_door(House(), connections=1) as client:
        assert (await client.post()).status == 200  # the session keeps its connection
        assert await raw(client, HEAD) == b""
        assert (await client.post()).status == 200


async def test_stop__answers_what_is_being_stored() -> None:
    house = House()
    house.store.gate.clear()
    async with a_door(house) as client:
        asking = asyncio.create_task(client.post())
        await house.store.asked.wait()
        stopping = asyncio.create_task(client.door.stop())
        await until(lambda: client.door._server is None, "it takes no more")
        house.store.gate.set()
        assert (await asking).status == 200
        await stopping
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.post()


async def test_port__that_is_taken_is_told_once_and_tried_again() -> None:
    house = House()
    taken = socket.create_server(("127.0.0.1", 0))
    senders = Senders()
    post = Post(senders, house.intake, house.clock, lambda: "OURS1", Limits())
    door = HttpDoor(senders, post, taken.getsockname()[1])
    with capture_logs() as logs:
        await door.follow([north()])
        await door.follow([north()])
    assert [entry["event"] for entry in logs] == ["door_stays_closed"]
    taken.close()
    await door.follow([north()])
    async with aiohttp.ClientSession() as session:
        assert (await Client(session, door).post()).status == 200
    await door.stop()
    await house.voice.close()


async def test_posts__are_counted_by_feed_and_status() -> None:
    def counted(feed: str, status: str) -> float:
        return registry.get_sample_value("care_http_posts_total", {"feed": feed, "status": status}) or 0.0

    before = counted("north", "200"), counted("none", "401")
    async with a_door(House()) as client:
        await client.post()
        await client.post(token="x")
    assert (counted("north", "200"), counted("none", "401")) == (before[0] + 1, before[1] + 1)
