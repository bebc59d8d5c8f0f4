"""What this process has read from the coordinator of the group's committed offsets. Not known means unsaid."""

from __future__ import annotations

from shared.stream.records import Cause


class Ledger:
    """Answers one question: is everything that was said because of this record safely behind a committed offset?"""

    def __init__(self) -> None:
        self._committed: dict[tuple[str, int], int] = {}
        self._begins: dict[tuple[str, int], int] = {}

    def note(self, topic: str, partition: int, offset: int) -> None:
        """A committed offset as the coordinator told it (the next offset to be heard)."""
        place = (topic, partition)
        self._committed[place] = max(offset, self._committed.get(place, 0))

    def begins(self, topic: str, partition: int, offset: int) -> None:
        """The first offset that is still there: what retention took is heard by nobody, and settles nothing."""
        self._begins[(topic, partition)] = offset

    def settled(self, cause: Cause) -> bool:
        """True only when a committed offset above it is known."""
        return cause.offset < self._committed.get((cause.topic, cause.partition), 0)

    def committed(self, topic: str, partition: int) -> int:
        """The highest committed offset known, or where the partition begins if that is later; 0 if neither."""
        place = (topic, partition)
        return max(self._committed.get(place, 0), self._begins.get(place, 0))
