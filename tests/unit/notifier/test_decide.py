"""Who is told of an event, who is not and why, and who is owed a correction."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.notifier.domain import decide as decide_module
from services.notifier.domain.decide import LedgerFull, decide
from services.notifier.domain.directory import Directory
from services.notifier.domain.model import Decided, Reason, Rules, Subject
from shared.schemas.directory import DirectoryEntrySet
from shared.schemas.encounters import CareTeamMember, EncounterMerged, EncounterMoved
from shared.schemas.envelope import Event, Label, Mode, derived_id
from shared.schemas.identifiers import Identifier
from shared.schemas.tasks import TaskCancelled, TaskEscalated, TaskRequested
from shared.schemas.transitions import TransitionClosed, TransitionWithdrawn
from tests.builders import T0, a_care_team, a_discharge, a_patient, an_encounter, an_event
from tests.unit.notifier.givens import (
    LIVE,
    a_cancellation_of,
    a_registration,
    a_repair_of,
    a_task,
    a_transition,
    a_withdrawal_of,
    an_admission,
    an_update,
    attending,
    coordinator,
    everybody,
    names,
    primary,
    supervisor,
)

QUIET = "quiet-replay"
DEMO = Rules(live=False, allow_list=frozenset({"primary@example.org"}), greatest_age=timedelta(hours=24))


class Story:
    """One encounter's events, decided one after the other."""

    def __init__(self, *entries: DirectoryEntrySet, rules: Rules = LIVE) -> None:
        self.subject = Subject(encounter_id="encounter-1")
        self.directory = Directory(entries) if entries else everybody()
        self.rules = rules
        self.n = 0

    def hear(self, data: Any, *, late: bool = False, **envelope: Any) -> tuple[Event, tuple[Decided, ...]]:
        self.n += 1
        event = an_event(data, n=self.n, **envelope)
        self.subject, decided = decide(self.subject, event, self.directory, self.rules, late=late)
        return event, decided


def pending(decided: tuple[Decided, ...]) -> list[str]:
    return [one.told.recipient for one in decided if one.told.status == "pending"]


def reasons(decided: tuple[Decided, ...]) -> dict[str, str]:
    return {one.told.recipient: one.told.reason for one in decided if one.told.status == "suppressed"}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (a_registration(), ["primary"]),
        (an_admission(), ["primary", "coordinator"]),
        (a_discharge(), ["primary"]),
        (an_update(), []),
        (an_update(patient=a_patient(deceased=True)), ["primary", "coordinator"]),
        (a_transition(), ["coordinator"]),
        (a_transition(TransitionClosed, "closed"), ["coordinator"]),
        (a_task(), ["coordinator"]),
        (a_task(TaskEscalated, "escalated"), ["attending", "coordinator", "supervisor"]),
        (a_task(TaskRequested, "planned"), []),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, list) else "-".join(value),
)
def test_told__by_default_of_the_role(data: Any, told: list[str]) -> None:
    assert pending(Story().hear(data)[1]) == told


def test_delivery__is_named_by_cause_recipient_and_channel() -> None:
    event, (first, *_) = Story().hear(a_discharge())
    assert first.delivery_id == derived_id("delivery", event.envelope.id, "primary", "email")
    assert first.told.address == "primary@example.org"
    assert first.told.role == "PCP"


def test_care_team__whose_role_never_hears_of_it_is_not_even_considered() -> None:
    """The attending made the discharge; recording that they were not told of it would say nothing."""
    assert reasons(Story().hear(a_discharge())[1]) == {}


def test_care_team__who_opted_out_of_what_their_role_hears_is_recorded() -> None:
    assert reasons(Story(primary(subscriptions=())).hear(a_discharge())[1])["primary"] == "not-subscribed"


def test_subscriptions__replace_the_defaults_of_the_role() -> None:
    wants_work = primary(subscriptions=("task.due",))
    assert pending(Story(wants_work, coordinator()).hear(a_task())[1]) == ["primary", "coordinator"]
    assert reasons(Story(wants_work).hear(a_discharge())[1]) == {"primary": "not-subscribed"}


def test_coordinator__who_did_not_subscribe_leaves_no_trace() -> None:
    assert Story(coordinator(subscriptions=())).hear(a_task())[1] == ()


