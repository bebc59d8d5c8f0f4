"""DTM (HL7 v2.5.1 ch. 2A.22) to a moment that remembers how exact it was and where its offset came from.

An offset in the field counts; else that of MSH-7; else the feed's zone. In the hour that autumn shows twice the earlier
instant is taken, in the hour that spring leaves out the clock is moved on; both are marked. ISO 8601 with dashes, which
some senders write, can mean one thing only and is read too, and so can 01/15/2026; of 01/02/2026 the feed must say what
is the month.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.schemas.adt import Moment, OffsetSource, Precision

_DTM = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d*))?)?)?)?)?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_DASHED = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d*))?)?)?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_SLASHED = re.compile(r"(\d\d?)/(\d\d?)/(\d{4})(?:[T ](\d\d):(\d\d)(?::(\d\d))?)?", re.ASCII)
_MONTHS = 12
_PRECISIONS = tuple(Precision)
_NO_JUMP = timedelta(0)
_LEAST = (0, 1, 1, 0, 0, 0)


class DateOrder(StrEnum):
    """What a sender means by 01/02/2026. `UNSAID`: only what can mean one thing is read."""

    UNSAID = ""
    MONTH_FIRST = "mdy"
    DAY_FIRST = "dmy"


class _Parts(NamedTuple):
    local: datetime
    precision: Precision
    offset: timezone | None


@lru_cache(maxsize=4096)  # the messages of a stay repeat its times, and one message the same time in several fields
def read_moment(
    text: str,
    *,
    message_offset: timezone | None = None,
    zone: ZoneInfo | None = None,
    order: DateOrder = DateOrder.UNSAID,
) -> Moment | None:
    """Read one DTM; None if it is none. `instant` stays None only where neither offset nor zone is known."""
    parts = _parts(text, order)
    if parts is None:
        return None
    source, offset = _source(parts.offset, message_offset, zone)
    if offset is None:
        return Moment(text=text, precision=parts.precision, offset_source=source)
    instant = _instant(parts.local, offset)
    if instant is None:
        return None
    fold = _fold(parts.local, offset)
    return Moment(
        text=text,
        precision=parts.precision,
        offset_source=source,
        instant=instant,
        ambiguous=fold < _NO_JUMP,
        nonexistent=fold > _NO_JUMP,
    )


def read_offset(text: str) -> timezone | None:
    """The UTC offset that a DTM carries itself; None if it has none or is no DTM."""
    parts = _parts(text)
    return parts.offset if parts else None


def read_date(text: str, order: DateOrder = DateOrder.UNSAID) -> str | None:
    """The date part of a DTM as a FHIR date (YYYY, YYYY-MM or YYYY-MM-DD); None if it is no DTM."""
    parts = _parts(text, order)
    if parts is None:
        return None
    length = {Precision.YEAR: 4, Precision.MONTH: 7}.get(parts.precision, 10)
    return parts.local.date().isoformat()[:length]


@lru_cache(maxsize=4096)
def _parts(text: str, order: DateOrder = DateOrder.UNSAID) -> _Parts | None:
    match = _DTM.fullmatch(text) or _DASHED.fullmatch(text)
    found = match.groups() if match else _slashed(text, order)
    if found is None:
        return None
    *digits, fraction, offset = found
    exact = sum(part is not None for part in (*digits, fraction))
    year, month, day, hour, minute, second = (int(part or least) for part, least in zip(digits, _LEAST, strict=True))
    micros = int((fraction or "")[:6].ljust(6, "0"))
    try:
        # local, until its offset is known
        local = datetime(year, month, day, hour, minute, second, micros)  # noqa: DTZ001
        return _Parts(local, _PRECISIONS[exact - 1], _offset(offset))
    except ValueError:
        return None


def _slashed(text: str, order: DateOrder) -> tuple[str | None, ...] | None:
    """The groups of a DTM; None where it is not said which is the month."""
    match = _SLASHED.fullmatch(text)
    if match is None:
        return None
    first, second, year, hour, minute, second_of_minute = match.groups()
    if order is DateOrder.DAY_FIRST or (order is DateOrder.UNSAID and int(first) > _MONTHS):
        month, day = second, first
    elif order is DateOrder.MONTH_FIRST or int(second) > _MONTHS or int(first) == int(second):
        month, day = first, second
    else:
        return None
    return (year, month, day, hour, minute, second_of_minute, None, None)


def _offset(text: str | None) -> timezone | None:
    """Raises ValueError for an offset that no clock has."""
    if text is None:
        return None
    if text == "Z":
        return UTC
    minutes = int(text[-2:])
    if minutes > 59:
        raise ValueError
    size = timedelta(hours=int(text[1:3]), minutes=minutes)
    return timezone(-size if text[0] == "-" else size)


def _source(
    own: timezone | None, message: timezone | None, zone: ZoneInfo | None
) -> tuple[OffsetSource, tzinfo | None]:
    if own is not None:
        return OffsetSource.FIELD, own
    if message is not None:
        return OffsetSource.MESSAGE, message
    return (OffsetSource.FEED_ZONE, zone) if zone is not None else (OffsetSource.NONE, None)


def _instant(local: datetime, offset: tzinfo) -> datetime | None:
    """`fold` is 0: the earlier of two instants; in a gap the offset that held before it, which moves the clock on."""
    try:
        return local.replace(tzinfo=offset).astimezone(UTC)
    except OverflowError:
        return None


def _fold(local: datetime, offset: tzinfo) -> timedelta:
    """Offset after less offset before: negative where the clock shows a time twice, positive where it skips it."""
    if not isinstance(offset, ZoneInfo):
        return _NO_JUMP
    before = local.replace(tzinfo=offset).utcoffset()
    after = local.replace(tzinfo=offset, fold=1).utcoffset()
    return (after or _NO_JUMP) - (before or _NO_JUMP)
