"""`care.directory.v1`: people and organisations, and how each wants to be told. FHIR R4 PractitionerRole in spirit."""

from __future__ import annotations

from typing import ClassVar, Literal

from shared.schemas.envelope import EventData
from shared.schemas.identifiers import Contract, Identifier

ProgramRole = Literal["coordinator", "supervisor"]


class Channel(Contract):
    """One way to reach an entry; the first one of an entry is the one it chose."""

    kind: Literal["email"]
    address: str


class DirectoryEntrySet(EventData):
    """One entry as it stands from `version` on; a higher version wins, a lower one is old.

    An entry is found by any of its `identifiers` (a provider of the care team) or by its `program_roles` at the
    `facilities` it serves (empty: all). `subscriptions` names what it wants to hear of (None: what its role is told by
    default). `active` false: told nothing more.
    """

    TYPE: ClassVar[str] = "directory.entry-set.v1"
    TOPIC: ClassVar[str] = "care.directory.v1"
    entry_id: str
    version: int
    name: str
    kind: Literal["practitioner", "organization"] = "practitioner"
    identifiers: tuple[Identifier, ...] = ()
    program_roles: tuple[ProgramRole, ...] = ()
    facilities: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = ()
    subscriptions: tuple[str, ...] | None = None
    language: str = "en-US"
    active: bool = True
