"""What is said, in the order it was heard: differences only, and each that takes back names what it withdraws."""

from __future__ import annotations

import pytest

from services.admissions.domain.fold import MOST_BEDS, MOST_FACTS
from tests.unit.admissions.house import House, hearer_of
from tests.unit.admissions.messages import adt
from tests.unit.admissions.stories import (
    ADMIT,
    CANCEL_ADMIT,
    CANCEL_DISCHARGE,
    DISCHARGE,
    DISCHARGE_AGAIN,
    MOVED_HOUSE,
    REGISTER,
)

DEATH = adt("A08", "03 1400", dead="Y", visit="V2^^^NORTH^VN")


def test_said__a_stay_from_the_emergency_department_home() -> None:
    house = House().hear_all(REGISTER, ADMIT, MOVED_HOUSE, DISCHARGE)
    assert house.types == ["registered", "admitted", "updated", "discharged"]
    assert [say.data.occurred_at.isoformat() for say in house.said] == [  # type: ignore[attr-defined]
        "2026-11-01T12:00:00+00:00",
        "2026-11-01T14:00:00+00:00",
        "2026-11-02T17:00:00+00:00",
        "2026-11-03T20:00:00+00:00",
    ]


def test_said__an_update_without_news_is_not_said() -> None:
    assert House().hear_all(ADMIT, adt("A08", "02 1200", location="4W^12^A")).types == ["admitted"]


def test_said__a_withdrawal_names_the_discharge_and_a_new_one_counts_on() -> None:
    house = House().hear_all(ADMIT, DISCHARGE, CANCEL_DISCHARGE, DISCHARGE_AGAIN)
    assert house.types == ["admitted", "discharged", "discharge-withdrawn", "discharged"]
    (withdrawn,) = house.said[2].data.withdraws  # type: ignore[attr-defined]
    assert (withdrawn.event_id, withdrawn.type) == (house.said[1].id, "encounter.discharged.v1")
    assert house.last.encounter.discharge_version == 2


def test_said__a_late_cancel_of_a_discharge_done_again_is_an_update() -> None:
    """Between two folds that both stand discharged nothing is withdrawn: the same version, amended."""
    house = House().hear_all(ADMIT, DISCHARGE, DISCHARGE_AGAIN, CANCEL_DISCHARGE)
    assert house.types == ["admitted", "discharged", "updated"]
    assert house.last.encounter.discharge_version == 1
    assert house.last.encounter.disposition == "06"


def test_said__a_cancel_that_overtook_its_discharge() -> None:
    assert House().hear_all(ADMIT, CANCEL_DISCHARGE, DISCHARGE).types == ["admitted"]


def test_said__a_late_admission_after_the_discharge() -> None:
    house = House().hear_all(DISCHARGE, ADMIT)
    assert house.types == ["discharged", "updated"]
    admitted_at = house.last.encounter.admitted_at
    assert admitted_at is not None
    assert admitted_at.instant.isoformat() == "2026-11-01T14:00:00+00:00"


def test_said__who_knew_only_the_discharge_is_told_what_stands() -> None:
    house = House().hear_all(DISCHARGE, ADMIT, CANCEL_DISCHARGE)
    assert house.types == ["discharged", "updated", "discharge-withdrawn", "admitted"]


def test_said__a_cancelled_stay_withdraws_everything_and_is_silent_then() -> None:
    house = House().hear_all(REGISTER, ADMIT, CANCEL_ADMIT, adt("A11", "01 1100", happened="01 0700"), MOVED_HOUSE)
    assert house.types == ["registered", "admitted", "updated", "cancelled"]
    assert [one.event_id for one in house.said[2].data.withdraws] == [house.said[1].id]  # type: ignore[attr-defined]
    assert [one.event_id for one in house.last.withdraws] == [house.said[0].id]


def test_said__a_withdrawn_admission_of_a_visit_nobody_was_told_of() -> None:
    """That the stay began in the emergency department is news in between: it counts for the risk."""
    house = House().hear_all(ADMIT, REGISTER, CANCEL_ADMIT)
    assert house.types == ["admitted", "updated", "registered"]
    assert [one.event_id for one in house.last.withdraws] == [house.said[0].id]


