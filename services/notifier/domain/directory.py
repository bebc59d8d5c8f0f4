"""Who can be told: the directory of one tenant, kept as one document and looked up by identifier or programme role.

One document a tenant holds every entry, loaded once a batch: at most 5,000 entries (about 3 MB of MongoDB's 16), more
is refused as `directory-full`. The way out beyond that is one document per tenant and facility: `Refs` then names the
encounter's facility and "" (those who serve all), and nothing else changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from shared.schemas.directory import DirectoryEntrySet
from shared.schemas.envelope import derived_id
from shared.schemas.identifiers import Identifier

ENTRY_LIMIT: Final = 5_000


class DirectoryFull(Exception):
    """The tenant's directory holds as many entries as one document may."""


class Directory:
    """The entries of one tenant, indexed. Built once for each state that was loaded."""

    def __init__(self, entries: tuple[DirectoryEntrySet, ...] = ()) -> None:
        self._entries = entries
        self._holders: dict[tuple[str, str], list[DirectoryEntrySet]] = {}
        for entry in entries:
            for identifier in entry.identifiers:
                holders = self._holders.setdefault((identifier.assigner, identifier.value), [])
                if entry not in holders:
                    holders.append(entry)

    def holders(self, provider: Identifier) -> tuple[DirectoryEntrySet, ...]:
        """The entries with that value of that assigner, active ones before all others.

        More than one: nobody can say who is meant. A value nobody vouches for names nobody.
        """
        if not provider.value or not provider.assigner:
            return ()
        found = self._holders.get((provider.assigner, provider.value), [])
        return tuple(entry for entry in found if entry.active) or tuple(found)

    def serving(self, role: str, facility: str) -> tuple[DirectoryEntrySet, ...]:
        """The active entries of a programme role that serve a facility (an entry without facilities serves all)."""
        return tuple(
            entry
            for entry in self._entries
            if entry.active and role in entry.program_roles and (not entry.facilities or facility in entry.facilities)
        )


def directory_of(state: Mapping[str, Any] | None) -> Directory:
    """The directory that a document holds; none is an empty one."""
    rows = state["entries"] if state else ()
    return Directory(tuple(DirectoryEntrySet.model_validate(row) for row in rows))


def with_entry(state: Mapping[str, Any] | None, entry: DirectoryEntrySet) -> dict[str, Any] | None:
    """The document with `entry` in it, or None when it holds that version or a higher one. Raises DirectoryFull.

    `{"digest": names this content and how it came about, "entries": [in order of entry_id]}`. A list, because ids are
    not fit for field names.
    """
    rows: list[dict[str, Any]] = list(state["entries"]) if state else []
    known = next((row for row in rows if row["entry_id"] == entry.entry_id), None)
    if known is not None and known["version"] >= entry.version:
        return None
    if known is None and len(rows) >= ENTRY_LIMIT:
        raise DirectoryFull
    kept = [row for row in rows if row is not known]
    kept.append(entry.model_dump(mode="json"))
    before = state["digest"] if state else ""
    digest = derived_id("directory", before, entry.model_dump_json())
    return {"digest": digest, "entries": sorted(kept, key=lambda row: str(row["entry_id"]))}