def test_programme_role__that_nobody_holds_there_is_seen() -> None:
    _, decided = Story(coordinator(facilities=("SOUTH",)), supervisor()).hear(a_transition())
    assert reasons(decided) == {"role:coordinator": "no-directory-entry"}


def test_person_in_two_roles__is_told_once_in_the_role_that_hears_of_it() -> None:
    both = attending(program_roles=("coordinator",))
    _, decided = Story(both).hear(a_task())
    assert [(one.told.recipient, one.told.role, one.told.status) for one in decided] == [
        ("attending", "coordinator", "pending")
    ]


def test_recipient__not_in_the_directory() -> None:
    _, decided = Story(coordinator()).hear(a_discharge())
    assert reasons(decided) == {"provider:NORTH|P1": "no-directory-entry"}


def test_recipient__only_a_name_was_sent() -> None:
    nameless = (CareTeamMember(role="PP", provider=Identifier(value="")),)
    _, decided = Story(coordinator()).hear(a_discharge(care_team=nameless))
    assert reasons(decided) == {"provider:unidentified-PCP": "no-directory-entry"}


def test_recipient__identifier_of_two_active_entries_is_nobodys() -> None:
    twin = primary(entry_id="twin")
    _, decided = Story(primary(), twin).hear(a_discharge())
    assert reasons(decided)["provider:NORTH|P1"] == "ambiguous-identifier"


def test_recipient__identifier_was_handed_on_by_an_inactive_entry() -> None:
    _, decided = Story(primary(active=False), primary(entry_id="successor")).hear(a_discharge())
    assert pending(decided) == ["successor"]


def test_recipient__same_number_of_another_authority_is_somebody_else() -> None:
    elsewhere = (CareTeamMember(role="PCP", provider=Identifier(value="P1", assigner="SOUTH")),)
    _, decided = Story(primary()).hear(a_discharge(care_team=elsewhere))
    assert reasons(decided) == {"provider:SOUTH|P1": "no-directory-entry"}


def test_precedence__each_reason_stands_before_those_after_it() -> None:
    """Every reason is switched on at once; then the first is switched off, one by one, in the documented order."""
    data = a_discharge(
        care_team=a_care_team()[:1],
        processing_id="T",
        patient=a_patient(identity_unknown=True),
        occurred_at=T0 - timedelta(hours=25),
        encounter=an_encounter(protected=True),
    )
    nobody = primary(active=False, subscriptions=(), channels=())
    envelope: dict[str, Any] = {"mode": Mode.BACKLOAD, "label": Label.RESTRICTED}
    late = True
    seen: list[str] = []

    def look() -> None:
        story = Story(nobody, rules=DEMO)
        story.hear(a_withdrawal_of())
        decided = story.hear(data, late=late, **envelope)[1]
        seen.extend(one.told.reason for one in decided)

    look()
    envelope["mode"] = Mode.SHADOW
    look()
    data = data.model_copy(update={"processing_id": "P"})
    look()
    data = data.model_copy(update={"encounter": an_encounter()})
    envelope["label"] = Label.NORMAL
    look()
    data = data.model_copy(update={"patient": a_patient()})
    look()
    late = False
    look()
    data = data.model_copy(update={"occurred_at": T0})
    look()
    nobody = nobody.model_copy(update={"active": True})
    look()
    nobody = nobody.model_copy(update={"subscriptions": None})
    look()
    nobody = nobody.model_copy(update={"channels": primary(entry_id="x").channels[:0]})
    nobody = nobody.model_copy(update={"channels": attending().channels})
    look()
    nobody = nobody.model_copy(update={"channels": primary().channels})
    look()
    envelope["mode"] = Mode.LIVE
    look()
    assert seen == [
        Reason.MODE_BACKLOAD,
        Reason.NOT_PRODUCTION,
        Reason.RESTRICTED,
        Reason.IDENTITY_UNKNOWN,
        Reason.SUPERSEDED,
        Reason.TOO_OLD,
        Reason.INACTIVE,
        Reason.NOT_SUBSCRIBED,
        Reason.NO_CHANNEL,
        Reason.NOT_ON_ALLOW_LIST,
        Reason.MODE_SHADOW,
        "",
    ]


