"""PV1, PV2, PID-18 and MRG: the encounter."""

from __future__ import annotations

import pytest

from services.admissions.adt import FeedFacts, read_adt
from shared.hl7.er7 import parse
from shared.schemas.adt import AdtEvent, Coded, Encounter, HumanName, Location, Provider
from shared.schemas.identifiers import Identifier

FEED = FeedFacts("north", "America/New_York", default_authority="NORTH")


def _encounter(*segments: str, trigger: str = "A08") -> Encounter:
    msh = f"MSH|^~\\&|EHR|HOSP|||20260302101500||ADT^{trigger}|C7|P|2.5.1"
    event = read_adt(parse("\r".join((msh, *segments)).encode()), feed=FEED)
    assert isinstance(event, AdtEvent)
    return event.encounter


def _segment(name: str, **fields: str) -> str:
    numbered = {int(field[1:]): text for field, text in fields.items()}
    return "|".join([name, *(numbered.get(number, "") for number in range(1, 53))])


def test_encounter__none_told_of() -> None:
    assert _encounter("PID|1||A1") == Encounter()
    assert _encounter("PID|1||A1", "PV1|1", "PV2|") == Encounter()


def test_encounter__numbers() -> None:
    encounter = _encounter(
        _segment("PID", f18="ACC1^^^BILL^AN"),
        "MRG|A0||ACC0||V0|W0~W1^^^HOSP^VN",
        _segment("PV1", f5="PRE1", f19="V1^^^HOSP^VN", f50="ALT1~ALT2"),
    )
    assert encounter.account_number == Identifier(value="ACC1", assigner="BILL", type="AN")
    assert encounter.prior_account_number == Identifier(value="ACC0", assigner="NORTH")
    assert encounter.prior_visit_number == Identifier(value="V0", assigner="NORTH")
    assert encounter.prior_alternate_visit_ids == (
        Identifier(value="W0", assigner="NORTH"),
        Identifier(value="W1", assigner="HOSP", type="VN"),
    )
    assert encounter.preadmit_number == Identifier(value="PRE1", assigner="NORTH")
    assert encounter.visit_number == Identifier(value="V1", assigner="HOSP", type="VN")
    assert encounter.alternate_visit_ids == (
        Identifier(value="ALT1", assigner="NORTH"),
        Identifier(value="ALT2", assigner="NORTH"),
    )


def test_encounter__kind_and_place() -> None:
    encounter = _encounter(
        "PID|1||A1",
        _segment(
            "PV1", f2="I^Inpatient", f3="W4^12^B^HOSP&1.2&ISO^^^MAIN^4", f4="E", f6="ED^1", f10="MED", f14="7", f18="IP"
        ),
        "PV2|W9^3^A^HOSP||R07^Chest pain^I10",
    )
    assert (encounter.class_, encounter.admission_type, encounter.hospital_service) == ("I", "E", "MED")
    assert (encounter.admit_source, encounter.patient_type) == ("7", "IP")
    assert encounter.location == Location(
        point_of_care="W4", room="12", bed="B", facility="HOSP", building="MAIN", floor="4"
    )
    assert encounter.prior_location == Location(point_of_care="ED", room="1")
    assert encounter.pending_location == Location(point_of_care="W9", room="3", bed="A", facility="HOSP")
    assert encounter.admit_reason == Coded(code="R07", text="Chest pain", system="I10")


def test_encounter__location_of_separators_alone_says_nothing() -> None:
    assert _encounter("PID|1||A1", "PV1|1||^^^") == Encounter()


@pytest.mark.parametrize(("name", "field"), [("attending", 7), ("referring", 8), ("consulting", 9), ("admitting", 17)])
def test_encounter__people(name: str, field: int) -> None:
    encounter = _encounter("PID|1||A1", _segment("PV1", **{f"f{field}": "12^Hall^Eve^^^^^^NPI~13^Bell"}))
    assert getattr(encounter, name) == (
        Provider(identifier=Identifier(value="12", assigner="NPI"), name=HumanName(family="Hall", given="Eve")),
        Provider(identifier=Identifier(value="13"), name=HumanName(family="Bell")),
    )


def test_encounter__times() -> None:
    encounter = _encounter(
        "PID|1||A1",
        _segment("PV1", f44="20260301", f45="202603021000"),
        _segment("PV2", f8="20260228", f9="20260303", f47="20260305"),
    )
    moments = (
        encounter.admitted_at,
        encounter.discharged_at,
        encounter.expected_admit_at,
        encounter.expected_discharge_at,
        encounter.expected_return_at,
    )
    texts = [moment.text for moment in moments if moment]
    assert texts == ["20260301", "202603021000", "20260228", "20260303", "20260305"]


@pytest.mark.parametrize(
    ("trigger", "name"),
    [("A05", "expected_admit_at"), ("A14", "expected_admit_at"), ("A16", "expected_discharge_at")],
)
def test_encounter__planned_time_of_the_event(trigger: str, name: str) -> None:
    moment = getattr(_encounter("EVN||20260302|20260304", "PID|1||A1", trigger=trigger), name)
    assert moment.text == "20260304"


def test_encounter__planned_time_of_the_visit_counts_first() -> None:
    encounter = _encounter("EVN||20260302|20260304", "PID|1||A1", _segment("PV2", f9="20260305"), trigger="A16")
    assert encounter.expected_discharge_at is not None
    assert encounter.expected_discharge_at.text == "20260305"


def test_encounter__planned_time_of_an_event_that_plans_nothing() -> None:
    assert _encounter("EVN||20260302|20260304", "PID|1||A1", trigger="A03").expected_discharge_at is None


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("1", "01"), ("01", "01"), ("86", "86"), ("HOME", "HOME"), ("A1", "A1"), ("²", "²"), ("001", "001")],
)
def test_disposition__a_bare_digit_gets_its_zero_back(sent: str, kept: str) -> None:
    assert _encounter("PID|1||A1", _segment("PV1", f36=sent)).discharge_disposition == kept


def test_encounter__destination_and_protection() -> None:
    encounter = _encounter("PID|1||A1", _segment("PV1", f37="SNF7^20260302"), _segment("PV2", f22="Y"))
    assert (encounter.discharged_to, encounter.protected) == ("SNF7", True)


def test_encounter__cleared_is_told_apart_from_not_sent() -> None:
    encounter = _encounter(
        _segment("PID", f18='""'),
        _segment("PV1", f3='""', f7='""', f36='""', f45='""', f50='""'),
        _segment("PV2", f1='""', f9='""', f22='""', f47='""'),
        'MRG|||||""|""',
    )
    assert encounter.cleared == (
        *("account_number", "alternate_visit_ids", "attending", "discharge_disposition", "discharged_at"),
        *("expected_discharge_at", "expected_return_at", "location", "pending_location"),
        *("prior_alternate_visit_ids", "prior_visit_number", "protected"),
    )
    assert (encounter.attending, encounter.alternate_visit_ids) == ((), ())
    assert (encounter.discharge_disposition, encounter.discharged_at, encounter.referring) == (None, None, None)
