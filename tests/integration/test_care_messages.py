"""`care messages` on a real mongod: what is found, and that nothing else is read for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from care.__main__ import app
from care.messages import found, tenants_of
from care.refused import refused
from care.selecting import Selection
from demo.stack import Mongo
from services.gateway.domain.message import refusal
from services.gateway.domain.search import search_key
from services.gateway.store import RAW, REFUSED, MongoRawMessages
from services.notifier.store import MongoDeliveries
from shared.mongo.client import connect, database
from shared.secret import SecretRefused, compare_fingerprint, hold_to_fingerprint
from tests.unit.gateway.parts import AT, BODY, SECRET, a_feed, received
from tests.unit.shared.test_profiles import NORTH, SOUTH

pytestmark = pytest.mark.integration

MANY = 300
"""Messages of other people, two visits each, a minute apart, by turns of north and south."""


def about(control_id: str, mrn: str, visit: str, minute: int, feed: str = "north", extra: bytes = b"") -> Any:
    body = BODY.replace(b"MSG1", control_id.encode()).replace(b"E1^^^NORTH^PI~100200", mrn.encode())
    body = body.replace(b"PV1|1|I", b"PV1|1|I" + b"|" * 17 + visit.encode()) + extra
    return received(body, minute_of(minute), feed=feed)


def minute_of(minute: int) -> datetime:
    return AT.replace(microsecond=0) + timedelta(minutes=minute)


GIVEN = [
    about("A1", "771", "V1", 1),
    about("A2", "771", "V1", 2),
    about("A3", "771", "V2", 3),
    about("A4", "880", "V3", 4, "south", b"MRG|771^^^NORTH^MR\r"),
]


@pytest.fixture
async def base(mongo: Mongo, unique: str) -> AsyncIterator[Any]:
    client = connect(mongo.uri)
    kept = database(client, f"{unique}_gateway")
    store = MongoRawMessages(kept, "owner")
    await store.ensure_indexes(30)
    feeds = ("north", "south")
    others = [about(f"B{n}", f"9{n // 2:04}", f"W{n}", 60 + n, feeds[n % 2]) for n in range(MANY)]
    await store.add([*GIVEN, *others])
    yield kept
    client.close()


def keys(**numbers: str) -> Any:
    return {kind: [search_key(SECRET, "tenant-1", kind, value)] for kind, value in numbers.items()}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("meant", "numbers", "expected"),
    [
        (Selection(), {"mrn": "771"}, ["A4", "A3", "A2", "A1"]),
        (Selection(), {"visit": "V1"}, ["A2", "A1"]),
        (Selection(), {"mrn": "771", "visit": "V2"}, ["A3"]),
        (Selection(since=minute_of(2), until=minute_of(4)), {"mrn": "771"}, ["A3", "A2"]),
        (Selection(control_id="A2"), {}, ["A2"]),
        (Selection(control_id="A2", feed="south"), {}, []),
        (Selection(feed="south", until=minute_of(60)), {}, ["A4"]),
        (Selection(since=minute_of(3), until=minute_of(61)), {}, ["B0", "A4", "A3"]),
        (Selection(), {"mrn": "no such"}, []),
    ],
    ids=lambda one: "-".join(one) if isinstance(one, dict) else None,
)
async def test_found__newest_first_and_no_document_read_that_is_not_meant(
    base: Any, meant: Selection, numbers: dict[str, str], expected: list[str]
) -> None:
    await base.command("profile", 2)
    rows = await found(base[RAW], meant, keys(**numbers), 50)
    await base.command("profile", 0)
    (read,) = await base["system.profile"].find({"command.find": RAW}).to_list(None)
    assert [row["control_id"] for row in rows] == expected
    assert read["docsExamined"] <= 2 * len(expected), read["planSummary"]
    assert read["keysExamined"] <= 2 * len(expected) + 6
    assert "COLLSCAN" not in read["planSummary"]


async def test_found__of_time_alone_asks_for_the_feeds_by_their_index(base: Any) -> None:
    await base.command("profile", 2)
    await found(base[RAW], Selection(until=minute_of(2)), {}, 50)
    await base.command("profile", 0)
    (read,) = await base["system.profile"].find({"command.distinct": RAW}).to_list(None)
    assert (read["docsExamined"], read["planSummary"].split()[0]) == (0, "DISTINCT_SCAN")


async def test_tenants__are_those_of_which_messages_are_kept_and_cost_one_document_a_feed(base: Any) -> None:
    await MongoRawMessages(base, "owner").add([received(BODY, minute_of(9), feed="west", tenant="hill")])
    await base.command("profile", 2)
    assert await tenants_of(base[RAW]) == ["hill", "tenant-1"]
    await base.command("profile", 0)
    reads = await base["system.profile"].find({"command.find": RAW}).to_list(None)
    assert [read["docsExamined"] for read in reads] == [1, 1, 1]


@pytest.mark.parametrize(
    ("meant", "expected", "examined"),
    [
        (Selection(), ["bad-separators", "empty", "no-msh"], 3),
        (Selection(feed="north"), ["bad-separators", "no-msh"], 2),
        (Selection(since=minute_of(2), until=minute_of(3)), ["empty"], 1),
        (Selection(feed="east"), [], 0),
    ],
)
async def test_refused__newest_first_and_no_copy_read_that_is_not_meant(
    base: Any, meant: Selection, expected: list[str], examined: int
) -> None:
    sent = [("no-msh", "north", 1), ("empty", "south", 2), ("bad-separators", "north", 3)]
    copies = [refusal(b"PID|1", code, a_feed(feed=feed), minute_of(minute)) for code, feed, minute in sent]
    await MongoRawMessages(base, "owner").keep_refused(copies)
    await base.command("profile", 2)
    rows = await refused(base[REFUSED], meant, 50)
    await base.command("profile", 0)
    (read,) = await base["system.profile"].find({"command.find": REFUSED}).to_list(None)
    assert [row["code"] for row in rows] == expected
    assert (read["docsExamined"], "COLLSCAN" in read["planSummary"]) == (examined, False)
    by_id = await refused(base[REFUSED], Selection(ids=(copies[0].id,)), 50)
    assert [row["code"] for row in by_id] == ["no-msh"]


async def test_found__of_many_is_the_newest_and_reads_no_more(base: Any) -> None:
    await base.command("profile", 2)
    rows = await found(base[RAW], Selection(feed="north"), {}, 3)
    await base.command("profile", 0)
    (read,) = await base["system.profile"].find({"command.find": RAW}).to_list(None)
    assert [row["control_id"] for row in rows] == ["B298", "B296", "B294"]
    assert read["docsExamined"] == 3


async def test_found__of_an_earlier_edition_by_time_feed_and_control_id_only(base: Any) -> None:
    await base[RAW].update_many({"control_id": {"$in": ["A1", "A4"]}}, {"$unset": {"search": ""}})
    assert [row["control_id"] for row in await found(base[RAW], Selection(), keys(mrn="771"), 9)] == ["A3", "A2"]
    assert [row["control_id"] for row in await found(base[RAW], Selection(control_id="A1"), {}, 9)] == ["A1"]
    by_feed = await found(base[RAW], Selection(feed="north", until=minute_of(2)), {}, 9)
    assert [row["control_id"] for row in by_feed] == ["A1"]


async def test_secret__another_than_the_deployments_is_refused_and_looking_notes_nothing(base: Any) -> None:
    await compare_fingerprint(base, b"any, for none is noted: 32 bytes")
    assert await base["deployment"].count_documents({}) == 0
    await hold_to_fingerprint(base, SECRET)
    await compare_fingerprint(base, SECRET)
    with pytest.raises(SecretRefused, match="not the one"):
        await compare_fingerprint(base, b"another secret of thirty-two byte")


@pytest.mark.parametrize("command", [["messages", "--feed"], ["messages", "--refused", "--feed"], ["feed", "report"]])
async def test_unknown_feed__is_answered_with_those_that_there_are(
    command: list[str], base: Any, mongo: Mongo, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "feeds.toml").write_text(NORTH + SOUTH)
    settings = {"KAFKA_BOOTSTRAP": "127.0.0.1:1", "MONGO_URL": mongo.uri, "DATABASE_PREFIX": unique}
    for name, value in (settings | {"FEEDS_FILE": str(tmp_path / "feeds.toml")}).items():
        monkeypatch.setenv(f"CARE_{name}", value)
    await MongoDeliveries(database(base.client, f"{unique}_notifier")["deliveries"]).ensure_indexes()

    async def care(feed: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, [*command, feed])

    unknown, known = await care("noth"), await care("north")
    assert (unknown.exit_code, "there is no feed noth; there are north, south" in unknown.output) == (2, True)
    assert (known.exit_code, "there is no feed" in known.output) == (1 if "--refused" in command else 0, False)
