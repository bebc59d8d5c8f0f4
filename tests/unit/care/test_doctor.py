"""`care doctor` and `care directory load` say what is wrong with the feeds before anybody wonders who is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from care.__main__ import app
from care.doctor import Check, _feeds
from demo.deployment import DATA

SETTING = "CARE_FEEDS_FILE"
A_FEED = """
[[feed]]
feed = "valley"
tenant = "valley"
zone = "{zone}"
facility = "VALLEY"
default_authority = "VALLEY"
mode = "shadow"
"""


def feeds_at(tmp_path: Path, zone: str = "America/Chicago") -> Path:
    file = tmp_path / "feeds.toml"
    file.write_text(A_FEED.format(zone=zone))
    return file


def test_doctor__names_the_feeds_and_their_modes(tmp_path: Path) -> None:
    file = feeds_at(tmp_path)
    assert list(_feeds({SETTING: str(file)})) == [Check("feeds", "ok", f"{file}: valley shadow")]
    assert list(_feeds({})) == []


def test_doctor__fails_with_the_fault_of_a_feed(tmp_path: Path) -> None:
    file = feeds_at(tmp_path, zone="Chicago")
    (found,) = _feeds({SETTING: str(file)})
    assert found.verdict == "fail"
    assert "feed[0].zone: not an IANA time zone" in found.detail


def test_directory__of_a_tenant_that_no_feed_has_is_not_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, str(feeds_at(tmp_path)))
    monkeypatch.setenv("CARE_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("CARE_MONGO_URL", "mongodb://127.0.0.1:1")
    asked = ["directory", "load", str(DATA / "directory.toml"), "--tenant", "valey"]
    result = CliRunner().invoke(app, asked, env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert "no feed has it; there are valley" in result.output
