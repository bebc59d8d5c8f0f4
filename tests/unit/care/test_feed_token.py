"""`care feed token`: a file that only its owner reads, and the line by which the gateway knows the token."""

from __future__ import annotations

import hashlib
from pathlib import Path

from typer.testing import CliRunner

from care.__main__ import app
from services.gateway.doors.http.senders import Senders
from shared.feeds import FeedProfile
from tests.unit.admissions.house import a_feed


def test_token__is_written_once_and_known_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "north.token"
    made = CliRunner().invoke(app, ["feed", "token", "north", "--file", str(file)])
    assert made.exit_code == 0
    token = file.read_text().strip()
    assert (len(token) >= 43, file.stat().st_mode & 0o777) == (True, 0o600)
    digest = hashlib.sha256(token.encode()).hexdigest()
    assert made.stdout == f'http_token_sha256 = "{digest}"\n'
    assert token not in made.output
    profile = FeedProfile.model_validate(a_feed(http_token_sha256=digest))
    senders = Senders()
    senders.show([profile])
    assert senders.of(f"Bearer {token}") is profile


def test_token__never_overwrites_one(tmp_path: Path) -> None:
    file = tmp_path / "north.token"
    file.write_text("old")
    made = CliRunner().invoke(app, ["feed", "token", "north", "--file", str(file)])
    assert (made.exit_code, file.read_text()) == (73, "old")
