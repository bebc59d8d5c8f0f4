"""Who is proposed as one person: who looks alike, is two as far as is known, and of whom nobody decided."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from care.look_alikes import Alike, LookAlikes, enterprise_of, lines_of, pairs_of, sightings, table_of
from services.admissions.domain.model import Patient
from shared.schemas.commands import DecideIdentity
from tests.unit.admissions.house import House, feeds
from tests.unit.admissions.test_looks import a_message
from tests.unit.admissions.test_obey import NOON, _word
from tests.unit.admissions.test_stays import MERGED, cx

EVERY = ("birth-date-phone", "birth-date-sex-name", "name-postal-code")
CLAIMS = {who: f"tenant-1|NORTH|MR|{cx(who).split('^')[0]}" for who in "PQR"}


def ids(house: House) -> dict[str, str]:
    of_claim = {record["key"]: record["patient_id"] for one in house.patients for record in one["records"]}
    return {who: of_claim[claim] for who, claim in CLAIMS.items() if claim in of_claim}


def proposed(house: House) -> set[tuple[str, str, tuple[str, ...]]]:
    """By the letters of who is proposed, of the keys that stand more than once in the texts of all documents."""
    every = [look for state in house.patients for look in state["looks"].split()]
    shared = {look for look in every if every.count(look) > 1}
    patients = [Patient.model_validate(state) for state in house.patients]
    seen = [one for patient in patients for one in sightings(patient, shared, frozenset({"STATE"}))]
    who = {id_: letter for letter, id_ in ids(house).items()}
    pairs = [(*sorted((who[pair.one], who[pair.other])), pair.rules) for pair in pairs_of(seen)]
    assert len(pairs) == len(set(pairs))
    return set(pairs)


def decide(house: House, one: str, other: str, verdict: Any) -> None:
    documents = tuple(patient["patient_id"] for patient in house.patients)[:2]
    word = _word(f"{one}{other}{verdict}")
    house.obey(DecideIdentity(documents=documents, records=(CLAIMS[one], CLAIMS[other]), verdict=verdict, **word), NOON)


def test_pairs__of_two_who_look_alike_by_every_rule_that_holds() -> None:
    assert proposed(House().hear_all(a_message("P"), a_message("Q"))) == {("P", "Q", EVERY)}
    moved = a_message("Q", address="1 Elm^^Troy^NY^12180", phone="5185550199^PRN^PH")
    assert proposed(House().hear_all(a_message("P"), moved)) == {("P", "Q", ("birth-date-sex-name",))}


def test_pairs__of_two_who_share_nothing() -> None:
    assert proposed(House().hear_all(a_message("P"), a_message("Q", born="19500101", name="Brook^Ed"))) == set()


def test_pairs__who_is_one_person_already_is_none() -> None:
    assert proposed(House().hear_all(a_message("P"), a_message("Q"), MERGED)) == set()


@pytest.mark.parametrize("verdict", ["same", "different"])
def test_pairs__of_whom_somebody_decided_are_none(verdict: str) -> None:
    house = House().hear_all(a_message("P"), a_message("Q"))
    decide(house, "P", "Q", verdict)
    assert proposed(house) == set()


def test_pairs__a_third_one_is_still_proposed_with_either_of_two_who_are_different() -> None:
    house = House().hear_all(a_message("P"), a_message("Q"), a_message("R"))
    assert proposed(house) == {("P", "Q", EVERY), ("P", "R", EVERY), ("Q", "R", EVERY)}
    decide(house, "P", "Q", "different")
    assert proposed(house) == {("P", "R", EVERY), ("Q", "R", EVERY)}
    decide(house, "P", "R", "different")
    assert proposed(house) == {("Q", "R", EVERY)}
    decide(house, "Q", "R", "same")
    assert proposed(house) == set()


def test_pairs__a_third_one_is_proposed_once_with_two_who_are_one_person() -> None:
    house = House().hear_all(a_message("P"), a_message("Q"), MERGED, a_message("R"))
    assert proposed(house) == {("P", "R", EVERY)}


def test_pairs__of_test_patients_and_real_ones_are_none() -> None:
    assert proposed(House().hear_all(a_message("P"), a_message("Q", processing="T"))) == set()
    assert proposed(House().hear_all(a_message("P", processing="T"), a_message("Q", processing="T"))) == set()


def test_lines__are_ids_rules_and_what_to_say() -> None:
    pairs = (Alike("p1", "p2", EVERY), Alike("p1", "p3", ("birth-date-phone",)))
    console = Console(width=160, record=True)
    with console.capture() as shown:
        console.print(table_of(pairs))
    assert [line.split() for line in shown.get().splitlines()] == [
        ["patient", "looks", "like", "by"],
        ["p1", "p2", "birth-date-phone,", "birth-date-sex-name,", "name-postal-code"],
        ["p1", "p3", "birth-date-phone"],
    ]
    assert list(lines_of(LookAlikes(pairs, 3), 1)) == [
        "the first 1 of 2 pairs",
        "to decide: care identity same PATIENT PATIENT --reason CODE, or care identity different ...",
        "keys that more than 10 numbers share, which propose nothing: 3",
    ]
    assert list(lines_of(LookAlikes(), 200)) == []


def test_enterprise__is_of_all_feeds_of_a_tenant_and_of_no_other() -> None:
    profiles = feeds(enterprise_authorities=["STATE", "REGION"])
    assert enterprise_of("tenant-1", profiles.values()) == {"STATE", "REGION"}
    assert enterprise_of("tenant-2", profiles.values()) == frozenset()
