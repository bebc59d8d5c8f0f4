"""ROL/PRT, DG1 and IN1: snapshots, and whom a role belongs to."""

from __future__ import annotations

from services.admissions.adt import FeedFacts, read_adt
from shared.hl7.er7 import parse
from shared.schemas.adt import AdtEvent, Coded, Coverage, Diagnosis, HumanName, Provider, Role, Telecom
from shared.schemas.identifiers import Identifier

FEED = FeedFacts("north", "America/New_York", default_authority="NORTH")
MSH = "MSH|^~\\&|EHR|HOSP|||20260302101500||ADT^A08|C7|P|2.8"
HALL = Provider(identifier=Identifier(value="12", assigner="NPI"), name=HumanName(family="Hall"))


def _event(*segments: str) -> AdtEvent:
    event = read_adt(parse("\r".join((MSH, *segments)).encode()), feed=FEED)
    assert isinstance(event, AdtEvent)
    return event


def test_roles__longitudinal_behind_the_patient_and_of_the_visit_behind_the_visit() -> None:
    event = _event(
        "PID|1||A1",
        "ROL||AD|PP^Primary|12^Hall^^^^^^^NPI~L7^Hall^^^^^^^HOSP~^Hall|20260101|20261231||||||555^WPN^PH~^DSM^Internet^h@d.example",
        "PV1|1|I",
        "ROL||UP|AT|12^Hall^^^^^^^NPI",
        "DG1|1||I10",
        "ROL||AD|CP|13^Bell",
    )
    assert event.roles is not None
    primary, attending, consulting = event.roles
    assert (primary.code, primary.action, primary.longitudinal, primary.provider) == ("PP", "AD", True, HALL)
    assert primary.other_identifiers == (Identifier(value="L7", assigner="HOSP"),)
    assert primary.begins is not None
    assert primary.ends is not None
    assert (primary.begins.text, primary.ends.text) == ("20260101", "20261231")
    assert primary.phones == (Telecom(value="555", use="WPN", equipment="PH"),)
    assert primary.emails == (Telecom(value="h@d.example", use="DSM", equipment="Internet"),)
    assert attending == Role(code="AT", action="UP", provider=HALL)
    assert (consulting.code, consulting.longitudinal) == ("CP", False)


def test_roles__participation_of_v27() -> None:
    event = _event("PID|1||A1", "PV1|1|I", "PRT|9|AD||AT|12^Hall^^^^^^^NPI||||||20260101||||555")
    assert event.roles is not None
    (role,) = event.roles
    assert (role.code, role.provider, role.phones) == ("AT", HALL, (Telecom(value="555"),))
    assert role.begins is not None
    assert role.ends is None


def test_roles__of_a_procedure_an_insurance_or_an_observation_are_nobodys_team() -> None:
    segments = ("PR1|1", "ROL||AD|PR|1", "IN1|1", "ROL||AD|IN|2", "OBX|1", "PRT|||| RO|3")
    assert _event("PID|1||A1", "PV1|1|I", *segments).roles is None


def test_roles__empty_ones_say_nothing() -> None:
    event = _event("PID|1||A1", "ROL|1|AD", "PV1|1|I")
    assert event.roles is None
    assert event.cleared == ()


def test_roles__a_code_without_a_person_stays() -> None:
    assert _event("PID|1||A1", "ROL|1|AD|PP").roles == (Role(code="PP", action="AD", longitudinal=True),)


def test_roles__one_set_cleared_the_other_kept() -> None:
    event = _event("PID|1||A1", 'ROL|""', "PV1|1|I", "ROL||AD|AT|12^Hall^^^^^^^NPI")
    assert event.roles == (Role(code="AT", action="AD", provider=HALL),)
    assert event.cleared == ("longitudinal_roles",)


def test_sets__all_cleared() -> None:
    event = _event("PID|1||A1", 'ROL|""', "PV1|1|I", 'ROL|""', 'DG1|""', 'IN1|""')
    assert (event.roles, event.diagnoses, event.coverage) == ((), (), ())
    assert event.cleared == ("coverage", "diagnoses", "longitudinal_roles", "visit_roles")


def test_diagnoses() -> None:
    event = _event(
        "PID|1||A1",
        "DG1|1||I50.9^Heart failure^I10|CHF||A",
        "DG1|2|I9|428.0||20260302|F",
        "DG1|3|||Fell at home||W",
        "DG1|4||||20260302|A",
    )
    assert event.diagnoses == (
        Diagnosis(set_id="1", code="I50.9", text="Heart failure", system="I10", description="CHF", type="A"),
        Diagnosis(set_id="2", code="428.0", system="I9", method="I9", type="F"),
        Diagnosis(set_id="3", text="Fell at home", description="Fell at home", type="W"),
    )


def test_diagnoses__text_alone() -> None:
    assert _event("PID|1||A1", "DG1|1||^Pain").diagnoses == (Diagnosis(set_id="1", text="Pain"),)


def _in1(**fields: str) -> str:
    numbered = {int(field[1:]): text for field, text in fields.items()}
    return "|".join(["IN1", *(numbered.get(number, "") for number in range(1, 50))])


def test_coverage() -> None:
    event = _event(
        "PID|1||A1",
        _in1(f1="1", f2="MA1^Advantage", f3="P1^^^CMS~^^X", f4="Payer Inc", f8="G1", f9="Group", f12="20260101") + "|",
        _in1(f1="2", f13="20261231", f15="MC", f36="POL9", f49="M7^^^PAY^MB"),
        _in1(f1="3"),
    )
    assert event.coverage is not None
    first, second = event.coverage
    assert first.effective_at is not None
    assert first.model_copy(update={"effective_at": None}) == Coverage(
        plan=Coded(code="MA1", text="Advantage"),
        payers=(Identifier(value="P1", assigner="CMS"),),
        payer_name="Payer Inc",
        group_number="G1",
        group_name="Group",
    )
    assert second.expires_at is not None
    assert (second.plan_type, second.policy_number) == ("MC", "POL9")
    assert second.members == (Identifier(value="M7", assigner="PAY", type="MB"),)
