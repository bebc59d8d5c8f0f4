"""The fence: what keeps the clock from calling overdue what is only queued.

Note t, read the end H of every input partition, and once all are committed up to H, alarms due ≤ t may be said; then
the next fence is taken. New traffic cannot move a fence. H is taken from a fetch that was certainly *asked* after t: of
two fetch answers seen after t, the later one's request was sent after the earlier one came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

Place = tuple[str, int]


class Inputs(Protocol):
    """The partitions that can touch this instance's aggregates, as its consumer sees them."""

    def assignment(self) -> Sequence[Place]:
        """Ours now."""

    def high_watermark(self, topic: str, partition: int) -> tuple[int, float] | None:
        """(end, Unix seconds of the fetch that saw it), or None."""


@dataclass
class _Mark:
    """One partition: the first fetch seen after t, and the end that a later one saw."""

    first_fetch: float | None = None
    end: int | None = None


@dataclass
class Fence:
    """One fence over a fixed assignment: `t` on the business clock, `taken` on the wall clock (Unix seconds)."""

    t: datetime
    taken: float
    places: tuple[Place, ...]
    _marks: dict[Place, _Mark] = field(default_factory=dict)

    def passed(self, inputs: Inputs, committed: dict[Place, int]) -> bool:
        """Is everything that was there at `t` heard and committed? `committed` holds next-to-hear offsets."""
        for place in self.places:
            self._look(place, inputs.high_watermark(*place))
        return all(self._is_heard(place, committed) for place in self.places)

    def _look(self, place: Place, seen: tuple[int, float] | None) -> None:
        mark = self._marks.setdefault(place, _Mark())
        if seen is None or mark.end is not None or seen[1] <= self.taken:
            return
        if mark.first_fetch is None:
            mark.first_fetch = seen[1]
        elif seen[1] > mark.first_fetch:
            mark.end = seen[0]

    def _is_heard(self, place: Place, committed: dict[Place, int]) -> bool:
        end = self._marks[place].end
        return end is not None and committed.get(place, 0) >= end
