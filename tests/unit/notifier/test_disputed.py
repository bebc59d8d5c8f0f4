"""Two people under one number: once birth date and sex both differ, nobody is told anything more of either, except
that what they were told is taken back.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from services.notifier.domain.decide import decide
from services.notifier.domain.model import Decided, Subject
from shared.schemas.encounters import EncounterEvent, EncounterUpdated
from shared.schemas.envelope import Event, Label
from shared.schemas.tasks import TaskEscalated
from shared.schemas.transitions import TransitionClosed
from tests.builders import a_discharge, a_patient, an_encounter, an_event
from tests.unit.admissions.house import House
from tests.unit.admissions.messages import adt
from tests.unit.notifier.givens import (
    LIVE,
    a_cancellation_of,
    a_registration,
    a_task,
    a_transition,
    a_withdrawal_of,
    an_admission,
    an_update,
    everybody,
)

DISPUTED = a_patient(identity_disputed=True)
ADA = {"name": "TESTPERSON^ADA", "born": "19410506", "sex": "F"}
ROE = {"name": "ROE^RICHARD", "born": "19900101", "sex": "M"}


def hear(subject: Subject, data: Any, n: int = 1, **envelope: Any) -> tuple[Subject, Event, tuple[Decided, ...]]:
    event = an_event(data, n=n, **envelope)
    after, decided = decide(subject, event, everybody(), LIVE, late=False)
    return after, event, decided


NEW = Subject(encounter_id="encounter-1")
TELLS = [
    (a_registration, ()),
    (an_admission, ()),
    (a_discharge, ()),
    (a_transition, ()),
    (a_transition, (TransitionClosed, "closed")),
    (a_task, ()),
    (a_task, (TaskEscalated, "escalated")),
]


@pytest.mark.parametrize(("build", "of"), TELLS)
def test_disputed__nobody_is_told_and_everybody_who_would_be_is_recorded(build: Any, of: tuple[Any, ...]) -> None:
    _, _, as_before = hear(NEW, build(*of))
    told = {one.told.recipient for one in as_before if one.told.status == "pending"}
    _, _, decided = hear(NEW, build(*of, patient=DISPUTED))
    assert told
    assert {(one.told.recipient, one.told.status, one.told.reason) for one in decided} == {
        (recipient, "suppressed", "identity-disputed") for recipient in told
    }
    assert {one.delivery_id for one in decided} == {one.delivery_id for one in as_before}


def test_disputed__a_death_is_not_told_either() -> None:
    _, _, decided = hear(NEW, an_update(patient=a_patient(identity_disputed=True, deceased=True)))
    assert {one.told.reason for one in decided} == {"identity-disputed"}


@pytest.mark.parametrize(
    ("data", "envelope", "reason"),
    [
        (a_discharge(patient=DISPUTED), {"label": Label.RESTRICTED}, "restricted"),
        (a_discharge(patient=a_patient(identity_disputed=True, identity_unknown=True)), {}, "identity-unknown"),
    ],
)
def test_disputed__comes_after_what_is_known_to_hold_back(data: Any, envelope: dict[str, Any], reason: str) -> None:
    _, _, decided = hear(NEW, data, **envelope)
    assert {one.told.reason for one in decided} == {reason}


@pytest.mark.parametrize("take_back", [a_withdrawal_of, a_cancellation_of])
def test_correction__goes_to_those_who_were_told_and_names_nobody(take_back: Any) -> None:
    """Who was told of Ada must learn that it does not stand, and must not learn the name of the other person."""
    subject, discharge, told = hear(NEW, a_discharge())
    assert [(one.told.recipient, one.told.status) for one in told] == [("primary", "pending")]
    other = DISPUTED.model_copy(update={"name": DISPUTED.name.model_copy(update={"family": "Roe"})})
    _, _, decided = hear(subject, take_back(discharge, patient=other), 2)
    (correction,) = [one for one in decided if one.told.corrects]
    assert (correction.told.recipient, correction.told.status) == ("primary", "pending")
    assert correction.told.corrects == (told[0].delivery_id,)
    assert correction.context == {
        "masked": True,
        "takes_back": [{"reference": told[0].delivery_id, "notice": "encounter.discharged"}],
    }
    others = [one for one in decided if not one.told.corrects]
    assert {one.told.reason for one in others} <= {"identity-disputed"}


def test_correction__nothing_is_owed_for_what_the_dispute_kept_back() -> None:
    subject, discharge, _ = hear(NEW, a_discharge(patient=DISPUTED))
    _, _, decided = hear(subject, a_withdrawal_of(discharge, patient=DISPUTED), 2)
    assert [one for one in decided if one.told.corrects] == []


def said_of(*messages: bytes) -> list[EncounterEvent]:
    said = [say.data for say in House().hear_all(*messages).said]
    return [data for data in said if isinstance(data, EncounterEvent)]


def of(who: dict[str, str], trigger: str, recorded: str, **more: Any) -> bytes:
    return adt(trigger, recorded, **{**who, **more})


def test_admissions__says_of_every_stay_that_the_number_is_disputed_once_both_differ() -> None:
    """Ada's stay is open when Richard is admitted under her number: both stays carry it from then on."""
    said = said_of(
        of(ADA, "A01", "03 0800", start="03 0800", visit="V1^^^NORTH^VN"),
        of(ROE, "A01", "04 0800", start="04 0800", visit="V2^^^NORTH^VN"),
    )
    assert [(data.TYPE, data.patient.identity_disputed) for data in said] == [
        ("encounter.admitted.v1", False),
        ("encounter.admitted.v1", True),
        ("encounter.updated.v1", True),
    ]
    assert isinstance(said[2], EncounterUpdated)
    assert said[2].encounter.visit_number == said[0].encounter.visit_number


