"""What a command writes into a feed's file: one line changed where it stands, every other line as its writer left it.

The file is replaced in one step, so that whoever reads it meanwhile reads the one or the other. What cannot be changed
safely is left alone and said.
"""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from shared.feeds import FeedsInvalid, parse_feeds
from shared.schemas.envelope import Mode

Profile = dict[str, Any]
TABLE: Final = re.compile(r"^\s*\[")
FEED: Final = re.compile(r"^\s*\[\[\s*feed\s*\]\]")
_MODE: Final = re.compile(r"""^(\s*mode\s*=\s*)("[^"]*"|'[^']*')""")
_NAME: Final = re.compile(r"^\s*feed\s*=")


class Unchangeable(Exception):
    """The file is not changed; the text says why, and what to do."""


def set_mode(file: Path, feed: str, mode: Mode) -> str:
    """Write the mode of `feed`; returns the one before it. Raises Unchangeable, OSError."""

    def meant(profile: Profile) -> Profile:
        return {**profile, "mode": mode.value}

    before = change(file, feed, lambda text, place: with_mode(text, place, mode), meant, "`mode`")
    return str(before.get("mode", Mode.OFF.value))


def change(
    file: Path, feed: str, written: Callable[[str, int], str], meant: Callable[[Profile], Profile], what: str
) -> Profile:
    """Change the profile of `feed` to what is `meant`, by the text that `written` makes; returns the one before.

    `written` is given the text and the place of the feed's table in it, from 0. Raises Unchangeable where it does not
    come to what is meant, or that is no profile; OSError.
    """
    if file.is_symlink():
        raise Unchangeable("it is a link, as in a ConfigMap's mount: change it where it comes from")
    text = file.read_bytes().decode("utf-8")
    before = tomllib.loads(text)
    place = next((n for n, table in enumerate(before["feed"]) if table["feed"] == feed), None)
    if place is None:
        raise Unchangeable(f"it holds no feed {feed}")
    tables = list(before["feed"])
    tables[place] = meant(tables[place])
    _hold_valid({**before, "feed": tables})
    after = written(text, place)
    if _read(after) != {**before, "feed": tables}:
        raise Unchangeable(f"the line cannot be found safely: change {what} by hand")
    _replace(file, after)
    return dict(before["feed"][place])


def _read(text: str) -> object:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _hold_valid(content: Profile) -> None:
    try:
        parse_feeds(content)
    except FeedsInvalid as invalid:
        raise Unchangeable("; ".join(invalid.problems)) from None


def with_mode(text: str, place: int, mode: Mode) -> str:
    """The text with the mode of its table number `place` (from 0); the line is added where there is none."""
    lines = text.splitlines(keepends=True)
    starts = [n for n, line in enumerate(lines) if FEED.match(line)]
    if place >= len(starts):
        return text
    first = starts[place] + 1
    last = next((n for n in range(first, len(lines)) if TABLE.match(lines[n])), len(lines))
    for n in range(first, last):
        if _MODE.match(lines[n]):
            lines[n] = _MODE.sub(lambda found: f'{found[1]}"{mode.value}"', lines[n], count=1)
            return "".join(lines)
    named = next((n for n in range(first, last) if _NAME.match(lines[n])), first - 1)
    ending = lines[named][len(lines[named].rstrip("\r\n")) :] or "\n"
    lines[named] = lines[named].rstrip("\r\n") + ending
    lines.insert(named + 1, f'mode = "{mode.value}"{ending}')
    return "".join(lines)


def _replace(file: Path, text: str) -> None:
    """A name that begins with a dot is no profile to whoever looks meanwhile."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with beside.open("xb") as new:
            new.write(text.encode("utf-8"))
            new.flush()
            os.fsync(new.fileno())
        shutil.copymode(file, beside)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
