"""`python -m tests.samples FOLDER`: reads every message there as `care hl7 read` does and compares it.

FOLDER holds `manifest.jsonl` (a file and its kind a line) and `expected.jsonl` (what other readers found in it). Prints
every value that differs and how each odd file ends; 1 if a value differs or a message of kind `adt` was not read.
"""

# ruff: noqa: T201 - it prints what it found

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from care.hl7_read import read_lines
from services.admissions.adt import FeedFacts
from shared.schemas.adt import AdtEvent
from tests.samples.telling import Telling

FEED = FeedFacts(name="file", zone="UTC")
DERIVED = frozenset({"event_occurred", "pv1_count"})  # ours is there without their field: compared where theirs is


def main(folder: Path) -> int:
    """The exit code."""
    kinds = {line["file"]: line for line in _lines(folder / "manifest.jsonl")}
    ends = {file: list(read_lines((folder / file).read_bytes(), FEED)) for file in kinds}
    differing = _compare(_lines(folder / "expected.jsonl"), ends)
    unread = [
        file for file, line in kinds.items() if line["kind"] == "adt" and any("error" in end for end in ends[file])
    ]
    for file in unread:
        print(f"not read: {file}: {_ends(ends[file])}")
    _print_ends(kinds, ends)
    return 1 if differing or unread else 0


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def _compare(expected: list[dict[str, Any]], ends: dict[str, list[dict[str, Any]]]) -> int:
    compared = differing = 0
    for line in expected:
        file = line["file"]
        theirs = dict(_leaves({name: value for name, value in line.items() if name not in ("file", "tier")}))
        read = ends[file][0]
        ours = dict(_leaves(Telling(AdtEvent.model_validate(read)).whole())) if "error" not in read else {}
        compared += len(theirs)
        for place in sorted(theirs.keys() | ours.keys()):
            if theirs.get(place) != ours.get(place) and not (place in DERIVED and place not in theirs):
                differing += 1
                print(f"differs: {file}: {place}: expected {theirs.get(place)!r}, read {ours.get(place)!r}")
    print(f"{len(expected)} messages, {compared} values expected, {differing} differ")
    return differing


def _leaves(node: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _leaves(value, f"{place}.{name}" if place else name)
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _leaves(value, f"{place}[{number}]")
    elif text := str(node).strip():
        yield place, text


def _print_ends(kinds: dict[str, dict[str, Any]], ends: dict[str, list[dict[str, Any]]]) -> None:
    print("other:", dict(Counter(_ends(ends[file]) for file, line in kinds.items() if line["kind"] == "other")))
    for file, line in kinds.items():
        if line["kind"] in ("odd", "batch"):
            print(f"{line['kind']}: {file}: {_ends(ends[file])}")


def _ends(lines: list[dict[str, Any]]) -> str:
    """How each message of a file ends, in order."""
    return "; ".join(_end(line) for line in lines) or "nothing"


def _end(line: dict[str, Any]) -> str:
    if "error" in line:
        return f"{line['error']} {line.get('message_code', '')}".strip()
    return " ".join((line["trigger"], *line["flags"]))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