def test_admissions__in_any_order_the_last_word_is_the_same() -> None:
    messages = (
        of(ADA, "A01", "03 0800", start="03 0800"),
        of(ROE, "A08", "03 0900"),
        of(ADA, "A08", "03 1000"),
    )
    for order in permutations(messages):
        assert said_of(*order)[-1].patient.identity_disputed is True


@pytest.mark.parametrize(
    "differs",
    [
        {"born": "19410507"},
        {"sex": "M"},
        {"born": "1941", "sex": "M"},
        {"born": "19900101", "sex": "U"},
        {"name": "ROE^RICHARD"},
        {"born": "19000101", "sex": "M", "unknown": "Y"},
        {"born": "", "sex": "M"},
    ],
    ids=["birth-date", "sex", "less-exact-and-sex", "birth-date-and-unknown-sex", "name", "made-up", "no-birth-date"],
)
def test_admissions__one_disagreement_alone_is_no_dispute(differs: dict[str, str]) -> None:
    for order in permutations([of(ADA, "A01", "03 0800", start="03 0800"), of({**ADA, **differs}, "A08", "03 0900")]):
        assert {data.patient.identity_disputed for data in said_of(*order)} == {False}


@pytest.mark.parametrize(("differs", "told"), [({"born": "19410507"}, True), ({"sex": "M"}, True), (ROE, False)])
def test_from_the_hospital_to_the_team__only_a_dispute_keeps_it_back(differs: dict[str, str], told: bool) -> None:
    team = {"pcp": "P1^PRIMARY^PAT"}
    *_, discharge = said_of(
        of(ADA, "A01", "03 0800", start="03 0800", **team),
        of({**ADA, **differs}, "A03", "03 1500", end="03 1500", disposition="01", **team),
    )
    assert discharge.TYPE == "encounter.discharged.v1"
    subject = Subject(encounter_id=discharge.encounter.encounter_id)
    _, _, decided = hear(subject, discharge)
    fates = {one.told.recipient: (one.told.status, one.told.reason) for one in decided}
    assert fates["primary"] == (("pending", "") if told else ("suppressed", "identity-disputed"))


def test_event__of_a_sender_that_does_not_say_it_is_undisputed() -> None:
    """The field is younger than the contract."""
    dumped = a_discharge(encounter=an_encounter()).model_dump(mode="json", by_alias=True)
    del dumped["patient"]["identity_disputed"]
    assert type(a_discharge()).model_validate(dumped).patient.identity_disputed is False
