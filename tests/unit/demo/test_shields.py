"""What is protected, how often, and where a message says so (HL7 v2.5.1 ch. 3.4.10.12, 3.4.4.22; v2.6 ch. 3.4.14)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from demo.hospital import Sending, schedule
from demo.hospital.course import PROTECTED_WARDS, Happening, Note, Shield, Visit
from demo.hospital.messages import adt
from tests.unit.demo.test_messages import BEGUN, VISIT

START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
PATIENTS, CAST = 1500, 28


def by_control_id(protected: float, patients: int = 200) -> dict[str, Sending]:
    return {one.control_id: one for one in schedule(7, patients, 9, START, protected=protected)}


def is_protected(visit: Visit) -> bool:
    return visit.shield is not Shield.NONE or visit.ward in PROTECTED_WARDS


def test_schedule__is_otherwise_the_same_without_protection() -> None:
    with_, without = by_control_id(0.5), by_control_id(0.0)
    assert [(one.at, one.note, one.delivery, one.patient) for one in with_.values()] == [
        (one.at, one.note, one.delivery, one.patient) for one in without.values()
    ]
    changed = {id_ for id_, one in with_.items() if one.body != without[id_].body}
    stories = {one.patient for one in with_.values() if one.meant and is_protected(one.meant.visit)}
    assert changed
    assert {with_[id_].patient for id_ in changed} == stories
    assert not any(is_protected(one.meant.visit) for one in without.values() if one.meant)


def test_schedule__protects_about_three_stays_in_a_hundred_and_none_of_the_cast() -> None:
    visits: dict[str, bool] = {}
    people: dict[str, int] = {}
    for one in schedule(7, PATIENTS, 9, START):
        if one.meant:
            visit = one.meant.visit
            visits[visit.number] = visits.get(visit.number, False) or is_protected(visit)
            people[visit.number] = visit.person.number
    assert 0.015 < sum(visits.values()) / len(visits) < 0.045
    assert not [number for number, is_one in visits.items() if is_one and people[number] <= CAST]


def lines(trigger: str, shield: Shield) -> list[str]:
    visit = Visit(**{**{name: getattr(VISIT, name) for name in Visit.__slots__}, "shield": shield})
    return adt(Happening(trigger, Note.ADMITTED, BEGUN, BEGUN, visit), "N1", BEGUN).decode().split("\r")


@pytest.mark.parametrize(
    ("trigger", "shield", "version", "names"),
    [
        ("A01", Shield.NONE, "2.5.1", ["PID", "PD1", "ROL", "PV1"]),
        ("A01", Shield.PATIENT, "2.5.1", ["PID", "PD1", "ROL", "PV1"]),
        ("A01", Shield.VISIT, "2.5.1", ["PID", "PD1", "ROL", "PV1", "PV2"]),
        ("A01", Shield.PATIENT_RESTRICTED, "2.6", ["PID", "PD1", "ARV", "ROL", "PV1"]),
        ("A01", Shield.VISIT_RESTRICTED, "2.6", ["PID", "PD1", "ROL", "PV1", "ARV"]),
        ("A21", Shield.VISIT_RESTRICTED, "2.5.1", ["PID", "PD1", "ROL", "PV1"]),
        ("A40", Shield.VISIT, "2.5.1", ["PID", "PD1", "ROL", "MRG"]),
    ],
)
def test_adt__says_it_where_there_is_room(trigger: str, shield: Shield, version: str, names: list[str]) -> None:
    found = lines(trigger, shield)
    assert found[0].split("|")[11] == version
    assert [line[:3] for line in found][2:-1] == names


def test_adt__the_words_for_it() -> None:
    assert next(one for one in lines("A01", Shield.PATIENT) if one.startswith("PD1")).split("|")[12] == "Y"
    assert "PV2" + "|" * 22 + "Y" in lines("A01", Shield.VISIT)
    assert "ARV|1|A|ALL^All^HL70717" in lines("A08", Shield.PATIENT_RESTRICTED)
