"""Clock arithmetic: from the inputs of one deadline to its two instants, the same for ever.

Elapsed clocks count UTC instants, calendar and business clocks count local dates of the discharging facility's zone.
Reads no clock and no calendar: time, zone and holidays are in the inputs. Refuses a zone or a rule it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

SATURDAY: Final = 5
ONE_SECOND: Final = timedelta(seconds=1)

Inputs = Mapping[str, str]


class ClockError(Exception):
    """A deadline cannot be derived. `code` says why, without a word of the patient."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Window:
    """From when the work may be done and until when, inclusive; UTC instants."""

    opens_at: datetime
    due_at: datetime


def zone_of(name: str) -> ZoneInfo:
    """The IANA zone `name`; raises ClockError (`zone-unknown`)."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ClockError("zone-unknown") from None


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local date, also where the clock skips or repeats midnight."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The last second of a local date (23:59:59, the later one where the clock shows it twice)."""
    return start_of_day(day + timedelta(days=1), zone) - ONE_SECOND


def nth_business_day(after: date, n: int, holidays: Collection[date]) -> date:
    """The n-th day after `after` that is Monday to Friday and no holiday; `after` itself is never counted."""
    day = after
    for _ in range(n):
        day += timedelta(days=1)
        while day.weekday() >= SATURDAY or day in holidays:
            day += timedelta(days=1)
    return day


def _listed(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def days_by_admission(inputs: Inputs) -> int:
    """`long_days` for an admission type or a class that is listed as planned, else `short_days`.

    What is unknown counts as unplanned: a visit that comes too early does no harm.
    """
    planned = inputs["admission_type"] in _listed(inputs["long_admission_types"])
    short_stay = inputs["class"] in _listed(inputs["long_classes"])
    return int(inputs["long_days" if planned or short_stay else "short_days"])


def _t0(inputs: Inputs) -> datetime:
    return datetime.fromisoformat(inputs["t0"]).astimezone(UTC)


def _elapsed_hours(inputs: Inputs) -> Window:
    t0 = _t0(inputs)
    return Window(
        t0 + timedelta(hours=int(inputs["opens_after_hours"])), t0 + timedelta(hours=int(inputs["due_after_hours"]))
    )


def _until_day(inputs: Inputs, days: int) -> Window:
    zone, t0 = zone_of(inputs["zone"]), _t0(inputs)
    return Window(t0, end_of_day(t0.astimezone(zone).date() + timedelta(days=days), zone))


def _calendar_days(inputs: Inputs) -> Window:
    return _until_day(inputs, int(inputs["days"]))


def _calendar_days_by_admission(inputs: Inputs) -> Window:
    return _until_day(inputs, days_by_admission(inputs))


def _not_after(inputs: Inputs) -> Window:
    return _until_day(inputs, min(int(inputs["days"]), int(inputs["latest_days"])))


def _business_days(inputs: Inputs) -> Window:
    zone, t0 = zone_of(inputs["zone"]), _t0(inputs)
    d0 = t0.astimezone(zone).date()
    holidays = [date.fromisoformat(day) for day in _listed(inputs["holidays"])]
    opens_at = start_of_day(d0 + timedelta(days=1), zone) if inputs["opens"] == "next-day" else t0
    return Window(opens_at, end_of_day(nth_business_day(d0, int(inputs["days"]), holidays), zone))


RULES: Final[Mapping[tuple[str, int], Callable[[Inputs], Window]]] = {
    ("elapsed-hours", 1): _elapsed_hours,
    ("calendar-days", 1): _calendar_days,
    ("calendar-days-by-admission", 1): _calendar_days_by_admission,
    ("not-after", 1): _not_after,
    ("business-days", 1): _business_days,
}
"""Every rule that ever set a deadline, by name and version: a changed rule is a new version beside the old one."""


def derive(rule: str, version: int, inputs: Inputs) -> Window:
    """The window of a deadline from its rule and its inputs; raises ClockError (`rule-unknown`, `zone-unknown`)."""
    if (rule, version) not in RULES:
        raise ClockError("rule-unknown")
    return RULES[(rule, version)](inputs)
