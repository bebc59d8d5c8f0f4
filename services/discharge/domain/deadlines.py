"""From a pathway's clocks and a discharge to deadlines, each with all the inputs that derive it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Final

from services.discharge.domain.clocks import days_by_admission, derive, nth_business_day, zone_of
from services.discharge.domain.pathways import (
    BusinessDays,
    CalendarDays,
    CalendarDaysByAdmission,
    Clock,
    ElapsedHours,
    NotAfter,
)
from shared.schemas.encounters import EncounterState, When
from shared.schemas.transitions import Deadline

PROVENANCE: Final = frozenset({"holiday_set", "tzdata"})
"""Inputs that say where the others came from; a new edition with the same result is no change."""

COARSE: Final = frozenset({"year", "month"})


@dataclass(frozen=True, slots=True)
class Calendar:
    """The holidays business days skip, the years they are known for (both inclusive), and the editions used."""

    name: str
    holidays: frozenset[date]
    first_year: int
    last_year: int
    tzdata: str = ""


def plan(clocks: tuple[Clock, ...], encounter: EncounterState, at: When, calendar: Calendar) -> tuple[Deadline, ...]:
    """The deadlines of a discharge at `at`; raises ClockError (`zone-unknown`)."""
    by_code = {clock.code: clock for clock in clocks}
    return tuple(_deadline(clock, by_code, encounter, at, calendar) for clock in clocks)


def _deadline(
    clock: Clock, by_code: dict[str, Clock], encounter: EncounterState, at: When, calendar: Calendar
) -> Deadline:
    inputs = _start(encounter, at, calendar) | _parameters(clock, by_code, encounter, at, calendar)
    window = derive(clock.rule, clock.rule_version, inputs)
    years = (at.instant.year, window.due_at.year)
    return Deadline(
        code=clock.code,
        opens_at=window.opens_at,
        due_at=window.due_at,
        zone=encounter.zone,
        rule=clock.rule,
        rule_version=clock.rule_version,
        basis=clock.basis,
        inputs=inputs,
        flags=(*clock.flags, *at.flags, *_assumed(clock, at, years, calendar)),
    )


def _start(encounter: EncounterState, at: When, calendar: Calendar) -> dict[str, str]:
    zone_of(encounter.zone)
    start = {"t0": at.instant.astimezone(UTC).isoformat(), "zone": encounter.zone}
    return start | ({"tzdata": calendar.tzdata} if calendar.tzdata else {})


def _parameters(
    clock: Clock, by_code: dict[str, Clock], encounter: EncounterState, at: When, calendar: Calendar
) -> dict[str, str]:
    match clock:
        case ElapsedHours():
            return {"opens_after_hours": str(clock.opens_after_hours), "due_after_hours": str(clock.due_after_hours)}
        case CalendarDays():
            return {"days": str(clock.days)}
        case CalendarDaysByAdmission():
            return _by_admission(clock, encounter)
        case NotAfter():
            days = _days_of(by_code[clock.clock], encounter)
            return {"clock": clock.clock, "days": str(days), "latest_days": str(clock.latest_days)}
        case _:
            return _business(clock, encounter, at, calendar)


def _by_admission(clock: CalendarDaysByAdmission, encounter: EncounterState) -> dict[str, str]:
    return {
        "short_days": str(clock.short_days),
        "long_days": str(clock.long_days),
        "long_admission_types": ",".join(clock.long_admission_types),
        "long_classes": ",".join(clock.long_classes),
        "admission_type": encounter.admission_type,
        "class": encounter.class_,
    }


def _days_of(clock: Clock, encounter: EncounterState) -> int:
    if isinstance(clock, CalendarDaysByAdmission):
        return days_by_admission(_by_admission(clock, encounter))
    assert isinstance(clock, CalendarDays)  # noqa: S101  parse_pathways lets nothing else through
    return clock.days


def _business(clock: BusinessDays, encounter: EncounterState, at: When, calendar: Calendar) -> dict[str, str]:
    d0 = at.instant.astimezone(zone_of(encounter.zone)).date()
    due = nth_business_day(d0, clock.days, calendar.holidays)
    met = [d0 + timedelta(days=n) for n in range(1, (due - d0).days + 1)]
    return {
        "days": str(clock.days),
        "opens": clock.opens,
        "holidays": ",".join(day.isoformat() for day in met if day in calendar.holidays),
        "holiday_set": calendar.name,
    }


def _assumed(clock: Clock, at: When, years: tuple[int, int], calendar: Calendar) -> tuple[str, ...]:
    """Codes: a coarse time was taken from its first instant; holidays of these years are not known."""
    flags = []
    if at.precision in COARSE or (at.precision == "day" and isinstance(clock, ElapsedHours)):
        flags.append(f"{at.precision}-precision")
    if isinstance(clock, BusinessDays) and not (calendar.first_year <= years[0] and years[1] <= calendar.last_year):
        flags.append("holidays-unknown")
    return tuple(flags)
