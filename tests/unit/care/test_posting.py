"""`care send --http`: files to a real door, and answers told in a line each."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from care import posting
from care.__main__ import app
from care.posting import Posted, post_files
from tests.unit.gateway.parts import BODY, House, a_body, until
from tests.unit.gateway.test_batches import BATCH, BHS
from tests.unit.gateway.test_http import EVENT, TOKEN, Client, a_door, north


def written(directory: Path, name: str, body: bytes) -> Path:
    file = directory / name
    file.write_bytes(body)
    return file


async def posted(
    client: Client, *files: Path, token: str = TOKEN, patience: float = 0.0, told: list[str] | None = None
) -> list[Posted]:
    url = f"http://127.0.0.1:{client.door.port}/adt"
    tell = (told if told is not None else []).append
    return [one async for one in post_files(files, url, token, patience=patience, tell=tell)]


async def test_post__messages_batch_and_json_each_in_its_form(tmp_path: Path) -> None:
    house = House()
    files = [
        written(tmp_path, "two.hl7", BODY.replace(b"\r", b"\n") + a_body("MSG2").replace(b"\r", b"\n")),
        written(tmp_path, "batch.hl7", BATCH),
        written(tmp_path, "event.json", EVENT),
    ]
    async with a_door(house) as client:
        found = await posted(client, *files)
    assert [one.told for one in found[:3]] == ["AA MSG1", "AA MSG2", "AA 2"]
    assert found[3].told.startswith("stored ")
    assert [one.accepted for one in found] == [True] * 4
    bodies = [row.message.body for row in house.store.rows.values()]
    assert bodies == [BODY, a_body("MSG2"), EVENT], "the batch was known again: its segments end as in the file"


async def test_post__what_can_never_be_taken_does_not_stop_the_next(tmp_path: Path) -> None:
    file = written(tmp_path, "some.hl7", b"PID|1\r" + BODY)
    part = written(tmp_path, "part.hl7", BHS + b"PID|1\r" + BODY + b"BTS|2\r")
    wrong = written(tmp_path, "wrong.json", b"{}")
    empty = written(tmp_path, "empty.hl7", b"")
    async with a_door(House()) as client:
        found = await posted(client, file, part, wrong, empty)
    assert [(one.path.name, one.number, one.accepted, one.lost) for one in found] == [
        ("some.hl7", 1, False, False),
        ("some.hl7", 2, True, False),
        ("part.hl7", 1, False, False),
        ("wrong.json", 1, False, False),
        ("empty.hl7", 0, False, False),
    ]
    assert found[0].told.startswith("failed: 422 no-msh ")
    assert found[2].told == "AR 1, AA 1"
    assert found[3].told.startswith("failed: 422 json-no-adt-event control_id: missing trigger: missing ")


async def test_post__after_one_that_is_lost_nothing_more(tmp_path: Path) -> None:
    house = House()
    file = written(tmp_path, "two.hl7", BODY + a_body("MSG2"))
    async with a_door(house) as client:
        assert [one.told[:18] for one in await posted(client, file, token="x")] == ["failed: 401 token-", "not sent"]
        await client.door.follow([north(mode="off")])
        assert [one.told[:18] for one in await posted(client, file)] == ["failed: 403 feed-o", "not sent"]
        await client.door.stop()
        assert [one.told for one in await posted(client, file)] == [
            "failed: no answer (ClientConnectorError)",
            "not sent",
        ]
    assert house.store.rows == {}


async def test_post__503_is_tried_again_until_it_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.gateway.doors.http.replies.RETRY_SECONDS", 0)
    house = House()
    house.store.away = True
    file = written(tmp_path, "one.hl7", BODY)
    async with a_door(house) as client:
        again: list[str] = []
        posting_it = asyncio.create_task(posted(client, file, patience=30.0, told=again))
        await until(lambda: "mongodb" in house.outages.away, "it was told 503")
        house.store.away = False
        assert [one.told for one in await posting_it] == ["AA MSG1"]
    assert set(again) == {"503"}


def test_problem__of_something_between_tells_its_status() -> None:
    told = posting._problem(502, b"<html>Canarybird</html>")
    assert told == "failed: 502 from something that is not our door"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--http", "gateway/adt"], "is no URL"),
        (["--http", "http://gateway.test/adt"], "must not travel in the clear"),
        (["--http", "http://127.0.0.1:1/adt"], "needs --token-file"),
        (["--http", "http://127.0.0.1:1/adt", "--token-file", "there-is-none"], "cannot be read: there-is-none"),
    ],
)
def test_send__what_is_missing_is_said(arguments: list[str], told: str, tmp_path: Path) -> None:
    file = written(tmp_path, "one.hl7", BODY)
    result = CliRunner().invoke(app, ["send", str(file), *arguments])
    assert (result.exit_code, told in result.output) == (64, True)
