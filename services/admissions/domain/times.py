"""Times of a message: as they are said, when it was recorded, and how far an inexact one reaches."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from shared.schemas.adt import AdtEvent, Moment, OffsetSource, Precision
from shared.schemas.encounters import When

_REACH: Final = {
    Precision.YEAR: timedelta(days=366),
    Precision.MONTH: timedelta(days=31),
    Precision.DAY: timedelta(days=1),
    Precision.HOUR: timedelta(hours=1),
    Precision.MINUTE: timedelta(minutes=1),
    Precision.SECOND: timedelta(seconds=1),
}
_TICK: Final = timedelta(microseconds=1)


def when(moment: Moment | None) -> When | None:
    """The clinical time as it is said; None where no instant is known."""
    if moment is None or moment.instant is None:
        return None
    noted = {
        "ambiguous": moment.ambiguous,
        "nonexistent": moment.nonexistent,
        "no-offset": moment.offset_source is OffsetSource.FEED_ZONE,
    }
    flags = tuple(flag for flag, holds in noted.items() if holds)
    return When(instant=moment.instant, precision=moment.precision.value, flags=flags)


def occurred(event: AdtEvent) -> datetime:
    """When it happened. A feed has a zone, so that a time which could be read has an instant; ValueError if not."""
    instant = event.occurred_at.instant
    if instant is None:
        raise ValueError("no instant")
    return instant


def reach(moment: Moment) -> timedelta:
    """From the instant of a moment to the last one that its text may mean: 59.999999 s for one exact to the minute."""
    span = _REACH.get(moment.precision)
    return timedelta(0) if span is None else span - _TICK


def recorded(event: AdtEvent) -> datetime | None:
    """EVN-2 as an instant."""
    return event.recorded_at.instant if event.recorded_at else None


def heard_at(event: AdtEvent) -> datetime:
    """When the hospital said it: EVN-2, else MSH-7, else when it happened."""
    sent = event.message_at.instant if event.message_at else None
    return recorded(event) or sent or occurred(event)
