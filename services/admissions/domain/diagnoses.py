"""A stay's diagnoses (DG1): each message a snapshot of all, or, where the feed says so, each diagnosis for itself.

HL7 v2.5.1 ch. 2.10.4 has repeating segments replace what was sent before; some systems send only what is new. Of those
the last word on each code counts, later than the last snapshot if there ever was one.
"""

from __future__ import annotations

from typing import Any, Final

from services.admissions.domain.model import Register, Registers
from shared.feeds import FeedProfile
from shared.schemas.adt import AdtEvent

ALL: Final = "diagnoses"
ONE: Final = "diagnosis:"
MOST: Final = 100
"""Of those sent one by one the latest: a long stay has many."""


def writes(event: AdtEvent, profile: FeedProfile) -> dict[str, Any]:
    """The registers that a message writes; one without a code is of no use here."""
    if ALL in event.cleared:
        return {ALL: None}
    if event.diagnoses is None:
        return {}
    coded = [{"code": one.code, "system": one.system, "type": one.type} for one in event.diagnoses if one.code]
    if profile.snapshots.get("DG1") == "adds":
        return {f"{ONE}{one['system']}|{one['code']}": one for one in coded}
    return {ALL: coded or None}


def standing(registers: Registers) -> list[dict[str, Any]]:
    """Code, system and type of each that stands."""
    snapshot = registers.get(ALL)
    since, first = (snapshot.stamp, snapshot.value or []) if snapshot else ("", [])
    later = sorted(name for name in _single(registers) if registers[name].stamp > since)
    if not later:
        return list(first)
    said = {f"{ONE}{one['system']}|{one['code']}": one for one in first}
    return list((said | {name: registers[name].value for name in later}).values())


def bounded(registers: Registers) -> Registers:
    """Without the earliest of too many: the same ones in whatever order they came."""
    names = _single(registers)
    if len(names) <= MOST:
        return registers
    latest = {*sorted(names, key=lambda name: (registers[name].stamp, name))[-MOST:]}
    return {name: register for name, register in registers.items() if not name.startswith(ONE) or name in latest}


def _single(registers: dict[str, Register]) -> list[str]:
    return [name for name in registers if name.startswith(ONE)]
