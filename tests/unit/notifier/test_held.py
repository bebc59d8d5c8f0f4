"""What nobody was told while it was not known whose news it was: told once, by what stands when it is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.notifier.domain.decide import decide
from services.notifier.domain.model import Decided, Subject
from shared.schemas.encounters import EncounterCancelled, EncounterMoved, When
from shared.schemas.envelope import Event, Label, Mode
from shared.schemas.identifiers import Identifier
from shared.schemas.tasks import TaskEscalated
from shared.schemas.transitions import TransitionClosed, TransitionUpdated, TransitionWithdrawn
from tests.builders import T0, a_care_team, a_discharge, a_patient, an_encounter, an_event
from tests.unit.admissions.house import House
from tests.unit.admissions.messages import adt
from tests.unit.admissions.test_obey import NOON
from tests.unit.admissions.test_settled import settle
from tests.unit.notifier.givens import (
    IN_HOUSE,
    LIVE,
    a_registration,
    a_repair_of,
    a_task,
    a_transition,
    a_withdrawal_of,
    an_admission,
    an_update,
    everybody,
    names,
)

NEW = Subject(encounter_id="encounter-1")
DISPUTED = a_patient(identity_disputed=True)
UNKNOWN = a_patient(identity_unknown=True)
IN_BED = an_encounter(**IN_HOUSE, admitted_at=When(instant=T0), discharge_version=0)


class Notifier:
    """Decides event after event of one stay."""

    def __init__(self) -> None:
        self.subject, self.n = NEW, 0

    def hear(self, data: Any, *, late: bool = False, **envelope: Any) -> tuple[Event, list[Decided]]:
        self.n += 1
        event = an_event(data, n=self.n, **envelope)
        self.subject, decided = decide(self.subject, event, everybody(), LIVE, late=late)
        return event, [*decided]


def over(**changes: Any) -> Any:
    """An update of a stay that is over."""
    return an_update(encounter=an_encounter(), **changes)


def fates(decided: list[Decided]) -> list[tuple[str, str, str, str]]:
    return [(one.told.notice, one.told.recipient, one.told.status, one.told.reason) for one in decided]


@pytest.mark.parametrize("patient", [DISPUTED, UNKNOWN])
def test_settled__the_discharge_that_stands_is_told_once(patient: Any) -> None:
    notifier = Notifier()
    discharge, _ = notifier.hear(a_discharge(patient=patient))
    _, decided = notifier.hear(over())
    assert fates(decided) == [("encounter.discharged", "primary", "pending", "")]
    assert (decided[0].told.cause, decided[0].told.tells) == (discharge.envelope.id, discharge.data.TYPE)
    assert (decided[0].context["patient"], decided[0].context["discharged_to"]) == ("Testperson, Ada", "home")
    assert fates(notifier.hear(over(patient=DISPUTED))[1]) == []
    assert fates(notifier.hear(over())[1]) == []


def test_settled__whoever_is_on_the_team_by_then_is_told() -> None:
    """The number was of two people: the doctor of the other one is no longer on the team."""
    notifier = Notifier()
    notifier.hear(a_discharge(patient=DISPUTED))
    other = a_care_team()[0].model_copy(update={"provider": Identifier(value="A1", assigner="NORTH")})
    _, decided = notifier.hear(over(care_team=(other,)))
    assert fates(decided) == [("encounter.discharged", "attending", "pending", "")]


def test_settled__what_was_withdrawn_meanwhile_or_by_the_same_event_is_not_told() -> None:
    notifier = Notifier()
    discharge, _ = notifier.hear(a_discharge(patient=DISPUTED))
    notifier.hear(a_withdrawal_of(discharge, patient=DISPUTED))
    assert fates(notifier.hear(over())[1]) == []
    notifier = Notifier()
    discharge, _ = notifier.hear(a_discharge(patient=DISPUTED))
    assert fates(notifier.hear(over(withdraws=names(discharge)))[1]) == []


def test_settled__an_admission_is_told_while_the_patient_is_in_bed_and_the_registration_before_it_is_not() -> None:
    notifier = Notifier()
    notifier.hear(a_registration(patient=DISPUTED, encounter=IN_BED))
    notifier.hear(an_admission(patient=DISPUTED, encounter=IN_BED))
    _, decided = notifier.hear(an_update(encounter=IN_BED))
    assert fates(decided) == [
        ("encounter.admitted", "primary", "pending", ""),
        ("encounter.admitted", "coordinator", "pending", ""),
    ]
    assert decided[0].context["occurred_at"] == "2026-11-03 10:00 EST"


def test_settled__by_the_admission_itself_the_registration_is_told_by_it() -> None:
    notifier = Notifier()
    notifier.hear(a_registration(patient=UNKNOWN, encounter=IN_BED))
    _, decided = notifier.hear(an_admission(encounter=IN_BED))
    assert {one.told.notice for one in decided} == {"encounter.admitted"}


def test_settled__a_registration_alone_is_told() -> None:
    notifier = Notifier()
    notifier.hear(a_registration(patient=UNKNOWN, encounter=IN_BED))
    _, decided = notifier.hear(an_update(encounter=IN_BED))
    assert fates(decided) == [("encounter.registered", "primary", "pending", "")]


def test_settled__an_admission_is_not_told_of_who_left() -> None:
    notifier = Notifier()
    notifier.hear(an_admission(patient=DISPUTED, encounter=IN_BED))
    _, decided = notifier.hear(a_discharge())
    assert {one.told.notice for one in decided} == {"encounter.discharged"}


def test_settled__a_stay_that_was_closed_by_rule_was_discharged_by_nobody() -> None:
    notifier = Notifier()
    notifier.hear(a_discharge(patient=DISPUTED))
    closed = an_encounter(closed_by="rule", discharged_at=None)
    assert fates(notifier.hear(an_update(encounter=closed))[1]) == []


def test_settled__what_is_too_old_by_then_is_recorded_and_not_told() -> None:
    """24 hours in these rules, counted from the discharge."""
    notifier = Notifier()
    notifier.hear(a_discharge(patient=DISPUTED))
    settled = T0 + timedelta(hours=25)
    _, decided = notifier.hear(over(occurred_at=settled), time=settled)
    assert fates(decided) == [("encounter.discharged", "primary", "suppressed", "too-old")]
    assert fates(notifier.hear(over())[1]) == []


@pytest.mark.parametrize(
    ("envelope", "reason"),
    [
        ({"mode": Mode.SHADOW}, "mode-shadow"),
        ({"label": Label.RESTRICTED}, "restricted"),
        ({"quiet": True}, "quiet-replay"),
    ],
)
def test_settled__every_other_gate_still_holds(envelope: dict[str, Any], reason: str) -> None:
    notifier = Notifier()
    notifier.hear(a_discharge(patient=DISPUTED))
    _, decided = notifier.hear(over(), **envelope)
    assert fates(decided) == [("encounter.discharged", "primary", "suppressed", reason)]


def test_settled__heard_late_tells_nothing() -> None:
    notifier = Notifier()
    notifier.hear(a_discharge(patient=DISPUTED))
    assert fates(notifier.hear(over(), late=True)[1]) == []


def test_settled__a_death_that_stands_is_told_and_one_that_does_not_is_not() -> None:
    for deceased, told in ((True, ["patient.died", "patient.died"]), (False, [])):
        notifier = Notifier()
        notifier.hear(over(patient=a_patient(deceased=True, identity_disputed=True)))
        _, decided = notifier.hear(over(patient=a_patient(deceased=deceased)))
        assert [one.told.notice for one in decided if one.told.notice == "patient.died"] == told


@pytest.mark.parametrize("model", [EncounterMoved, EncounterCancelled])
def test_settled__of_a_stay_that_was_somebody_elses_or_never_was_no_death_is_told(model: Any) -> None:
    """A death is told by an update, which no later event withdraws; this team is the other patient's."""
    notifier = Notifier()
    notifier.hear(over(patient=a_patient(deceased=True, identity_disputed=True)))
    _, decided = notifier.hear(a_repair_of(model, patient=a_patient(deceased=True)))
    assert {one.told.notice for one in decided} <= {"encounter.moved"}


