"""Last-writer registers: a field and the stamp of its last word. Merging is the same in any order and for repeats.

The stamp is when the hospital recorded the message (EVN-2, else MSH-7, else the time it happened), then the rank of the
trigger, feed, control id and hash: a stale update cannot overwrite newer data (PID-33 in spirit).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from services.admissions.domain.model import Register, Registers, Source

_TAKEN_OUT: Final = "0000"


def stamp(recorded: datetime, rank: int, source: Source) -> str:
    """A text that sorts as its parts do."""
    instant = recorded.astimezone(UTC).isoformat(timespec="microseconds")
    return "|".join([instant, str(rank), *source])


def is_of(stamp_: str, source: Source) -> bool:
    """Did this message write it? What stands before its source, the time, may be read otherwise today."""
    return stamp_.split("|", 2)[2:] == ["|".join(source)]


def taken_out(stamp_: str) -> str:
    """The stamp of the same writer before all others: its word counts only until there is any other."""
    return _TAKEN_OUT + stamp_[stamp_.index("|") :]


def is_taken_out(stamp_: str) -> bool:
    """Is it one of those?"""
    return stamp_.startswith(f"{_TAKEN_OUT}|")


def merge(registers: Registers, writes: Mapping[str, Any], stamp_: str) -> Registers:
    """The registers after these writes; None clears. A field that is not written keeps its last word."""
    newer = {
        name: Register(stamp=stamp_, value=value)
        for name, value in writes.items()
        if name not in registers or registers[name].stamp < stamp_
    }
    return {**registers, **newer}


def value_of(registers: Registers, name: str, otherwise: Any = None) -> Any:
    """What stands in a field; `otherwise` if it was never sent or was cleared."""
    register = registers.get(name)
    return otherwise if register is None or register.value is None else register.value


def merged(several: Iterable[Registers]) -> Registers:
    """The last word on each field among them, whichever was first."""
    first, *others = several
    found = dict(first)
    for of in others:
        for name, register in of.items():
            if name not in found or found[name].stamp < register.stamp:
                found[name] = register
    return found
