"""Who should know: the care team found in the directory, and the programme's people who serve the facility.

Considered, and recorded even when not told: every member of the care team whose role hears of such a thing by default
(one who opted out too) or who subscribed to it; every programme person who subscribes to it. A programme role that
nobody holds at that facility is recorded as nobody, so that it is seen. One person in two roles is told once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, get_args

from services.notifier.domain.directory import Directory
from services.notifier.domain.model import Reason
from services.notifier.domain.notices import SUBSCRIBABLE, role_of, told_by_default
from shared.schemas.directory import DirectoryEntrySet, ProgramRole
from shared.schemas.encounters import AboutEncounter, CareTeamMember
from shared.schemas.identifiers import Identifier

PROGRAM_ROLES: Final[tuple[str, ...]] = get_args(ProgramRole)

PROVIDER: Final = "provider:"
"""Begins the name of a member of the care team who could not be found; `ASSIGNER|VALUE` follows if one was sent."""


def provider_of(recipient: str) -> Identifier | None:
    """The identifier that the hospital sent of whom the directory does not know, or None: another kind of recipient."""
    assigner, sent, value = recipient.removeprefix(PROVIDER).partition("|")
    return Identifier(value=value, assigner=assigner) if recipient.startswith(PROVIDER) and sent else None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody considered. `recipient` is the entry's id, or names who could not be found; `unfound` says why not."""

    recipient: str
    role: str
    entry: DirectoryEntrySet | None = None
    unfound: Reason | None = None
    subscribed: bool = True

    @property
    def channel(self) -> str:
        """The kind of the channel the entry chose, or ""."""
        return self.entry.channels[0].kind if self.entry and self.entry.channels else ""

    @property
    def address(self) -> str:
        """The address of that channel, or ""."""
        return self.entry.channels[0].address if self.entry and self.entry.channels else ""


def candidates(notice: str, data: AboutEncounter, directory: Directory) -> tuple[Candidate, ...]:
    """Everybody to be considered for a notice, each once; none for a notice that nobody can hear of."""
    if notice not in SUBSCRIBABLE:
        return ()
    team = (_member(notice, member, directory) for member in data.care_team)
    found = (one for one in team if (one.entry and one.subscribed) or told_by_default(one.role, notice))
    return _each_once((*found, *_program(notice, data.encounter.facility, directory)))


def _member(notice: str, member: CareTeamMember, directory: Directory) -> Candidate:
    role = role_of(member.role)
    holders = directory.holders(member.provider)
    if len(holders) == 1:
        return _of_entry(notice, role, holders[0])
    provider = member.provider
    name = f"{PROVIDER}{provider.assigner}|{provider.value}" if provider.value else f"{PROVIDER}unidentified-{role}"
    reason = Reason.AMBIGUOUS_IDENTIFIER if holders else Reason.NO_DIRECTORY_ENTRY
    return Candidate(name, role, unfound=reason)


def _program(notice: str, facility: str, directory: Directory) -> Iterator[Candidate]:
    for role in PROGRAM_ROLES:
        serving = directory.serving(role, facility)
        yield from (one for entry in serving if (one := _of_entry(notice, role, entry)).subscribed)
        if not serving and told_by_default(role, notice):
            yield Candidate(f"role:{role}", role, unfound=Reason.NO_DIRECTORY_ENTRY)


def _of_entry(notice: str, role: str, entry: DirectoryEntrySet) -> Candidate:
    wanted = entry.subscriptions
    subscribed = told_by_default(role, notice) if wanted is None else notice in wanted
    return Candidate(entry.entry_id, role, entry, subscribed=subscribed)


def _each_once(found: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """One each, in their first role: whoever comes this far is subscribed in every role, or opted out in every one."""
    chosen: dict[str, Candidate] = {}
    for one in found:
        chosen.setdefault(one.recipient, one)
    return tuple(chosen.values())
