"""PID, PD1, NK1, MRG and ARV: what was said, what was cleared, what was not sent."""

from __future__ import annotations

import pytest

from services.admissions.adt import FeedFacts, read_adt
from shared.hl7.er7 import parse
from shared.schemas.adt import (
    Address,
    AdtEvent,
    Coded,
    Contact,
    HumanName,
    Organization,
    Patient,
    Provider,
    Telecom,
)
from shared.schemas.identifiers import Identifier

FEED = FeedFacts("north", "America/New_York", default_authority="NORTH", provider_authority="NORTH-STAFF")
MSH = "MSH|^~\\&|EHR|HOSP|||20260302101500||ADT^A08|C7|P|2.5.1"


def _event(*segments: str, feed: FeedFacts = FEED) -> AdtEvent:
    event = read_adt(parse("\r".join((MSH, *segments)).encode()), feed=feed)
    assert isinstance(event, AdtEvent)
    return event


def _patient(*segments: str, feed: FeedFacts = FEED) -> Patient:
    return _event(*segments, feed=feed).patient


def _pid(**fields: str) -> str:
    """A PID with these fields: `f8="F"` is PID-8."""
    numbered = {int(name[1:]): text for name, text in fields.items()}
    return "|".join(["PID", *(numbered.get(number, "") for number in range(1, 41))])


def test_patient__empty_says_nothing() -> None:
    assert _patient("PID|1", "PD1|", "NK1|1") == Patient()


def test_patient__separators_alone_say_nothing() -> None:
    assert _patient(_pid(f3="^^^~^^", f5="^^^", f7="^", f11="^^^^^^H", f13="^PRN^PH", f15="^")) == Patient()


def test_patient__everything_cleared() -> None:
    fields = {f"f{n}": '""' for n in (2, 3, 4, 5, 7, 8, 11, 13, 14, 15, 29, 30, 31, 32, 33)}
    patient = _patient(_pid(**fields), 'PD1|||""|""||||||||""', 'NK1|""', 'MRG|""|||""', 'ARV|""')
    repeating = {
        *("identifiers", "external_identifiers", "alternate_identifiers", "prior_identifiers", "names", "addresses"),
        *("phones", "emails", "identity_reliability", "primary_care_organizations", "primary_care_providers"),
        *("contacts", "restrictions"),
    }
    single = {
        *("name", "birth_date", "sex", "language", "died_at", "death_indicator", "identity_unknown", "updated_at"),
        *("protected", "prior_patient_id"),
    }
    assert patient.cleared == tuple(sorted(repeating | single))
    assert all(getattr(patient, name) == () for name in repeating)
    assert all(getattr(patient, name) is None for name in single)


def test_identifiers__authority_named_by_the_message_else_by_the_feed() -> None:
    patient = _patient("PID|1|X1|A1^^^HOSP^MR~B2^^^&2.16&ISO^SS~C3|Y1", "MRG|A0^^^HOSP^MR|||P0")
    assert patient.identifiers == (
        Identifier(value="A1", assigner="HOSP", type="MR"),
        Identifier(value="B2", assigner="2.16", type="SS"),
        Identifier(value="C3", assigner="NORTH"),
    )
    assert patient.external_identifiers == (Identifier(value="X1", assigner="NORTH"),)
    assert patient.alternate_identifiers == (Identifier(value="Y1", assigner="NORTH"),)
    assert patient.prior_identifiers == (Identifier(value="A0", assigner="HOSP", type="MR"),)
    assert patient.prior_patient_id == Identifier(value="P0", assigner="NORTH")


@pytest.mark.parametrize(
    ("pid", "merge", "numbers", "prior"),
    [
        ("X1|A1|Y1", "A0|Y0||X0", ["X1", "A1"], ["X0", "A0"]),
        ("X1||Y1", "|Y0||X0", ["X1"], ["X0"]),
        ("|A1~A2|", "A0", ["A1", "A2"], ["A0"]),
        ("A1|A1~A2|", "A0|||A0", ["A1", "A2"], ["A0"]),  # the same number twice
        ('""|A1|', '""|||X0', ["A1"], ["X0"]),
        ("^^|^|", "^|||^", None, None),
        ('""|""|', '""|||""', [], []),
        ('""|^|', '^|||""', None, None),
        ("||Y1", "|Y0", None, None),
    ],
)
def test_identifiers__of_a_site_that_numbers_patients_in_pid_2_too(
    pid: str, merge: str, numbers: list[str] | None, prior: list[str] | None
) -> None:
    feed = FeedFacts("old", "UTC", patient_fields=("PID-2", "PID-3"))
    patient = _patient(f"PID|1|{pid}", f"MRG|{merge}", feed=feed)
    read = (patient.identifiers, patient.prior_identifiers)
    assert [None if found is None else [one.value for one in found] for found in read] == [numbers, prior]


