"""The tables that a message is read by: which name is meant, what a role belongs to, what is an e-mail address."""

from __future__ import annotations

from itertools import pairwise

import pytest

from services.admissions.adt import FeedFacts, read_adt
from services.admissions.adt.groups import Anchor, patient_groups
from shared.hl7.er7 import parse
from shared.schemas.adt import AdtEvent, Patient

FEED = FeedFacts("north", "America/New_York", default_authority="NORTH", provider_authority="NORTH-STAFF")
MSH = "MSH|^~\\&|EHR|HOSP|||20260302101500||ADT^A08|C7|P|2.5.1"
FIRST_TO_LAST = ("L", "", "D", "U", "I", "C", "B", "M", "T", "XYZ", "N", "A", "TEMP", "S", "MSK")
"""HL7 table 0200: legal before display, birth, maiden …; an unknown type before a nickname, an alias and a mask."""


def patient(**fields: str) -> Patient:
    numbered = {int(name[1:]): text for name, text in fields.items()}
    pid = "|".join(["PID", *(numbered.get(number, "") for number in range(1, 41))])
    event = read_adt(parse(f"{MSH}\r{pid}".encode()), feed=FEED)
    assert isinstance(event, AdtEvent)
    return event.patient


@pytest.mark.parametrize(("better", "worse"), pairwise(FIRST_TO_LAST))
def test_name__is_chosen_by_its_type_whatever_its_place(better: str, worse: str) -> None:
    name = patient(f5=f"Second^Ada^^^^^{worse}~First^Ada^^^^^{better}").name
    assert name is not None
    assert name.family == "First"


@pytest.mark.parametrize(
    ("before", "name", "anchor"),
    [
        ("PV1", "PD1", Anchor.PATIENT),
        ("PV1", "NK1", Anchor.PATIENT),
        ("PD1", "PV1", Anchor.VISIT),
        ("PD1", "PV2", Anchor.VISIT),
        ("PD1", "OBX", Anchor.OTHER),
        ("PD1", "PR1", Anchor.OTHER),
        ("PD1", "GT1", Anchor.OTHER),
        ("PV1", "IN1", Anchor.OTHER),
        ("PV1", "AL1", Anchor.VISIT),
        ("PD1", "AL1", Anchor.PATIENT),
    ],
)
def test_a_role__belongs_to_what_it_stands_behind(before: str, name: str, anchor: Anchor) -> None:
    (group,) = patient_groups(parse(f"{MSH}\rPID|1\r{before}|1\r{name}|1\rROL|1".encode()))
    assert [found for found, _ in group.anchored("ROL")] == [anchor]


@pytest.mark.parametrize("kind", ["Internet", "X.400", "internet"])
def test_email__by_the_type_of_its_equipment(kind: str) -> None:
    (email,) = patient(f13=f"a@b.example^PRN^{kind}").emails
    assert (email.value, email.equipment) == ("a@b.example", kind)


@pytest.mark.parametrize(
    ("sent", "date", "timed"),
    [
        ("1941", "1941", False),
        ("194105", "1941-05", False),
        ("19410506", "1941-05-06", False),
        ("194105061530", "1941-05-06", True),
    ],
)
def test_birth__only_a_time_of_day_is_an_instant_too(sent: str, date: str, timed: bool) -> None:
    born = patient(f7=sent)
    assert (born.birth_date, born.born_at is not None) == (date, timed)


def test_provider__its_middle_name_is_its_fourth_component() -> None:
    event = read_adt(parse(f"{MSH}\rPID|1||A1\rPV1|1|I|||||12^Hall^Ann^Mary^Jr^Dr".encode()), feed=FEED)
    assert isinstance(event, AdtEvent)
    (name,) = (provider.name for provider in event.encounter.attending)
    assert name is not None
    assert (name.family, name.given, name.middle, name.suffix, name.prefix) == ("Hall", "Ann", "Mary", "Jr", "Dr")


@pytest.mark.parametrize(("code", "meant", "flags"), [("Y", True, 0), ("n", False, 0), ("?", None, 1), ("", None, 0)])
def test_yes_or_no__another_code_is_flagged_and_nothing_else_is(code: str, meant: bool | None, flags: int) -> None:
    event = read_adt(parse(f"{MSH}\rPID|1||A1\rPD1||||||||||||{code}".encode()), feed=FEED)
    assert isinstance(event, AdtEvent)
    assert (event.patient.protected, event.flags.count("unreadable_code")) == (meant, flags)


def test_prt__begins_ends_and_telephone_stand_in_fields_11_12_and_15() -> None:
    prt = "|".join(["PRT", "", "AD", "", "AT", "3^Bell", *[""] * 5, "20260101", "20261231", "", "", "555"])
    event = read_adt(parse(f"{MSH}\rPID|1||A1\rPV1|1|I\r{prt}".encode()), feed=FEED)
    assert isinstance(event, AdtEvent)
    (role,) = event.roles
    assert role.begins is not None
    assert role.ends is not None
    assert (role.begins.text, role.ends.text, [phone.value for phone in role.phones]) == (
        "20260101",
        "20261231",
        ["555"],
    )


def test_a_second_merge__keeps_the_patients_own_practice() -> None:
    first, second = patient_groups(parse(f"{MSH}\rPID|1\rPD1|1\rMRG|A\rPV1|1\rMRG|B\rPV1|2".encode()))
    assert [group.first("PD1").text(1) for group in (first, second)] == ["1", "1"]
    assert [group.first("PV1").text(1) for group in (first, second)] == ["1", "2"]
