"""A site's own codes, as its profile maps them: what is said is HL7's, and what is not mapped stays as it was sent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.admissions.house import House, feeds
from tests.unit.admissions.messages import adt


def a_stay(profile: dict[str, Any], **said: Any) -> Any:
    house = House(feeds(**profile)).hear_all(adt("A01", "01 0905", **said), adt("A03", "03 1500", **said))
    return house.last.encounter


@pytest.mark.parametrize(
    ("sent", "said"), [("home", "01"), ("9", "20"), ("09", "20"), ("3", "03"), ("elsewhere", "ELSEWHERE"), ("", "")]
)
def test_dispositions__of_the_site(sent: str, said: str) -> None:
    assert a_stay({"dispositions": {"Home": "01", "9": "20"}}, disposition=sent).disposition == said


def test_dispositions__that_mean_expired_say_that_the_patient_died() -> None:
    house = House(feeds(dispositions={"DEAD": "20"}))
    house.hear_all(adt("A01", "01 0905"), adt("A03", "03 1500", disposition="dead"))
    assert house.last.patient.deceased


@pytest.mark.parametrize(
    ("patient_type", "service", "class_"), [("obs", "", "V"), ("", "SSU", "V"), ("INP", "MED", "I"), ("", "", "I")]
)
def test_observation__by_patient_type_or_service(patient_type: str, service: str, class_: str) -> None:
    extra = ["|".join(["PV1", "1", "I", *[""] * 7, service, *[""] * 7, patient_type, "V1^^^NORTH^VN"])]
    profile = {"observation": {"patient_types": ["OBS"], "services": ["ssu"]}}
    house = House(feeds(**profile)).hear_all(_with(adt("A01", "01 0905"), extra[0]))
    assert house.last.encounter.class_ == class_


def _with(body: bytes, visit: str) -> bytes:
    lines = body.decode().rstrip("\r").split("\r")
    return "\r".join([visit if line.startswith("PV1") else line for line in lines]).encode() + b"\r"


def test_admission_types__of_the_site() -> None:
    visit = "PV1|1|I||Emerg|||||||||||||||V1^^^NORTH^VN"
    for profile, said in (({"admission_types": {"EMERG": "E"}}, "E"), ({}, "EMERG")):
        house = House(feeds(**profile)).hear_all(_with(adt("A01", "01 0905"), visit))
        assert house.last.encounter.admission_type == said


def test_identifier_codes__of_the_site_find_the_same_patient() -> None:
    house = House(feeds(identifier_codes={"HOSP": "MR"}))
    house.hear_all(adt("A01", "01 0905", mrn="7^^^NORTH^hosp"), adt("A03", "03 1500", mrn="7^^^NORTH^MR"))
    assert house.patient["claims"] == ["tenant-1|NORTH|MR|7"]
