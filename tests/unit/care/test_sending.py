"""`care send`: to which door it sends, and that a closed one is said at once."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from care.__main__ import app
from care.sending import Trying, door_of
from shared.feeds import FeedProfile
from tests.unit.admissions.house import a_feed
from tests.unit.gateway.parts import BODY
from tests.unit.shared.test_profiles import NORTH


@pytest.fixture
def closed() -> int:
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


@pytest.fixture
def message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of one message, on a machine without a local stack."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    file = tmp_path / "one.hl7"
    file.write_bytes(BODY)
    return file


def sent(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["send", *arguments])


def test_send__to_a_closed_door_says_where_and_why_and_until_when(message: Path, closed: int) -> None:
    done = sent(str(message), "--port", str(closed), "--wait", "1.2")
    assert done.exit_code == 1
    assert f"127.0.0.1:{closed} does not take it (unreachable)." in done.stderr
    assert "The feed may be off" in done.stderr
    assert re.search(r"until \d\d:\d\d:\d\dZ \(--wait 1\.2\)", done.stderr)
    assert done.stderr.count("does not take it") == 1
    assert "message 1: failed: unreachable" in done.stdout


def test_send__without_a_port_says_to_whose_door(
    message: Path, closed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "feeds.toml"
    file.write_text(NORTH + f"mllp_port = {closed}\n")
    monkeypatch.setenv("CARE_FEEDS_FILE", str(file))
    done = sent(str(message), "--wait", "0")
    assert f"to 127.0.0.1:{closed}, the door of north (mode shadow); another by --port" in done.stderr
    assert (done.exit_code, "does not take it" in done.stderr) == (1, False)


def test_door__is_named_by_its_feed_on_this_machine_only() -> None:
    feeds = {"north": FeedProfile.model_validate(a_feed(mllp_port=2575))}
    assert door_of(feeds, "127.0.0.1", 2575) == "127.0.0.1:2575, the door of north (mode live)"
    assert door_of(feeds, "127.0.0.1", 2576) == "127.0.0.1:2576"
    assert door_of(feeds, "elsewhere", 2575) == "elsewhere:2575"


def test_trying__is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    trying = Trying("a:1", 10)
    for why in ("unreachable", "503"):
        trying(why)
    assert capsys.readouterr().err.count("a:1 does not take it (unreachable).") == 1
