"""One code in one of a feed's maps, a line of its table: `[feed.dispositions]`, or in `dispositions = { … }`."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Final

from care.feed_file import FEED, TABLE, Profile, change

MAPS: Final = {
    "PV1-2": "class_codes",
    "PV1-4": "admission_types",
    "PV1-10": "services",
    "PV1-36": "dispositions",
    "PID-3.5": "identifier_codes",
}
"""The field that a code is sent in, and the profile's map of it."""
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_TEXT: Final = r"""\"(?:[^\"\\]|\\.)*\"|'[^']*'"""
_PAIR: Final = re.compile(rf"({_TEXT}|[A-Za-z0-9_-]+)\s*=\s*({_TEXT})")


def set_code(file: Path, feed: str, field: str, code: str, value: str) -> str:
    """Map `code` of `feed` to `value`; returns what it was mapped to, "" for nothing. Raises Unchangeable, OSError."""
    name = MAPS[field]

    def meant(profile: Profile) -> Profile:
        kept = profile.get(name, {})
        return {**profile, name: {**kept, _spelt(kept, code, field): value}}

    def written(text: str, place: int) -> str:
        return with_code(text, place, field, code, value)

    before = change(file, feed, written, meant, f"`{name}`").get(name, {})
    return str(before.get(_spelt(before, code, field), ""))


def with_code(text: str, place: int, field: str, code: str, value: str) -> str:
    """The text with the code in the map of its table number `place` (from 0); the map is added where there is none."""
    lines = text.splitlines(keepends=True)
    starts = [n for n, line in enumerate(lines) if FEED.match(line)]
    if place >= len(starts):
        return text
    first = starts[place] + 1
    last = starts[place + 1] if place + 1 < len(starts) else len(lines)
    _write(lines, first, last, field, (code, value))
    return "".join(lines)


def _write(lines: list[str], first: int, last: int, field: str, pair: tuple[str, str]) -> None:
    name = MAPS[field]
    header = re.compile(rf"^\s*\[\s*feed\s*\.\s*{name}\s*\]")
    inline = re.compile(rf"^\s*{name}\s*=\s*\{{")
    for n in range(first, last):
        if header.match(lines[n]):
            return _into_table(lines, n, last, field, pair)
        if inline.match(lines[n]):
            lines[n] = _into_line(lines[n], field, pair)
            return None
    return _as_table(lines, last, name, pair)


def _into_table(lines: list[str], header: int, last: int, field: str, pair: tuple[str, str]) -> None:
    """Where the code stands already, else behind the last line of the table."""
    end = next((n for n in range(header + 1, last) if TABLE.match(lines[n])), last)
    behind = header
    for n in range(header + 1, end):
        found = _PAIR.match(lines[n].lstrip())
        behind = n if found else behind
        if found and _same(_unquoted(found[1]), pair[0], field):
            lines[n] = lines[n].replace(found[0], _with_value(found, pair[1]), 1)
            return
    _insert(lines, behind + 1, [f"{_key(pair[0])} = {_quoted(pair[1])}"])


def _into_line(line: str, field: str, pair: tuple[str, str]) -> str:
    """An inline table: the value of a code that stands in it, else one more pair before its end."""
    start = line.index("{")
    for found in _PAIR.finditer(line, start):
        if _same(_unquoted(found[1]), pair[0], field):
            return f"{line[: found.start()]}{_with_value(found, pair[1])}{line[found.end() :]}"
    end = line.index("}", start)
    before = line[:end].rstrip()
    comma = "" if before.endswith("{") else ","
    return f"{before}{comma} {_key(pair[0])} = {_quoted(pair[1])} {line[end:]}"


def _as_table(lines: list[str], last: int, name: str, pair: tuple[str, str]) -> None:
    """At the end of the feed, before the blank lines and remarks that lead to the next one."""
    behind = last
    while not lines[behind - 1].strip() or lines[behind - 1].lstrip().startswith("#"):
        behind -= 1
    _insert(lines, behind, ["", f"[feed.{name}]", f"{_key(pair[0])} = {_quoted(pair[1])}"])


def _insert(lines: list[str], place: int, new: list[str]) -> None:
    """Lines that end as the one before them does."""
    before = lines[place - 1]
    ending = before[len(before.rstrip("\r\n")) :] or "\n"
    lines[place - 1] = before.rstrip("\r\n") + ending
    lines[place:place] = [line + ending for line in new]


def _with_value(found: re.Match[str], value: str) -> str:
    return found[0][: found.start(2) - found.start()] + _quoted(value)


def _key(code: str) -> str:
    return code if _BARE.fullmatch(code) else _quoted(code)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _unquoted(key: str) -> str:
    return next(iter(tomllib.loads(f"{key} = 0")))


def _spelt(kept: dict[str, str], code: str, field: str) -> str:
    """The code as the map has it."""
    return next((one for one in kept if _same(one, code, field)), code)


def _same(one: str, other: str, field: str) -> bool:
    return _plain(one, field) == _plain(other, field)


def _plain(code: str, field: str) -> str:
    """As profiles compare them; PV1-36 is read with two digits."""
    upper = code.strip().upper()
    return upper.zfill(2) if field == "PV1-36" and upper.isdigit() else upper
