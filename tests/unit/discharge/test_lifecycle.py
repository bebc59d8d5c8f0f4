"""What is said of a transition, for every way from what stood to what stands."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest

from services.discharge.domain.deadlines import Calendar
from services.discharge.handlers import COLLECTION, handlers
from services.discharge.store import INDEXES, load_pathways
from shared.schemas.assessments import Return
from shared.schemas.encounters import (
    CareTeamMember,
    DischargeWithdrawn,
    EncounterAdmitted,
    EncounterCancelled,
    EncounterClosed,
    EncounterMerged,
    EncounterMoved,
    EncounterUpdated,
    When,
    Withdrawal,
)
from shared.schemas.envelope import derived_id
from shared.schemas.identifiers import Identifier
from shared.schemas.patients import PatientMerged, PatientSeparated
from shared.schemas.topics import ENCOUNTERS
from shared.schemas.transitions import TransitionClosed, TransitionOpened, TransitionUpdated, TransitionWithdrawn
from shared.stream.decisions import Refused
from tests.builders import T0, DeskOf, a_care_team, a_discharge, a_patient, a_record, an_encounter, heard

CALENDAR = Calendar("by-hand", frozenset({date(2026, 11, 26)}), 2026, 2027)
HANDLER = handlers(load_pathways(), CALENDAR)[ENCOUNTERS.name]
TRANSITION_1 = derived_id("transition", "encounter-1", 1)
TRANSITION_2 = derived_id("transition", "encounter-1", 2)


def said(decision):
    return [type(say.data) for say in decision.say]


def discharged(desk, n=1, patient=None, **changes):
    data = a_discharge(encounter=an_encounter(**changes), patient=patient or a_patient())
    return heard(HANDLER, data, desk, n=n)


def updated(desk, n, *, patient=None, care_team=None, amends=(), **changes):
    data = EncounterUpdated(
        patient=patient or a_patient(),
        encounter=an_encounter(**changes),
        care_team=a_care_team() if care_team is None else care_team,
        occurred_at=T0 + timedelta(hours=n),
        amends=tuple(Withdrawal(event_id=type_, type=type_) for type_ in amends),
    )
    return heard(HANDLER, data, desk, n=n)


def withdrawn(desk, n, type_=DischargeWithdrawn, status="in-progress"):
    data = type_(
        patient=a_patient(),
        encounter=an_encounter(status=status, discharged_at=None, disposition=""),
        care_team=a_care_team(),
        occurred_at=T0,
    )
    return heard(HANDLER, data, desk, n=n)


def transitions(desk):
    state = desk.states[(COLLECTION, "encounter-1")]
    return {record["transition"]["transition_id"]: record["transition"] for record in state["transitions"]}


def test_a_discharge_home__opens_a_transition_with_four_clocks():
    desk = DeskOf()
    decision = discharged(desk)
    assert said(decision) == [TransitionOpened]
    (say,) = decision.say
    assert say.subject == say.data.transition.transition_id == TRANSITION_1
    assert say.data.transition.status == "open"
    assert (say.data.transition.pathway, say.data.transition.pathway_version) == ("home", 1)
    assert [d.code for d in say.data.transition.deadlines] == [
        "contact",
        "home-visit",
        "medication-reconciliation",
        "practitioner-visit",
    ]
    assert say.data.occurred_at == T0
    assert (say.data.patient, say.data.care_team) == (a_patient(), a_care_team())
    assert decision.next_alarm_at is None
    assert (decision.collection, decision.id, decision.key) == ("encounters", "encounter-1", "patient-key-1")


def test_what_is_remembered__holds_no_copy_of_the_patient():
    desk = DeskOf()
    discharged(desk)
    text = str(desk.states)
    assert "Testperson" not in text
    assert "1941" not in text
    assert "100200" not in text


@pytest.mark.parametrize("status", ["planned", "in-progress", "cancelled"])
def test_an_encounter_that_is_not_finished__opens_nothing_but_is_remembered(status):
    desk = DeskOf()
    data = EncounterAdmitted(
        patient=a_patient(), encounter=an_encounter(status=status, discharge_version=0), occurred_at=T0
    )
    decision = heard(HANDLER, data, desk)
    assert said(decision) == []
    assert decision.state == {"encounter_id": "encounter-1", "transitions": [], "not_opened": None}


def test_finished_without_a_said_discharge__opens_nothing():
    assert said(discharged(DeskOf(), discharge_version=0)) == []


@pytest.mark.parametrize(
    ("class_", "disposition", "pathway", "reason"),
    [
        ("I", "30", "still-patient", "still-patient"),
        ("I", "09", "still-patient", "still-patient"),
        ("O", "01", "outpatient", "outpatient-visit"),
        ("N", "01", "not-a-stay", "class-ignored"),
    ],
)
def test_a_pathway_that_opens_none__is_remembered_with_its_reason(class_, disposition, pathway, reason):
    desk = DeskOf()
    decision = discharged(desk, class_=class_, disposition=disposition)
    assert said(decision) == []
    assert decision.state["not_opened"] == {"discharge_version": 1, "pathway": pathway, "reason": reason}
    again = updated(desk, 2, class_=class_, disposition="20" if class_ == "O" else disposition)
    assert (again.state["not_opened"] is None) == (class_ == "O")


@pytest.mark.parametrize(
    "changes",
    [
        {"disposition": "06"},
        {"discharged_at": When(instant=T0 + timedelta(minutes=5))},
        {"patient": a_patient(language="es")},
        {"care_team": a_care_team()[:1]},
        {"admission_type": "C"},
        {"zone": "America/Chicago"},
    ],
)
def test_a_change_that_matters__is_an_update_of_the_same_transition(changes):
    desk = DeskOf()
    discharged(desk)
    decision = updated(desk, 2, **changes)
    assert said(decision) == [TransitionUpdated]
    assert decision.say[0].subject == TRANSITION_1
    assert decision.say[0].data.withdraws == ()
    assert decision.say[0].data.occurred_at == T0 + timedelta(hours=2)
    assert said(updated(desk, 3, **changes)) == []


def test_amended_from_home_to_home_health__other_clocks():
    desk = DeskOf()
    discharged(desk)
    (say,) = updated(desk, 2, disposition="06").say
    assert say.data.transition.pathway == "home-health"
    assert "hha-visit-verify" in {d.code for d in say.data.transition.deadlines}
    assert "home-visit" not in {d.code for d in say.data.transition.deadlines}


def test_nothing_changed__nothing_is_said_though_heard_at_another_time():
    desk = DeskOf()
    before = discharged(desk).state
    decision = updated(desk, 2)
    assert said(decision) == []
    assert decision.state == before


def test_new_editions_of_holidays_and_zones__are_no_change():
    desk = DeskOf()
    discharged(desk)
    newer = handlers(load_pathways(), Calendar("newer", CALENDAR.holidays, 2026, 2028, tzdata="2027.1"))
    assert said(heard(newer[ENCOUNTERS.name], a_discharge(), desk, n=2)) == []


def test_the_tables_own_holidays__are_skipped_too():
    desk = DeskOf()
    table = load_pathways().model_copy(update={"extra_holidays": (date(2026, 11, 5),)})
    (say,) = heard(handlers(table, CALENDAR)[ENCOUNTERS.name], a_discharge(), desk).say
    contact = say.data.transition.deadlines[0]
    assert contact.inputs["holidays"] == "2026-11-05"
    assert contact.due_at.isoformat() == "2026-11-07T04:59:59+00:00"  # Wed, not Thu, Fri


@pytest.mark.parametrize(
    ("type_", "status", "reason"),
    [
        (DischargeWithdrawn, "in-progress", "discharge-withdrawn"),
        (EncounterCancelled, "cancelled", "encounter-cancelled"),
        (EncounterMerged, "cancelled", "encounter-merged"),
        (EncounterMoved, "cancelled", "encounter-moved"),
    ],
)
def test_a_discharge_that_does_not_stand__is_withdrawn_by_the_name_of_what_was_said(type_, status, reason):
    desk = DeskOf()
    (opened,) = discharged(desk).say
    updated(desk, 2, disposition="06")
    (say,) = withdrawn(desk, 3, type_, status).say
    assert type(say.data) is TransitionWithdrawn
    assert say.data.withdraws == (Withdrawal(event_id=opened.id, type="org.caretransitions.transition.opened.v1"),)
    assert (say.data.transition.status, say.data.transition.reason) == ("withdrawn", reason)
    assert say.data.transition.pathway == "home-health"
    assert said(withdrawn(desk, 4, type_, status)) == []


def back(kind):
    return Return(kind=kind, encounter_id="encounter-2", days=9, index_disposition="01")


@pytest.mark.parametrize("kind", ["unplanned", "planned"])
def test_admitted_again__the_work_is_called_off_and_wanted_again_if_that_was_an_error(kind):
    desk = DeskOf()
    (opened,) = discharged(desk).say
    (say,) = updated(desk, 2, returned=back(kind)).say
    assert type(say.data) is TransitionUpdated
    assert say.data.withdraws == ()
    transition = say.data.transition
    assert (transition.status, transition.reason, transition.pathway) == ("open", "readmitted", "home")
    assert transition.deadlines == ()
    (again,) = updated(desk, 3).say
    assert again.data.transition == opened.data.transition


@pytest.mark.parametrize(
    ("changes", "amends", "amended"),
    [
        ({"disposition": "03"}, ["encounter.discharged.v1"], True),
        ({"disposition": "03"}, ["encounter.admitted.v1", "encounter.discharged.v1"], True),
        ({"disposition": "03"}, [], False),
        ({"facility": "SOUTH"}, ["encounter.admitted.v1"], False),
        ({"disposition": "20"}, ["encounter.discharged.v1"], False),
    ],
)
def test_amended__the_opening_is_named_where_the_discharge_was_told_otherwise(changes, amends, amended):
    desk = DeskOf()
    (opened,) = discharged(desk).say
    (say,) = updated(desk, 2, amends=amends, **changes).say
    named = (Withdrawal(event_id=opened.id, type="org.caretransitions.transition.opened.v1"),)
    assert say.data.amends == (named if amended else ())


def test_amended__what_was_withdrawn_and_opens_again_amends_nothing():
    desk = DeskOf()
    discharged(desk)
    withdrawn(desk, 2)
    (say,) = updated(desk, 3, amends=["encounter.discharged.v1"], disposition="03").say
    assert type(say.data) is TransitionOpened
    assert say.data.amends == ()


@pytest.mark.parametrize(
    ("kind", "disposition", "stays"),
    [
        ("ed-return", "01", True),
        ("observation-return", "01", True),
        ("transfer", "02", True),
        ("transfer", "03", True),
        ("transfer", "62", True),
        ("transfer", "", True),
        ("transfer", "01", False),
        ("transfer", "06", False),
        ("transfer", "07", False),
    ],
)
def test_back_without_an_admission__the_work_stays_but_of_whoever_was_sent_home(kind, disposition, stays):
    desk = DeskOf()
    (opened,) = discharged(desk, disposition=disposition).say
    (say,) = updated(desk, 2, returned=back(kind), disposition=disposition).say
    assert (say.data.transition == opened.data.transition) is stays
    assert say.data.transition.reason == ("" if stays else "readmitted")


def test_admitted_again_to_a_protected_stay__the_reason_is_withheld():
    desk = DeskOf()
    discharged(desk)
    (say,) = updated(desk, 2, returned=Return(kind="unplanned", encounter_id="", days=9)).say
    assert (say.data.transition.reason, say.data.transition.deadlines) == ("withheld", ())


def test_died_after_an_admission__bereavement_is_not_called_off():
    (say,) = discharged(DeskOf(), disposition="20", returned=back("unplanned")).say
    assert (say.data.transition.status, say.data.transition.reason) == ("closed", "deceased")
    assert [deadline.code for deadline in say.data.transition.deadlines] == ["bereavement"]


def test_closed_by_rule__opens_nothing_though_an_earlier_discharge_left_its_number():
    desk = DeskOf()
    discharged(desk)
    assert said(withdrawn(desk, 2)) == [TransitionWithdrawn]
    ended = an_encounter(status="finished", discharge_version=1, closed_by="rule", discharged_at=None, disposition="")
    closed = EncounterClosed(patient=a_patient(), encounter=ended, occurred_at=T0 + timedelta(days=120))
    decision = heard(HANDLER, closed, desk, n=3)
    assert said(decision) == []
    assert decision.state["not_opened"] is None
    again = heard(HANDLER, a_discharge(encounter=an_encounter(discharge_version=2)), desk, n=4)
    assert [say.subject for say in again.say] == [TRANSITION_2]


def test_amended_to_still_a_patient__withdraws_with_that_reason():
    desk = DeskOf()
    discharged(desk)
    decision = updated(desk, 2, disposition="30")
    assert said(decision) == [TransitionWithdrawn]
    assert decision.say[0].data.transition.reason == "still-patient"
    assert decision.state["not_opened"]["reason"] == "still-patient"
    reopened = updated(desk, 3, disposition="01")
    assert said(reopened) == [TransitionOpened]
    assert reopened.say[0].subject == TRANSITION_1
    assert reopened.say[0].data.withdraws == ()
    assert reopened.say[0].data.transition.reason == ""
    assert reopened.state["not_opened"] is None


def test_discharged_again__opens_another_transition():
    desk = DeskOf()
    discharged(desk)
    withdrawn(desk, 2)
    (say,) = discharged(desk, 3, discharge_version=2).say
    assert type(say.data) is TransitionOpened
    assert say.subject == TRANSITION_2
    assert transitions(desk)[TRANSITION_1]["status"] == "withdrawn"
    assert transitions(desk)[TRANSITION_2]["status"] == "open"


def test_discharged_again_with_the_withdrawal_not_heard__withdraws_the_first_and_opens_the_second():
    desk = DeskOf()
    discharged(desk)
    decision = discharged(desk, 3, discharge_version=2)
    assert [(type(say.data), say.subject) for say in decision.say] == [
        (TransitionWithdrawn, TRANSITION_1),
        (TransitionOpened, TRANSITION_2),
    ]
    assert decision.say[0].data.transition.reason == "discharge-withdrawn"


@pytest.mark.parametrize("disposition", ["20", "40", "41", "42"])
def test_a_death_known_with_the_discharge__opens_closed_with_one_task_for_a_human(disposition):
    (say,) = discharged(DeskOf(), disposition=disposition).say
    assert type(say.data) is TransitionOpened
    transition = say.data.transition
    assert (transition.status, transition.reason, transition.pathway) == ("closed", "deceased", "died")
    assert [d.code for d in transition.deadlines] == ["bereavement"]


@pytest.mark.parametrize("changes", [{"disposition": "20"}, {"patient": a_patient(deceased=True)}])
def test_a_death_learnt_later__closes(changes):
    desk = DeskOf()
    discharged(desk)
    (say,) = updated(desk, 2, **changes).say
    assert type(say.data) is TransitionClosed
    assert (say.data.transition.status, say.data.transition.reason) == ("closed", "deceased")
    assert [d.code for d in say.data.transition.deadlines] == ["bereavement"]


def test_a_death__stands_the_same_whenever_it_is_learnt():
    at_once, later = DeskOf(), DeskOf()
    discharged(at_once, disposition="20")
    discharged(later)
    updated(later, 2, disposition="20")
    assert transitions(at_once) == transitions(later)


def test_a_death_that_was_a_mistake__is_an_update_that_takes_the_closing_back():
    desk = DeskOf()
    discharged(desk)
    (closed,) = updated(desk, 2, disposition="20").say
    still_closed = updated(desk, 3, disposition="20", patient=a_patient(language="es"))
    assert said(still_closed) == [TransitionUpdated]
    assert still_closed.say[0].data.withdraws == ()
    (say,) = updated(desk, 4).say
    assert type(say.data) is TransitionUpdated
    assert (say.data.transition.status, say.data.transition.pathway) == ("open", "home")
    assert say.data.withdraws == (Withdrawal(event_id=closed.id, type="org.caretransitions.transition.closed.v1"),)
    (after,) = updated(desk, 5, disposition="06").say
    assert after.data.withdraws == ()


def test_a_withdrawal_after_a_death__takes_back_the_closing_too():
    desk = DeskOf()
    (opened,) = discharged(desk).say
    (closed,) = updated(desk, 2, disposition="20").say
    (say,) = withdrawn(desk, 3).say
    assert [w.event_id for w in say.data.withdraws] == [opened.id, closed.id]


def test_hospice_learnt_later__is_an_update_to_its_one_clock():
    desk = DeskOf()
    discharged(desk)
    (say,) = updated(desk, 2, disposition="50").say
    assert type(say.data) is TransitionUpdated
    assert [d.code for d in say.data.transition.deadlines] == ["hospice-visit-verify"]


def test_an_older_event__changes_nothing():
    desk = DeskOf()
    withdrawn(desk, 2)
    before = desk.states[(COLLECTION, "encounter-1")]
    desk.late = True
    decision = discharged(desk, 1)
    assert decision.state is None
    assert decision.say == ()
    assert decision.metrics == {"late": 1}
    assert desk.states[(COLLECTION, "encounter-1")] == before


def test_the_ids_of_what_is_said__come_from_the_cause():
    first, again, other = discharged(DeskOf()), discharged(DeskOf()), discharged(DeskOf(), 2)
    assert first.say[0].id == again.say[0].id
    assert first.say[0].id != other.say[0].id


def test_processing_id__is_handed_on_and_a_change_of_it_is_said():
    desk = DeskOf()
    heard(HANDLER, a_discharge(processing_id="T"), desk)
    (say,) = heard(HANDLER, a_discharge(processing_id="P"), desk, n=2).say
    assert say.data.processing_id == "P"


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"discharged_at": None}, "discharge-time-missing"), ({"zone": "Nowhere/Land"}, "zone-unknown")],
)
def test_what_can_never_be_decided__is_refused_with_a_code(changes, code):
    with pytest.raises(Refused) as refused:
        discharged(DeskOf(), **changes)
    assert refused.value.code == str(refused.value) == code


def test_read__another_encounters_sequence_is_refused():
    with pytest.raises(Refused, match=r"^subject-mismatch$"):
        HANDLER.read(a_record(a_discharge(), subject="encounter-2"))


def test_read__an_event_that_is_no_encounters_is_passed():
    (say,) = discharged(DeskOf()).say
    assert HANDLER.read(a_record(say.data, subject=TRANSITION_1)) is None


@pytest.mark.parametrize("type_", [PatientMerged, PatientSeparated])
def test_read__what_is_about_a_person_only_is_passed(type_):
    said = type_(patient=a_patient(), reason="A40", occurred_at=a_discharge().occurred_at)
    assert HANDLER.read(a_record(said, subject="patient-1")) is None


def test_a_care_team_of_two_hospitals__is_carried_with_its_authorities():
    team = tuple(
        CareTeamMember(role="PCP", provider=Identifier(value="12345", assigner=assigner))
        for assigner in ("NORTH", "SOUTH")
    )
    desk = DeskOf()
    discharged(desk)
    assert updated(desk, 2, care_team=team).say[0].data.care_team == team


def test_an_offset_other_than_utc__is_the_same_instant():
    desk = DeskOf()
    discharged(desk)
    moved = T0.astimezone(timezone(timedelta(hours=-5)))
    assert moved.hour == datetime(2026, 11, 3, 10).hour  # noqa: DTZ001
    assert transitions(desk)[TRANSITION_1]["deadlines"][1]["inputs"]["t0"] == "2026-11-03T15:00:00+00:00"
    decision = updated(desk, 2, discharged_at=When(instant=moved))
    assert decision.state["transitions"][0]["transition"]["deadlines"] == transitions(desk)[TRANSITION_1]["deadlines"]


def test_indexes__are_on_the_collection_that_is_decided_about():
    assert {collection for collection, _, _ in INDEXES} == {COLLECTION}
