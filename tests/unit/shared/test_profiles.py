"""Profiles that change while a process runs: a whole new edition, or the one before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.feeds import FeedsInvalid
from shared.profiles import Feeds, file_of, read_feeds, usable_feeds
from shared.schemas.envelope import Mode
from shared.telemetry import registry

NORTH = """
[[feed]]
feed = "north"
tenant = "valley"
zone = "America/New_York"
facility = "NORTH"
default_authority = "NORTH"
mode = "shadow"
"""
SOUTH = NORTH.replace("north", "south").replace("NORTH", "SOUTH")


def faults() -> float | None:
    return registry.get_sample_value("care_feeds_invalid")


def a_directory(tmp_path: Path, **files: str) -> Path:
    place = tmp_path / "feeds"
    place.mkdir(exist_ok=True)
    for name, text in files.items():
        (place / f"{name}.toml").write_text(text)
    return place


def test_read__a_file_or_a_directory_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "all.toml"
    file.write_text(NORTH + SOUTH)
    place = a_directory(tmp_path, north=NORTH, south=SOUTH)
    (place / "README.md").write_text("no profile")
    (place / ".north.toml").write_text("an editor's copy")
    assert read_feeds(file) == read_feeds(place)
    assert list(read_feeds(place)) == ["north", "south"]
    assert (file_of(file, "north"), file_of(place, "north")) == (file, place / "north.toml")


def test_read__names_every_fault_by_its_file(tmp_path: Path) -> None:
    place = a_directory(
        tmp_path,
        east=NORTH,
        north=NORTH.replace("America/New_York", "Mars/Olympus") + 'colour = "red"\n',
        south=SOUTH + NORTH,
        torn="[[feed]]\nfeed = ",
        void="",
    )
    (place / "latin.toml").write_bytes(b"# \xe9")
    with pytest.raises(FeedsInvalid) as invalid:
        read_feeds(place)
    assert sorted(invalid.value.problems) == [
        "east.toml: the file of feed north is to be called north.toml",
        "feed north is given 2 times",
        "latin.toml: not TOML: not UTF-8",
        "north.toml: feed[0].colour: no setting of a feed",
        "north.toml: feed[0].zone: not an IANA time zone",
        "south.toml: in a directory each feed has a file of its own",
        "torn.toml: not TOML: Invalid value (at end of document)",
        "void.toml: the file holds [[feed]] tables, at least one, and nothing else",
    ]


def test_usable__are_those_without_a_fault_of_their_own_and_every_fault_is_told(tmp_path: Path) -> None:
    place = a_directory(tmp_path, north=NORTH.replace("New_York", "Nowhere"), south=SOUTH, torn="[[feed]]\nfeed = ")
    found, problems = usable_feeds(place)
    assert list(found) == ["south"]
    assert [problem.partition(": not")[0] for problem in problems] == ["torn.toml", "north.toml: feed[0].zone"]


def test_usable__of_two_of_one_name_is_the_first_and_of_nothing_to_read_none(tmp_path: Path) -> None:
    file = tmp_path / "all.toml"
    file.write_text(NORTH + SOUTH + NORTH.replace("valley", "hill"))
    found, problems = usable_feeds(file)
    assert {feed: profile.tenant for feed, profile in found.items()} == {"north": "valley", "south": "valley"}
    assert problems == ("feed north is given 2 times",)
    assert usable_feeds(tmp_path / "none") == ({}, ("none: cannot be read: No such file or directory",))
    file.write_text(NORTH)
    assert usable_feeds(file) == (read_feeds(file), ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the file holds [[feed]] tables, at least one, and nothing else"),
        ("feed = 1", "the file holds [[feed]] tables, at least one, and nothing else"),
        ("feed = [1]", "feed[0]: Input should be a valid dictionary or instance of FeedProfile"),
    ],
)
def test_read__a_file_that_is_no_list_of_feeds(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "feeds.toml"
    file.write_text(text)
    with pytest.raises(FeedsInvalid) as invalid:
        read_feeds(file)
    assert invalid.value.problems == (problem,)


def test_read__one_file_that_is_torn_spoils_the_others(tmp_path: Path) -> None:
    with pytest.raises(FeedsInvalid) as invalid:
        read_feeds(a_directory(tmp_path, north=NORTH, torn="["))
    assert [problem.split(":")[0] for problem in invalid.value.problems] == ["torn.toml"]


def test_read__what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "feeds").mkdir()
    for name, problem in (
        ("feeds", "feeds: a directory without a .toml file"),
        ("none", "none: cannot be read: No such file or directory"),
    ):
        with pytest.raises(FeedsInvalid) as invalid:
            read_feeds(tmp_path / name)
        assert invalid.value.problems == (problem,)


def test_start__with_faults_is_refused_and_says_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = a_directory(tmp_path, north=NORTH.replace("shadow", "loud").replace("valley", "The Valley"))
    with pytest.raises(FeedsInvalid):
        Feeds(place)
    assert faults() == 2
    said = capsys.readouterr()
    assert (said.out + said.err).count("feeds_refused") == 2


async def test_refresh__a_new_edition_counts_once_it_stands_still(tmp_path: Path) -> None:
    place = a_directory(tmp_path, north=NORTH)
    feeds = await Feeds.read(place, looks=3)
    first = feeds.revision
    assert [await feeds.refresh() for _ in range(4)] == [False] * 4
    a_directory(tmp_path, north=NORTH.replace("shadow", "live"))
    assert [await feeds.refresh() for _ in range(2)] == [False, False]
    a_directory(tmp_path, south=SOUTH)
    assert [await feeds.refresh() for _ in range(4)] == [False, False, True, False], "each change begins the count anew"
    assert (len(feeds), list(feeds), feeds["north"].mode) == (2, ["north", "south"], Mode.LIVE)
    assert feeds.get("east") is None
    assert feeds.revision != first


async def test_refresh__a_bad_edition_leaves_the_one_before_it(tmp_path: Path) -> None:
    place = a_directory(tmp_path, north=NORTH, south=SOUTH)
    feeds = await Feeds.read(place, looks=1)
    stood, first = dict(feeds), feeds.revision
    a_directory(tmp_path, north=NORTH + "colour = 'red'\nzones = 1\n", south=SOUTH.replace("shadow", "off"))
    assert not await feeds.refresh()
    assert (dict(feeds), feeds.revision) == (stood, first), "the good file of a bad edition does not count either"
    assert feeds.problems == (
        "north.toml: feed[0].colour: no setting of a feed",
        "north.toml: feed[0].zones: no setting of a feed; is zone meant?",
    )
    assert faults() == 2
    a_directory(tmp_path, north=NORTH)
    assert await feeds.refresh()
    assert (feeds["south"].mode, feeds.problems, faults()) == (Mode.OFF, (), 0)


async def test_refresh__files_that_are_gone_leave_what_was_known(tmp_path: Path) -> None:
    place = a_directory(tmp_path, north=NORTH)
    feeds = await Feeds.read(place, looks=1)
    (place / "north.toml").unlink()
    assert not await feeds.refresh()
    assert (list(feeds), feeds.problems) == (["north"], ("feeds: a directory without a .toml file",))
    place.rmdir()
    assert not await feeds.refresh()
    assert feeds.problems == ("feeds: cannot be read: No such file or directory",)
    a_directory(tmp_path, north=NORTH)
    assert await feeds.refresh()
    assert feeds.problems == ()


async def test_refresh__a_refused_edition_taken_back_is_said(tmp_path: Path) -> None:
    """The edition that counts is the one in the files again: nothing is wrong any more."""
    place = a_directory(tmp_path, north=NORTH)
    feeds = await Feeds.read(place, looks=1)
    for text, wrong in ((NORTH, 0), ("torn", 1), (NORTH, 0), ("torn", 1)):
        a_directory(tmp_path, north=text)
        await feeds.refresh()
        assert faults() == wrong


async def test_refresh__follows_the_swap_of_a_config_map(tmp_path: Path) -> None:
    """As the kubelet writes one: files are links through `..data`, which is renamed over to the next edition."""
    place = tmp_path / "mounted"
    for edition, text in (("..2026_1", NORTH), ("..2026_2", NORTH.replace("shadow", "live"))):
        (place / edition).mkdir(parents=True)
        (place / edition / "north.toml").write_text(text)
    (place / "..data").symlink_to("..2026_1")
    (place / "north.toml").symlink_to("..data/north.toml")
    whole, one = await Feeds.read(place, looks=1), await Feeds.read(place / "north.toml", looks=1)
    (place / "..data_tmp").symlink_to("..2026_2")
    (place / "..data_tmp").rename(place / "..data")
    for feeds in (whole, one):
        assert feeds["north"].mode is Mode.SHADOW
        assert await feeds.refresh()
        assert feeds["north"].mode is Mode.LIVE