def test_identifiers__of_a_site_that_numbers_patients_in_pid_4() -> None:
    patient = _patient("PID|1|X1||Y1", "MRG||Y0||X0", feed=FeedFacts("old", "UTC", patient_fields=("PID-4",)))
    assert patient.identifiers == (Identifier(value="Y1"),)
    assert patient.prior_identifiers == (Identifier(value="Y0"),)


def test_identifiers__null_component_is_an_empty_one() -> None:
    assert _patient('PID|1||A1^^^""^""').identifiers == (Identifier(value="A1", assigner="NORTH"),)


@pytest.mark.parametrize(
    ("field", "family"),
    [
        ("Nick^^^^^^N~Legal^^^^^^L", "Legal"),
        ("Alias^^^^^^A~Plain", "Plain"),
        ("Mask^^^^^^MSK~Alias^^^^^^A", "Alias"),
        ("House^^^^^^CURRENT~Nick^^^^^^N", "House"),
        ("First^^^^^^L~Second^^^^^^L", "First"),
        ("Display^^^^^^D~Plain", "Plain"),
    ],
)
def test_name__by_its_type_and_never_by_its_place(field: str, family: str) -> None:
    patient = _patient(_pid(f5=field))
    assert patient.name is not None
    assert patient.name.family == family
    assert patient.names is not None
    assert len(patient.names) == field.count("~") + 1


def test_name__its_parts() -> None:
    name = _patient(_pid(f5="Rossi&von^Ada^Maria^Jr^Dr^^L")).name
    assert name == HumanName(family="Rossi", given="Ada", middle="Maria", suffix="Jr", prefix="Dr", use="L")


def test_birth__date_part_and_time_where_sent() -> None:
    assert _patient(_pid(f7="195003")).birth_date == "1950-03"
    with_time = _patient(_pid(f7="202603011430"))
    assert with_time.birth_date == "2026-03-01"
    assert with_time.born_at is not None
    assert with_time.born_at.text == "202603011430"
    assert _patient(_pid(f7="19500302")).born_at is None


def test_birth__before_every_instant_is_still_a_date() -> None:
    patient = _patient(_pid(f7="000101010000+0100"))
    assert (patient.birth_date, patient.born_at) == ("0001-01-01", None)


def test_state__death_identity_language() -> None:
    patient = _patient(_pid(f8="F", f15="es^Spanish", f29="20260301", f30="Y", f31="N", f32="AL~US", f33="20260228"))
    assert (patient.sex, patient.language) == ("F", "es")
    assert patient.died_at is not None
    assert patient.died_at.text == "20260301"
    assert (patient.death_indicator, patient.identity_unknown) == (True, False)
    assert patient.identity_reliability == ("AL", "US")
    assert patient.updated_at is not None


def test_state__a_code_that_is_neither_yes_nor_no_is_flagged() -> None:
    event = _event(_pid(f30="maybe"))
    assert event.patient.death_indicator is None
    assert event.flags == ("unreadable_code",)


def test_address() -> None:
    assert _patient(_pid(f11="1 Elm St&Elm^Apt 2^Salem^MA^01970^USA^H")).addresses == (
        Address(
            street="1 Elm St", other="Apt 2", city="Salem", state="MA", postal_code="01970", country="USA", use="H"
        ),
    )


