"""Two documents become one when a message names numbers of both, in whatever order; never beyond the bound."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from services.admissions.domain.unite import MOST_RECORDS
from services.admissions.handlers import COLLECTION
from shared.schemas.patients import PatientMerged
from shared.stream.decisions import Refused
from tests.unit.admissions.house import House
from tests.unit.admissions.messages import adt

MR, STATE, SOUTH = "100200^^^NORTH^MR", "9^^^STATE^PE", "S5^^^SOUTH^MR"
ADMITTED = adt("A01", "01 0905", start="01 0900", mrn=MR)
KNOWN_BY_STATE = adt("A01", "02 0905", start="02 0900", mrn=STATE, visit="V2^^^NORTH^VN")
BOTH = adt("A08", "03 0905", mrn=f"{MR}~{STATE}", language="spa")


def test_unite__a_message_that_names_the_numbers_of_two() -> None:
    house = House().hear_all(ADMITTED, KNOWN_BY_STATE)
    first, second = house.patients
    decision = house.hear(BOTH)
    assert decision is not None
    assert decision.metrics == {"united": 1}
    (loser,) = {first["patient_id"], second["patient_id"]} - {decision.id}
    assert decision.id == min(first["patient_id"], second["patient_id"])  # as many visits, so the lower id
    assert house.desk.states[(COLLECTION, loser)]["alias_of"] == decision.id
    assert house.desk.states[(COLLECTION, loser)]["claims"] == []
    assert house.patient["claims"] == ["tenant-1|NORTH|MR|100200", "tenant-1|STATE|PE|9"]
    assert sorted(one["stage"] for one in house.encounters) == ["admitted", "admitted"]


def test_unite__tells_both_stays_of_the_one_person_under_their_own_keys() -> None:
    house = House().hear_all(ADMITTED, KNOWN_BY_STATE, BOTH)
    assert house.types == ["admitted", "admitted", "updated", "updated", "patient-merged", "patient-merged"]
    mr, state = house.said[0].key, house.said[1].key
    assert {(say.subject, say.key) for say in house.said[4:]} == {(mr, mr), (state, state)}
    assert {say.key for say in house.said[2:4]} == {mr, state}
    told = {say.subject: data.patient for say, data in house.told}
    assert {(patient.patient_id, patient.also_known_as) for patient in told.values()} == {(mr, (state,))}
    assert {patient.language for patient in told.values()} == {"spa"}
    for say in house.said[4:]:
        assert isinstance(say.data, PatientMerged)
        assert (say.data.patient.patient_id, say.data.replaced, say.data.reason) == (mr, (state,), "A08")


def test_unite__in_every_order_ends_alike() -> None:
    messages = (ADMITTED, KNOWN_BY_STATE, BOTH, adt("A03", "04 1505", end="04 1500", mrn=STATE, visit="V1^^^NORTH^VN"))
    ends = [_end(House().hear_all(*order)) for order in permutations(messages)]
    assert all(end == ends[0] for end in ends)
    assert [stay["stage"] for stay in ends[0]["stays"]] == ["admitted", "discharged"]


def _end(house: House) -> dict[str, Any]:
    """What does not depend on whose id was first: the records, and the stays as they were told last."""
    last = {say.subject: data.model_dump(mode="json") for say, data in house.told}
    stays = [
        {"stage": one["stage"], "patient": last[one["encounter_id"]]["patient"]}
        for one in house.encounters
        if one["said"]["status"] not in ("", "cancelled")
    ]
    return {"records": house.patient["records"], "stays": sorted(stays, key=lambda one: str(one["stage"]))}


def test_unite__heard_again_changes_nothing() -> None:
    house = House().hear_all(ADMITTED, KNOWN_BY_STATE, BOTH)
    for message in (ADMITTED, KNOWN_BY_STATE, BOTH):
        decision = house.hear(message)
        assert decision is not None
        assert (decision.state, decision.absorbs, decision.say) == (None, (), ())


def test_unite__an_alias_that_a_number_leads_to_is_refused() -> None:
    house = House().hear_all(ADMITTED)
    (place,) = house.desk.states
    house.desk.states[place]["alias_of"] = "p-2"
    house.desk.claims.clear()
    with pytest.raises(Refused, match="alias-without-claim"):
        house.hear(adt("A08", "02 0905", mrn=MR))


def test_unite__a_number_that_too_many_share_takes_nobody_in() -> None:
    house = House()
    for n in range(MOST_RECORDS + 1):
        house.hear(adt("A01", "01 0905", start="01 0900", mrn=f"{n}^^^NORTH^MR~{STATE}", visit=f"V{n}^^^NORTH^VN"))
    shared, alone = house.patients
    assert (len(shared["records"]), len(alone["records"])) == (MOST_RECORDS, 1)
    assert alone["claims"] == [f"tenant-1|NORTH|MR|{MOST_RECORDS}"]
    assert [review["code"] for review in alone["reviews"]] == ["too-many-numbers"]
    assert alone["records"][0]["beside"] == ["tenant-1|STATE|PE|9"]


def test_unite__two_that_are_full_stay_two_and_each_keeps_its_own() -> None:
    house = House()
    for n in range(MOST_RECORDS + 1):
        house.hear(adt("A01", "01 0905", start="01 0900", mrn=f"{n}^^^NORTH^MR~{STATE}", visit=f"V{n}^^^NORTH^VN"))
    decision = house.hear(adt("A08", "02 0905", mrn=f"64^^^NORTH^MR~{STATE}", visit="V64^^^NORTH^VN", language="spa"))
    assert decision is not None
    assert (decision.id, decision.absorbs) == (house.patients[1]["patient_id"], ())
    assert house.last.patient.language == "spa"
