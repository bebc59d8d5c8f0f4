"""Amendments: whoever was told of what stands with another content hears so, once, and as the last word."""

from __future__ import annotations

from typing import Any

import pytest

from services.notifier.domain.delivery import Due, correction_due, withdraw
from services.notifier.domain.model import Decided
from shared.schemas.encounters import EncounterUpdated
from shared.schemas.envelope import Label, Mode
from shared.schemas.tasks import TaskCancelled
from shared.schemas.transitions import TransitionUpdated
from tests.builders import T0, a_discharge, a_patient, an_encounter
from tests.unit.notifier.givens import (
    a_correction,
    a_delivery,
    a_task,
    a_transition,
    a_withdrawal_of,
    an_admission,
    an_amendment_of,
    an_update,
    names,
    primary,
)
from tests.unit.notifier.test_decide import Story, pending, reasons

DEAD = a_patient(deceased=True)


def kinds(decided: tuple[Decided, ...]) -> list[tuple[str, str]]:
    return [(one.told.recipient, one.told.notice) for one in decided]


def ids(decided: tuple[Decided, ...]) -> tuple[str, ...]:
    return tuple(one.delivery_id for one in decided)


def test_amended__those_told_home_hear_of_the_nursing_facility_and_nobody_else_does() -> None:
    story = Story()
    discharge, told = story.hear(a_discharge())
    _, decided = story.hear(an_amendment_of(discharge))
    assert kinds(decided) == [("primary", "encounter.amended")]
    assert decided[0].told.corrects == ids(told)
    assert decided[0].told.withdraws is False
    assert decided[0].context["discharged_to"] == "skilled nursing facility"
    assert decided[0].context["takes_back"] == [{"reference": ids(told)[0], "notice": "encounter.discharged"}]


def test_amended__whoever_was_not_told_is_owed_nothing() -> None:
    story = Story(primary(subscriptions=()))
    discharge, told = story.hear(a_discharge())
    assert reasons(told)["primary"] == "not-subscribed"
    assert story.hear(an_amendment_of(discharge))[1] == ()


def test_amended__each_amended_event_has_its_own_hearers() -> None:
    story = Story()
    admission, first = story.hear(an_admission())
    discharge, second = story.hear(a_discharge())
    _, decided = story.hear(an_amendment_of(admission, discharge))
    assert [(one.told.recipient, one.told.corrects) for one in decided] == [
        ("primary", (ids(first)[0], ids(second)[0])),
        ("coordinator", (ids(first)[1],)),
    ]


def test_amended__again_the_earlier_amendment_is_amended_too() -> None:
    """So that it waits for it: two corrections under way must not arrive the wrong way round."""
    story = Story(primary())
    discharge, told = story.hear(a_discharge())
    _, first = story.hear(an_amendment_of(discharge))
    _, second = story.hear(an_amendment_of(discharge, encounter=an_encounter(disposition="06")))
    assert second[0].told.corrects == (*ids(told), *ids(first))


def test_amended__then_withdrawn_takes_back_the_amendment_too_and_once() -> None:
    story = Story(primary())
    discharge, told = story.hear(a_discharge())
    _, amended = story.hear(an_amendment_of(discharge))
    _, withdrawn = story.hear(a_withdrawal_of(discharge))
    assert kinds(withdrawn) == [("primary", "encounter.discharge-withdrawn")]
    assert withdrawn[0].told.corrects == (*ids(told), *ids(amended))
    assert withdrawn[0].told.withdraws is True
    assert story.hear(an_amendment_of(discharge))[1] == ()
    assert story.hear(a_withdrawal_of(discharge))[1] == ()


def test_amended__heard_late_says_only_that_the_earlier_message_does_not_stand() -> None:
    story = Story(primary())
    discharge, _ = story.hear(a_discharge())
    _, late = story.hear(an_amendment_of(discharge), late=True)
    assert kinds(late) == [("primary", "correction")]
    assert late[0].told.withdraws is False


def test_amended__heard_late_after_another_one_is_history() -> None:
    story = Story(primary())
    discharge, _ = story.hear(a_discharge())
    story.hear(an_amendment_of(discharge, encounter=an_encounter(disposition="06")))
    assert story.hear(an_amendment_of(discharge), late=True)[1] == ()


def test_amended__one_event_may_withdraw_one_and_amend_another() -> None:
    story = Story(primary())
    admission, _ = story.hear(an_admission())
    discharge, _ = story.hear(a_discharge())
    _, decided = story.hear(a_withdrawal_of(discharge, amends=names(admission)))
    assert kinds(decided) == [("primary", "encounter.amended"), ("primary", "encounter.discharge-withdrawn")]
    assert len(set(ids(decided))) == 2


def test_amended__a_discharge_that_told_a_death_loses_it_and_is_amended() -> None:
    """Disposition 20, then 01: the message of the discharge said both that the patient died and where to."""
    story = Story(primary())
    discharge, told = story.hear(a_discharge(patient=DEAD, encounter=an_encounter(disposition="20")))
    _, decided = story.hear(an_amendment_of(discharge, encounter=an_encounter()))
    assert kinds(decided) == [("primary", "patient.death-withdrawn"), ("primary", "encounter.amended")]
    assert [one.told.corrects for one in decided] == [ids(told), ids(told)]