@pytest.mark.parametrize(
    ("field", "phones", "emails"),
    [
        ("(555)1234^PRN^PH", [("(555)1234", "PRN", "PH")], []),
        ("^PRN^CP^^1^978^5551234^77", [("+1 978 5551234 x77", "PRN", "CP")], []),
        ("^PRN^CP^^^^5551234", [("5551234", "PRN", "CP")], []),
        ("^PRN^PH^^^^^^^^^9785551234", [("9785551234", "PRN", "PH")], []),
        ("^NET^Internet^a@b.example", [], [("a@b.example", "NET", "Internet")]),
        ("a@b.example^NET", [], [("a@b.example", "NET", "")]),
        ("a@b.example^^X.400", [], [("a@b.example", "", "X.400")]),
        ("a@b.example^PRN^PH", [("a@b.example", "PRN", "PH")], []),
        ("555^PRN^PH^a@b.example", [("555", "PRN", "PH")], [("a@b.example", "PRN", "PH")]),
    ],
)
def test_telecom(field: str, phones: list[tuple[str, str, str]], emails: list[tuple[str, str, str]]) -> None:
    patient = _patient(_pid(f13=field))
    assert patient.phones == tuple(Telecom(value=v, use=u, equipment=e) for v, u, e in phones)
    assert patient.emails == tuple(Telecom(value=v, use=u, equipment=e) for v, u, e in emails)


def test_telecom__three_fields_are_one_set() -> None:
    patient = _patient(_pid(f13='""', f14="555~556^ORN", f40="^NET^Internet^a@b.example"))
    assert patient.phones == (Telecom(value="555", use="WPN"), Telecom(value="556", use="ORN"))
    assert patient.emails == (Telecom(value="a@b.example", use="NET", equipment="Internet"),)
    assert patient.cleared == ()


def test_practice__provider_and_organization() -> None:
    patient = _patient(
        "PID|1", "PD1|||Elm Practice^L^77^^^STATE^XX~^^^^^^^^^88|12^Hall^Eve^^^Dr^MD^^NPI^L^^^NPI~9^Hall|||||||||Y"
    )
    assert patient.primary_care_organizations == (
        Organization(name="Elm Practice", identifier=Identifier(value="77", assigner="STATE", type="XX")),
        Organization(name="", identifier=Identifier(value="88")),
    )
    assert patient.primary_care_providers == (
        Provider(
            identifier=Identifier(value="12", assigner="NPI", type="NPI"),
            name=HumanName(family="Hall", given="Eve", prefix="Dr", use="L"),
        ),
        Provider(identifier=Identifier(value="9", assigner="NORTH-STAFF"), name=HumanName(family="Hall")),
    )
    assert patient.protected is None


def test_practice__protected_and_nameless_parts() -> None:
    patient = _patient("PID|1", "PD1|||Elm Practice~^L|^Hall^Eve~^^^Q~77||||||||Y")
    assert patient.protected is True
    assert patient.primary_care_organizations == (Organization(name="Elm Practice"),)
    assert patient.primary_care_providers == (
        Provider(identifier=Identifier(value=""), name=HumanName(family="Hall", given="Eve")),
        Provider(identifier=Identifier(value="77", assigner="NORTH-STAFF")),
    )


def test_contacts__a_snapshot() -> None:
    patient = _patient(
        "PID|1", "NK1|1|Rossi^Leo|SPO^Spouse^HL70063||555|556~^NET^Internet^l@r.example|C^Emergency", "NK1|2"
    )
    assert patient.contacts == (
        Contact(
            name=HumanName(family="Rossi", given="Leo"),
            relationship=Coded(code="SPO", text="Spouse", system="HL70063"),
            role=Coded(code="C", text="Emergency"),
            phones=(Telecom(value="555"), Telecom(value="556")),
            emails=(Telecom(value="l@r.example", use="NET", equipment="Internet"),),
        ),
    )


@pytest.mark.parametrize(
    ("segments", "patient", "visit"),
    [
        (("PID|1", "ARV||A|PSY", "PV1|1|I", "ARV||A|VIP~X", "ARV||U|SUD"), ("PSY",), ("VIP", "SUD")),
        (("PID|1", "PD1|", "ARV||D|PSY", "PV1|1|I", 'ARV|""'), (), ()),
        (("PID|1", "PV1|1|I", "PV2|", "ARV||A|"), None, None),
    ],
)
def test_restrictions__of_the_patient_or_of_the_visit(
    segments: tuple[str, ...], patient: tuple[str, ...] | None, visit: tuple[str, ...] | None
) -> None:
    event = _event(*segments)
    assert (event.patient.restrictions, event.encounter.restrictions) == (patient, visit)
    assert ("restrictions" in event.patient.cleared) == (patient == ())
    assert ("restrictions" in event.encounter.cleared) == (visit == ())