def test_mode__off_tells_nobody() -> None:
    assert set(reasons(Story().hear(a_discharge(), mode=Mode.OFF)[1]).values()) == {"mode-off"}


@pytest.mark.parametrize(
    ("allowed", "told"),
    [({"primary@example.org"}, True), ({"@example.org"}, True), ({"@example.com"}, False), (set(), False)],
)
def test_allow_list__addresses_and_domains(allowed: set[str], told: bool) -> None:
    rules = Rules(live=False, allow_list=frozenset(allowed), greatest_age=timedelta(hours=24))
    shouting = primary(channels=(primary().channels[0].model_copy(update={"address": "Primary@Example.ORG"}),))
    assert pending(Story(shouting, rules=rules).hear(a_discharge())[1]) == (["primary"] if told else [])


def test_age__exactly_the_greatest_is_still_told() -> None:
    assert pending(Story().hear(a_discharge(occurred_at=T0 - timedelta(hours=24)))[1]) == ["primary"]


def test_suppressed__keeps_no_text() -> None:
    _, decided = Story(rules=DEMO).hear(an_admission())
    assert {one.told.recipient: one.told.reason for one in decided if one.told.reason} == {
        "coordinator": "not-on-allow-list",
    }


def test_correction__goes_to_those_told_and_to_nobody_else() -> None:
    story = Story()
    discharge, told = story.hear(a_discharge())
    _, decided = story.hear(a_withdrawal_of(discharge))
    (one,) = decided
    assert one.told.recipient == "primary"
    assert one.told.corrects == (told[0].delivery_id,)
    assert one.told.tells == "encounter.discharge-withdrawn.v1"
    assert one.told.address == "primary@example.org"


def test_correction__goes_to_the_address_that_was_told_though_the_entry_is_gone() -> None:
    story = Story()
    discharge, _ = story.hear(a_discharge())
    story.directory = Directory()
    assert pending(story.hear(a_withdrawal_of(discharge))[1]) == ["primary"]


def test_correction__one_message_for_everything_taken_back() -> None:
    story = Story()
    admission, first = story.hear(an_admission())
    discharge, second = story.hear(a_discharge())
    _, decided = story.hear(a_cancellation_of(admission, discharge))
    to_primary = next(one for one in decided if one.told.recipient == "primary")
    assert to_primary.told.corrects == (first[0].delivery_id, second[0].delivery_id)
    assert [one.told.recipient for one in decided] == ["primary", "coordinator"]


def test_correction__is_made_once() -> None:
    story = Story()
    discharge, _ = story.hear(a_discharge())
    story.hear(a_withdrawal_of(discharge))
    assert story.hear(a_cancellation_of(discharge))[1] == ()


def test_correction__suppressed_when_the_feed_only_records_now() -> None:
    story = Story()
    discharge, _ = story.hear(a_discharge())
    assert reasons(story.hear(a_withdrawal_of(discharge), mode=Mode.SHADOW)[1]) == {"primary": "mode-shadow"}


def test_correction__is_sent_however_old_and_whoever_the_patient_is() -> None:
    story = Story()
    discharge, _ = story.hear(a_discharge())
    old = a_withdrawal_of(discharge, occurred_at=T0 - timedelta(days=9), patient=a_patient(identity_unknown=True))
    assert pending(story.hear(old)[1]) == ["primary"]


def test_correction__of_a_stay_restricted_since_names_nobody() -> None:
    story = Story()
    discharge, told = story.hear(a_discharge())
    (one,) = story.hear(a_withdrawal_of(discharge), label=Label.RESTRICTED)[1]
    assert one.told.status == "pending"
    assert one.context == {
        "masked": True,
        "takes_back": [{"reference": told[0].delivery_id, "notice": "encounter.discharged"}],
    }


def test_correction__withdrawn_transition_and_cancelled_task() -> None:
    story = Story()
    opened, _ = story.hear(a_transition())
    due, _ = story.hear(a_task())
    _, withdrawn = story.hear(a_transition(TransitionWithdrawn, "withdrawn", withdraws=names(opened)))
    _, cancelled = story.hear(a_task(TaskCancelled, "called-off", withdraws=names(due)))
    assert [one.told.notice for one in (*withdrawn, *cancelled)] == ["transition.withdrawn", "task.cancelled"]