def test_settled__a_death_that_was_said_twice_is_told_once() -> None:
    notifier = Notifier()
    for deceased in (True, False, True):
        notifier.hear(over(patient=a_patient(deceased=deceased, identity_disputed=True)))
    _, decided = notifier.hear(over(patient=a_patient(deceased=True)))
    assert [one.told.recipient for one in decided] == ["primary", "coordinator"]
    assert fates(notifier.hear(over(patient=a_patient(deceased=True)))[1]) == []


def test_settled__a_death_of_today_is_told_by_itself_and_not_for_an_earlier_one_that_was_none() -> None:
    notifier = Notifier()
    notifier.hear(over(patient=a_patient(deceased=True, identity_disputed=True)))
    notifier.hear(over(patient=a_patient(deceased=False)))
    died, decided = notifier.hear(over(patient=a_patient(deceased=True)))
    assert [(one.told.recipient, one.told.cause) for one in decided] == [
        ("primary", died.envelope.id),
        ("coordinator", died.envelope.id),
    ]
    assert fates(notifier.hear(over(patient=a_patient(deceased=True)))[1]) == []


def test_settled__a_registration_stands_again_once_the_admission_after_it_was_withdrawn() -> None:
    notifier = Notifier()
    notifier.hear(a_registration(patient=DISPUTED, encounter=IN_BED))
    admission, _ = notifier.hear(an_admission(patient=DISPUTED, encounter=IN_BED))
    _, decided = notifier.hear(an_update(encounter=IN_BED, withdraws=names(admission)))
    assert fates(decided) == [("encounter.registered", "primary", "pending", "")]


