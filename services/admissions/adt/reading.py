"""What is shared while one message is read: its feed, its offset, and what was noticed on the way.

`Fields` collects one contract object and keeps apart what was not sent, what was cleared and what was said.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timezone
from functools import lru_cache
from typing import Any, TypeVar

from services.admissions.adt.feed import FeedFacts
from shared.hl7.er7 import NULL, Element, Message, Segment
from shared.hl7.times import DateOrder, read_date, read_moment, read_offset
from shared.schemas.adt import Authority, Moment

T = TypeVar("T")

CHARSET_ASSUMED = "charset_assumed"
CHARSET_ESCAPE_KEPT = "charset_escape_kept"
DATE_ORDER_ASSUMED = "date_order_assumed"
LINE_ENDS_MIXED = "line_ends_mixed"
SEPARATORS_ASSUMED = "separators_assumed"
NO_CONTROL_ID = "no_control_id"
UNREADABLE_CODE = "unreadable_code"
UNREADABLE_TIME = "unreadable_time"
FLAGS = frozenset(
    {
        CHARSET_ASSUMED,
        CHARSET_ESCAPE_KEPT,
        DATE_ORDER_ASSUMED,
        LINE_ENDS_MIXED,
        SEPARATORS_ASSUMED,
        NO_CONTROL_ID,
        UNREADABLE_CODE,
        UNREADABLE_TIME,
    }
)
"""All that a reader says of a message; what a sender of JSON writes into `flags` is its own."""


said = Element.value

_moment = lru_cache(maxsize=4096)(read_moment)  # every message of a stay says its times again


def _is_empty(value: object) -> bool:
    return value is None or (type(value) is str and not value)


class Reading:
    """One message being read for one feed."""

    def __init__(self, message: Message, feed: FeedFacts) -> None:
        self.message = message
        self.feed = feed
        self.authorities: dict[tuple[str, str], Authority] = {}
        self.flags: set[str] = set()
        self._offset: timezone | None = read_offset(said(message.header.element(7)))

    def moment(self, element: Element, component: int = 1, subcomponent: int = 1) -> Moment | None:
        """A time; one that cannot be read is flagged and not said."""
        text = said(element, component, subcomponent)
        if not text:
            return None
        moment = _moment(text, message_offset=self._offset, zone=self.feed.tz, order=self.feed.date_order)
        self._notice(text, moment)
        return moment

    def date(self, element: Element) -> str | None:
        """The date part of a time; one that cannot be read is flagged and not said."""
        text = said(element)
        if not text:
            return None
        date = read_date(text, self.feed.date_order)
        self._notice(text, date)
        return date

    def _notice(self, text: str, read: object) -> None:
        if read is None:
            self.flags.add(UNREADABLE_TIME)
        elif "/" in text and self.feed.date_order is DateOrder.UNSAID:
            self.flags.add(DATE_ORDER_ASSUMED)

    def yes_or_no(self, element: Element) -> bool | None:
        """HL7 table 0136; another code is flagged and not said."""
        text = said(element).upper()
        if text and text not in {"Y", "N"}:
            self.flags.add(UNREADABLE_CODE)
        return {"Y": True, "N": False}.get(text)


class Fields:
    """The values of one contract object, by name; a name with no value was not sent."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self._cleared: set[str] = set()

    def one(self, name: str, segment: Segment, field: int, read: Callable[[Element], T | None]) -> None:
        """A field that does not repeat, or whose first repetition is meant."""
        raw = segment.raw(field)
        if raw == NULL:
            self._cleared.add(name)
        elif raw:
            value = read(segment.element(field))
            if not _is_empty(value):
                self.values[name] = value

    def many(self, name: str, segment: Segment, field: int, read: Callable[[Element], T | None]) -> None:
        """A repeating field: a snapshot."""
        raw = segment.raw(field)
        if raw == NULL:
            self.clear(name)
        elif raw:
            values = [read(element) for element in segment.elements(field)]
            self.group(name, [value for value in values if not _is_empty(value)])

    def group(self, name: str, values: list[T]) -> None:
        """A snapshot that was read elsewhere; an empty one was not sent."""
        if values:
            self.values[name] = tuple(values)

    def clear(self, name: str) -> None:
        """The sender clears a repeating field."""
        self._cleared.add(name)
        self.values[name] = ()

    @property
    def cleared(self) -> tuple[str, ...]:
        """Names of this object that were cleared and not said otherwise, sorted."""
        return tuple(sorted(name for name in self._cleared if not self.values.get(name)))