def test_correction__an_event_that_takes_back_and_tells_does_both() -> None:
    story = Story(primary())
    discharge, _ = story.hear(a_discharge())
    _, decided = story.hear(an_admission(withdraws=names(discharge)))
    assert [(one.told.recipient, one.told.notice) for one in decided] == [
        ("primary", "correction"),
        ("primary", "encounter.admitted"),
        ("role:coordinator", "encounter.admitted"),
    ]
    assert len({one.delivery_id for one in decided}) == 3


def test_correction__late_and_discharged_again_says_only_that_the_first_message_does_not_stand() -> None:
    """Its own kind would say that the patient is still in the hospital, which is no longer so."""
    story = Story()
    first, told = story.hear(a_discharge())
    _, again = story.hear(a_discharge(encounter=an_encounter(discharge_version=2)))
    (one,) = story.hear(a_withdrawal_of(first), late=True)[1]
    assert (one.told.recipient, one.told.status, one.told.notice) == ("primary", "pending", "correction")
    assert one.told.corrects == (told[0].delivery_id,)
    assert again[0].delivery_id not in one.told.corrects


def test_correction__late_and_corrected_already_is_not_made_again() -> None:
    story = Story()
    first, _ = story.hear(a_discharge())
    story.hear(a_discharge(encounter=an_encounter(discharge_version=2), withdraws=names(first)))
    assert story.hear(a_withdrawal_of(first), late=True)[1] == ()


def test_correction__late_of_work_asked_for_again_does_not_call_it_off() -> None:
    story = Story(coordinator())
    first, told = story.hear(a_transition())
    story.hear(a_transition())
    late = a_transition(TransitionWithdrawn, "withdrawn", withdraws=names(first))
    (one,) = story.hear(late, late=True)[1]
    assert (one.told.status, one.told.notice) == ("pending", "correction")
    assert one.told.corrects == (told[0].delivery_id,)


def test_merged__whoever_was_told_of_that_stay_is_corrected_and_nobody_else_hears_of_it() -> None:
    story = Story()
    admission, told = story.hear(an_admission())
    _, decided = story.hear(a_repair_of(EncounterMerged, admission))
    assert [(one.told.recipient, one.told.notice, one.told.corrects) for one in decided] == [
        ("primary", "encounter.merged", (told[0].delivery_id,)),
        ("coordinator", "encounter.merged", (told[1].delivery_id,)),
    ]
    assert decided[0].context["patient"] == "Testperson, Ada"


def test_moved__those_told_are_corrected_and_the_supervisor_hears_of_the_incident() -> None:
    story = Story()
    admission, told = story.hear(an_admission())
    _, decided = story.hear(a_repair_of(EncounterMoved, admission))
    assert [(one.told.recipient, one.told.notice, one.told.corrects) for one in decided] == [
        ("primary", "correction.wrong-patient", (told[0].delivery_id,)),
        ("coordinator", "correction.wrong-patient", (told[1].delivery_id,)),
        ("supervisor", "encounter.moved", ()),
    ]
    references = [told[0].delivery_id, told[1].delivery_id]
    taken = {"reference": references[0], "notice": "encounter.admitted"}
    assert decided[0].context == {"masked": True, "takes_back": [taken]}
    assert decided[2].context == {"encounter": "encounter-1", "told": references}


def test_moved__the_incident_lists_what_may_have_been_sent_only() -> None:
    story = Story(primary(), attending(subscriptions=()), coordinator(subscriptions=()), supervisor())
    first, told = story.hear(a_discharge())
    story.hear(a_withdrawal_of(first))
    story.hear(an_admission(processing_id="T"))
    (incident,) = story.hear(a_repair_of(EncounterMoved))[1]
    assert incident.told.recipient == "supervisor"
    assert incident.context == {"encounter": "encounter-1", "told": [told[0].delivery_id]}


