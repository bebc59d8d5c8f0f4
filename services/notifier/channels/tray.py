"""What an endpoint may claim next, read for many claims at once: a query for each would read the whole backlog.

Nothing here is held: another sender may claim the same, and the guarded write of a claim decides who has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from services.notifier.domain.delivery import Delivery

WINDOW: Final = 64
"""Deliveries a query; with this many there may be more for each of their addresses. What waits behind a busy address is
read again with every look, so a window is a few times what an endpoint takes at once, and no more.
"""


class Tray:
    """Deliveries in the order in which they are to be tried."""

    def __init__(self) -> None:
        self._waiting: dict[str, Delivery] = {}
        self._more_for: set[str] = set()
        self.read = False
        """Is all read that may be claimed now, but for more to addresses that wait here? Set before a query is asked,
        so that whoever brings new deliveries while it runs can take it back.
        """

    def clear(self) -> None:
        """Read everything anew."""
        self._waiting.clear()
        self._more_for.clear()
        self.read = False

    def addresses(self) -> set[str]:
        """Whose deliveries wait here."""
        return {one.address for one in self._waiting.values()}

    def fill(self, due: Sequence[Delivery], chance: float) -> None:
        """Add what a query found. Of a full window each sender begins elsewhere, so that they seldom want the same."""
        full = len(due) == WINDOW
        begin = int(chance * len(due)) if full else 0
        for one in (*due[begin:], *due[:begin]):
            self._waiting[one.delivery_id] = one
        if full:
            self.read = False
            self._more_for |= {one.address for one in due}

    def offer(self, new: Sequence[Delivery]) -> None:
        """Add what has just been stored, without a query; more than a window's worth is left to one."""
        if len(self._waiting) + len(new) > WINDOW:
            self.read = False
            return
        for one in new:
            self._waiting.setdefault(one.delivery_id, one)

    def take(self, free: int, under_way: Counter[str], limit: int) -> list[Delivery]:
        """Up to `free`, no more of an address than `limit` leaves room for. They are not here any more."""
        room, taken = Counter(under_way), list[Delivery]()
        for one in self._waiting.values():
            if len(taken) == free:
                break
            if room[one.address] < limit:
                room[one.address] += 1
                taken.append(one)
        for one in taken:
            del self._waiting[one.delivery_id]
        self._note_gone({one.address for one in taken})
        return taken

    def _note_gone(self, addresses: set[str]) -> None:
        gone = (addresses & self._more_for) - self.addresses()
        self._more_for -= gone
        self.read = self.read and not gone
