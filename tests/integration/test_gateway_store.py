"""The store of raw messages on a real mongod: the twin's suite, and what only MongoDB can show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from demo.stack import Mongo
from services.gateway.domain.message import refusal
from services.gateway.handlers.ports import Kept
from services.gateway.store import LEASE_SECONDS, RAW, REFUSED, MongoRawMessages
from shared.mongo.client import connect, database
from shared.mongo.raw import expire, insert_new
from shared.stream.outages import Away
from tests.unit.gateway.parts import AT, BODY, BODY_ID, Hands, a_body, a_feed, received
from tests.unit.gateway.store_suite import RawMessagesSuite

pytestmark = pytest.mark.integration


@pytest.fixture
async def base(mongo: Mongo, unique: str) -> AsyncIterator[Any]:
    client = connect(mongo.uri)
    yield database(client, f"{unique}_gateway")
    client.close()


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
async def raw(base: Any, clock: Hands) -> MongoRawMessages:
    store = MongoRawMessages(base, "owner-1", clock=clock)
    await store.ensure_indexes(30)
    return store


class TestMongo(RawMessagesSuite):
    pass


async def test_document__is_as_the_store_says(raw: MongoRawMessages, base: Any, clock: Hands) -> None:
    await raw.add([received()])
    row = await base[RAW].find_one({"_id": BODY_ID})
    assert row["body"] == BODY
    assert row["said_at"] is None
    assert (row["feed"], row["tenant"], row["mode"], row["control_id"]) == ("north", "tenant-1", "live", "MSG1")
    assert row["received_at"] == AT.replace(microsecond=123000)
    await raw.said([BODY_ID])
    row = await base[RAW].find_one({"_id": BODY_ID})
    assert row["said_at"] == AT.replace(microsecond=123000)
    assert "lease_until" not in row


async def test_expiry__counts_from_said_at_and_a_new_setting_takes_effect(raw: MongoRawMessages, base: Any) -> None:
    async def seconds() -> tuple[int, int]:
        said, refused = await base[RAW].index_information(), await base[REFUSED].index_information()
        return said["said_at_expires"]["expireAfterSeconds"], refused["kept_at_expires"]["expireAfterSeconds"]

    assert await seconds() == (30 * 86_400, 30 * 86_400)
    await raw.ensure_indexes(7)
    await raw.ensure_indexes(7)
    assert await seconds() == (7 * 86_400, 7 * 86_400)


async def test_claim__reads_only_what_is_unsaid(raw: MongoRawMessages, base: Any, clock: Hands) -> None:
    messages = [received(a_body(f"M{n}"), AT + timedelta(seconds=n)) for n in range(200)]
    await raw.add(messages)
    await raw.said([message.id for message in messages[:190]])
    clock.move(LEASE_SECONDS)
    query = {"lease_until": {"$type": "date", "$lte": clock()}}
    plan = await base[RAW].find(query, hint="unsaid").sort([("received_at", 1)]).explain()
    assert plan["executionStats"]["totalKeysExamined"] <= 11
    assert "SORT" not in str(plan["queryPlanner"]["winningPlan"])
    assert [message.control_id for message in await raw.claim(100)] == [f"M{n}" for n in range(190, 200)]


async def test_claim__replicas_at_once_share_and_never_double(raw: MongoRawMessages, base: Any, clock: Hands) -> None:
    await raw.add([received(a_body(f"M{n}")) for n in range(100)])
    clock.move(LEASE_SECONDS)
    replicas = [MongoRawMessages(base, f"owner-{n}", clock=clock) for n in range(4)]

    async def drain(replica: MongoRawMessages) -> list[str]:
        mine: list[str] = []
        while await raw.unsaid(1000) > 0:
            claimed = [message.id for message in await replica.claim(10)]
            mine += claimed
            if not claimed and not await base[RAW].count_documents({"lease_until": {"$lte": clock()}}):
                return mine
        return mine

    shares = await asyncio.gather(*(drain(replica) for replica in replicas))
    claimed = [id_ for share in shares for id_ in share]
    assert (len(claimed), len(set(claimed))) == (100, 100)


async def test_keep_refused__keeps_bytes_reason_and_a_date_to_go(
    raw: MongoRawMessages, base: Any, clock: Hands
) -> None:
    copy = refusal(b"\xff no HL7", "no-msh", a_feed(), AT)
    await raw.keep_refused([copy])
    row = await base[REFUSED].find_one({"_id": copy.id})
    assert (row["body"], row["code"], row["feed"]) == (b"\xff no HL7", "no-msh", "north")
    assert row["kept_at"] == clock().replace(microsecond=123000)


async def test_add__concurrently_the_same_message_is_new_once(raw: MongoRawMessages) -> None:
    found = await asyncio.gather(*(raw.add([received()]) for _ in range(20)))
    assert sorted(kept.value for (kept,) in found) == ["repeated"] * 19 + ["stored"]


async def test_add__concurrently_one_control_id_is_new_once_and_every_message_stored(
    raw: MongoRawMessages, base: Any
) -> None:
    messages = [received(a_body("MSG1", f"x{n}")) for n in range(20)]
    found = await asyncio.gather(*(raw.add([message]) for message in messages))
    assert sorted(kept.value for (kept,) in found) == ["control-id-reused"] * 19 + ["stored"]
    assert await base[RAW].count_documents({}) == 20
    assert await raw.add(messages) == [Kept.REPEATED] * 20
    assert await base[RAW].count_documents({"first": True}) == 1


async def test_insert_new__tells_which_were_there(base: Any) -> None:
    assert await insert_new(base["plain"], []) == set()
    assert await insert_new(base["plain"], [{"_id": 1, "n": 1}]) == set()
    assert await insert_new(base["plain"], [{"_id": 2}, {"_id": 1, "n": 9}, {"_id": 2}]) == {1, 2}
    assert await base["plain"].find_one({"_id": 1}) == {"_id": 1, "n": 1}


async def test_insert_new__a_write_that_was_refused_is_away_not_a_repeat(base: Any) -> None:
    await base["strict"].create_index("name", unique=True)
    await insert_new(base["strict"], [{"_id": 1, "name": "x"}])
    with pytest.raises(Away, match="write-refused"):
        await insert_new(base["strict"], [{"_id": 2, "name": "x"}])
    await base.command("create", "checked", validator={"name": {"$type": "string"}})
    with pytest.raises(Away, match="write-refused"):
        await insert_new(base["checked"], [{"_id": 1, "name": 1}])


@pytest.mark.parametrize("writes", ["new", "repeated"])
async def test_insert_new__not_known_to_be_durable_is_away(base: Any, mongo: Mongo, writes: str) -> None:
    """Also for a repeat: what is there may be lost by the next primary, and its sender would have been told AA."""
    if mongo.kind != "wheel":
        pytest.skip("needs a mongod with test commands")
    if writes == "repeated":
        await insert_new(base["plain"], [{"_id": 1}])
    failure = {"code": 64, "errmsg": "waiting for replication timed out"}
    point = {"failCommands": ["insert"], "writeConcernError": failure, "appName": "care-transitions"}
    await base.client.admin.command("configureFailPoint", "failCommand", mode={"times": 1}, data=point)
    with pytest.raises(Away, match="write-not-durable"):
        await insert_new(base["plain"], [{"_id": 1}])
    assert await insert_new(base["plain"], [{"_id": 1}]) == {0}


async def test_expire__refuses_what_it_cannot_change(base: Any) -> None:
    await base["odd"].create_index("at", unique=True, name="at_expires")
    with pytest.raises(Away, match="mongodb"):
        await expire(base, "odd", "at", 60)


async def test_add__without_a_server_is_away() -> None:
    client = connect("mongodb://127.0.0.1:1/?replicaSet=rs0", timeout=0.5)
    store = MongoRawMessages(database(client, "nobody"), "owner")
    with pytest.raises(Away, match="mongodb"):
        await store.add([received()])
    client.close()
