"""Returns to hospital, worked by hand. North discharges on Tue 3 Nov 2026, so day 30 is Thu 3 Dec."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.admissions.domain.returns import Brief, returned, returns
from shared.schemas.assessments import Return

NEW_YORK = "America/New_York"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_stay(encounter_id: str, begin: str, end: str = "", **more: Any) -> Brief:
    known: dict[str, Any] = {"class_": "I", "facility": "NORTH", "zone": NEW_YORK, "disposition": "01" if end else ""}
    return Brief(encounter_id, at(begin), at(end) if end else None, **(known | more))


def the_first(**more: Any) -> Brief:
    return a_stay("first", "2026-10-30T14:00", "2026-11-03T15:00", **more)


def the_second(begin: str = "2026-11-10T12:00", **more: Any) -> Brief:
    return a_stay("second", begin, **more)


def kind(stay: Brief, *others: Brief) -> str:
    found = returns(stay, others)
    return found.kind if found else ""


def test_return__a_week_later_is_unplanned() -> None:
    expected = Return(kind="unplanned", encounter_id="first", days=7, elsewhere=False, index_disposition="01")
    assert returns(the_second(), [the_first()]) == expected


def test_return__the_earlier_stay_mirrors_it() -> None:
    second = the_second(facility="SOUTH")
    expected = Return(kind="unplanned", encounter_id="second", days=7, elsewhere=True, index_disposition="01")
    assert returned(the_first(), [second]) == expected
    assert returned(second, [the_first()]) is None


@pytest.mark.parametrize(
    ("begin", "days"),
    [
        ("2026-12-04T04:59", 30),  # 23:59 of 3 December in New York
        ("2026-12-04T05:00", None),
        ("2026-11-05T04:59", 1),  # 23:59 of 4 November
        ("2026-11-05T05:00", 2),
    ],
)
def test_days__are_local_dates_and_the_thirtieth_counts(begin: str, days: int | None) -> None:
    found = returns(the_second(begin), [the_first()])
    assert (found.days if found else None) == days


@pytest.mark.parametrize(
    ("second", "first", "expected"),
    [
        ({"begin": "2026-11-04T20:00"}, {}, "transfer"),
        ({"begin": "2026-11-03T14:55"}, {}, "transfer"),  # begun before the first hospital recorded its end
        ({"begin": "2026-11-04T20:00", "class_": "V"}, {"disposition": "02"}, "transfer"),
        ({"begin": "2026-11-04T20:00", "class_": "V"}, {}, "observation-return"),  # sent home: handed on to nobody
        ({"begin": "2026-11-04T20:00", "class_": "E"}, {}, "ed-return"),
        ({"class_": "E"}, {}, "ed-return"),
        ({"class_": "V"}, {}, "observation-return"),
        ({"class_": "S"}, {}, "observation-return"),
        ({}, {"class_": "V"}, "unplanned"),
        ({"admission_type": "E"}, {}, "unplanned"),
        ({"admission_type": "C"}, {}, "planned"),
        ({"admission_type": "3"}, {}, "planned"),
        ({}, {"disposition": "81"}, "planned"),
        ({}, {"disposition": "95"}, "planned"),
        ({}, {"disposition": "07"}, "unplanned"),
    ],
)
def test_kind(second: dict[str, Any], first: dict[str, Any], expected: str) -> None:
    assert kind(the_second(**second), the_first(**first)) == expected


@pytest.mark.parametrize(
    ("second", "first"),
    [
        ({"class_": "O"}, {}),
        ({"class_": "B"}, {}),
        ({"class_": "C"}, {}),
        ({"class_": "R"}, {}),
        ({"class_": "P"}, {}),
        ({"class_": "E", "led_in": True}, {}),
        ({"admission_type": "N"}, {}),
        ({"admission_type": "4"}, {}),
        ({}, {"class_": "E"}),
        ({}, {"class_": "R"}),
        ({}, {"admission_type": "N"}),
        ({}, {"led_in": True}),
        ({}, {"disposition": "20"}),
        ({}, {"deceased": True}),
        ({"begin": "2026-11-02T12:00"}, {}),  # begun the day before the other ended: they overlap
        ({"begin": "2026-10-30T13:59"}, {}),  # begun before it
    ],
)
def test_none__what_is_no_return_and_what_starts_no_window(second: dict[str, Any], first: dict[str, Any]) -> None:
    assert kind(the_second(**second), the_first(**first)) == ""


def test_none__the_other_goes_on() -> None:
    assert returns(the_second(), [a_stay("first", "2026-10-30T14:00")]) is None


def test_chain__the_last_discharge_is_the_index() -> None:
    """NORTH to SOUTH on 3 November; SOUTH discharges on 20 November; back on 15 December: 25 days, not 42."""
    first = the_first(disposition="02")
    handed_on = a_stay("handed-on", "2026-11-03T17:00", "2026-11-20T15:00", facility="SOUTH")
    back = the_second("2026-12-15T12:00")
    three = [first, handed_on, back]
    others = {one.encounter_id: [other for other in three if other is not one] for one in three}
    assert returns(handed_on, others["handed-on"]) == Return(
        kind="transfer", encounter_id="first", days=0, elsewhere=True, index_disposition="02"
    )
    assert returns(back, others["second"]) == Return(
        kind="unplanned", encounter_id="handed-on", days=25, elsewhere=True, index_disposition="01"
    )
    assert returned(first, others["first"]) == Return(
        kind="transfer", encounter_id="handed-on", days=0, elsewhere=True, index_disposition="02"
    )
    mirror = returned(handed_on, others["handed-on"])
    assert mirror is not None
    assert (mirror.kind, mirror.encounter_id) == ("unplanned", "second")


def test_mirror__back_in_bed_counts_before_an_earlier_look_in() -> None:
    looked_in = a_stay("looked-in", "2026-11-05T12:00", "2026-11-05T15:00", class_="E")
    stayed = the_second()
    both = returned(the_first(), [stayed, looked_in])
    assert both is not None
    assert (both.kind, both.encounter_id) == ("unplanned", "second")
    alone = returned(the_first(), [looked_in])
    assert alone is not None
    assert (alone.kind, alone.days) == ("ed-return", 2)


def test_order_of_the_others__makes_no_difference() -> None:
    others = [the_first(), a_stay("older", "2026-10-01T12:00", "2026-10-10T12:00"), a_stay("x", "2026-11-09T12:00")]
    assert returns(the_second(), others) == returns(the_second(), others[::-1])


@pytest.mark.parametrize("ids", [("a", "b"), ("b", "a")])
def test_order__of_two_stays_of_one_instant_is_that_of_their_numbers_and_not_of_made_up_ids(
    ids: tuple[str, str],
) -> None:
    """Both ended where the first ended, and nobody knows when they began: V1 is then the earlier one."""
    one, other = (
        a_stay(id_, "2026-11-03T15:00", "2026-11-03T15:00", number=number)
        for id_, number in zip(ids, ("NORTH|V1", "NORTH|V2"), strict=True)
    )
    back, further = returns(one, [the_first(), other]), returns(other, [the_first(), one])
    assert back is not None
    assert further is not None
    assert (back.encounter_id, further.encounter_id) == ("first", one.encounter_id)
    mirror = returned(the_first(), [other, one])
    assert mirror is not None
    assert mirror.encounter_id == one.encounter_id


def test_zone__of_the_discharging_facility_counts() -> None:
    """04:30 UTC is still the evening of 3 December in New York, day 30, and the 4th in London, day 31."""
    back = the_second("2026-12-04T04:30", zone="Europe/London")
    found = returns(back, [the_first()])
    assert found is not None
    assert found.days == 30
    assert returns(back, [the_first(zone="Europe/London")]) is None
