"""What is said when a stay is moved or merged, and what a repair must name; in every order: `sagas`.

Worked out by hand from HL7 v2.5.1 ch. 3.3.17 and 3.3.34 to 3.3.50. P is MRN 100200, Q 100201, R 100202, at NORTH.
"""

from __future__ import annotations

from typing import Any

import pytest

from shared.schemas.encounters import EncounterMerged, EncounterMoved
from shared.stream.decisions import Refused
from tests.unit.admissions.accounts import standing
from tests.unit.admissions.house import House, hearers_of
from tests.unit.admissions.messages import adt

MRN = {"P": "100200", "Q": "100201", "R": "100202"}
STAGES = {"in-progress": "open", "finished": "over"}


def cx(who: str) -> str:
    return f"{MRN[who]}^^^NORTH^MR"


def of(who: str, trigger: str, recorded: str, visit: str = "V1", **said: Any) -> bytes:
    fields = {"mrn": cx(who), "visit": f"{visit}^^^NORTH^VN" if visit else "", "account": "A1^^^NORTH", **said}
    return adt(trigger, recorded, **{"control": f"{who}-{trigger}-{recorded}-{visit}", **fields})


def mrg(number: str = "", account: str = "", visit: str = "") -> str:
    parts = [number, "", account and f"{account}^^^NORTH", "", visit and f"{visit}^^^NORTH"]
    return "|".join(["MRG", *parts]).rstrip("|")


def repair(who: str, trigger: str, recorded: str, merged: str, visit: str = "", **said: Any) -> bytes:
    return of(who, trigger, recorded, visit, extra=[merged], **{"class": "", **said})


def admit(who: str, day: str = "01", visit: str = "V1", **said: Any) -> bytes:
    return of(who, "A01", f"{day} 0905", visit, start=f"{day} 0900", **said)


def end(who: str, day: str = "05", visit: str = "V1", **said: Any) -> bytes:
    return of(who, "A03", f"{day} 1505", visit, end=f"{day} 1500", disposition="01", **said)


MERGED = repair("P", "A40", "02 1200", mrg(cx("Q")))


def test_moved__is_taken_back_from_the_one_and_said_of_the_other_and_names_nobody_else() -> None:
    move = repair("Q", "A44", "02 1200", mrg(cx("P"), "A1"), name="Right^Rhea", language="spa")
    house = House().hear_all(admit("P", name="Wrong^Will"), end("P", "02"), move)
    assert house.types[:3] == ["admitted", "discharged", "moved"]
    said = house.said[2]
    assert isinstance(said.data, EncounterMoved)
    assert {one.event_id for one in said.data.withdraws} == {house.said[0].id, house.said[1].id}
    assert (said.data.patient.name.family, said.data.patient.language) == ("Wrong", "")
    assert [one.value for one in said.data.patient.identifiers] == ["100200"]
    assert (said.data.encounter.status, said.data.encounter.merged_into) == ("cancelled", "")
    assert said.key == house.said[0].key
    assert house.types[3:] == ["discharged"]
    anew = house.last
    assert (anew.patient.name.family, anew.encounter.rebuilt, anew.encounter.discharge_version) == ("Right", True, 1)
    assert anew.encounter.encounter_id != said.subject
    assert anew.encounter.discharged_at == house.told[1][1].encounter.discharged_at
    assert house.said[3].key == anew.patient.patient_id != said.key


def test_merged__two_stays_that_were_told_are_one_and_the_other_says_so() -> None:
    house = House().hear_all(admit("P"), admit("P", visit="V2"))
    house.hear(repair("P", "A42", "02 1200", mrg(cx("P"), "", "V2"), "V1"))
    merged = next(data for _, data in house.told if isinstance(data, EncounterMerged))
    (lives,) = (id_ for id_, hearer in hearers_of(house).items() if standing(hearer))
    assert merged.encounter.merged_into == lives != merged.encounter.encounter_id
    assert [one.type for one in merged.withdraws] == ["encounter.admitted.v1"]
    assert house.last.encounter.joined_by == ("visits-merged",)
    numbers = {*house.last.encounter.other_numbers, house.last.encounter.visit_number}
    assert {one.value for one in numbers if one} == {"V1", "V2"}


def test_swap__gives_the_room_as_well() -> None:
    other = "PV1||I|4W^1" + "|" * 16 + "V2^^^NORTH^VN"
    swap = of("P", "A17", "02 1205", happened="02 1200", location="5E^2", extra=[f"PID|||{cx('Q')}", other])
    house = House().hear_all(admit("P", location="4W^1"), admit("Q", visit="V2", location="5E^2"), swap)
    last = {data.encounter.visit_number: data.encounter.location for _, data in house.told}
    places = {visit.value: (place.point_of_care, place.room) for visit, place in last.items() if visit}
    assert places == {"V1": ("5E", "2"), "V2": ("4W", "1")}


@pytest.mark.parametrize("merged", [mrg(), mrg("1^^^ELSEWHERE^MR")])
def test_repair__that_does_not_say_who_gives_way_is_refused(merged: str) -> None:
    with pytest.raises(Refused, match="no-prior-number"):
        House().hear(repair("P", "A40", "02 1200", merged))
