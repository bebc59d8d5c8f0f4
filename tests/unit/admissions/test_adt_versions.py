"""One reader for 2.1 to 2.9: what each version has for the same facts, and where it keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from services.admissions.adt import FeedFacts, read_adt
from shared.hl7.er7 import parse
from shared.schemas.adt import AdtEvent, HumanName, Location, Organization, Provider, Telecom
from shared.schemas.identifiers import Identifier

FEED = FeedFacts("north", "America/New_York", default_authority="NORTH", provider_authority="STAFF")
HALL = HumanName(family="Hall", given="Eve", middle="M", suffix="Jr", prefix="Dr")


@dataclass(frozen=True)
class Edition:
    """Segments as a sender of that version writes them; the number of the patient and where it stands."""

    versions: tuple[str, ...]
    pid: str
    pv1: str
    number: Identifier
    assigner: str = "NORTH"  # of a doctor's number
    more: tuple[str, ...] = field(default=())


def _pv1(doctor: str, visit: str) -> str:
    fields = {2: "I", 3: "W4^12^B", 7: doctor, 19: visit, 36: "01", 44: "202603011200", 45: "202603021000"}
    return "|".join(["PV1", *(fields.get(number, "") for number in range(1, 46))])


# CK and CN (ch. 2 of 2.1 and 2.2): number^check digit^scheme; number^family^given^middle^suffix^prefix
OLD = _pv1("77^Hall^Eve^M^Jr^Dr^MD", "V1^5^M11")
# XCN: the assigning authority is its ninth component, CX: its fourth
NEW = _pv1("77^Hall^Eve^M^Jr^Dr^MD^^NPI", "V1^^^HOSP^VN")
EDITIONS = (
    # PID-2 external, PID-3 internal, PID-4 alternate number, each one CK
    Edition(
        ("2.1", "2.2"),
        "PID|1|X1^4^M11|A1^5^M11|Y1|Rossi^Ada^B||19610904|F|||1 Elm^^Troy^NY^12180||555-0100",
        OLD,
        Identifier(value="A1", assigner="NORTH"),
        "STAFF",
    ),
    # CX with authority and type; PID-3 repeats from 2.3 on
    Edition(
        ("2.3", "2.3.1"),
        "PID|1|X1|A1^5^M11^HOSP^MR|Y1|Rossi^Ada^B||19610904|F|||1 Elm^^Troy^NY^12180||555-0100",
        NEW,
        Identifier(value="A1", assigner="HOSP", type="MR"),
        "NPI",
    ),
    # FN within XPN, SAD within XAD; HD with universal id; PD1-3 and -4
    Edition(
        ("2.4", "2.5", "2.5.1", "2.6"),
        "PID|1||A1^5^M11^HOSP&1.2.3&ISO^MR||Rossi&&Rossi^Ada^B^^^^L||19610904|F|||1 Elm&Elm&1^^Troy^NY^12180||555-0100",
        NEW,
        Identifier(value="A1", assigner="HOSP", type="MR"),
        "NPI",
        ("PD1|||Elm Practice^^9^^^NPI|55^Katz^Jo^^^^^^NPI",),
    ),
    # XON's number is its tenth component; the family's doctor is a PRT or ROL as well
    Edition(
        ("2.7", "2.7.1", "2.8", "2.8.1", "2.8.2"),
        "PID|1||A1^^^HOSP&1.2.3&ISO^MR||Rossi^Ada^B^^^^L||19610904|F|||1 Elm^^Troy^NY^12180||555-0100",
        NEW,
        Identifier(value="A1", assigner="HOSP", type="MR"),
        "NPI",
        ("PD1|||Elm Practice^^^^^NPI^^^^9", "PRT||UC||PP^Primary care provider^HL70912|55^Katz^Jo^^^^^^NPI"),
    ),
    # PID-13 is withdrawn for PID-40, PD1-4 for PRT
    Edition(
        ("2.9",),
        "PID|1||A1^^^HOSP&1.2.3&ISO^MR||Rossi^Ada^B^^^^L||19610904|F|||1 Elm^^Troy^NY^12180"
        + "|" * 29
        + "^PRN^PH^^^^^^^^^555-0100",
        NEW,
        Identifier(value="A1", assigner="HOSP", type="MR"),
        "NPI",
        ("PD1|||Elm Practice^^^^^NPI^^^^9", "PRT||UC||PP^Primary care provider^HL70912|55^Katz^Jo^^^^^^NPI"),
    ),
)
ALL = [(version, edition) for edition in EDITIONS for version in edition.versions]


def _read(version: str, edition: Edition) -> AdtEvent:
    segments = (
        f"MSH|^~\\&|EHR|HOSP|CARE|HUB|20260302101500||ADT^A03|C7|P|{version}",
        "EVN|A03|20260302101400",
        *(edition.pid, *edition.more, edition.pv1, "DG1|1|I9|428.0|Heart failure||F"),
    )
    event = read_adt(parse("\r".join(segments).encode()), feed=FEED)
    assert isinstance(event, AdtEvent)
    return event


@pytest.mark.parametrize(("version", "edition"), ALL, ids=[version for version, _ in ALL])
def test_version__says_the_same_facts(version: str, edition: Edition) -> None:
    event = _read(version, edition)
    patient, encounter = event.patient, event.encounter
    assert (event.version, event.trigger, event.control_id, event.flags) == (version, "A03", "C7", ())
    assert patient.identifiers == (edition.number,)
    assert patient.name is not None
    assert (patient.name.family, patient.name.given, patient.name.middle) == ("Rossi", "Ada", "B")
    assert (patient.birth_date, patient.sex) == ("1961-09-04", "F")
    assert patient.addresses is not None
    assert (patient.addresses[0].street, patient.addresses[0].postal_code) == ("1 Elm", "12180")
    assert patient.phones is not None
    assert [phone.value for phone in patient.phones] == ["555-0100"]
    assert (encounter.class_, encounter.discharge_disposition) == ("I", "01")
    assert encounter.location == Location(point_of_care="W4", room="12", bed="B")
    assert encounter.attending == (Provider(identifier=Identifier(value="77", assigner=edition.assigner), name=HALL),)
    assert encounter.visit_number is not None
    assert encounter.visit_number.value == "V1"
    assert encounter.discharged_at is not None
    assert encounter.discharged_at.text == "202603021000" == event.occurred_at.text
    assert event.diagnoses is not None
    assert (event.diagnoses[0].code, event.diagnoses[0].system, event.diagnoses[0].type) == ("428.0", "I9", "F")


@pytest.mark.parametrize("version", ["2.1", "2.2", "2.3", "2.3.1"])
def test_version__numbers_outside_pid_3_stand_apart_as_sent(version: str) -> None:
    (edition,) = (one for one in EDITIONS if version in one.versions)
    patient = _read(version, edition).patient
    assert patient.external_identifiers == (Identifier(value="X1", assigner="NORTH"),)
    assert patient.alternate_identifiers == (Identifier(value="Y1", assigner="NORTH"),)


@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_version__a_sender_that_numbers_patients_in_pid_2_alone(version: str) -> None:
    edition = Edition((version,), "PID|1|X1^4^M11||Y1|Rossi^Ada", OLD, Identifier(value="X1"))
    patient = _read(version, edition).patient
    assert patient.identifiers is None
    assert patient.external_identifiers == (Identifier(value="X1", assigner="NORTH"),)
    assert patient.alternate_identifiers == (Identifier(value="Y1", assigner="NORTH"),)


@pytest.mark.parametrize(("version", "edition"), ALL[4:], ids=[version for version, _ in ALL[4:]])
def test_version__the_practice_and_the_familys_doctor(version: str, edition: Edition) -> None:
    event = _read(version, edition)
    katz = Provider(identifier=Identifier(value="55", assigner="NPI"), name=HumanName(family="Katz", given="Jo"))
    practice = Organization(name="Elm Practice", identifier=Identifier(value="9", assigner="NPI"))
    assert event.patient.primary_care_organizations == (practice,)
    if event.roles is None:
        assert event.patient.primary_care_providers == (katz,)
    else:
        assert [(role.code, role.provider, role.longitudinal) for role in event.roles] == [("PP", katz, True)]


def test_version__telephone_of_29_has_its_use() -> None:
    phones = _read("2.9", EDITIONS[-1]).patient.phones
    assert phones == (Telecom(value="555-0100", use="PRN", equipment="PH"),)