def test_said__a_stay_cancelled_after_its_discharge_was_withdrawn() -> None:
    house = House().hear_all(DISCHARGE, CANCEL_DISCHARGE, ADMIT, CANCEL_ADMIT)
    assert house.types == ["discharged", "discharge-withdrawn", "admitted", "cancelled"]
    assert hearer_of(house.said).status == "cancelled"


def test_said__a_reinstated_stay_is_admitted_again() -> None:
    house = House().hear_all(ADMIT, CANCEL_ADMIT, adt("A01", "01 1205", start="01 1200"))
    assert house.types == ["admitted", "cancelled", "admitted"]


def test_said__a_mention_is_promoted_by_a_lifecycle_fact() -> None:
    house = House().hear_all(MOVED_HOUSE)
    assert house.types == []
    assert house.hear_all(ADMIT).types == ["admitted"]
    assert house.last.patient.addresses[0].city == "Albany"


def test_said__a_withdrawn_discharge_of_a_stay_never_seen_to_begin_is_still_kept_up() -> None:
    house = House().hear_all(DISCHARGE, CANCEL_DISCHARGE, adt("A08", "03 1800", location="5E^1^B"))
    assert house.types == ["discharged", "discharge-withdrawn", "updated"]
    assert house.last.encounter.status == "in-progress"


def test_said__death_is_said_of_every_said_stay_that_is_not_cancelled() -> None:
    old = adt("A03", "01 0700", evn2="20240101", end="01 0700", visit="OLD^^^NORTH^VN").replace(
        b"20261101", b"20240101"
    )
    house = House().hear_all(
        old,
        ADMIT,
        adt("A01", "01 0905", start="01 0900", visit="WRONG^^^NORTH^VN"),
        adt("A11", "01 1000", happened="01 0900", visit="WRONG^^^NORTH^VN"),
    )
    before = len(house.said)
    house.hear(DEATH)
    updates = house.said[before:]
    assert sorted(say.data.encounter.visit_number.value for say in updates) == ["OLD", "V1"]  # type: ignore[attr-defined]
    assert all(say.data.patient.deceased for say in updates)  # type: ignore[attr-defined]
    assert len({say.id for say in updates}) == 2


def test_said__a_death_taken_back_is_said_too() -> None:
    house = House().hear_all(ADMIT, DEATH, adt("A08", "03 1500", dead="N", visit="V2^^^NORTH^VN"))
    assert house.types == ["admitted", "updated", "updated"]
    assert not house.last.patient.deceased


@pytest.mark.parametrize(
    ("fields", "deceased"),
    [
        ({"dead": "Y"}, True),
        ({"died": "20261102"}, True),
        ({"died": "20261102", "dead": "N"}, False),
        ({"dead": "N"}, False),
        ({"died": '""'}, False),
        ({"died": "20261102", "dead": '""'}, True),
    ],
)
def test_said__deceased_by_pid_29_and_30(fields: dict[str, str], deceased: bool) -> None:
    assert House().hear_all(adt("A01", "02 0905", **fields)).last.patient.deceased is deceased


def test_said__a_time_of_death_after_a_denial_counts() -> None:
    house = House().hear_all(adt("A01", "02 0905", dead="N"), adt("A08", "03 0905", died="20261103"))
    assert house.last.patient.deceased


@pytest.mark.parametrize("code", ["20", "40", "41", "42"])
def test_said__a_discharge_that_says_expired(code: str) -> None:
    house = House().hear_all(ADMIT, adt("A03", "03 1505", end="03 1500", disposition=code))
    assert house.last.patient.deceased


def test_said__a_new_address_is_news_about_a_stay_that_is_still_followed() -> None:
    house = House().hear_all(DISCHARGE, adt("A08", "20 1200", address="1 New St^^Albany", visit=""))
    assert house.types == ["discharged", "updated"]


def test_said__a_new_address_is_no_news_about_a_stay_long_over() -> None:
    late = adt("A08", "20 1200", address="1 New St^^Albany", visit="").replace(b"20261120", b"20270220")
    assert House().hear_all(DISCHARGE, late).types == ["discharged"]