@pytest.mark.parametrize(
    ("changes", "envelope"),
    [
        ({"occurred_at": T0 - timedelta(days=9)}, {}),
        ({"patient": a_patient(identity_unknown=True)}, {}),
        ({"patient": a_patient(identity_disputed=True)}, {}),
        ({"encounter": an_encounter(status="cancelled", protected=True)}, {}),
        ({}, {"label": Label.RESTRICTED}),
        ({}, {"late": True}),
    ],
)
def test_moved__an_incident_stays_one(changes: dict[str, Any], envelope: dict[str, Any]) -> None:
    story = Story(supervisor())
    story.hear(a_discharge(encounter=an_encounter(discharge_version=2), care_team=()))
    assert pending(story.hear(a_repair_of(EncounterMoved, **changes), **envelope)[1]) == ["supervisor"]


@pytest.mark.parametrize(
    ("envelope", "reason"),
    [({"mode": Mode.SHADOW}, "mode-shadow"), ({"mode": Mode.BACKLOAD}, "mode-backload"), ({"quiet": True}, QUIET)],
)
def test_moved__a_feed_that_only_records_tells_of_no_incident(envelope: dict[str, Any], reason: str) -> None:
    assert reasons(Story(supervisor()).hear(a_repair_of(EncounterMoved), **envelope)[1])["supervisor"] == reason


def test_moved__a_supervisor_is_missed_where_nobody_serves_as_one() -> None:
    assert reasons(Story(primary()).hear(a_repair_of(EncounterMoved))[1]) == {"role:supervisor": "no-directory-entry"}


def test_moved__heard_late_is_still_of_the_wrong_patient() -> None:
    story = Story(primary())
    discharge, _ = story.hear(a_discharge())
    story.hear(a_discharge(encounter=an_encounter(discharge_version=2)))
    first, *_ = story.hear(a_repair_of(EncounterMoved, discharge), late=True)[1]
    assert (first.told.notice, first.told.status) == ("correction.wrong-patient", "pending")


def test_moved__the_work_behind_it_is_called_off_without_a_name() -> None:
    story = Story(coordinator())
    opened, told = story.hear(a_transition())
    due, _ = story.hear(a_task())
    transition = a_transition(TransitionWithdrawn, "withdrawn", withdraws=names(opened))
    moved = transition.transition.model_copy(update={"reason": "encounter-moved"})
    (one,) = story.hear(transition.model_copy(update={"transition": moved}))[1]
    assert one.told.notice == "transition.withdrawn"
    taken = {"reference": told[0].delivery_id, "notice": "transition.opened"}
    assert one.context == {"masked": True, "takes_back": [taken]}
    task = a_task(TaskCancelled, "called-off", withdraws=names(due))
    cancelled = task.model_copy(update={"task": task.task.model_copy(update={"reason": "encounter-moved"})})
    (one,) = story.hear(cancelled)[1]
    assert (one.told.notice, one.context["masked"], len(one.context)) == ("task.cancelled", True, 2)


def test_quiet__nobody_is_told_and_nobody_corrected() -> None:
    story = Story(primary())
    discharge, _ = story.hear(a_discharge())
    assert reasons(story.hear(an_admission(), quiet=True)[1]) == {"primary": QUIET, "role:coordinator": QUIET}
    assert reasons(story.hear(a_withdrawal_of(discharge), quiet=True)[1]) == {"primary": QUIET}


@pytest.mark.parametrize(
    ("hours", "encounter", "told"),
    [
        (2, {"greatest_age_s": 7200}, True),
        (3, {"greatest_age_s": 7200}, False),
        (25, {"greatest_age_s": 93600}, True),
        (200, {"rebuilt": True}, True),
        (200, {"rebuilt": True, "greatest_age_s": 7200}, True),
    ],
)
def test_age__the_feeds_own_and_none_for_a_stay_said_anew(hours: int, encounter: dict[str, Any], told: bool) -> None:
    old = a_discharge(occurred_at=T0 - timedelta(hours=hours), encounter=an_encounter(**encounter))
    decided = Story(primary()).hear(old)[1]
    assert (pending(decided), reasons(decided)) == ((["primary"], {}) if told else ([], {"primary": "too-old"}))


def test_death__is_told_once() -> None:
    story = Story()
    dead = an_update(patient=a_patient(deceased=True))
    assert pending(story.hear(dead)[1]) == ["primary", "coordinator"]
    assert story.hear(dead)[1] == ()


