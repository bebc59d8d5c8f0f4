"""`care feed mode`: one line of one file, and every other as its writer left it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from care.__main__ import app
from care.feed_file import Unchangeable, set_mode
from shared.profiles import read_feeds
from shared.schemas.envelope import Mode

BOTH = """# Two hospitals.

[[feed]]
feed     = "north"   # behind the engine
tenant = "valley"
zone = "America/New_York"
facility = "NORTH"
default_authority = "NORTH"
  mode = 'shadow'    # until Friday
class_codes = { MODE = "E" }

[feed.facility_zones]
LAKE = "America/Chicago"

[[feed]]
feed = "south"
tenant = "valley"
zone = "UTC"
facility = "SOUTH"
default_authority = "SOUTH"
"""


def a_file(tmp_path: Path, text: str = BOTH) -> Path:
    file = tmp_path / "feeds.toml"
    file.write_bytes(text.encode())
    return file


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_set_mode__changes_one_word(tmp_path: Path, ending: str) -> None:
    text = BOTH.replace("\n", ending)
    file = a_file(tmp_path, text)
    file.chmod(0o640)
    assert set_mode(file, "north", Mode.LIVE) == "shadow"
    assert file.read_bytes().decode() == text.replace("'shadow'", '"live"')
    assert file.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["feeds.toml"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_set_mode__adds_the_line_where_there_is_none(tmp_path: Path, ending: str) -> None:
    text = BOTH.replace("\n", ending)
    file = a_file(tmp_path, text)
    assert set_mode(file, "south", Mode.BACKLOAD) == "off"
    named = f'feed = "south"{ending}'
    assert file.read_bytes().decode() == text.replace(named, f'{named}mode = "backload"{ending}')
    assert read_feeds(file)["south"].mode is Mode.BACKLOAD


def test_set_mode__the_same_again_changes_nothing(tmp_path: Path) -> None:
    file = a_file(tmp_path)
    set_mode(file, "north", Mode.LIVE)
    before = file.read_bytes()
    assert set_mode(file, "north", Mode.LIVE) == "live"
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "text",
    [
        BOTH.replace("  mode = 'shadow'", "\"mode\" = 'shadow'"),
        BOTH.replace("# Two hospitals.", "").replace(
            'tenant = "valley"', 'tenant = """\n[[feed]]\nmode = "off"\n"""', 1
        ),
        'feed = [{ feed = "north", tenant = "valley" }]\n',
    ],
)
def test_set_mode__leaves_alone_what_it_cannot_change_safely(tmp_path: Path, text: str) -> None:
    file = a_file(tmp_path, text)
    with pytest.raises((Unchangeable, ValueError)):
        set_mode(file, "north", Mode.LIVE)
    assert file.read_bytes() == text.encode()


def test_set_mode__of_a_config_maps_link_is_refused(tmp_path: Path) -> None:
    a_file(tmp_path)
    (tmp_path / "link.toml").symlink_to("feeds.toml")
    with pytest.raises(Unchangeable, match="ConfigMap"):
        set_mode(tmp_path / "link.toml", "north", Mode.LIVE)
    with pytest.raises(Unchangeable, match="holds no feed east"):
        set_mode(tmp_path / "feeds.toml", "east", Mode.LIVE)


def run(monkeypatch: pytest.MonkeyPatch, place: Path, *arguments: str) -> Any:
    monkeypatch.setenv("CARE_FEEDS_FILE", str(place))
    return CliRunner().invoke(app, ["feed", "mode", *arguments])


def test_command__in_a_directory_changes_the_feeds_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head, north, south = BOTH.split("[[feed]]")
    (tmp_path / "north.toml").write_text(f"{head}[[feed]]{north}")
    (tmp_path / "south.toml").write_text(f"[[feed]]{south}")
    done = run(monkeypatch, tmp_path, "south", "shadow")
    assert done.exit_code == 0, done.output
    assert "south: off → shadow in south.toml" in done.output
    assert {name: feed.mode for name, feed in read_feeds(tmp_path).items()} == dict.fromkeys(
        ("north", "south"), Mode.SHADOW
    )


@pytest.mark.parametrize(
    ("change", "arguments", "code", "said"),
    [
        ("", ("east", "live"), 64, "there is no feed east; there are north, south"),
        ("colour = 1\n", ("north", "live"), 78, "colour: no setting of a feed"),
        ("", ("north", "loud"), 2, "loud"),
    ],
)
def test_command__refuses_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, arguments: tuple[str, ...], code: int, said: str
) -> None:
    file = a_file(tmp_path, BOTH + change)
    done = run(monkeypatch, file, *arguments)
    assert (done.exit_code, said in done.output) == (code, True), done.output
    assert file.read_text() == BOTH + change


def test_command__without_a_deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("CARE_FEEDS_FILE", raising=False)
    done: Any = CliRunner().invoke(app, ["feed", "mode", "north", "live"])
    assert (done.exit_code, "CARE_FEEDS_FILE is not set" in done.output) == (78, True)
