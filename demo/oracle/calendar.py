"""Time arithmetic and the federal holidays, written by hand (domain rules §8.2; 5 U.S.C. 6103 for the days)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_HOLIDAYS: Final = frozenset(
    {
        # 2026: New Year Thu, King Mon, Washington Mon, Memorial Mon, Juneteenth Fri, Independence Sat kept on Fri 3
        (2026, 1, 1), (2026, 1, 19), (2026, 2, 16), (2026, 5, 25), (2026, 6, 19), (2026, 7, 3),
        # Labor Mon, Columbus Mon, Veterans Wed, Thanksgiving Thu, Christmas Fri
        (2026, 9, 7), (2026, 10, 12), (2026, 11, 11), (2026, 11, 26), (2026, 12, 25),
        # 2027: New Year Fri, King Mon, Washington Mon, Memorial Mon, Juneteenth Sat kept on Fri 18, Independence Sun
        # kept on Mon 5
        (2027, 1, 1), (2027, 1, 18), (2027, 2, 15), (2027, 5, 31), (2027, 6, 18), (2027, 7, 5),
        # Labor Mon, Columbus Mon, Veterans Thu, Thanksgiving Thu, Christmas Sat kept on Fri 24, New Year 2028 Sat kept
        # on Fri 31
        (2027, 9, 6), (2027, 10, 11), (2027, 11, 11), (2027, 11, 25), (2027, 12, 24), (2027, 12, 31),
    }
)  # fmt: skip


def is_working(day: date) -> bool:
    """Monday to Friday and no federal holiday. Raises ValueError for a year whose holidays are not written here."""
    if day.year not in (2026, 2027):
        raise ValueError("the oracle knows the holidays of 2026 and 2027 only")
    return day.isoweekday() <= 5 and (day.year, day.month, day.day) not in _HOLIDAYS


def working_day(discharged: date, count: int) -> date:
    """The `count`-th working day after a date, which itself is not counted."""
    day = discharged
    while count:
        day = date.fromordinal(day.toordinal() + 1)
        count -= is_working(day)
    return day


def local_date(moment: datetime, zone: str) -> date:
    """The date on a wall there."""
    return moment.astimezone(ZoneInfo(zone)).date()


def begins(day: date, zone: str) -> datetime:
    """Midnight at the start of a local date, in UTC."""
    return datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC)


def ends(day: date, zone: str) -> datetime:
    """23:59:59 of a local date, in UTC."""
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)


def as_read(moment: datetime, zone: str) -> datetime:
    """What a local time without its offset is read as: in the hour that comes twice, the earlier one (§8.2)."""
    return moment.astimezone(ZoneInfo(zone)).replace(fold=0).astimezone(UTC)


def hours(moment: datetime, count: int) -> datetime:
    """So many elapsed hours later."""
    return moment.astimezone(UTC) + timedelta(hours=count)


def days(day: date, count: int) -> date:
    """So many calendar days later."""
    return date.fromordinal(day.toordinal() + count)
