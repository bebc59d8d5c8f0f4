"""Codes are kept as they were sent, and mean what the feed's profile says when something is decided."""

from __future__ import annotations

from typing import Any

from services.admissions.domain.codes import AS_SENT, Codes
from tests.unit.admissions.house import House, feeds
from tests.unit.admissions.messages import adt

ADMIT = adt("A01", "01 0905", **{"class": "INP"})
DISCHARGE = adt("A03", "03 1500", disposition="home", **{"class": "INP"})
UPDATE = adt("A08", "03 1600")


def with_visit(body: bytes, visit: str) -> bytes:
    """The message with this PV1."""
    lines = body.decode().rstrip("\r").split("\r")
    return "\r".join([visit if line.startswith("PV1") else line for line in lines]).encode() + b"\r"


def learn(house: House, **profile: Any) -> House:
    """The profile as somebody changed it while the service runs."""
    house.profiles.update(feeds(**profile))
    return house


def test_codes__stay_in_facts_and_registers_as_they_were_sent() -> None:
    profile = {"class_codes": {"INP": "I"}, "dispositions": {"HOME": "01"}, "admission_types": {"EM": "E"}}
    house = House(feeds(**profile, services={"MEDI": "MED"}))
    house.hear_all(with_visit(ADMIT, "PV1|1|Inp||em||||||medi|||||||||V1^^^NORTH^VN"), DISCHARGE)
    facts = {fact["trigger"]: fact for fact in house.encounter["facts"]}
    kept = {name: house.encounter["registers"][name]["value"] for name in ("admission_type", "hospital_service")}
    assert (facts["A01"]["own"]["class_"], facts["A03"]["own"]["discharge_disposition"]) == ("Inp", "home")
    assert kept == {"admission_type": "em", "hospital_service": "medi"}
    said = house.last.encounter
    assert (said.class_, said.disposition, said.admission_type, said.hospital_service) == ("I", "01", "E", "MED")


def test_codes__learnt_between_two_messages_count_for_what_was_sent_before() -> None:
    house = House().hear_all(ADMIT, DISCHARGE)
    before = house.last.encounter
    learn(house, class_codes={"INP": "I"}, dispositions={"HOME": "01"}).hear(UPDATE)
    after = house.last.encounter
    assert (before.class_, before.disposition) == ("INP", "HOME")
    assert (after.class_, after.disposition, after.discharge_version) == ("I", "01", 1)


def test_codes__an_expired_one_that_is_learnt_says_that_the_patient_died() -> None:
    house = House().hear_all(ADMIT, DISCHARGE)
    assert not house.last.patient.deceased
    assert learn(house, dispositions={"HOME": "20"}).hear_all(UPDATE).last.patient.deceased


def test_codes__a_series_that_is_learnt_was_never_over() -> None:
    house = House().hear_all(adt("A04", "01 0905", **{"class": "SER"}), adt("A03", "30 1500", **{"class": "SER"}))
    learn(house, class_codes={"SER": "R"}).hear(adt("A08", "30 1600"))
    assert house.types == ["registered", "discharged", "discharge-withdrawn"]
    assert house.encounter["stage"] == "registered"


def test_codes__observation_outweighs_whatever_its_class_is_mapped_to() -> None:
    observed = "PV1|1|{}||||||||||||||||OBS|V1^^^NORTH^VN"
    house = House(feeds(class_codes={"V": "I"}, observation={"patient_types": ["OBS"]}))
    for class_ in ("I", ""):
        house.hear(with_visit(adt("A08", "01 0905", control=f"c{class_}"), observed.format(class_)))
    house.hear(with_visit(adt("A01", "01 0905"), observed.format("E")))
    assert house.last.encounter.class_ == "V"
    assert house.encounter["facts"][0]["own"]["class_"] == "E"
    house.hear(with_visit(adt("A08", "01 1200"), "PV1|1|V||||||||||||||||INP|V1^^^NORTH^VN"))
    assert house.last.encounter.class_ == "I"


def test_codes__an_update_moves_the_stay_by_what_its_class_means() -> None:
    house = House(feeds(a08_class="moves", class_codes={"INP": "I"}, observation={"patient_types": ["OBS"]}))
    house.hear_all(adt("A04", "01 0905", **{"class": "E"}), adt("A08", "01 1200", **{"class": "inp"}))
    assert house.encounter["stage"] == "admitted"
    house.hear(with_visit(adt("A08", "01 1300"), "PV1|1|INP||||||||||||||||OBS|V1^^^NORTH^VN"))
    assert (house.encounter["stage"], house.last.encounter.class_) == ("registered", "V")


def test_codes__of_a_feed_that_has_no_profile_any_more_are_as_sent() -> None:
    assert Codes({}).meaning("discharge_disposition", "north", " home ") == "HOME"
    assert AS_SENT.meaning("hospital_service", "north", "Med") == "Med"
