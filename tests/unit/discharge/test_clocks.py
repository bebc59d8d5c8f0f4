"""Every expected instant is worked by hand from the calendar and domain rules, none by the code under test."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.discharge.domain.clocks import ClockError, derive, end_of_day, nth_business_day, start_of_day, zone_of

NEW_YORK = "America/New_York"
HOLIDAYS = frozenset(map(date.fromisoformat, ["2026-09-07", "2026-11-26", "2026-12-25", "2027-01-01"]))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def business(t0: str, days: int = 2, holidays: str = "", opens: str = "next-day") -> dict[str, str]:
    return {"t0": t0, "zone": NEW_YORK, "days": str(days), "opens": opens, "holidays": holidays}


@pytest.mark.parametrize(
    ("discharged", "due"),
    [
        ("2026-10-19", "2026-10-21"),  # Mon → Wed
        ("2026-10-20", "2026-10-22"),  # Tue → Thu
        ("2026-10-21", "2026-10-23"),  # Wed → Fri
        ("2026-10-22", "2026-10-26"),  # Thu → Mon
        ("2026-10-23", "2026-10-27"),  # Fri → Tue
        ("2026-10-24", "2026-10-27"),  # Sat → Tue
        ("2026-10-25", "2026-10-27"),  # Sun → Tue
    ],
)
def test_second_business_day__week_without_holiday(discharged, due):
    assert nth_business_day(date.fromisoformat(discharged), 2, HOLIDAYS) == date.fromisoformat(due)


@pytest.mark.parametrize(
    ("discharged", "due"),
    [
        ("2026-09-02", "2026-09-04"),  # Wed before Labor Day (Mon 7 Sep) → Fri
        ("2026-09-03", "2026-09-08"),  # Thu → Tue
        ("2026-09-04", "2026-09-09"),  # Fri → Wed
        ("2026-09-05", "2026-09-09"),  # Sat → Wed
        ("2026-09-06", "2026-09-09"),  # Sun → Wed
        ("2026-09-07", "2026-09-09"),  # on the holiday itself → Wed
        ("2026-11-23", "2026-11-25"),  # Thanksgiving week (Thu 26 Nov): Mon → Wed
        ("2026-11-24", "2026-11-27"),  # Tue → Fri
        ("2026-11-25", "2026-11-30"),  # Wed → Mon
        ("2026-11-26", "2026-11-30"),  # on Thanksgiving → Mon
        ("2026-11-27", "2026-12-01"),  # Fri → Tue
        ("2026-12-30", "2027-01-04"),  # New Year is a Friday: Wed → Mon
        ("2026-12-31", "2027-01-05"),  # Thu → Tue
        ("2027-01-01", "2027-01-05"),  # on New Year's Day → Tue
    ],
)
def test_second_business_day__around_holidays(discharged, due):
    assert nth_business_day(date.fromisoformat(discharged), 2, HOLIDAYS) == date.fromisoformat(due)


def test_business_days__end_of_the_local_day_of_the_facility():
    window = derive("business-days", 1, business("2026-10-21T02:30:00+00:00"))  # still Tue 20 Oct, 22:30, in New York
    assert window.opens_at == utc("2026-10-21T04:00:00")  # Wed 00:00 EDT
    assert window.due_at == utc("2026-10-23T03:59:59")  # Thu 23:59:59 EDT


def test_business_days__opens_with_the_discharge_when_it_says_so():
    window = derive("business-days", 1, business("2026-10-20T14:00:00+00:00", days=1, opens="discharge"))
    assert window.opens_at == utc("2026-10-20T14:00:00")
    assert window.due_at == utc("2026-10-22T03:59:59")


def test_business_days__counts_the_holidays_of_its_inputs_only():
    plain = derive("business-days", 1, business("2026-11-24T15:00:00+00:00"))
    holiday = derive("business-days", 1, business("2026-11-24T15:00:00+00:00", holidays="2026-11-26"))
    assert plain.due_at == utc("2026-11-27T04:59:59")
    assert holiday.due_at == utc("2026-11-28T04:59:59")


@pytest.mark.parametrize(
    ("t0", "opens_at", "due_at"),
    [
        # Fri 6 Mar 15:00 EST; the clock jumps on Sun 8 Mar: 72 elapsed hours end at 16:00 EDT
        ("2026-03-06T20:00:00+00:00", "2026-03-08T20:00:00", "2026-03-09T20:00:00"),
        # Fri 30 Oct 15:00 EDT; the clock falls back on Sun 1 Nov: they end at 14:00 EST
        ("2026-10-30T19:00:00+00:00", "2026-11-01T19:00:00", "2026-11-02T19:00:00"),
        # Fri 16 Oct 15:00 EDT: no pause at the weekend, Sun 15:00 to Mon 15:00
        ("2026-10-16T15:00:00-04:00", "2026-10-18T19:00:00", "2026-10-19T19:00:00"),
        # Wed 30 Dec 10:00 EST, over New Year
        ("2026-12-30T15:00:00+00:00", "2027-01-01T15:00:00", "2027-01-02T15:00:00"),
    ],
)
def test_home_visit__counts_elapsed_hours(t0, opens_at, due_at):
    inputs = {"t0": t0, "zone": NEW_YORK, "opens_after_hours": "48", "due_after_hours": "72"}
    window = derive("elapsed-hours", 1, inputs)
    assert (window.opens_at, window.due_at) == (utc(opens_at), utc(due_at))


@pytest.mark.parametrize(
    ("t0", "due_at"),
    [
        ("2026-03-06T20:00:00+00:00", "2026-03-14T03:59:59"),  # Fri 6 → Fri 13 Mar, 23:59:59 EDT
        ("2026-10-30T19:00:00+00:00", "2026-11-07T04:59:59"),  # Fri 30 Oct → Fri 6 Nov, 23:59:59 EST
        ("2026-12-28T15:00:00+00:00", "2027-01-05T04:59:59"),  # Mon 28 Dec → Mon 4 Jan
    ],
)
def test_calendar_days__are_local_dates_whatever_the_clock_does(t0, due_at):
    window = derive("calendar-days", 1, {"t0": t0, "zone": NEW_YORK, "days": "7"})
    assert window.opens_at == datetime.fromisoformat(t0)
    assert window.due_at == utc(due_at)


def test_calendar_days__zero_is_the_day_of_discharge():
    window = derive("calendar-days", 1, {"t0": "2026-11-04T04:30:00+00:00", "zone": NEW_YORK, "days": "0"})
    assert window.due_at == utc("2026-11-04T04:59:59")  # it was still Tuesday, 23:30 EST


@pytest.mark.parametrize(("days", "due_at"), [("14", "2026-11-18T04:59:59"), ("45", "2026-12-04T04:59:59")])
def test_not_after__with_the_other_clock_but_within_its_own_limit(days, due_at):
    inputs = {"t0": "2026-11-03T15:00:00+00:00", "zone": NEW_YORK, "clock": "v", "days": days, "latest_days": "30"}
    assert derive("not-after", 1, inputs).due_at == utc(due_at)


@pytest.mark.parametrize(
    ("admission_type", "class_", "due_at"),
    [
        ("E", "I", "2026-11-11T04:59:59"),
        ("", "I", "2026-11-11T04:59:59"),
        ("C", "I", "2026-11-18T04:59:59"),
        ("3", "I", "2026-11-18T04:59:59"),
        ("E", "V", "2026-11-18T04:59:59"),
    ],
)
def test_calendar_days_by_admission__planned_or_observed_has_longer(admission_type, class_, due_at):
    inputs = {
        "t0": "2026-11-03T15:00:00+00:00",
        "zone": NEW_YORK,
        "short_days": "7",
        "long_days": "14",
        "long_admission_types": "C,3",
        "long_classes": "V,S",
        "admission_type": admission_type,
        "class": class_,
    }
    assert derive("calendar-days-by-admission", 1, inputs).due_at == utc(due_at)


def test_unknown_is_not_listed__an_empty_list_makes_nothing_planned():
    inputs = {
        "t0": "2026-11-03T15:00:00+00:00",
        "zone": NEW_YORK,
        "short_days": "7",
        "long_days": "14",
        "long_admission_types": "C",
        "long_classes": "",
        "admission_type": "E",
        "class": "",
    }
    assert derive("calendar-days-by-admission", 1, inputs).due_at == utc("2026-11-11T04:59:59")


@pytest.mark.parametrize(
    ("zone", "day", "starts", "ends"),
    [
        # Havana skips 00:00-01:00 on 8 March and shows it twice on 1 November
        ("America/Havana", "2026-03-08", "2026-03-08T05:00:00", "2026-03-09T03:59:59"),
        ("America/Havana", "2026-11-01", "2026-11-01T04:00:00", "2026-11-02T04:59:59"),
        # Beirut goes back from midnight to 23:00 of 24 October: that day's last second comes twice
        ("Asia/Beirut", "2026-10-24", "2026-10-23T21:00:00", "2026-10-24T21:59:59"),
    ],
)
def test_a_local_day__where_the_clock_changes_at_midnight(zone, day, starts, ends):
    local = date.fromisoformat(day)
    assert start_of_day(local, zone_of(zone)) == utc(starts)
    assert end_of_day(local, zone_of(zone)) == utc(ends)


@pytest.mark.parametrize("name", ["Nowhere/Land", "", "../etc/passwd", "America"])
def test_zone__unknown_is_refused_with_a_code(name):
    with pytest.raises(ClockError) as refused:
        zone_of(name)
    assert refused.value.code == str(refused.value) == "zone-unknown"


@pytest.mark.parametrize(("rule", "version"), [("elapsed-hours", 2), ("lunar-months", 1)])
def test_derive__unknown_rule_or_version_is_refused(rule, version):
    with pytest.raises(ClockError, match=r"^rule-unknown$"):
        derive(rule, version, {})