def test_death__told_with_the_discharge_is_not_told_again() -> None:
    story = Story()
    story.hear(a_discharge(patient=a_patient(deceased=True)))
    assert story.hear(an_update(patient=a_patient(deceased=True)))[1] == ()


def test_death__taken_back() -> None:
    story = Story()
    _, told = story.hear(an_update(patient=a_patient(deceased=True)))
    _, decided = story.hear(an_update())
    assert [(one.told.recipient, one.told.notice, one.told.withdraws) for one in decided] == [
        ("primary", "patient.death-withdrawn", True),
        ("coordinator", "patient.death-withdrawn", True),
    ]
    assert decided[0].told.corrects == (told[0].delivery_id,)
    assert story.hear(an_update())[1] == ()


def test_death__taken_back_beside_a_discharge_that_stands() -> None:
    story = Story(primary())
    discharge, told = story.hear(a_discharge(patient=a_patient(deceased=True)))
    (alive,) = story.hear(an_update(encounter=an_encounter()))[1]
    assert (alive.told.notice, alive.told.withdraws) == ("patient.death-withdrawn", False)
    story.hear(an_update(encounter=an_encounter(), patient=a_patient(deceased=True)))
    again = story.hear(an_update(encounter=an_encounter()))[1]
    assert [one.told.notice for one in again] == ["patient.death-withdrawn"]
    assert told[0].delivery_id not in again[0].told.corrects
    (withdrawn,) = story.hear(a_withdrawal_of(discharge))[1]
    assert withdrawn.told.corrects == (told[0].delivery_id,)


def test_death__a_late_update_takes_nothing_back() -> None:
    story = Story()
    story.hear(an_update(patient=a_patient(deceased=True)))
    assert story.hear(an_update(), late=True)[1] == ()


def test_death__work_asked_for_by_who_did_not_know_is_not_told() -> None:
    story = Story(coordinator())
    story.hear(a_discharge(patient=a_patient(deceased=True)))
    assert reasons(story.hear(a_task())[1]) == {"coordinator": "superseded"}
    assert pending(story.hear(a_transition(TransitionClosed, "closed"))[1]) == ["coordinator"]


def test_ledger__has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide_module, "LEDGER_LIMIT", 2)
    story = Story()
    story.hear(an_admission())
    with pytest.raises(LedgerFull):
        story.hear(a_discharge())


def test_decide__is_only_about_encounters() -> None:
    with pytest.raises(TypeError):
        Story().hear(primary())


ONE_WITH = a_patient(also_known_as=("patient-2",))


def test_one_person__is_told_to_whoever_subscribes_to_it_and_once() -> None:
    story = Story(primary(), coordinator(subscriptions=("patient.merged",)))
    story.hear(an_admission())
    _, decided = story.hear(an_update(patient=ONE_WITH))
    assert [(one.told.recipient, one.told.notice) for one in decided] == [("coordinator", "patient.merged")]
    assert story.hear(an_update(patient=ONE_WITH))[1] == ()
    assert story.hear(an_update())[1] == ()
    again = a_patient(also_known_as=("patient-2", "patient-3"))
    assert pending(story.hear(an_update(patient=again))[1]) == ["coordinator"]


def test_one_person__nobody_hears_of_it_by_default() -> None:
    story = Story()
    story.hear(an_admission())
    assert story.hear(an_update(patient=ONE_WITH))[1] == ()


def test_one_person__a_stay_first_heard_of_or_heard_late_is_no_news() -> None:
    wants = coordinator(subscriptions=("patient.merged",))
    assert Story(wants).hear(an_update(patient=ONE_WITH))[1] == ()
    story = Story(wants)
    story.hear(an_admission())
    assert story.hear(an_update(patient=ONE_WITH), late=True)[1] == ()


def test_one_person__a_death_in_the_same_event_is_told_instead() -> None:
    story = Story(coordinator(subscriptions=("patient.merged", "patient.died")))
    story.hear(an_admission())
    dead = ONE_WITH.model_copy(update={"deceased": True})
    assert {one.told.notice for one in story.hear(an_update(patient=dead))[1]} == {"patient.died"}
