"""Who is one person, by the numbers that were sent together, and when two are two."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from services.admissions.domain.model import Patient
from services.admissions.domain.persons import persons
from services.admissions.domain.stays import Stay
from services.admissions.domain.visit import encounter_id_of
from shared.feeds import parse_feeds
from tests.unit.admissions.house import House, a_feed, hearers_of
from tests.unit.admissions.messages import adt

OLD_STAY = encounter_id_of("p-1", ("visit", "NORTH", "V1"))
MR, PI, OTHER_MR = "100200^^^NORTH^MR", "E7^^^NORTH^PI", "100201^^^NORTH^MR"
STATE, SOUTH = "9^^^STATE^PE", "S5^^^SOUTH^MR"
ADA, BEA = {"born": "19410506", "sex": "F"}, {"born": "19500101", "sex": "M"}


def _admit(day: str, mrn: str, visit: str = "V1", **said: str) -> bytes:
    return adt("A01", f"{day} 0905", start=f"{day} 0900", mrn=mrn, visit=f"{visit}^^^NORTH^VN", **said)


def _people(house: House) -> set[frozenset[str]]:
    """The numbers of each patient as it was last told, of all stays that stand."""
    last = {say.subject: data for say, data in house.told}
    stand = [data for data in last.values() if data.encounter.status != "cancelled"]
    return {frozenset(one.value for one in data.patient.identifiers) for data in stand}


def _codes(house: House) -> list[str]:
    return [review["code"] for patient in house.patients for review in patient["reviews"]]


def test_person__known_by_one_of_two_own_numbers_of_a_house() -> None:
    """The site sends PI and MR, and sometimes PI alone: one patient, one stay, whichever comes first."""
    messages = (
        _admit("01", f"{MR}~{PI}"),
        adt("A03", "03 1505", end="03 1500", mrn=PI),
        adt("A08", "04 0900", mrn=f"{PI}~{MR}", language="spa"),
    )
    for order in permutations(messages):
        house = House().hear_all(*order)
        assert [one["stage"] for one in house.encounters] == ["discharged"]
        assert _codes(house) == []
        said = house.last.model_dump(mode="json")
        assert said["encounter"]["status"] == "finished"
        assert said["patient"]["language"] == "spa"
        assert said["encounter"]["joined_by"] == ["same-number"]
        assert len(said["patient"]["also_known_as"]) == 1


def test_person__two_own_numbers_of_a_house_that_disagree_are_two_and_reviewed() -> None:
    messages = (
        _admit("01", f"{MR}~{PI}", **ADA),
        _admit("02", PI, "V2", born="19500101"),
    )
    for order in (messages, messages[::-1]):
        house = House().hear_all(*order)
        assert _codes(house) == ["same-house-disagrees"] * 2
        assert len({data.patient.patient_id for _, data in house.told}) == 2
        assert not any(data.patient.identity_disputed for _, data in house.told)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)])
def test_person__a_dispute_ends_when_the_birth_date_is_corrected(order: tuple[int, ...]) -> None:
    messages = (
        _admit("01", f"{MR}~{STATE}", **ADA),
        _admit("02", f"{OTHER_MR}~{STATE}", "V2", born="19410605"),
        adt("A31", "03 0900", mrn=OTHER_MR, born="19410506", visit=""),
    )
    house = House().hear_all(*(messages[place] for place in order))
    assert _codes(house) == ["birth-dates-disagree"]  # one number was sent with two birth dates
    last = {say.subject: data for say, data in house.told}
    assert len({data.patient.patient_id for data in last.values()}) == 1


def test_person__both_birth_date_and_sex_disagree_is_disputed() -> None:
    house = House().hear_all(_admit("01", f"{MR}~{STATE}", **ADA), _admit("02", f"{OTHER_MR}~{STATE}", "V2", **BEA))
    assert _codes(house) == ["enterprise-disagrees"] * 2
    last = {say.subject: data for say, data in house.told}
    assert [data.patient.identity_disputed for data in last.values()] == [True, True]


def test_person__a_made_up_birth_date_disagrees_with_nobody() -> None:
    unknown = {"born": "19000101", "sex": "M", "unknown": "Y"}
    house = House().hear_all(_admit("01", f"{MR}~{STATE}", **ADA), _admit("02", f"{OTHER_MR}~{STATE}", "V2", **unknown))
    assert _codes(house) == []
    assert house.last.patient.also_known_as != ()


def test_person__a_number_of_a_merely_trusted_authority_joins_nobody() -> None:
    profiles = parse_feeds({"feed": [a_feed(enterprise_authorities=[], trusted_authorities=["STATE"])]})
    messages = (_admit("01", f"{MR}~{STATE}", **ADA), _admit("02", f"{OTHER_MR}~{STATE}", "V2", **ADA))
    for order in (messages, messages[::-1]):
        house = House(profiles).hear_all(*order)
        assert _codes(house) == ["claimed-by-another"] * 2
        assert {data.patient.also_known_as for _, data in house.told} == {()}


def test_person__of_two_hospitals_by_the_number_of_the_region() -> None:
    house = House().hear_all(_admit("01", f"{MR}~{STATE}", **ADA))
    house.hear(adt("A01", "02 0905", mrn=f"{SOUTH}~{STATE}", visit="V1^^^SOUTH^VN", **ADA), feed="south")
    assert house.patient["claims"] == ["tenant-1|NORTH|MR|100200", "tenant-1|SOUTH|MR|S5", "tenant-1|STATE|PE|9"]
    assert _people(house) == {frozenset({"100200", "9", "S5"})}
    assert len(house.encounters) == 2
    assert _codes(house) == []


def test_person__unnumbered_visits_of_two_hospitals_at_the_same_minute_are_two() -> None:
    house = House().hear_all(_admit("01", f"{MR}~{STATE}").replace(b"V1^^^NORTH^VN", b""))
    house.hear(adt("A01", "01 0905", start="01 0900", mrn=f"{SOUTH}~{STATE}", visit=""), feed="south")
    assert len(house.encounters) == 2


def _old(**changes: Any) -> dict[str, Any]:
    """A document as it was kept before there were records and visits."""
    source = ["north", "A01-010905", "0123456789abcdef"]
    stamp = f"2026-11-01T14:05:00.000000+00:00|1|{'|'.join(source)}"
    fact = {
        "trigger": "A01",
        "source": source,
        "occurred": "2026-11-01T14:00:00Z",
        "until": "2026-11-01T14:00:59.999999Z",
        "recorded": "2026-11-01T14:05:00Z",
        "stamp": stamp,
        "class_": "I",
    }
    encounter = {
        "encounter_id": OLD_STAY,
        "key": "p-1",
        "visit": ["visit", "NORTH", "V1"],
        "feed": "north",
        "mode": "live",
        "a08": "moves",
        "facts": [fact],
        "registers": {"class_": {"stamp": stamp, "value": "I"}},
        "protected_unit": True,
        "stage": "admitted",
        "said": {"status": "in-progress", "standing": [{"event_id": "x", "type": "encounter.admitted.v1"}]},
    }
    return {
        "patient_id": "p-1",
        "tenant": "tenant-1",
        "claims": ["tenant-1|NORTH|MR|100200", "tenant-1|STATE|PE|9"],
        "registers": {"sex": {"stamp": stamp, "value": "F"}},
        "birth_dates": ["1941-05-06"],
        "sexes": ["F"],
        "encounters": {OLD_STAY: encounter},
        "reviews": [],
        **changes,
    }


def test_document__of_before_there_were_records_is_one_record_with_its_visits() -> None:
    patient = Patient.model_validate(_old())
    (record,) = patient.records
    assert (record.key, record.patient_id, record.beside) == (
        "tenant-1|NORTH|MR|100200",
        "p-1",
        ("tenant-1|STATE|PE|9",),
    )
    assert (record.registers["sex"].value, record.birth_dates, record.sexes) == ("F", ("1941-05-06",), ("F",))
    (visit,) = patient.visits
    assert (visit.visit_id, visit.record, visit.key) == (OLD_STAY, record.key, ("visit", "NORTH", "V1"))
    assert visit.registers["door"].value == {"feed": "north", "mode": "live", "a08": "moves"}
    assert (
        Stay(persons(patient, frozenset()).all[0], (visit,)).unit_labels,
        visit.protected_unit,
        len(visit.facts),
        visit.first == record.first,
    ) == ({"visit"}, True, 1, True)
    encounter = patient.encounters[OLD_STAY]
    assert (encounter.anchor, encounter.key, encounter.stage) == (OLD_STAY, "p-1", "admitted")
    assert encounter.said.record == record.key
    assert Patient.model_validate(patient.model_dump(mode="json")) == patient


def test_document__of_before_goes_on_where_it_was() -> None:
    """The stay that was told of is told to have ended, under its own id and key."""
    house = House()
    house.desk.states[("patients", "p-1")] = _old()
    for claim in _old()["claims"]:
        house.desk.claims[("patients", claim)] = "p-1"
    house.hear(adt("A03", "03 1505", end="03 1500", disposition="01"))
    assert house.types == ["discharged"]
    (say,) = house.said
    assert (say.key, len(house.patients)) == ("p-1", 1)
    assert [one["stage"] for one in house.encounters if one["said"]["status"]] == ["discharged"]


def test_document__of_before_of_nobody_in_particular() -> None:
    patient = Patient.model_validate(_old(claims=[], registers={}, encounters={}))
    assert [(record.key, record.beside, record.first) for record in patient.records] == [("", (), "")]


def test_person__whose_regional_number_was_another_s_is_parted_from_him() -> None:
    """A43 with the same MRN on both sides: the number that stood with it was wrong (HL7 v2.5.1 ch. 3.3.43)."""
    corrected = adt("A43", "03 0900", mrn=f"{MR}~R2^^^STATE^PE", visit="", extra=[f"MRG|{MR}~{STATE}"], **{"class": ""})
    messages = (_admit("01", f"{MR}~{STATE}"), _admit("02", f"{OTHER_MR}~{STATE}", "V2"), corrected)
    for order in permutations(messages):
        last = {say.subject: data for say, data in House().hear_all(*order).told}
        assert len({data.patient.patient_id for data in last.values()}) == 2
        assert {data.patient.also_known_as for data in last.values()} == {()}


def test_person__who_disagrees_with_one_of_two_merged_is_neither() -> None:
    merged = adt("A40", "03 0900", mrn=MR, visit="", extra=[f"MRG|{OTHER_MR}"], **{"class": ""})
    third = _admit("02", f"100300^^^NORTH^MR~{STATE}", "V3", **BEA)
    messages = (_admit("01", f"{MR}~{STATE}", **ADA), _admit("02", OTHER_MR, "V2"), merged, third)
    for order in permutations(messages):
        house = House().hear_all(*order)
        last = {data.encounter.visit_number.value: data for _, data in house.told if data.encounter.visit_number}
        assert last["V1"].patient.patient_id == last["V2"].patient.patient_id != last["V3"].patient.patient_id
        assert set(_codes(house)) == {"enterprise-disagrees"}


def test_stay__joined_by_two_rules_names_the_one_that_was_enough() -> None:
    said = {"visit": "V2^^^NORTH^VN", "extra": ["MRG|" + MR + "||||V1^^^NORTH"], "class": ""}
    house = House().hear_all(_admit("01", MR), adt("A50", "02 0900", **said), adt("A42", "02 1000", **said))
    assert house.last.encounter.joined_by == ("visits-merged",)
    assert len([hearer for hearer in hearers_of(house).values() if hearer.standing]) == 1


def test_person__a_retired_number_that_is_used_again_is_reviewed_and_not_what_the_patient_is_called() -> None:
    """HL7 v2.5.1 ch. 3.3.40: MRG-1 is not to be used again; who uses it means the one that it gave way to."""
    merged = adt("A40", "02 1200", mrn=MR, visit="", extra=[f"MRG|{OTHER_MR}"], **{"class": ""})
    again = adt("A03", "05 1505", end="05 1500", disposition="01", mrn=OTHER_MR, visit="V2^^^NORTH^VN")
    for order in permutations((_admit("01", MR), merged, again)):
        house = House().hear_all(*order)
        assert _codes(house) == ["retired-number-used"]
        assert _people(house) == {frozenset({"100200"})}
