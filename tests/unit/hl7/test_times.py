"""DTM: precision, where the offset came from, and the two hours a year that are not like the others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from shared.hl7.times import DateOrder, read_date, read_moment, read_offset
from shared.schemas.adt import OffsetSource, Precision

NEW_YORK = ZoneInfo("America/New_York")


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("text", "precision", "instant"),
    [
        ("2026", Precision.YEAR, _utc(2026, 1, 1)),
        ("202603", Precision.MONTH, _utc(2026, 3, 1)),
        ("20260302", Precision.DAY, _utc(2026, 3, 2)),
        ("2026030210", Precision.HOUR, _utc(2026, 3, 2, 10)),
        ("202603021015", Precision.MINUTE, _utc(2026, 3, 2, 10, 15)),
        ("20260302101530", Precision.SECOND, _utc(2026, 3, 2, 10, 15, 30)),
        ("20260302101530.5", Precision.FRACTION, _utc(2026, 3, 2, 10, 15, 30, 500_000)),
        ("20260302101530.1234567", Precision.FRACTION, _utc(2026, 3, 2, 10, 15, 30, 123_456)),
        ("2026-03-02", Precision.DAY, _utc(2026, 3, 2)),
        ("2026-03-02 10:15:30", Precision.SECOND, _utc(2026, 3, 2, 10, 15, 30)),
        ("2026-03-02T10:15", Precision.MINUTE, _utc(2026, 3, 2, 10, 15)),
    ],
)
def test_moment__precision(text: str, precision: Precision, instant: datetime) -> None:
    moment = read_moment(text, zone=ZoneInfo("UTC"))
    assert moment is not None
    assert (moment.text, moment.precision, moment.instant) == (text, precision, instant)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("20260302101500-0500", _utc(2026, 3, 2, 15, 15)),
        ("20260302101500+0215", _utc(2026, 3, 2, 8)),
        ("20260302101500+05:30", _utc(2026, 3, 2, 4, 45)),
        ("20260302101500Z", _utc(2026, 3, 2, 10, 15)),
        ("202603-0500", _utc(2026, 3, 1, 5)),
        ("2026-0500", _utc(2026, 1, 1, 5)),
    ],
)
def test_moment__offset_of_the_field_counts_first(text: str, instant: datetime) -> None:
    moment = read_moment(text, message_offset=timezone(timedelta(hours=9)), zone=NEW_YORK)
    assert moment is not None
    assert (moment.offset_source, moment.instant) == (OffsetSource.FIELD, instant)


def test_moment__then_the_offset_of_the_message() -> None:
    moment = read_moment("20260302101500", message_offset=timezone(timedelta(hours=1)), zone=NEW_YORK)
    assert moment is not None
    assert (moment.offset_source, moment.instant) == (OffsetSource.MESSAGE, _utc(2026, 3, 2, 9, 15))


def test_moment__then_the_zone_of_the_feed() -> None:
    winter, summer = read_moment("20260102", zone=NEW_YORK), read_moment("20260702", zone=NEW_YORK)
    assert winter is not None
    assert summer is not None
    assert (winter.offset_source, winter.instant) == (OffsetSource.FEED_ZONE, _utc(2026, 1, 2, 5))
    assert summer.instant == _utc(2026, 7, 2, 4)


def test_moment__without_any_offset_has_no_instant() -> None:
    moment = read_moment("20260302101500")
    assert moment is not None
    assert (moment.offset_source, moment.instant) == (OffsetSource.NONE, None)


def test_moment__hour_that_autumn_shows_twice_is_the_earlier_and_marked() -> None:
    moment = read_moment("20261101013000", zone=NEW_YORK)
    assert moment is not None
    assert (moment.instant, moment.ambiguous, moment.nonexistent) == (_utc(2026, 11, 1, 5, 30), True, False)


def test_moment__hour_that_spring_leaves_out_is_moved_on_and_marked() -> None:
    moment = read_moment("20260308023000", zone=NEW_YORK)
    assert moment is not None
    assert (moment.instant, moment.ambiguous, moment.nonexistent) == (_utc(2026, 3, 8, 7, 30), False, True)


def test_moment__an_offset_of_its_own_is_never_ambiguous() -> None:
    moment = read_moment("20261101013000-0500", zone=NEW_YORK)
    assert moment is not None
    assert (moment.instant, moment.ambiguous) == (_utc(2026, 11, 1, 6, 30), False)


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "202", "20261301", "20260230", "2026030225", "01/02/2026", "0000", "２０２６"),
        *("20260302101500+2400", "20260302101500+0160", "20260302101500.1.2"),
        *("00010101+0100", "99991231235959-1200"),  # beyond the first and the last instant
    ],
)
def test_moment__what_is_no_time(text: str) -> None:
    assert read_moment(text, zone=ZoneInfo("UTC")) is None


@pytest.mark.parametrize(
    ("text", "order", "date", "precision"),
    [
        ("01/15/2026", "", "2026-01-15", Precision.DAY),  # there is no fifteenth month
        ("15/01/2026", "", "2026-01-15", Precision.DAY),
        ("2/2/2026", "", "2026-02-02", Precision.DAY),
        ("12/13/2026", "", "2026-12-13", Precision.DAY),
        ("01/02/2026", "mdy", "2026-01-02", Precision.DAY),
        ("01/02/2026", "dmy", "2026-02-01", Precision.DAY),
        ("1/2/2026 09:30", "mdy", "2026-01-02", Precision.MINUTE),
        ("01/02/2026T09:30:15", "dmy", "2026-02-01", Precision.SECOND),
        ("20260302", "dmy", "2026-03-02", Precision.DAY),
    ],
)
def test_moment__with_slashes_where_it_can_mean_one_thing_only(
    text: str, order: str, date: str, precision: Precision
) -> None:
    moment = read_moment(text, zone=ZoneInfo("UTC"), order=DateOrder(order))
    assert moment is not None
    assert moment.instant is not None
    assert (moment.instant.date().isoformat(), moment.precision, moment.text) == (date, precision, text)
    assert read_date(text, DateOrder(order)) == date


@pytest.mark.parametrize(
    ("text", "order"),
    [
        *(("01/02/2026", ""), ("12/11/2026", ""), ("15/01/2026", "mdy"), ("01/15/2026", "dmy"), ("13/13/2026", "")),
        *(("02/30/2026", ""), ("01/15/26", ""), ("01-15-2026", ""), ("01/15/2026 9:30", ""), ("0/15/2026", "")),
    ],
)
def test_moment__with_slashes_that_is_no_time_or_may_be_two(text: str, order: str) -> None:
    assert read_moment(text, zone=ZoneInfo("UTC"), order=DateOrder(order)) is None


@pytest.mark.parametrize(
    ("text", "offset"),
    [("20260302-0500", timezone(timedelta(hours=-5))), ("20260302", None), ("nothing", None), ("2026Z", UTC)],
)
def test_offset(text: str, offset: timezone | None) -> None:
    assert read_offset(text) == offset


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("1988", "1988"),
        ("198808", "1988-08"),
        ("19880818", "1988-08-18"),
        ("198808181126+0215", "1988-08-18"),
        ("?", None),
    ],
)
def test_date(text: str, date: str | None) -> None:
    assert read_date(text) == date