def test_amended__to_died_and_not_died_after_all() -> None:
    """The amendment told the death; who was told by it hears that it is taken back."""
    story = Story(primary(subscriptions=("encounter.discharged",)))
    discharge, told = story.hear(a_discharge())
    dead = an_amendment_of(discharge, patient=DEAD, encounter=an_encounter(disposition="20"))
    _, died = story.hear(dead)
    assert [one.told.died for one in died if one.told.notice == "encounter.amended"] == [True]
    _, alive = story.hear(an_amendment_of(discharge, encounter=an_encounter()))
    assert kinds(alive) == [("primary", "encounter.amended"), ("primary", "patient.death-withdrawn")]
    assert alive[0].told.corrects == (*ids(told), *ids(died)[:1])
    assert alive[1].told.corrects == ids(died)[:1]


def test_amended__a_restricted_stay_is_masked_and_a_feed_that_only_records_tells_nobody() -> None:
    story = Story(primary())
    discharge, told = story.hear(a_discharge())
    _, masked = story.hear(an_amendment_of(discharge), label=Label.RESTRICTED)
    assert masked[0].context == {
        "masked": True,
        "takes_back": [{"reference": ids(told)[0], "notice": "encounter.discharged"}],
    }
    assert pending(masked) == ["primary"]
    assert reasons(story.hear(an_amendment_of(discharge), mode=Mode.SHADOW)[1]) == {"primary": "mode-shadow"}


def test_amended__the_coordinator_was_told_by_the_transition() -> None:
    story = Story()
    opened, told = story.hear(a_transition())
    _, decided = story.hear(a_transition(TransitionUpdated, amends=names(opened)))
    assert kinds(decided) == [("coordinator", "transition.amended")]
    assert decided[0].told.corrects == ids(told)


def test_alive__a_transition_that_is_heard_after_the_stay_denied_the_death_is_denied_by_the_next() -> None:
    """The two topics are not ordered among each other: the stay had nothing to deny when it said so."""
    story = Story()
    story.hear(a_discharge(patient=DEAD))
    _, denied = story.hear(an_update(encounter=an_encounter()))
    assert kinds(denied) == [("primary", "patient.death-withdrawn")]
    _, told = story.hear(a_transition(status="closed", patient=DEAD))
    assert [one.told.died for one in told] == [True]
    _, alive = story.hear(a_transition(TransitionUpdated))
    assert kinds(alive) == [("coordinator", "patient.death-withdrawn")]
    assert alive[0].told.corrects == ids(told)
    assert story.hear(a_transition(TransitionUpdated))[1] == ()


def test_alive__a_task_that_is_heard_after_the_stay_denied_the_death_is_denied_by_the_next() -> None:
    """Bereavement was due, and is called off: who heard so after the stay had spoken is told what the others were."""
    story = Story()
    story.hear(a_discharge(patient=DEAD))
    story.hear(an_update(encounter=an_encounter()))
    _, told = story.hear(a_task(patient=DEAD))
    assert [one.told.died for one in told] == [True]
    off = a_task(TaskCancelled, "called-off")
    assert story.hear(off, late=True)[1] == ()
    _, alive = story.hear(off)
    assert kinds(alive) == [("coordinator", "patient.death-withdrawn")]
    assert alive[0].told.corrects == ids(told)
    assert story.hear(off)[1] == ()


def test_alive__a_task_denies_nothing_of_a_transition() -> None:
    story = Story()
    story.hear(a_transition(status="closed", patient=DEAD))
    assert story.hear(a_task(TaskCancelled, "called-off"))[1] == ()


def test_alive__a_transition_denies_nothing_of_the_stay_nor_when_it_is_late() -> None:
    """It may have been said before the death was heard of."""
    story = Story()
    story.hear(a_discharge(patient=DEAD))
    assert story.hear(a_transition(TransitionUpdated))[1] == ()
    story.hear(a_transition(status="closed", patient=DEAD))
    assert story.hear(a_transition(TransitionUpdated), late=True)[1] == ()


def test_alive__a_transition_denies_nothing_while_the_stay_still_says_dead() -> None:
    story = Story()
    story.hear(a_discharge(patient=DEAD))
    story.hear(a_transition(status="closed", patient=DEAD))
    assert story.hear(a_transition(TransitionUpdated))[1] == ()


def test_update__that_amends_nothing_is_news_to_nobody() -> None:
    story = Story()
    story.hear(a_discharge())
    update: Any = EncounterUpdated(patient=a_patient(), encounter=an_encounter(), occurred_at=T0)
    assert story.hear(update)[1] == ()


@pytest.mark.parametrize("gone", [True, False])
def test_due__an_amendment_waits_for_all_that_is_still_to_be_sent(gone: bool) -> None:
    amendment = a_correction("delivery-1", "delivery-2", withdraws=False)
    told = a_delivery("delivery-1").but(status="sent")
    waiting = a_delivery("delivery-2")
    other = withdraw(waiting, "correction-9", T0) if gone else waiting
    assert correction_due(amendment, [told, other]) is (Due.SEND if gone else Due.WAIT)
