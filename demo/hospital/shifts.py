"""When things happen in a hospital: local hours by weight, and how long people stay. All results are aware UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from demo.hospital.plots import draw

# most people arrive from late morning to evening and leave between 10 and 16 o'clock
_ARRIVALS: Final = {hour: 1 if hour < 7 else 5 if hour < 21 else 3 for hour in range(24)}
_DEPARTURES: Final = {8: 2, 9: 4, 10: 11, 11: 16, 12: 14, 13: 15, 14: 14, 15: 11, 16: 5, 17: 4, 18: 3, 19: 1}
_NIGHTS: Final = {1: 20, 2: 27, 3: 23, 4: 15, 5: 9, 6: 6}
_FEW_NIGHTS: Final = {1: 60, 2: 40}


def arrival(rng: Random, earliest: datetime, within_days: float, zone: ZoneInfo) -> datetime:
    """A time of arrival from `earliest` on: a day drawn evenly from `within_days`, the hour by weight."""
    day = (earliest + timedelta(days=rng.random() * within_days)).astimezone(zone).date()
    found = _at(rng, day, draw(rng, _ARRIVALS), zone)
    return found if found >= earliest else found + timedelta(days=1)


def departure(rng: Random, begun: datetime, zone: ZoneInfo, *, short: bool) -> datetime:
    """A time of discharge, one to six nights after `begun` (`short`: one or two)."""
    nights = draw(rng, _FEW_NIGHTS if short else _NIGHTS)
    day = begun.astimezone(zone).date() + timedelta(days=nights)
    return _at(rng, day, draw(rng, _DEPARTURES), zone)


def after(rng: Random, moment: datetime, least: float, most: float) -> datetime:
    """Some whole seconds later: between `least` and `most` minutes."""
    return moment + timedelta(seconds=rng.randint(round(least * 60), round(most * 60)))


def _at(rng: Random, day: date, hour: int, zone: ZoneInfo) -> datetime:
    """Through UTC, so that an hour which spring leaves out becomes one that a clock did show."""
    return datetime.combine(day, time(hour, rng.randint(0, 59), rng.randint(0, 59)), zone).astimezone(UTC)
