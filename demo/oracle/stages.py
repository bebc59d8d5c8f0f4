"""Where a stay stands by all that was said of it, in whichever order that came (domain rules §1.2, §1.3).

Of two words of one trigger the last recorded counts; a cancel takes back what has the time it names, unless said anew
since. A pre-admission is no stay yet; an A03 of class R ends a month's bill and no stay (HL7 v2.5.1 ch. 3.4.3.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from demo.oracle.facts import Message

CANCELS: Final = {"A11": ("A04", "A01"), "A13": ("A03",), "A38": ("A05",)}
"""What takes back what. A12, and the leaves, change no stage."""
TOLD: Final = {"registered": ("A04", "A07"), "admitted": ("A01", "A06"), "discharged": ("A03",)}
"""By stage: the triggers that may have brought it about, the first first."""
_BEGINS: Final = CANCELS["A11"]
BEGINNING: Final = frozenset({"A01", "A04", "A06", "A07"})
_STAGED: Final = frozenset({"A05", *_BEGINS, "A06", "A07", "A03"})
_SERIES: Final = "R"


def stage(messages: Sequence[Message]) -> str:
    """discharged, admitted, registered, planned, cancelled, or "" for a stay that is only mentioned."""
    found, taken = standing(messages)
    if "A03" in found and found["A03"].class_ != _SERIES:
        return "discharged"
    if within := _where(found):
        return within
    if "A05" in found:
        return "planned"
    return "cancelled" if taken & {*_BEGINS, "A05"} else ""


def standing(messages: Sequence[Message]) -> tuple[dict[str, Message], set[str]]:
    """The message of each trigger that counts and was not taken back, and the triggers that were."""
    latest = {m.trigger: m for m in sorted(messages, key=lambda m: m.recorded) if m.trigger in _STAGED}
    taken: set[str] = set()
    for cancel in sorted((m for m in messages if m.trigger in CANCELS), key=lambda m: m.occurred):
        target = _target(messages, cancel, latest, taken)
        if target:
            taken.add(target)
    return {trigger: m for trigger, m in latest.items() if trigger not in taken}, taken


def _where(found: dict[str, Message]) -> str:
    """An A06 brings into a bed and an A07 out of it; a registration said beside an admission changes nothing."""
    into = [found[one].occurred for one in TOLD["admitted"] if one in found]
    if into:
        return "registered" if "A07" in found and found["A07"].occurred > max(into) else "admitted"
    return "registered" if found.keys() & set(TOLD["registered"]) else ""


def _target(messages: Sequence[Message], cancel: Message, latest: dict[str, Message], taken: set[str]) -> str:
    """By the time it names (EVN-6); if nobody told of such a thing, the last one that is open."""
    kinds = CANCELS[cancel.trigger]
    named = [m.trigger for m in messages if m.trigger in kinds and m.occurred == cancel.occurred]
    open_ = sorted((latest[k] for k in kinds if k in latest and k not in taken), key=lambda m: m.occurred)
    wanted = [max(named, key=kinds.index)] if named else [m.trigger for m in open_ if m.recorded < cancel.recorded]
    return wanted[-1] if wanted and latest[wanted[-1]].recorded < cancel.recorded else ""
