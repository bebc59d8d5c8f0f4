"""The feed profiles of a running process, read again when their files change: nobody restarts to switch a feed.

One TOML file, or a directory of one file a feed (`<feed>.toml`). A bad edition is refused whole and the one before it
stands; what was found wrong is logged and counted. Looking a profile up costs what a dict costs.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

from shared.feeds import FeedProfile, FeedsInvalid, parse_feeds
from shared.telemetry import log, metrics

LOOK_SECONDS: Final = 1.0
HEARERS_LOOKS: Final = 2
"""An edition counts once so many looks in a row found it the same: never half a file, nor half of two editions."""
DOORS_LOOKS: Final = 4
"""More than the hearers': where both read the same files a door opens after those behind it know its feed."""


@dataclass(frozen=True)
class _Found:
    """What stood in the files at one look. `problem`: why they could not be read."""

    files: tuple[tuple[str, bytes], ...] = ()
    problem: str = ""

    @cached_property
    def revision(self) -> str:
        return hashlib.sha256(repr((self.files, self.problem)).encode()).hexdigest()[:12]

    def profiles(self) -> dict[str, FeedProfile]:
        """Raises FeedsInvalid."""
        if self.problem:
            raise FeedsInvalid((self.problem,))
        problems: list[str] = []
        tables = [table for name, content in self.files for table in _tables(name, content, problems)]
        try:
            found = parse_feeds({"feed": [table for _, table in tables]}, [place for place, _ in tables])
        except FeedsInvalid as invalid:
            raise FeedsInvalid((*problems, *(invalid.problems if tables or not problems else ()))) from None
        if problems:
            raise FeedsInvalid(tuple(problems))
        return found

    def usable(self) -> dict[str, FeedProfile]:
        """Each profile that is valid by itself; of two of one name the first."""
        found: dict[str, FeedProfile] = {}
        for _, table in (table for name, content in self.files for table in _tables(name, content, [])):
            with contextlib.suppress(FeedsInvalid):
                found = parse_feeds({"feed": [table]}) | found
        return found


def usable_feeds(place: Path) -> tuple[dict[str, FeedProfile], tuple[str, ...]]:
    """The profiles by feed, for whoever only looks: those that are valid by themselves, and every fault of the others.

    No service goes by them: it refuses an edition with a fault whole.
    """
    found = _look(place)
    try:
        return found.profiles(), ()
    except FeedsInvalid as invalid:
        return found.usable(), invalid.problems


def read_feeds(place: Path) -> dict[str, FeedProfile]:
    """The profiles by feed, of a file or a directory. Raises FeedsInvalid: every fault by file, table and key."""
    return _look(place).profiles()


def file_of(place: Path, feed: str) -> Path:
    """The file that holds a feed's profile."""
    return place / f"{feed}.toml" if place.is_dir() else place


class Feeds(Mapping[str, FeedProfile]):
    """The profiles that count now, by feed. `revision` names their edition; `problems`: why the newest is refused."""

    def __init__(self, place: Path, *, looks: int = HEARERS_LOOKS) -> None:
        """Reads `place`. Raises FeedsInvalid, with each fault in the log."""
        self._place, self._looks = place, looks
        self.problems: tuple[str, ...] = ()
        found = self._last = self._judged = _look(place)
        self._same = 0
        try:
            self._profiles = found.profiles()
        except FeedsInvalid as invalid:
            self._refuse(found, invalid)
            raise
        self.revision = found.revision
        metrics.feeds_invalid.set(0)

    @classmethod
    async def read(cls, place: Path, *, looks: int = HEARERS_LOOKS) -> Self:
        """As the constructor, off the event loop."""
        return await asyncio.to_thread(lambda: cls(place, looks=looks))

    def __getitem__(self, feed: str) -> FeedProfile:
        return self._profiles[feed]

    def get(self, feed: str, default: Any = None) -> Any:
        """Asked for each message, so without the detour by an exception."""
        return self._profiles.get(feed, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._profiles)

    def __len__(self) -> int:
        return len(self._profiles)

    async def refresh(self) -> bool:
        """Look once; True if another edition counts from now on. Raises for nothing that can stand in the files."""
        found = await asyncio.to_thread(_look, self._place)
        self._same = self._same + 1 if found == self._last else 1
        self._last = found
        if self._same < self._looks or found == self._judged:
            return False
        self._judged = found
        try:
            profiles = await asyncio.to_thread(found.profiles)
        except FeedsInvalid as invalid:
            self._refuse(found, invalid)
            return False
        self._take(found, profiles)
        return True

    def _take(self, found: _Found, profiles: dict[str, FeedProfile]) -> None:
        """One assignment: whoever looks a feed up sees the one edition or the other."""
        self._profiles, self.revision, self.problems = profiles, found.revision, ()
        metrics.feeds_invalid.set(0)
        log.info("feeds_taken", version=found.revision, count=len(profiles))

    def _refuse(self, found: _Found, invalid: FeedsInvalid) -> None:
        self.problems = invalid.problems
        metrics.feeds_invalid.set(len(invalid.problems))
        for problem in invalid.problems:
            log.error("feeds_refused", version=found.revision, reason=problem)


def _look(place: Path) -> _Found:
    """Names that begin with a dot are not ours: a ConfigMap's mount keeps its editions there, an editor its copies."""
    try:
        if not place.is_dir():
            return _Found((("", place.read_bytes()),))
        names = sorted(path.name for path in place.glob("*.toml") if not path.name.startswith("."))
        found = tuple((name, (place / name).read_bytes()) for name in names)
    except OSError as error:
        return _Found(problem=f"{place.name}: cannot be read: {error.strerror}")
    return _Found(found) if found else _Found(problem=f"{place.name}: a directory without a .toml file")


def _tables(name: str, content: bytes, problems: list[str]) -> list[tuple[str, Any]]:
    """The [[feed]] tables of one file, each with its place; `name` "": the one file, whatever it is called."""
    before = f"{name}: " if name else ""
    try:
        read = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{before}not TOML: {error if isinstance(error, tomllib.TOMLDecodeError) else 'not UTF-8'}")
        return []
    tables = read.get("feed")
    if set(read) != {"feed"} or not isinstance(tables, list) or not tables:
        problems.append(f"{before}the file holds [[feed]] tables, at least one, and nothing else")
        return []
    if name and (fault := _misnamed(name, tables)):
        problems.append(f"{before}{fault}")
    return [(f"{before}feed[{n}]", table) for n, table in enumerate(tables)]


def _misnamed(name: str, tables: list[Any]) -> str:
    if len(tables) > 1:
        return "in a directory each feed has a file of its own"
    feed = tables[0].get("feed") if isinstance(tables[0], dict) else None
    return "" if name == f"{feed}.toml" else f"the file of feed {feed} is to be called {feed}.toml"
