"""Which index a search goes by, and that nothing of a message is shown unasked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from rich.console import Console
from typer.testing import CliRunner

from care.__main__ import app
from care.messages import query_of, table, text_of, trigger_of
from care.refused import refused_table
from care.selecting import Selection, selection_of
from services.gateway.domain.message import refusal
from services.gateway.store import _refused_row, _row
from tests.unit.gateway.parts import AT, BODY, CANARY, a_body, a_feed, received

DAY = datetime(2026, 11, 3, tzinfo=UTC)


def row_of(sent: bytes = BODY, **changes: Any) -> dict[str, Any]:
    return _row(received(sent), AT) | changes


@pytest.mark.parametrize(
    ("meant", "keys", "index"),
    [
        (Selection(mrn="7"), {"mrn": ["k"]}, "search"),
        (Selection(("i",), mrn="7", control_id="c"), {"mrn": ["k"]}, "_id_"),
        (Selection(mrn="7", control_id="c"), {"mrn": ["k"]}, "control_id"),
        (Selection(visit="7", feed="north", since=DAY), {"visit": ["k"]}, "search"),
        (Selection(feed="north"), {}, "feed_time"),
        (Selection(since=DAY), {}, "feed_time"),
    ],
)
def test_query__goes_by_the_index_of_the_rarest_thing_it_names(meant: Selection, keys: Any, index: str) -> None:
    assert query_of(meant, keys, ["north"])[1] == index


def test_query__holds_everything_that_was_asked_the_visit_first() -> None:
    meant = Selection(("i",), "m", "v", "c", "north", DAY, DAY + timedelta(days=1))
    query, _ = query_of(meant, {"mrn": ["km", "kn"], "visit": ["kv"]}, [])
    assert query["$and"] == [
        {"search": {"$in": ["kv"]}},
        {"search": {"$in": ["km", "kn"]}},
        {"_id": {"$in": ["i"]}},
        {"control_id": "c"},
        {"feed": {"$in": ["north"]}},
        {"received_at": {"$gte": DAY, "$lt": DAY + timedelta(days=1)}},
    ]


def test_query__by_time_alone_is_over_the_feeds_that_there_are() -> None:
    query, _ = query_of(Selection(until=DAY), {}, ["north", "south"])
    assert query["$and"] == [{"feed": {"$in": ["north", "south"]}}, {"received_at": {"$lt": DAY}}]


def test_selection__of_nothing_or_of_a_time_without_offset_is_refused() -> None:
    with pytest.raises(typer.BadParameter, match="say which"):
        selection_of()
    with pytest.raises(typer.BadParameter, match="offset"):
        selection_of(since="2026-11-03")
    with pytest.raises(typer.BadParameter, match="ISO 8601"):
        selection_of(until="yesterday")
    assert selection_of(since="2026-11-03T00:00:00Z", mrn="7") == Selection(mrn="7", since=DAY)


def test_trigger__is_shown_only_in_a_triggers_form() -> None:
    assert trigger_of(row_of()) == "A03"
    assert trigger_of(row_of(BODY.replace(b"ADT^A03^ADT_A03", b"ADT^Canarybird"))) == ""
    assert trigger_of(row_of(body=b"what was cut")) == ""
    json = "application/json"
    assert trigger_of(row_of(body=b'{"trigger": "A01"}', media_type=json)) == "A01"
    assert trigger_of(row_of(body=b'{"trigger": {"name": "Canarybird"}}', media_type=json)) == ""


def test_table__shows_what_became_of_each_and_nothing_of_a_patient() -> None:
    rows = [row_of(), row_of(a_body("MSG2"), said_at=AT), row_of(a_body("MSG3"), set_aside="output-too-large")]
    console = Console(width=200)
    with console.capture() as captured:
        console.print(table(rows))
    lines = [line.split() for line in captured.get().splitlines()[1:]]
    first = ["4c7baacf-4af2-56d5-b6c9-82d9cb0ab054", "north", "MSG1", "A03", "2026-11-03", "15:00:00Z", "waits", "181"]
    assert lines[0] == first
    assert [(line[2], line[6]) for line in lines[1:]] == [("MSG2", "said"), ("MSG3", "output-too-large")]
    assert not any(planted in captured.get() for planted in (CANARY, "19410506", "100200"))


def test_table__shows_a_control_id_as_it_came() -> None:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(table([row_of(a_body("[/b][red]7"))]))
    assert "north  [/b][red]7" in captured.get()


def test_refused__shows_when_what_and_why_and_nothing_of_what_was_sent() -> None:
    copy = refusal(BODY, "not-adt", a_feed(), AT)
    console = Console(width=200)
    with console.capture() as captured:
        console.print(refused_table([_refused_row(copy, AT)]))
    line = captured.get().splitlines()[1].split()
    assert line == [copy.id, "north", "not-adt", "2026-11-03", "15:00:00Z", str(len(BODY))]
    assert not any(planted in captured.get() for planted in (CANARY, "19410506", "100200", "MSG1"))


def test_refused__is_not_found_by_a_number_and_not_shown_without_a_record(nowhere: None) -> None:
    by_number = care("messages", "--refused", "--mrn", "100200")
    assert (by_number.exit_code, "--feed" in by_number.output) == (2, True)
    away = care("messages", "--refused")
    assert (away.exit_code, "mongodb does not answer" in away.output) == (69, True)


def test_text__is_a_line_a_segment_whatever_ended_them() -> None:
    assert text_of(row_of(body=b"MSH|1\rPID|\xff\r\nPV1\n")) == "MSH|1\nPID|\\xff\nPV1\n"


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A deployment of which nothing answers."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("CARE_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("CARE_MONGO_URL", "mongodb://127.0.0.1:1/?directConnection=true")


def care(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_phi__without_a_broker_is_not_shown(nowhere: None) -> None:
    shown = care("tail", "care.encounters.v1", "--phi", "--reason", "treatment")
    assert (shown.exit_code, "what is not on record is not shown" in shown.output) == (69, True)


@pytest.mark.parametrize("reason", ["", "Ada asked", "x" * 65])
def test_phi__without_a_code_that_says_why_is_not_shown(nowhere: None, reason: str) -> None:
    shown = care("tail", "care.encounters.v1", "--phi", "--reason", reason)
    assert (shown.exit_code, "--reason" in shown.output) == (2, True)


def test_search__by_number_without_the_secret_says_which_setting(
    nowhere: None, monkeypatch: Any, tmp_path: Path
) -> None:
    unset = care("messages", "--mrn", "100200")
    assert (unset.exit_code, "CARE_IDENTITY_SECRET_FILE: is not set" in unset.output) == (78, True)
    (tmp_path / "secret").write_text("short")
    monkeypatch.setenv("CARE_IDENTITY_SECRET_FILE", str(tmp_path / "secret"))
    short = care("messages", "--visit", "V1")
    assert (short.exit_code, "fewer than 32 bytes" in short.output) == (78, True)


def test_search__without_a_database_says_so(nowhere: None) -> None:
    shown = care("messages", "--control-id", "MSG1")
    assert (shown.exit_code, "mongodb does not answer" in shown.output) == (69, True)


@pytest.mark.parametrize("command", ["messages", "replay"])
def test_selection__of_nothing_is_refused_before_anything_is_asked(nowhere: None, command: str) -> None:
    refused = care(command)
    assert (refused.exit_code, "--control-id" in refused.output) == (2, True)