def test_said__too_many_facts_are_for_a_person_and_nobody_is_told() -> None:
    house = House().hear_all(ADMIT)
    for n in range(MOST_FACTS):
        house.hear(adt("A13", "03 1530", control=f"cancel-{n}"))
    house.hear_all(DISCHARGE, adt("A08", "04 1200", location="5E^1^B"))
    assert house.types == ["admitted"]
    assert len(house.encounter["facts"]) == MOST_FACTS + 1
    assert [review["code"] for review in house.patient["reviews"]] == ["too-many-facts"]
    assert [review["ref"] for review in house.patient["reviews"]] == [house.encounter["encounter_id"]]


def test_said__a_stay_may_have_any_number_of_beds_and_the_latest_are_kept() -> None:
    moves = [
        adt("A02", f"02 {n // 60:02}{n % 60:02}", happened=f"02 {n // 60:02}{n % 60:02}", location=f"W{n}^1^A")
        for n in range(MOST_BEDS + 20)
    ]
    house = House().hear_all(ADMIT, *moves)
    backwards = House().hear_all(ADMIT, *reversed(moves))
    assert len(house.encounter["facts"]) == MOST_BEDS + 1
    assert house.encounter["facts"] == backwards.encounter["facts"]
    assert house.patient["reviews"] == []
    assert {hearer.last.encounter.location.point_of_care for hearer in (house, backwards)} == {"W119"}


def test_said__an_inpatient_who_became_an_outpatient_and_back_is_admitted_once() -> None:
    out = adt("A07", "02 0905", happened="02 0900", **{"class": "O"})
    house = House().hear_all(ADMIT, out, adt("A06", "02 1205", happened="02 1200"))
    assert house.types == ["admitted", "updated", "updated"]
    assert [one.encounter.class_ for one in (say.data for say in house.said)] == ["I", "O", "I"]  # type: ignore[attr-defined]


def test_said__an_admission_that_goes_back_to_a_plan_is_withdrawn() -> None:
    house = House().hear_all(adt("A05", "01 0600"), ADMIT, CANCEL_ADMIT)
    assert house.types == ["admitted", "cancelled"]
    assert house.last.encounter.status == "cancelled"
    assert [one.event_id for one in house.last.withdraws] == [house.said[0].id]


def test_said__of_a_stay_that_never_was_what_was_told_before() -> None:
    house = House().hear_all(ADMIT, adt("A11", "01 1000", happened="01 0900", **{"class": ""}))
    told = house.last.encounter
    assert (told.status, told.class_, told.location.room) == ("cancelled", "I", "12")


def test_said__a_leave_is_told_as_it_comes_and_goes() -> None:
    out, back = adt("A21", "02 0905", happened="02 0900"), adt("A22", "02 1705", happened="02 1700")
    house = House().hear_all(ADMIT, out, back)
    assert house.types == ["admitted", "updated", "updated"]
    assert [one.encounter.on_leave for one in (say.data for say in house.said)] == [False, True, False]  # type: ignore[attr-defined]


def test_said__the_end_of_a_month_is_told_to_nobody() -> None:
    series = adt("A04", "01 0705", start="01 0700", **{"class": "R"})
    assert House().hear_all(series, adt("A03", "30 2305", end="30 2300", **{"class": "R"})).types == ["registered"]


def test_said__a_discharge_whose_series_is_learnt_of_later_is_taken_back() -> None:
    end = adt("A03", "30 2305", end="30 2300", **{"class": ""})
    house = House().hear_all(end, adt("A04", "01 0705", start="01 0700", **{"class": "R"}))
    assert house.types == ["discharged", "discharge-withdrawn", "registered"]


def amended(house: House) -> list[list[str]]:
    """Of each event said, which kinds of said events it amends."""
    return [[one.type.split(".")[1] for one in say.data.amends] for say in house.said]  # type: ignore[attr-defined]


AMENDED_DISCHARGE = adt("A03", "03 1700", end="03 1500", disposition="03", control="amended")


