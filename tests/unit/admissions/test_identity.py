"""Who a message is about, by numbers that may tell patients apart and by no others."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from shared.schemas.envelope import derived_id
from tests.unit.admissions.house import SECRET, House, feeds
from tests.unit.admissions.messages import adt
from tests.unit.admissions.stories import ADMIT


def _claims(mrn: str, **profile: object) -> list[str]:
    house = House(feeds(**profile)).hear_all(adt("A01", "01 0905", mrn=mrn))
    return [str(claim) for claim in house.patient["claims"]]


@pytest.mark.parametrize(
    ("mrn", "claims"),
    [
        ("7^^^NORTH^MR", ["tenant-1|NORTH|MR|7"]),
        (" ab7 ^^^north^mr", ["tenant-1|NORTH|MR|AB7"]),
        ("7^^^^MR", ["tenant-1|NORTH|MR|7"]),
        ("7^^^NORTH", ["tenant-1|NORTH|MR|7"]),
        ("7^^^NORTH~8^^^NORTH^MR", ["tenant-1|NORTH|MR|8"]),
        ("7^^^NORTH^MR~123456789^^^USSSA^SS", ["tenant-1|NORTH|MR|7"]),
        ("123456789^^^NORTH^SS", []),
        ("D1^^^NORTH^DL~M1^^^NORTH^MC", []),
        ("7^^^ELSEWHERE^MR", []),
        ("9^^^STATE^PE~7^^^NORTH^MR", ["tenant-1|NORTH|MR|7", "tenant-1|STATE|PE|9"]),
        ("7^^^NORTH^MR~7^^^NORTH^MR", ["tenant-1|NORTH|MR|7"]),
        ("7\\X7C\\8^^^NORTH^MR", ["tenant-1|NORTH|MR|7%7C8"]),
        ('""', []),
        ("^^^NORTH^MR", []),
    ],
)
def test_claims__of_identifiers_that_tell_patients_apart(mrn: str, claims: list[str]) -> None:
    assert _claims(mrn) == claims


def test_claims__of_the_types_and_authorities_of_the_profile() -> None:
    mrn = "7^^^NORTH^MR~E1^^^MPI^EPI"
    assert _claims(mrn, identifier_types=["EPI"], enterprise_authorities=["MPI"]) == ["tenant-1|MPI|EPI|E1"]


def test_claims__of_a_placeholder_are_none() -> None:
    profile = {"placeholders": ["0000", "/9+/"]}
    assert _claims("0000^^^NORTH^MR~999^^^STATE^PE", **profile) == []
    assert _claims("0000^^^NORTH^MR~77^^^STATE^PE", **profile) == ["tenant-1|STATE|PE|77"]
    two = House(feeds(**profile)).hear_all(adt("A01", "01 0905", mrn="0000"), adt("A01", "01 0910", mrn="0000"))
    assert len(two.patients) == 2


@pytest.mark.parametrize("processing", ["P", "", "D"])
def test_claims__of_a_made_up_patient_are_kept_apart_whatever_the_header_says(processing: str) -> None:
    house = House(feeds(test_numbers=["/ZZ.*/"]))
    house.hear_all(adt("A01", "01 0905", mrn="zz7^^^NORTH^MR", processing=processing))
    assert house.patient["claims"] == ["tenant-1~T|NORTH|MR|ZZ7"]
    assert house.last.processing_id == "T"
    assert House(feeds(test_numbers=["/ZZ.*/"])).hear_all(ADMIT).last.processing_id == "P"


def test_patient_id__is_keyed_by_the_secret() -> None:
    digest = hmac.new(SECRET, b"NORTH|MR|100200", hashlib.sha256).hexdigest()
    assert House().hear_all(ADMIT).patient["patient_id"] == derived_id("patient", "tenant-1", digest)


def test_patient_id__of_the_best_ranked_identifier() -> None:
    by_rank = House().hear_all(adt("A01", "01 0905", mrn="9^^^STATE^PE~100200^^^NORTH^MR"))
    assert by_rank.patient["patient_id"] == House().hear_all(ADMIT).patient["patient_id"]


def test_patient__without_a_usable_identifier_is_never_shared() -> None:
    house = House().hear_all(adt("A01", "01 0905", mrn="", sex="F"), adt("A03", "03 1505", mrn="", sex="F"))
    assert len(house.patients) == 2
    assert [patient["claims"] for patient in house.patients] == [[], []]
    again = house.hear(adt("A01", "01 0905", mrn="", sex="F"))
    assert again is not None
    assert again.state is None


def test_patient__is_found_by_any_number_and_claims_the_new_ones() -> None:
    house = House().hear_all(
        ADMIT,
        adt("A08", "01 1000", mrn="100200^^^NORTH^MR~9^^^STATE^PE"),
    )
    house.hear(adt("A01", "02 0905", mrn="S5^^^SOUTH^MR~9^^^STATE^PE", visit="V9^^^SOUTH^VN"), feed="south")
    assert house.patient["claims"] == [
        "tenant-1|NORTH|MR|100200",
        "tenant-1|SOUTH|MR|S5",
        "tenant-1|STATE|PE|9",
    ]
    assert [one.value for one in house.last.patient.identifiers] == ["100200", "9", "S5"]


@pytest.mark.parametrize(
    ("one", "other", "codes"),
    [
        ({"born": "19410506"}, {"born": "19410507"}, ["birth-dates-disagree"]),
        ({"born": "19410506"}, {"born": "1941"}, []),
        ({"born": "194105061200"}, {"born": "19410506"}, []),
        ({"sex": "F"}, {"sex": "M"}, ["sexes-disagree"]),
        ({"sex": "F"}, {"sex": "U"}, []),
        ({"born": "19410506"}, {"born": "19000101", "unknown": "Y"}, []),
        ({"born": "19410506", "sex": "F"}, {"born": "1942", "sex": "M"}, ["birth-dates-disagree", "sexes-disagree"]),
    ],
)
def test_patient__who_disagrees_with_itself_is_reviewed(
    one: dict[str, str], other: dict[str, str], codes: list[str]
) -> None:
    messages = adt("A01", "01 0905", **one), adt("A08", "02 0905", **other)
    for order in (messages, messages[::-1]):
        assert [review["code"] for review in House().hear_all(*order).patient["reviews"]] == codes
