"""What a message writes: the visit it is about, the registers, the care team, where it was."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.admissions.domain import times
from shared.schemas.adt import AdtEvent, Encounter, Moment, OffsetSource, Patient, Precision
from tests.unit.admissions.house import House, feeds
from tests.unit.admissions.messages import adt
from tests.unit.admissions.stories import ADMIT


def _visits(*messages: bytes) -> list[list[str]]:
    return [encounter["key_of_visit"] for encounter in House().hear_all(*messages).encounters]


@pytest.mark.parametrize(
    ("trigger", "fields", "visit"),
    [
        ("A01", {"visit": "v1^^^NORTH^VN", "account": "A1"}, ["visit", "NORTH", "V1"]),
        ("A01", {"visit": "V1"}, ["visit", "NORTH", "V1"]),
        ("A01", {"visit": "", "account": "A1^^^NORTH"}, ["account", "NORTH", "A1"]),
        ("A01", {"visit": "", "start": "01 0900"}, ["unnumbered", "202611010900"]),
        ("A03", {"visit": "", "end": "03 1500"}, ["unnumbered", "20261103"]),
        ("A08", {"visit": "", "start": "01 0900"}, ["unnumbered", "202611010900"]),
        ("A06", {"visit": "", "happened": "02 0900"}, ["unnumbered", "20261102"]),
        ("A11", {"visit": "", "happened": "01 0900"}, ["unnumbered", "20261101"]),
        ("A02", {"visit": "", "start": "01 0900"}, ["unnumbered", "202611010900"]),
    ],
)
def test_visit__by_the_best_number_there_is(trigger: str, fields: dict[str, str], visit: list[str]) -> None:
    assert _visits(adt(trigger, "03 1505", **fields)) == [visit]


@pytest.mark.parametrize("fields", [{"visit": ""}, {"visit": "", "class": "N", "start": "01 0900"}])
def test_visit__an_update_without_one_is_about_the_patient_alone(fields: dict[str, str]) -> None:
    house = House().hear_all(ADMIT, adt("A08", "02 0900", language="spa", **fields))
    assert house.encounter["key_of_visit"] == ["visit", "NORTH", "V1"]
    assert house.types == ["admitted", "updated"]
    assert house.last.patient.language == "spa"


@pytest.mark.parametrize("trigger", ["A02", "A12", "A05", "A38", "A21", "A54"])
def test_visit__what_neither_begins_nor_ends_one_and_names_none_is_about_the_patient_alone(trigger: str) -> None:
    house = House().hear_all(ADMIT, adt(trigger, "02 0900", visit="", language="spa"))
    assert house.encounter["key_of_visit"] == ["visit", "NORTH", "V1"]
    assert house.last.patient.language == "spa"


@pytest.mark.parametrize("trigger", ["A28", "A31"])
def test_visit__a_person_is_no_visit(trigger: str) -> None:
    house = House().hear_all(adt(trigger, "02 0900", start="02 0900", language="spa"))
    assert house.patient["encounters"] == {}
    assert house.patient["records"][0]["registers"]["language"]["value"] == "spa"


def test_own__is_kept_in_the_fact_and_in_no_register() -> None:
    house = House().hear_all(
        adt("A05", "01 0600", planned="01 0900", expected="04 0900"),
        adt("A15", "02 0900", pending="5E^2^B"),
        adt("A21", "02 1000", back="02 1800", planned="09 0900"),
    )
    own = {fact["trigger"]: fact["own"] for fact in house.encounter["facts"]}
    assert own["A05"]["expected_admit_at"]["instant"] == "2026-11-01T14:00:00Z"
    assert own["A15"]["pending_location"]["point_of_care"] == "5E"
    assert own["A21"]["expected_return_at"]["instant"] == "2026-11-02T23:00:00Z"
    assert "expected_discharge_at" in house.encounter["registers"]
    assert not {"expected_admit_at", "pending_location", "expected_return_at"} & set(house.encounter["registers"])


def test_visit__two_numbers_are_two_stays() -> None:
    assert len(_visits(ADMIT, adt("A01", "05 0905", visit="V2^^^NORTH^VN"))) == 2


def test_register__absent_keeps_and_cleared_clears() -> None:
    house = House().hear_all(adt("A01", "01 0905", language="spa", address="1 Main^^Albany", service="MED"))
    house.hear(adt("A08", "01 1000", sex="F"))
    assert (house.last.patient.language, house.last.encounter.hospital_service) == ("spa", "MED")
    house.hear(adt("A08", "01 1100", language='""', address='""', service='""'))
    assert (house.last.patient.language, house.last.patient.addresses) == ("", ())
    assert house.last.encounter.hospital_service == ""


def test_register__a_stale_update_does_not_overwrite() -> None:
    house = House().hear_all(ADMIT, adt("A08", "02 1200", language="fra"), adt("A08", "02 1100", language="spa"))
    assert house.last.patient.language == "fra"


def test_class__is_mapped_by_the_feed() -> None:
    house = House(feeds(class_codes={"obs": "V"})).hear_all(adt("A01", "01 0905", **{"class": "OBS"}))
    assert house.last.encounter.class_ == "V"


@pytest.mark.parametrize(
    ("fields", "facility", "zone"),
    [
        ({}, "NORTH", "America/New_York"),
        ({"location": "4W^^^LAKE"}, "LAKE", "America/Chicago"),
        ({"where": "LAKE"}, "LAKE", "America/Chicago"),
        ({"facility": "LAKE"}, "LAKE", "America/Chicago"),
        ({"location": "4W^^^NOWHERE"}, "NORTH", "America/New_York"),
    ],
)
def test_facility__and_its_zone(fields: dict[str, str], facility: str, zone: str) -> None:
    house = House(feeds(facility_zones={"lake": "America/Chicago"})).hear_all(adt("A01", "01 0905", **fields))
    assert (house.last.encounter.facility, house.last.encounter.zone) == (facility, zone)


def test_facility__a_message_that_does_not_say_keeps_it() -> None:
    house = House(feeds(facility_zones={"LAKE": "America/Chicago"}))
    house.hear_all(adt("A01", "01 0905", location="4W^^^LAKE"), adt("A03", "03 1505", end="03 1500"))
    assert house.last.encounter.facility == "LAKE"


@pytest.mark.parametrize(
    ("fields", "labels"),
    [
        ({}, ()),
        ({"protected": "Y"}, ("visit",)),
        ({"protected": "N"}, ()),
        ({"shielded": "Y"}, ("visit",)),
        ({"location": "psy^1^A"}, ("behavioural",)),
        ({"service": "DETOX"}, ("part2",)),
        ({"extra": ["ARV||A|HIV"]}, ("visit",)),
        ({"location": "psy^1^A", "service": "DETOX", "protected": "Y"}, ("behavioural", "part2", "visit")),
        ({"extra": ["ARV||A|NO"]}, ()),
    ],
)
def test_protected__by_visit_person_restriction_or_unit(fields: dict[str, Any], labels: tuple[str, ...]) -> None:
    house = House(feeds(part2_units=["DETOX"], behavioural_units=["PSY"])).hear_all(adt("A01", "01 0905", **fields))
    assert (house.last.encounter.labels, house.last.encounter.protected) == (labels, bool(labels))


def test_protected__a_unit_left_protects_on() -> None:
    house = House(feeds(behavioural_units=["PSY"], part2_units=["DETOX"]))
    house.hear_all(adt("A01", "01 0905", location="PSY^1^A"), adt("A02", "02 0905", location="DETOX^1^A"))
    house.hear_all(adt("A03", "03 1505", location="4W^1^A"))
    assert (house.last.encounter.labels, house.last.encounter.protected) == (("behavioural", "part2"), True)


def _team(*messages: bytes) -> list[tuple[str, str, str, str]]:
    team = House().hear_all(*messages).last.care_team
    return [(one.role, one.provider.assigner, one.provider.value, one.name.family) for one in team]


def test_care_team__from_every_place() -> None:
    message = adt(
        "A01",
        "01 0905",
        pcp="1^Primary^Pat",
        attending="2^Attend^Al^^^^^^NORTH~1902^^^^^^^^NPI",
        referring="3^Refer^Rae^^^^^^NORTH",
        consulting="4^Consult^Con^^^^^^NORTH~5^Other^Oz^^^^^^NORTH",
        admitting="^Nameless^Ned~6^Admit^Amy^^^^^^NORTH",
        extra=["ROL||AD|CP|7^Caseworker^Cas^^^^^^NORTH|20260101", "ROL||AD|AT|2^Attend^Al^^^^^^NORTH"],
    )
    assert _team(message) == [
        ("ADM", "NORTH", "6", "Admit"),
        ("AT", "NORTH", "2", "Attend"),
        ("ATND", "NORTH", "2", "Attend"),
        ("ATND", "NPI", "1902", "Attend"),
        ("CON", "NORTH", "4", "Consult"),
        ("CON", "NORTH", "5", "Other"),
        ("CP", "NORTH", "7", "Caseworker"),
        ("PCP", "NORTH", "1", "Primary"),
        ("REF", "NORTH", "3", "Refer"),
    ]


def test_care_team__each_role_and_identifier_once() -> None:
    message = adt("A01", "01 0905", consulting="4^Consult^Con~4^Consult^Con", extra=["ROL||AD|CON|4^Again^Con"])
    assert _team(message) == [("CON", "NORTH", "4", "Consult")]


def test_care_team__a_provider_authority_of_the_feed() -> None:
    house = House(feeds(provider_authority="DOCS")).hear_all(adt("A01", "01 0905", attending="2^Attend^Al"))
    assert house.last.care_team[0].provider.assigner == "DOCS"


@pytest.mark.parametrize(
    "role",
    [
        "ROL||DE|CP|7^Gone^Gil^^^^^^NORTH",
        "ROL||UN|CP|7^Gone^Gil^^^^^^NORTH",
        "ROL||AD|CP|7^Over^Ole^^^^^^NORTH|20260101|20260201",
        "ROL||AD|CP|^Numberless^Nan",
        "ROL||AD|CP",
        "ROL||AD||7^Roleless^Rob^^^^^^NORTH",
    ],
)
def test_care_team__without_who_is_gone_or_cannot_be_found(role: str) -> None:
    assert _team(adt("A01", "01 0905", extra=[role])) == []


def test_care_team__roles_are_a_snapshot_of_the_patient_and_one_of_the_visit() -> None:
    one = adt("A01", "01 0905", extra=["ROL||AD|CP|7^Case^Cas~70^Case^Cas||20270101"])
    assert _team(one) == [("CP", "NORTH", "7", "Case"), ("CP", "NORTH", "70", "Case")]
    other = adt("A08", "02 0905", extra=["ROL||AD|RP|8^Refer^Rae"])
    assert _team(one, other) == [("RP", "NORTH", "8", "Refer")]
    assert _team(one, adt("A08", "02 0905", language="spa")) == _team(one)
    assert _team(one, adt("A08", "02 0905", extra=['ROL|""'])) == []


def _moment(text: str, precision: Precision, **fields: Any) -> Moment:
    return Moment(text=text, precision=precision, offset_source=OffsetSource.FIELD, **fields)


def test_when__says_what_had_to_be_assumed() -> None:
    instant = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    moment = _moment("202611010130", Precision.MINUTE, instant=instant, ambiguous=True)
    said = times.when(moment)
    assert said is not None
    assert (said.instant, said.precision, said.flags) == (instant, "minute", ("ambiguous",))
    assert times.when(_moment("2026", Precision.YEAR)) is None
    assert times.when(None) is None


def test_occurred__without_an_instant_is_no_time() -> None:
    event = AdtEvent(
        control_id="1",
        trigger="A08",
        feed="north",
        sending_application="",
        sending_facility="",
        occurred_at=_moment("2026", Precision.YEAR),
        patient=Patient(),
        encounter=Encounter(),
    )
    with pytest.raises(ValueError, match="no instant"):
        times.occurred(event)


@pytest.mark.parametrize(
    ("precision", "seconds"), [(Precision.MINUTE, 59.999999), (Precision.DAY, 86399.999999), (Precision.FRACTION, 0)]
)
def test_reach__is_the_last_instant_the_text_may_mean(precision: Precision, seconds: float) -> None:
    assert times.reach(_moment("20261103", precision)).total_seconds() == seconds


def test_time__an_end_that_cannot_be_told_is_when_the_fact_occurred() -> None:
    house = House().hear_all(adt("A03", "03 1505", happened="03 1500", end="99"))
    discharged_at = house.last.encounter.discharged_at
    assert discharged_at is not None
    assert discharged_at.instant == datetime(2026, 11, 3, 20, 0, tzinfo=UTC)
