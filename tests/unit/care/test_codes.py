"""`care codes`: what is shown of unknown codes, and one line of a profile, every other as its writer left it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from care.__main__ import app
from care.codes import rows_of
from care.feed_codes import set_code
from care.feed_file import Unchangeable
from services.admissions.store import UnmappedCode
from shared.profiles import read_feeds

NEEDS = """tenant = "valley"
zone = "UTC"
facility = "H"
default_authority = "H"
"""
INLINE = f"""# Two hospitals.
[[feed]]
feed = "north"
{NEEDS}class_codes = {{ ER = "E", 'in p' = 'I' }}   # as of May
services = {{}}

# the second one
[[feed]]
feed = "south"
{NEEDS}
[feed.dispositions]   # UB-04
"HOME HLTH" = '06'   # with visits
9 = "20"

[feed.facility_zones]
LAKE = "America/Chicago"
"""


def a_file(tmp_path: Path, text: str = INLINE) -> Path:
    file = tmp_path / "feeds.toml"
    file.write_bytes(text.encode())
    return file


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("feed", "field", "code", "value", "old", "new", "before"),
    [
        ("north", "PV1-2", "er", "O", '{ ER = "E"', '{ ER = "O"', "E"),
        ("north", "PV1-2", "IN P", "O", "'in p' = 'I'", "'in p' = \"O\"", "I"),
        ("north", "PV1-2", "OBS 1", "V", "'in p' = 'I' }", "'in p' = 'I', \"OBS 1\" = \"V\" }", ""),
        ("north", "PV1-10", "MEDI", "MED", "services = {}", 'services = { MEDI = "MED" }', ""),
        ("south", "PV1-36", "home hlth", "01", "= '06'", '= "01"', "06"),
        ("south", "PV1-36", "09", "41", '9 = "20"', '9 = "41"', "20"),
        ("south", "PV1-36", "SNF", "03", '9 = "20"\n', '9 = "20"\nSNF = "03"\n', ""),
        (
            "north",
            "PV1-4",
            "EM",
            "E",
            "services = {}\n",
            'services = {}\n\n[feed.admission_types]\nEM = "E"\n',
            "",
        ),
        ("south", "PID-3.5", "HOSP", "MR", 'LAKE = "America/Chicago"\n', None, ""),
    ],
)
def test_set_code__changes_one_line(
    tmp_path: Path, ending: str, feed: str, field: str, code: str, value: str, old: str, new: str | None, before: str
) -> None:
    file = a_file(tmp_path, INLINE.replace("\n", ending))
    meant = INLINE.replace(old, old + '\n[feed.identifier_codes]\nHOSP = "MR"\n' if new is None else new)
    assert set_code(file, feed, field, code, value) == before
    assert file.read_bytes().decode() == meant.replace("\n", ending)
    assert [one.name for one in tmp_path.iterdir()] == ["feeds.toml"]


def test_set_code__is_read_as_it_was_meant(tmp_path: Path) -> None:
    file = a_file(tmp_path)
    for code in ('say "so"', "a=b", "#1", "é"):
        set_code(file, "south", "PV1-36", code, "03")
        assert read_feeds(file)["south"].disposition_of(code) == "03"
        set_code(file, "south", "PV1-36", code, "01")
        assert read_feeds(file)["south"].disposition_of(code) == "01"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (INLINE, "not a code of UB-04 FL17 in use"),
        (
            INLINE.replace("[feed.dispositions]   # UB-04", "[feed.services]").replace("[[feed]]", "[[ 'feed' ]]"),
            "hand",
        ),
    ],
)
def test_set_code__leaves_a_file_that_it_cannot_change_safely(tmp_path: Path, text: str, why: str) -> None:
    file = a_file(tmp_path, text)
    with pytest.raises(Unchangeable, match=why):
        set_code(file, "north", "PV1-36", "HOME", "99" if "99" not in text and why != "hand" else "01")
    assert file.read_text() == text


def test_map__says_what_it_wrote(tmp_path: Path) -> None:
    file = a_file(tmp_path)
    command = ["codes", "map", "south", "pv1-36", "snf", "03"]
    done = CliRunner().invoke(app, command, env={"CARE_FEEDS_FILE": str(file)})
    assert done.exit_code == 0, done.output
    assert "south PV1-36: snf means 03 (before: nothing) in feeds.toml" in done.output
    assert tomllib.loads(file.read_text())["feed"][1]["dispositions"]["snf"] == "03"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["south", "PV1-3", "A", "B"], 64),
        (["west", "PV1-36", "A", "01"], 64),
        (["south", "PV1-36", "A", "99"], 73),
    ],
)
def test_map__refuses_and_changes_nothing(tmp_path: Path, command: list[str], code: int) -> None:
    file = a_file(tmp_path)
    done = CliRunner().invoke(app, ["codes", "map", *command], env={"CARE_FEEDS_FILE": str(file)})
    assert done.exit_code == code
    assert file.read_text() == INLINE


def test_rows__long_codes_of_few_are_shown_by_their_length() -> None:
    since = "2026-11-01T14:05:00.000000+00:00"
    found = [
        UnmappedCode("north|PV1-36|ADA EXAMPLE", 2, since),
        UnmappedCode("north|PV1-36|HOME|HLTH", 3, since),
        UnmappedCode("south|PV1-2|INP", 1, since),
    ]
    at = "2026-11-01 14:05Z"
    assert rows_of(found, "", rare=False) == [
        ("north", "PV1-36", "HOME|HLTH", "3", at),
        ("north", "PV1-36", "(11 characters)", "2", at),
        ("south", "PV1-2", "INP", "1", at),
    ]
    assert rows_of(found, "north", rare=True)[1] == ("north", "PV1-36", "ADA EXAMPLE", "2", at)
    assert len(rows_of(found, "south", rare=False)) == 1
