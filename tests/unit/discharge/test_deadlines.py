"""The deadlines of whole pathways, worked by hand; and that each can be derived again from what it carries."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.discharge.domain.clocks import ClockError, derive
from services.discharge.domain.deadlines import Calendar, plan
from services.discharge.store import federal_calendar, federal_holidays, load_pathways
from shared.schemas.encounters import When
from shared.schemas.transitions import Deadline
from tests.builders import T0, an_encounter

TABLE = load_pathways()
CALENDAR = Calendar(
    "by-hand", frozenset(map(date.fromisoformat, ["2026-09-07", "2026-11-11", "2026-11-26", "2027-01-01"])), 2026, 2027
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def planned(pathway: str, at: When | None = None, calendar: Calendar = CALENDAR, **changes) -> dict[str, Deadline]:
    encounter = an_encounter(**changes)
    return {d.code: d for d in plan(TABLE.clocks_of(pathway), encounter, at or When(instant=T0), calendar)}


def windows(deadlines: dict[str, Deadline]) -> dict[str, tuple[datetime, datetime]]:
    return {code: (d.opens_at, d.due_at) for code, d in deadlines.items()}


CONTACT = (utc("2026-11-04T05:00:00"), utc("2026-11-06T04:59:59"))  # from Wed 00:00 to the end of Thu, EST
SEVEN_DAYS = (T0, utc("2026-11-11T04:59:59"))  # the end of Tue 10 Nov


@pytest.mark.parametrize(
    ("pathway", "expected"),
    [
        (
            "home",
            {
                "contact": CONTACT,
                "home-visit": (utc("2026-11-05T15:00:00"), utc("2026-11-06T15:00:00")),
                "medication-reconciliation": SEVEN_DAYS,
                "practitioner-visit": SEVEN_DAYS,
            },
        ),
        (
            "home-health",
            {
                "contact": CONTACT,
                "hha-visit-verify": (T0, utc("2026-11-05T15:00:00")),
                "medication-reconciliation": SEVEN_DAYS,
                "practitioner-visit": SEVEN_DAYS,
            },
        ),
        (
            "against-advice",
            {
                "outreach": (T0, utc("2026-11-04T04:59:59")),
                "contact": CONTACT,
                "home-visit-offer": (T0, utc("2026-11-05T15:00:00")),
                "medication-reconciliation": SEVEN_DAYS,
                "practitioner-visit": SEVEN_DAYS,
            },
        ),
        ("facility", {"facility-warm-call": (T0, utc("2026-11-04T15:00:00"))}),
        ("rehabilitation", {"facility-warm-call": (T0, utc("2026-11-04T15:00:00"))}),
        ("other-acute", {"locate": (utc("2026-11-05T03:00:00"), utc("2026-11-06T03:00:00"))}),
        ("hospice", {"hospice-visit-verify": (T0, utc("2026-11-05T15:00:00"))}),
        ("custody", {"custody-handoff": (T0, utc("2026-11-04T15:00:00"))}),
        ("died", {"bereavement": CONTACT}),
        ("unknown", {"triage": (T0, utc("2026-11-05T04:59:59")), "contact": CONTACT}),
        ("maternity", {"triage": (T0, utc("2026-11-05T04:59:59"))}),
        ("emergency-home", {"follow-up-call": (T0, utc("2026-11-06T15:00:00"))}),
        (
            "emergency-home-health",
            {
                "follow-up-call": (T0, utc("2026-11-06T15:00:00")),
                "hha-visit-verify": (T0, utc("2026-11-05T15:00:00")),
            },
        ),
        ("emergency-against-advice", {"outreach-call": (T0, utc("2026-11-04T15:00:00"))}),
        ("outpatient", {}),
    ],
)
def test_a_pathway__of_a_discharge_on_tuesday_at_ten_in_new_york(pathway, expected):
    assert windows(planned(pathway)) == expected


@pytest.mark.parametrize("admission_type", ["E", "A", "U", "L", "1", "2", "5", "9", ""])
def test_practitioner_visit__seven_days_unless_planned(admission_type):
    assert planned("home", admission_type=admission_type)["practitioner-visit"].due_at == utc("2026-11-11T04:59:59")


@pytest.mark.parametrize(("admission_type", "class_"), [("C", "I"), ("R", "I"), ("3", "I"), ("E", "V"), ("E", "S")])
def test_practitioner_visit__fourteen_days_and_reconciliation_with_it(admission_type, class_):
    deadlines = planned("home", admission_type=admission_type, class_=class_)
    assert deadlines["practitioner-visit"].due_at == utc("2026-11-18T04:59:59")
    assert deadlines["medication-reconciliation"].due_at == utc("2026-11-18T04:59:59")


def test_practitioner_visit__against_advice_is_soon_even_if_planned():
    deadlines = planned("against-advice", admission_type="C")
    assert deadlines["practitioner-visit"].due_at == utc("2026-11-11T04:59:59")
    assert deadlines["medication-reconciliation"].due_at == utc("2026-11-11T04:59:59")


def test_contact__carries_the_holidays_it_skipped_and_where_they_came_from():
    contact = planned("home", When(instant=utc("2026-11-24T15:00:00")))["contact"]  # the Tuesday before Thanksgiving
    assert contact.due_at == utc("2026-11-28T04:59:59")
    assert contact.inputs["holidays"] == "2026-11-26"
    assert contact.inputs["holiday_set"] == "by-hand"


def test_a_deadline__names_zone_rule_version_and_source():
    visit = planned("home", calendar=replace(CALENDAR, tzdata="2026.1"))["home-visit"]
    assert (visit.zone, visit.rule, visit.rule_version) == ("America/New_York", "elapsed-hours", 1)
    assert visit.basis == "CTI (Coleman): programme rule, not a CMS rule"
    assert visit.inputs == {
        "t0": "2026-11-03T15:00:00+00:00",
        "zone": "America/New_York",
        "tzdata": "2026.1",
        "opens_after_hours": "48",
        "due_after_hours": "72",
    }


@pytest.mark.parametrize(
    "t0", ["2026-03-06T20:00:00", "2026-10-30T19:00:00", "2026-11-24T15:00:00", "2026-12-30T03:30:00"]
)
@pytest.mark.parametrize("zone", ["America/New_York", "America/Phoenix", "Pacific/Honolulu", "UTC"])
def test_every_deadline_of_the_table__is_derived_again_from_what_it_carries_alone(t0, zone):
    for pathway in TABLE.pathways:
        for deadline in planned(pathway, When(instant=utc(t0)), zone=zone).values():
            stored = Deadline.model_validate_json(deadline.model_dump_json())
            again = derive(stored.rule, stored.rule_version, stored.inputs)
            assert (again.opens_at, again.due_at) == (stored.opens_at, stored.due_at)
            assert deadline.opens_at < deadline.due_at


@pytest.mark.parametrize("missing", ["t0", "zone", "days", "opens", "holidays"])
def test_a_deadline__cannot_be_derived_without_any_one_input(missing):
    contact = planned("home")["contact"]
    inputs = {name: value for name, value in contact.inputs.items() if name != missing}
    with pytest.raises(KeyError, match=missing):
        derive(contact.rule, contact.rule_version, inputs)


def test_day_precision__flags_elapsed_clocks_only():
    midnight = When(instant=utc("2026-11-03T05:00:00"), precision="day")
    deadlines = planned("home", midnight)
    assert deadlines["home-visit"].flags == ("day-precision",)
    assert deadlines["home-visit"].due_at == utc("2026-11-06T05:00:00")
    assert deadlines["contact"].flags == ()


def test_month_precision__flags_every_clock():
    deadlines = planned("home", When(instant=utc("2026-11-01T04:00:00"), precision="month"))
    assert {d.flags for d in deadlines.values()} == {("month-precision",)}


def test_what_was_assumed_of_the_time__goes_into_each_deadline():
    assumed = When(instant=T0, flags=("ambiguous", "no-offset"))
    assert planned("home", assumed)["home-visit"].flags == ("ambiguous", "no-offset")
    assert planned("unknown", assumed)["contact"].flags == ("provisional", "ambiguous", "no-offset")


@pytest.mark.parametrize(("first", "last"), [(2027, 2030), (2020, 2025)])
def test_holidays__of_years_that_are_not_known_are_flagged(first, last):
    deadlines = planned("home", calendar=replace(CALENDAR, first_year=first, last_year=last))
    assert deadlines["contact"].flags == ("holidays-unknown",)
    assert deadlines["home-visit"].flags == ()


def test_zone__unknown_is_refused_even_where_only_hours_count():
    with pytest.raises(ClockError, match=r"^zone-unknown$"):
        planned("facility", zone="Nowhere/Land")


def test_federal_holidays__of_2026_by_hand():
    weekdays = {day for day in federal_holidays([2026]) if day.year == 2026 and day.weekday() < 5}
    assert sorted(weekdays) == [
        date(2026, 1, 1),
        date(2026, 1, 19),
        date(2026, 2, 16),
        date(2026, 5, 25),
        date(2026, 6, 19),
        date(2026, 7, 3),  # the fourth is a Saturday: observed on Friday
        date(2026, 9, 7),
        date(2026, 10, 12),
        date(2026, 11, 11),
        date(2026, 11, 26),
        date(2026, 12, 25),
    ]


def test_federal_calendar__says_its_years_and_editions():
    calendar = federal_calendar(range(2026, 2029))
    assert (calendar.first_year, calendar.last_year) == (2026, 2028)
    assert calendar.name.startswith("us-federal/2026-2028/holidays-")
    assert calendar.tzdata
    assert date(2027, 12, 31) in calendar.holidays  # New Year 2028 is a Saturday
