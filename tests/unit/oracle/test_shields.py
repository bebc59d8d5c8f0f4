"""Protected stays on paper (42 CFR Part 2; HL7 PV2-22, PD1-12, v2.6 ARV): from the first word of it nobody is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

from demo.oracle.comparing import compare, leaks
from demo.oracle.facts import SENT, Account, Arrival, Message, Telling, Visit
from demo.oracle.observing import Observed
from tests.unit.oracle.paper import ADMIT, DISCHARGE, VISIT, account, at, message, of, told, visit

RESTRICTED = "suppressed:restricted"
NIGHT = "11-02 23:00"
TRANSFER = message("A02", "11-01 14:00", place="DETOX 401", unit=True)
BACK = message("A12", "11-01 14:00", recorded="11-01 15:00", place="3WEST 301")
NO_STEP: dict[str, Any] = {"step": timedelta(0)}


def in_order(*messages: Message, until: str = NIGHT) -> Account:
    """Let in a minute apart in the order given, after all was written."""
    order = [Arrival(one.control_id, at("11-02 16:00") + timedelta(minutes=n)) for n, one in enumerate(messages)]
    return account(messages, until, arrivals=order, **NO_STEP)


def outcomes(of: Visit, notice: str) -> set[str]:
    return {became for (name, _, _), by in told(of).items() if name == notice for became in by.values()}


def test_story_58__what_was_told_before_stays_told_and_nothing_is_after() -> None:
    """The transfer into the unit was cancelled: it was there all the same."""
    found = visit([ADMIT, TRANSFER, BACK, DISCHARGE], NIGHT, **NO_STEP)
    assert outcomes(found, "encounter.admitted") == {SENT}
    assert outcomes(found, "encounter.discharged") == {RESTRICTED}
    assert outcomes(found, "transition.opened") == {RESTRICTED}
    assert (found.shielded, found.corrections) == (at("11-01 14:11"), {})


def test_story_59__a_unit_that_is_heard_of_first_counts_before_the_begin_is_heard() -> None:
    found = in_order(TRANSFER, ADMIT, DISCHARGE).visits[VISIT]
    assert {became for by in told(found).values() for became in by.values()} == {RESTRICTED}


def test_story_60__a_protected_visit_is_protected_alone_and_a_patient_in_every_stay() -> None:
    other = message("A04", "11-02 18:00", visit="V2", class_="E")
    of_visit = account([of(ADMIT, shields_visit=True), other], NIGHT, **NO_STEP).visits
    assert outcomes(of_visit[VISIT], "encounter.admitted") == {RESTRICTED}
    assert outcomes(of_visit["V2"], "encounter.registered") == {SENT}
    of_patient = account([of(ADMIT, shields_patient=True), other], NIGHT, **NO_STEP).visits
    assert outcomes(of_patient["V2"], "encounter.registered") == {RESTRICTED}


def test_story_61__who_was_told_before_is_corrected_after() -> None:
    """That it never was is owed to those who heard of it; the mail names nobody."""
    cancel = message("A11", "11-01 12:00", recorded="11-01 18:00")
    found = visit([ADMIT, TRANSFER, cancel], NIGHT, **NO_STEP)
    assert found.status == "cancelled"
    assert {one.recipient for one in found.corrections} == {"pcp", "coordinator"}
    silent = visit([of(ADMIT, unit=True), cancel], NIGHT, **NO_STEP)
    assert (silent.status, silent.corrections) == ("cancelled", {})


def test_story_62__no_alarm_of_its_work_is_told() -> None:
    """Discharged on Monday 2 November: the contact is due on the 4th, and overdue the day after."""
    found = visit([of(ADMIT, unit=True), DISCHARGE], "11-12 12:00")
    alarms = {became for (name, _, _), by in told(found).items() if name.startswith("task.") for became in by.values()}
    assert alarms == {RESTRICTED}


def test_story_63__a_stay_of_the_wrong_patient_told_nobody_and_the_supervisor_hears_of_the_move() -> None:
    wrong = of(ADMIT, patient="NORTH|W1", mistaken=True, unit=True)
    move = message("A44", "11-01 18:00", moves="NORTH|W1")
    visits = account([wrong, move], NIGHT, **NO_STEP).visits
    assert outcomes(visits["V1/wrong"], "encounter.admitted") == {RESTRICTED}
    assert outcomes(visits["V1/wrong"], "encounter.moved") == {SENT}
    assert visits["V1/wrong"].corrections == {}
    assert outcomes(visits[VISIT], "encounter.admitted") == {RESTRICTED}, "its unit goes with it"


def test_story_64__of_a_merged_number_either_may_have_been_heard_first() -> None:
    """Within a step. Beyond it, it is certain."""
    temporary = of(ADMIT, patient="NORTH|T1")
    merge = message("A40", "11-02 16:00", visit="", retires="NORTH|T1", shields_patient=True)
    end = of(DISCHARGE, patient="NORTH|T1")
    near = visit([temporary, end, merge], NIGHT, step=timedelta(hours=3))
    assert outcomes(near, "encounter.discharged") == {f"{SENT} or {RESTRICTED}"}
    assert outcomes(near, "encounter.admitted") == {SENT}
    assert near.shielded == at("11-02 19:11")


def test_compare__a_leak_is_a_difference() -> None:
    expected = account([ADMIT, TRANSFER, DISCHARGE], NIGHT, **NO_STEP)
    end = expected.visits[VISIT]
    leaked = Telling("encounter.discharged", "", 1, 1, "pcp")
    got = replace(end, told={**end.told, leaked: frozenset({SENT})})
    (only,) = compare(expected, Account({VISIT: got}))
    assert (only.what, only.expected, only.got) == ("encounter.discharged v1 no. 1 to pcp", RESTRICTED, SENT)
    assert compare(expected, Account({VISIT: end})) == []


def mail(text: str) -> EmailMessage:
    found = EmailMessage()
    found["X-Care-Delivery"] = "d1"
    found.set_content(text, cte="quoted-printable")
    return found


def test_leaks__a_correction_of_a_protected_stay_that_names_somebody() -> None:
    expected = account([ADMIT, TRANSFER, DISCHARGE], NIGHT, **NO_STEP)
    seen = Observed()
    seen.mail(mail("An earlier message from us does not stand. Please disregard it.\nReference: d1\n"))
    assert leaks(expected, {"d1": (VISIT, at("11-01 14:11"))}, seen.naming) == []
    seen.mail(mail("Patient: Testmüller, Zoë\nSending institution: TESTSNF\n"))
    (only,) = leaks(expected, {"d1": (VISIT, at("11-01 14:11"))}, seen.naming)
    assert (only.visit, only.expected, only.got) == (VISIT, "no name", "a name")
    assert leaks(expected, {"d1": (VISIT, at("11-01 14:10"))}, seen.naming) == [], "it was not known then"
    assert leaks(expected, {"d1": ("V9", at("11-01 14:11"))}, seen.naming) == []
