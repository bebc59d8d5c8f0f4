"""Merges, moves and renames among stories of several patients and visits, in every order: whose stay it is in the end.

Worked out by hand from HL7 v2.5.1 ch. 3.3.17 and 3.3.34 to 3.3.50. P is MRN 100200, Q 100201, R 100202, at NORTH.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import pytest

from services.admissions.domain.identity import new_patient_id
from shared.schemas.encounters import EncounterMerged, EncounterMoved, EncounterState
from shared.schemas.identifiers import Identifier
from shared.stream.decisions import Refused
from tests.unit.admissions.accounts import standing
from tests.unit.admissions.house import SECRET, House, hearers_of
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


@dataclass(frozen=True)
class Tale:
    """`ends`: of every stay that stands whose it is, its visit number, is it open or over, and what was told of it."""

    name: str
    messages: tuple[bytes, ...]
    ends: set[tuple[str, str, str, str]]
    reviews: tuple[str, ...] = ()


def admit(who: str, day: str = "01", visit: str = "V1", **said: Any) -> bytes:
    return of(who, "A01", f"{day} 0905", visit, start=f"{day} 0900", **said)


def end(who: str, day: str = "05", visit: str = "V1", **said: Any) -> bytes:
    return of(who, "A03", f"{day} 1505", visit, end=f"{day} 1500", disposition="01", **said)


MERGED = repair("P", "A40", "02 1200", mrg(cx("Q")))
TALES = (
    Tale(
        "two patients are merged",
        (admit("P"), of("Q", "A04", "01 1000", "V2", **{"class": "E"}), MERGED),
        {("P", "V1", "open", "admitted"), ("P", "V2", "open", "registered")},
    ),
    Tale(
        "a retired number that is used again still leads to the person",
        (admit("P"), MERGED, end("Q", visit="V2")),
        {("P", "V1", "open", "admitted"), ("P", "V2", "over", "discharged")},
        ("retired-number-used",),
    ),
    Tale(
        "merged into each other: the last word leads",
        (admit("P"), MERGED, repair("Q", "A40", "03 1200", mrg(cx("P"))), repair("P", "A40", "04 1200", mrg(cx("Q")))),
        {("P", "V1", "open", "admitted")},
        ("retired-number-used",),
    ),
    Tale(
        "a discharge of the retired number is taken back",
        (admit("Q"), end("Q", "02"), MERGED.replace(b"1200", b"1600"), of("Q", "A13", "02 1530", happened="02 1500")),
        {("P", "V1", "open", "admitted")},
    ),
    Tale(
        "one message merges two pairs",
        (
            admit("Q"),
            of("P", "A40", "02 1200", "", extra=[mrg(cx("Q")), f"PID|||{cx('R')}", mrg("7^^^NORTH^MR")]),
            adt("A01", "01 1000", start="01 0955", mrn="7^^^NORTH^MR", visit="V2^^^NORTH^VN"),
        ),
        {("P", "V1", "open", "admitted"), ("R", "V2", "open", "admitted")},
    ),
    Tale(
        "three numbers in a chain",
        (admit("Q"), MERGED, repair("R", "A40", "03 1200", mrg(cx("P")))),
        {("R", "V1", "open", "admitted")},
    ),
    Tale(
        "merged patients whose birth dates disagree are one, and reviewed",
        (admit("P", born="19410506"), admit("Q", visit="V2", born="19500101"), MERGED),
        {("P", "V1", "open", "admitted"), ("P", "V2", "open", "admitted")},
        ("merged-yet-disagree",),
    ),
    Tale(
        "an account was filed under the wrong patient",
        (
            admit("P"),
            of("P", "A02", "02 1005", happened="02 1000", location="ICU^1"),
            repair("Q", "A44", "02 1200", mrg(cx("P"), "A1")),
            end("P"),
            of("Q", "A08", "04 0900"),
        ),
        {("Q", "V1", "over", "discharged")},
    ),
    Tale(
        "one visit was filed under the wrong patient and the other was not",
        (admit("P"), admit("P", visit="V2"), repair("Q", "A45", "02 1200", mrg(cx("P"), "", "V1"), "V1"), end("P")),
        {("Q", "V1", "over", "discharged"), ("P", "V2", "open", "admitted")},
    ),
    Tale(
        "a visit is moved on, and gets another number on the way",
        (
            admit("P"),
            repair("Q", "A45", "02 1200", mrg(cx("P"), "", "V1"), "V1"),
            repair("R", "A45", "03 1200", mrg(cx("Q"), "", "V1"), "V9"),
        ),
        {("R", "V9", "open", "admitted")},
    ),
    Tale(
        "what a patient had until then was another's",
        (admit("P"), repair("Q", "A43", "02 1200", mrg(cx("P"))), admit("P", "04", "V2")),
        {("Q", "V1", "open", "admitted"), ("P", "V2", "open", "admitted")},
    ),
    Tale(
        "a number was wrong and is changed",
        (admit("Q"), repair("P", "A47", "02 1200", mrg(cx("Q"))), end("P")),
        {("P", "V1", "over", "discharged")},
    ),
    Tale(
        "a visit number is changed",
        (admit("P"), repair("P", "A50", "02 1200", mrg(cx("P"), "", "V1"), "V2"), end("P", visit="V2")),
        {("P", "V2", "over", "discharged")},
    ),
    Tale(
        "two visits were one",
        (admit("P"), admit("P", visit="V2"), repair("P", "A42", "02 1200", mrg(cx("P"), "", "V2"), "V1")),
        {("P", "V1", "open", "admitted")},
    ),
    Tale(
        "two patients and their accounts were one",
        (
            admit("P", visit="", account="A1"),
            admit("Q", visit="", account="A2"),
            repair("P", "A36", "02 1200", mrg(cx("Q"), "A2")),
        ),
        {("P", "", "open", "admitted")},
    ),
    Tale(
        "an account that names no visit is the one visit of that account",
        (admit("P"), end("P", visit="")),
        {("P", "V1", "over", "discharged")},
    ),
    Tale(
        "an account with two visits names none of them",
        (admit("P"), admit("P", visit="V2"), end("P", visit="")),
        {("P", "V1", "open", "admitted"), ("P", "V2", "open", "admitted"), ("P", "", "over", "discharged")},
    ),
    Tale(
        "two accounts were one",
        (admit("P"), repair("P", "A41", "02 1200", mrg(cx("P"), "A7")), end("P", visit="", account="A7^^^NORTH")),
        {("P", "V1", "over", "discharged")},
    ),
    Tale(
        "from the emergency department to a bed under a new number",
        (
            of("P", "A04", "01 0705", start="01 0700", **{"class": "E"}),
            of("P", "A06", "01 0905", "V2", happened="01 0900", extra=[mrg("", "", "V1")]),
            of("P", "A03", "01 0910", end="01 0905", disposition="09", **{"class": "E"}),
            end("P", visit="V2"),
        ),
        {("P", "V2", "over", "discharged")},
    ),
    Tale(
        "in a bed, and the emergency department closes its visit",
        (
            of("P", "A04", "01 0705", start="01 0700", **{"class": "E"}),
            of("P", "A01", "01 0905", "V2", start="01 0900", extra=[mrg("", "", "V1")]),
            of("P", "A03", "01 0910", end="01 0905", disposition="09", **{"class": "E"}),
        ),
        {("P", "V2", "open", "admitted")},
    ),
)


def _ends(house: House) -> set[tuple[str, str, str, str]]:
    names = {new_patient_id((_number(who),), "tenant-1", "P", ("", "", ""), SECRET): who for who in MRN}
    found = set()
    for hearer in hearers_of(house).values():
        assert hearer.last is not None
        told, state = standing(hearer), hearer.last.encounter
        if told:
            found.add((names[hearer.last.patient.patient_id], _visit(state), STAGES[state.status], told))
    return found


def _number(who: str) -> Identifier:
    return Identifier(value=MRN[who], assigner="NORTH", type="MR")


def _visit(state: EncounterState) -> str:
    return state.visit_number.value if state.visit_number else ""


def _holds(tale: Tale, house: House, told: str) -> None:
    assert _ends(house) == tale.ends, told
    stands = sum(1 for hearer in hearers_of(house).values() if standing(hearer))
    assert stands == len(tale.ends), told
    codes = {review["code"] for patient in house.patients for review in patient["reviews"]}
    assert codes - {"told-of-another"} == set(tale.reviews), told  # that one is of what was told, which is history


@pytest.mark.parametrize("tale", TALES, ids=lambda tale: tale.name.replace(" ", "-"))
def test_tale__in_every_order_and_with_repeats(tale: Tale) -> None:
    for order in permutations(tale.messages):
        _holds(tale, House().hear_all(*order), "once")
        doubled = [message for message in order for _ in range(2)]
        _holds(tale, House().hear_all(*doubled, *order), "each at once again, and all again at the end")


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


def test_swap__each_of_two_patients_lies_in_the_others_bed() -> None:
    swap = of(
        "P",
        "A17",
        "02 1205",
        happened="02 1200",
        location="5E^2",
        extra=[f"PID|||{cx('Q')}", "PV1||I|4W^1" + "|" * 16 + "V2^^^NORTH^VN"],
    )
    messages = (admit("P", location="4W^1"), admit("Q", visit="V2", location="5E^2"), swap)
    for order in permutations(messages):
        house = House().hear_all(*order, swap)
        last = {
            data.encounter.visit_number.value: data.encounter.location
            for _, data in house.told
            if data.encounter.visit_number
        }
        assert {visit: (place.point_of_care, place.room) for visit, place in last.items()} == {
            "V1": ("5E", "2"),
            "V2": ("4W", "1"),
        }
        assert len(house.patients) == 2


@pytest.mark.parametrize("merged", [mrg(), mrg("1^^^ELSEWHERE^MR")])
def test_repair__that_does_not_say_who_gives_way_is_refused(merged: str) -> None:
    with pytest.raises(Refused, match="no-prior-number"):
        House().hear(repair("P", "A40", "02 1200", merged))