def test_amended__home_that_was_a_nursing_facility_names_the_discharge() -> None:
    house = House().hear_all(ADMIT, DISCHARGE, AMENDED_DISCHARGE)
    assert house.types == ["admitted", "discharged", "updated"]
    assert amended(house) == [[], [], ["discharged"]]
    assert house.last.amends[0].event_id == house.said[1].id
    assert house.last.encounter.disposition == "03"


def test_amended__each_changed_content_once() -> None:
    another = adt("A08", "03 1800", address="1 New Street^^Albany^NY^12207", disposition="03")
    back = adt("A08", "03 1900", disposition="01")
    house = House().hear_all(ADMIT, DISCHARGE, AMENDED_DISCHARGE, another, back)
    assert amended(house) == [[], [], ["discharged"], [], ["discharged"]]


@pytest.mark.parametrize(
    ("end", "recorded", "amends"),
    [("02 1500", "03 1700", ["discharged"]), ("03 0100", "03 1700", []), ("03", "03 1700", []), ("", "03 1700", [])],
)
def test_amended__another_day_and_not_another_hour(end: str, recorded: str, amends: list[str]) -> None:
    said = {"end": end, "happened": "03 1500"} if end else {"happened": "03 1500"}
    house = House().hear_all(ADMIT, DISCHARGE, adt("A03", recorded, disposition="01", control="again", **said))
    assert (amended(house)[2:] or [[]]) == [amends]


def test_amended__what_was_not_known_when_it_was_told_was_not_told_wrongly() -> None:
    house = House().hear_all(ADMIT, adt("A03", "03 1505", end="03 1500"), AMENDED_DISCHARGE)
    assert amended(house) == [[], [], []]
    assert amended(house.hear_all(adt("A08", "03 1800", disposition="06")))[3] == []


def test_amended__a_destination_that_is_taken_away_again() -> None:
    house = House().hear_all(ADMIT, DISCHARGE, adt("A08", "03 1800", disposition='""'))
    assert amended(house)[2] == ["discharged"]


def test_amended__an_admission_on_another_day() -> None:
    house = House().hear_all(REGISTER, ADMIT, adt("A01", "02 1000", start="02 0900", control="again"))
    assert amended(house) == [[], [], ["admitted"]]


def test_amended__a_registration_on_another_day_though_nothing_carried_changed() -> None:
    first = adt("A04", "01 0705", start="01 0700", happened="01 0700", **{"class": "E"})
    again = adt("A04", "02 0705", start="01 0700", happened="02 0700", control="again", **{"class": "E"})
    house = House().hear_all(first, again)
    assert house.types == ["registered", "updated"]
    assert amended(house) == [[], ["registered"]]


def test_amended__what_is_withdrawn_is_not_amended_beside_it() -> None:
    back = adt("A13", "03 1600", happened="03 1500", start="02 0900")
    house = House().hear_all(ADMIT, DISCHARGE, adt("A01", "03 1700", start="02 0900", control="again"), back)
    assert house.types == ["admitted", "discharged", "updated", "discharge-withdrawn"]
    assert amended(house) == [[], [], ["admitted"], []]
    once = House().hear_all(ADMIT, DISCHARGE, adt("A13", "03 1730", happened="03 1500", start="02 0900"))
    assert once.types == ["admitted", "discharged", "discharge-withdrawn"]
    assert amended(once)[2] == ["admitted"]


def test_amended__a_day_that_is_only_told_less_precisely() -> None:
    house = House().hear_all(ADMIT, DISCHARGE, _with_end(adt("A08", "03 1800"), "202611"))
    assert house.types == ["admitted", "discharged", "updated"]
    assert amended(house)[2] == []
    other = _with_end(adt("A08", "03 1900"), "202612")
    assert amended(house.hear_all(other))[3] == ["discharged"]


def _with_end(message: bytes, end: str) -> bytes:
    """The message with PV1-45 as it is given."""
    lines = message.split(b"\r")
    place = next(n for n, line in enumerate(lines) if line.startswith(b"PV1|"))
    fields = lines[place].split(b"|")
    fields += [b""] * (46 - len(fields))
    fields[45] = end.encode()
    return b"\r".join([*lines[:place], b"|".join(fields), *lines[place + 1 :]])
