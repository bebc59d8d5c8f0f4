"""A directory file, checked as a whole before one entry of it is said. Refuses what could tell the wrong person.

version = 3
[[entries]]
entry_id = "dr-primary"
name = "Dr. P. Primary"
identifiers = [{ value = "P1", assigner = "NORTH" }]
channels = [{ kind = "email", address = "primary@example.org" }]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from services.notifier.domain.address import is_address
from services.notifier.domain.directory import ENTRY_LIMIT
from services.notifier.domain.notices import SUBSCRIBABLE
from shared.schemas.directory import DirectoryEntrySet

FILE_KEYS: Final = frozenset({"version", "entries"})


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong: with which entry (its place in the file from 0; None: the file), as a code, in which field."""

    entry: int | None
    code: str
    field: str = ""

    def __str__(self) -> str:
        """`entry 3: no-channel (channels)`."""
        place = "file" if self.entry is None else f"entry {self.entry}"
        return f"{place}: {self.code}" + (f" ({self.field})" if self.field else "")


class BadDirectory(Exception):
    """The file is refused; `problems` are all that were found. Their text names places and codes, never a value."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


def read_directory(parsed: Mapping[str, Any]) -> list[DirectoryEntrySet]:
    """The entries of a parsed file, each of the file's version. Raises BadDirectory with everything that is wrong."""
    version, rows = parsed.get("version"), parsed.get("entries")
    problems = list(_file_problems(parsed))
    if problems:
        raise BadDirectory(tuple(problems))
    entries: list[tuple[int, DirectoryEntrySet]] = []
    for place, row in enumerate(rows or ()):
        try:
            entries.append((place, _entry(row, version)))
        except _BadEntry as bad:
            problems += [Problem(place, code, field) for code, field in bad.found]
    problems += [problem for place, entry in entries for problem in _entry_problems(place, entry)]
    problems += _repeats(entries)
    if problems:
        raise BadDirectory(tuple(sorted(problems, key=lambda problem: (problem.entry or 0, problem.code))))
    return [entry for _, entry in entries]


class _BadEntry(Exception):
    def __init__(self, found: list[tuple[str, str]]) -> None:
        super().__init__("bad entry")
        self.found = found


def _file_problems(parsed: Mapping[str, Any]) -> Iterator[Problem]:
    version, rows = parsed.get("version"), parsed.get("entries")
    if type(version) is not int or version < 1:
        yield Problem(None, "bad-version", "version")
    if not isinstance(rows, list) or not rows:
        yield Problem(None, "no-entries", "entries")
    elif len(rows) > ENTRY_LIMIT:
        yield Problem(None, "directory-full", "entries")
    for _ in parsed.keys() - FILE_KEYS:
        yield Problem(None, "unknown-field")


def _entry(row: Any, version: Any) -> DirectoryEntrySet:
    if not isinstance(row, Mapping):
        raise _BadEntry([("not-a-table", "")])
    unknown = row.keys() - (DirectoryEntrySet.model_fields.keys() - {"version"})
    if unknown:
        raise _BadEntry([("unknown-field", "")])
    try:
        return DirectoryEntrySet.model_validate({**row, "version": version})
    except ValidationError as invalid:
        raise _BadEntry([_field_problem(error["loc"]) for error in invalid.errors(include_input=False)]) from None


def _field_problem(loc: tuple[int | str, ...]) -> tuple[str, str]:
    return "bad-field", ".".join(str(part) for part in loc)


def _entry_problems(place: int, entry: DirectoryEntrySet) -> Iterator[Problem]:
    if not entry.entry_id.strip():
        yield Problem(place, "no-entry-id", "entry_id")
    if not entry.identifiers and not entry.program_roles:
        yield Problem(place, "never-found", "identifiers")
    if any(not one.value or not one.assigner for one in entry.identifiers):
        yield Problem(place, "identifier-without-assigner", "identifiers")
    if entry.active and not entry.channels:
        yield Problem(place, "no-channel", "channels")
    if any(not is_address(channel.address) for channel in entry.channels):
        yield Problem(place, "bad-address", "channels")
    if set(entry.subscriptions or ()) - SUBSCRIBABLE:
        yield Problem(place, "unknown-subscription", "subscriptions")


def _repeats(entries: list[tuple[int, DirectoryEntrySet]]) -> Iterator[Problem]:
    ids: set[str] = set()
    identifiers: set[tuple[str, str]] = set()
    for place, entry in entries:
        if entry.entry_id in ids:
            yield Problem(place, "duplicate-id", "entry_id")
        ids.add(entry.entry_id)
        held = {(one.assigner, one.value) for one in entry.identifiers}
        if held & identifiers:
            yield Problem(place, "duplicate-identifier", "identifiers")
        identifiers |= held
