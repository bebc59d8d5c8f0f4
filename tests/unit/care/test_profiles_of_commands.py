"""A fault in the feeds file stops no command that only looks, and says where it is and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from care.profiles import known_at, usable_at
from tests.unit.shared.test_profiles import NORTH, SOUTH, a_directory


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Of two feeds one with a fault."""
    return a_directory(tmp_path, north=NORTH + 'colour = "red"\n', south=SOUTH)


def test_usable__goes_on_with_the_others_and_says_file_table_and_key(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(usable_at(place)) == ["south"]
    told = capsys.readouterr()
    assert told.out == ""
    assert f"{place}: north.toml: feed[0].colour: no setting of a feed" in told.err
    assert "Mend it there." in told.err


def test_usable__says_nothing_where_nothing_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(usable_at(a_directory(tmp_path, north=NORTH, south=SOUTH))) == ["north", "south"]
    assert capsys.readouterr() == ("", "")


def test_known__an_unknown_feed_is_answered_with_those_that_there_are(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known_at(place, "south")
    assert capsys.readouterr().err == ""
    with pytest.raises(typer.Exit) as left:
        known_at(place, "soth")
    told = capsys.readouterr().err
    assert left.value.exit_code == 2
    assert "there is no feed soth; there are south" in told
    assert "north.toml: feed[0].colour" in told