def test_settled__a_transition_that_was_opened_as_closed_is_told() -> None:
    """Who died in hospital: the bereavement is the coordinator's."""
    notifier = Notifier()
    notifier.hear(a_transition(status="closed", patient=DISPUTED))
    _, decided = notifier.hear(a_transition(TransitionUpdated, "closed"))
    assert fates(decided) == [("transition.opened", "coordinator", "pending", "")]


def test_settled__a_transition_is_told_by_its_own_topic() -> None:
    notifier = Notifier()
    opened, _ = notifier.hear(a_transition(patient=DISPUTED))
    assert fates(notifier.hear(over())[1]) == []
    _, decided = notifier.hear(a_transition(TransitionUpdated))
    assert fates(decided) == [("transition.opened", "coordinator", "pending", "")]
    assert decided[0].told.cause == opened.envelope.id
    assert decided[0].context["work"][0]["name"] == "home visit"


def test_settled__a_transition_that_is_closed_by_then_is_told_as_closed() -> None:
    notifier = Notifier()
    notifier.hear(a_transition(patient=DISPUTED))
    notifier.hear(a_transition(TransitionClosed, "closed", patient=DISPUTED))
    _, decided = notifier.hear(a_transition(TransitionUpdated, "closed"))
    assert fates(decided) == [("transition.closed", "coordinator", "pending", "")]


def test_settled__a_transition_that_was_withdrawn_is_not_told() -> None:
    notifier = Notifier()
    opened, _ = notifier.hear(a_transition(patient=DISPUTED))
    gone = a_transition(TransitionWithdrawn, "withdrawn", withdraws=names(opened))
    assert fates(notifier.hear(gone)[1]) == []


def test_settled__of_work_the_next_word_is_told_and_no_earlier_one() -> None:
    notifier = Notifier()
    notifier.hear(a_discharge())
    notifier.hear(a_task(patient=DISPUTED))
    _, decided = notifier.hear(a_task(TaskEscalated, "escalated"))
    assert {one.told.notice for one in decided} == {"task.escalated"}


def test_settled__who_was_told_then_hears_if_it_does_not_stand() -> None:
    notifier = Notifier()
    discharge, _ = notifier.hear(a_discharge(patient=DISPUTED))
    _, (told,) = notifier.hear(over())
    _, decided = notifier.hear(a_withdrawal_of(discharge))
    (correction,) = [one for one in decided if one.told.corrects]
    assert (correction.told.recipient, correction.told.corrects) == ("primary", (told.delivery_id,))


def test_settled__from_the_hospital_to_the_team_by_a_persons_word() -> None:
    """Registered as somebody else, discharged with the right birth date and sex: two, as far as anybody can see."""
    team = {"pcp": "P1^PRIMARY^PAT"}
    house = House().hear_all(
        adt("A01", "03 0805", start="03 0800", born="19000101", sex="M", **team),
        adt("A03", "03 1505", end="03 1500", disposition="01", born="19410506", sex="F", **team),
    )
    house.obey(settle(house, "birth-dates-disagree"), NOON)
    rules, subject, told = replace(LIVE, greatest_age=timedelta(days=30)), NEW, []
    for say in house.said:
        event = an_event(say.data, id=say.id, time=NOON)
        subject, decided = decide(subject, event, everybody(), rules, late=False)
        told += [(one.told.notice, one.told.status) for one in decided if one.told.recipient == "primary"]
    assert house.types == ["admitted", "discharged", "updated"]
    assert told == [
        ("encounter.admitted", "pending"),
        ("encounter.discharged", "suppressed"),
        ("encounter.discharged", "pending"),
    ]
