"""Who hears of what, and why not: a table by hand, and the demonstration's directory read as it stands in its file.

The roles: 42 CFR 482.24(d) for the primary care provider (admission, discharge, emergency registration), the
programme's coordinator for the work, attending and supervisor when it is escalated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from demo.oracle.facts import SENT, Member

HEARS: Final = {
    "encounter.registered": ("PCP",),
    "encounter.admitted": ("PCP", "coordinator"),
    "encounter.discharged": ("PCP",),
    "encounter.moved": ("supervisor",),
    "patient.died": ("PCP", "coordinator"),
    "transition.opened": ("coordinator",),
    "transition.closed": ("coordinator",),
    "task.due": ("coordinator",),
    "task.overdue": ("coordinator",),
    "task.escalated": ("ATND", "coordinator", "supervisor"),
}
GREATEST_AGE: Final = timedelta(hours=24)
ALLOWED_DOMAIN: Final = "@example.org"
_MODES: Final = ("off", "backload")
RESTRICTED: Final = "suppressed:restricted"


class Directory:
    """The entries of a directory file: `{"entries": [{entry_id, identifiers, program_roles, ...}]}`."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._entries: Sequence[Mapping[str, Any]] = content["entries"]

    def audience(self, notice: str, team: Sequence[Member], facility: str) -> dict[str, str]:
        """Everybody considered, by entry id (or who could not be found), with "" or what speaks against telling."""
        found: dict[str, str] = {}
        for recipient, reason in (*self._of_team(notice, team), *self._of_programme(notice, facility)):
            found.setdefault(recipient, reason)
        return found

    def _of_team(self, notice: str, team: Sequence[Member]) -> Iterator[tuple[str, str]]:
        for member in team:
            due = member.role in HEARS[notice]
            entries = self._holding(member)
            if not entries and due:
                assigner, value = member.numbers[0]
                yield f"provider:{assigner}|{value}", "no-directory-entry"
            for entry in entries[:1]:
                if due or notice in entry.get("subscriptions", ()):
                    yield entry["entry_id"], _against(entry, notice)

    def _of_programme(self, notice: str, facility: str) -> Iterator[tuple[str, str]]:
        for role in ("coordinator", "supervisor"):
            serving = [
                one for one in self._entries if role in one.get("program_roles", ()) and facility in one["facilities"]
            ]
            if role in HEARS[notice]:
                yield from ((one["entry_id"], _against(one, notice)) for one in serving)
                if not serving:
                    yield f"role:{role}", "no-directory-entry"

    def _holding(self, member: Member) -> list[Mapping[str, Any]]:
        return [
            entry
            for entry in self._entries
            if any((number["assigner"], number["value"]) in member.numbers for number in entry.get("identifiers", ()))
        ]


def _against(entry: Mapping[str, Any], notice: str) -> str:
    if not entry.get("active", True):
        return "inactive"
    if "subscriptions" in entry and notice not in entry["subscriptions"]:
        return "not-subscribed"
    return "" if entry["channels"][0]["address"].endswith(ALLOWED_DOMAIN) else "not-on-allow-list"


def outcome(mode: str, training: bool, shielded: bool, too_old: bool, personal: str) -> str:
    """What becomes of one telling. Feed and message come first, then stay, age and recipient, the shadow last."""
    if mode in _MODES:
        return f"suppressed:mode-{mode}"
    if training:
        return "suppressed:not-production"
    if shielded:
        return RESTRICTED
    if too_old:
        return "suppressed:too-old"
    if personal:
        return f"suppressed:{personal}"
    return "suppressed:mode-shadow" if mode == "shadow" else SENT
