"""Holidays at the edges of a count, machines in other zones, and what is named when it is taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.discharge.domain.clocks import derive
from services.discharge.domain.deadlines import Calendar, plan
from services.discharge.domain.pathways import PathwaysInvalid, parse_pathways
from services.discharge.handlers import handlers
from services.discharge.store import load_pathways
from shared.schemas.encounters import DischargeWithdrawn, EncounterUpdated, When, Withdrawal
from shared.schemas.envelope import derived_id
from shared.schemas.topics import ENCOUNTERS
from shared.schemas.transitions import Deadline, TransitionOpened, TransitionUpdated, TransitionWithdrawn
from tests.builders import T0, DeskOf, a_care_team, a_discharge, a_patient, an_encounter, heard

TABLE = load_pathways()
HOLIDAYS = frozenset(map(date.fromisoformat, ["2026-11-26", "2026-12-24", "2026-12-25", "2027-01-01"]))
CALENDAR = Calendar("by-hand", HOLIDAYS, 2026, 2027)
HANDLER = handlers(TABLE, CALENDAR)[ENCOUNTERS.name]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def planned(t0: str, calendar: Calendar = CALENDAR) -> dict[str, Deadline]:
    found = plan(TABLE.clocks_of("home"), an_encounter(zone="America/New_York"), When(instant=utc(t0)), calendar)
    return {deadline.code: deadline for deadline in found}


@pytest.mark.parametrize(
    ("discharged", "skipped", "due_at"),
    [
        # Wed 25 Nov 22:00 EST, in UTC it is Thanksgiving already: Thu is skipped, Fri, Mon
        ("2026-11-26T03:00:00", "2026-11-26", "2026-12-01T04:59:59"),
        # on Thanksgiving itself, which is not counted and not skipped: Fri, Mon
        ("2026-11-26T15:00:00", "", "2026-12-01T04:59:59"),
        # Mon 23 Nov: Tue, Wed; the holiday behind the deadline was not met
        ("2026-11-23T15:00:00", "", "2026-11-26T04:59:59"),
        # Wed 23 Dec: Thu and Fri are skipped, and the weekend: Mon, Tue
        ("2026-12-23T15:00:00", "2026-12-24,2026-12-25", "2026-12-30T04:59:59"),
    ],
)
def test_contact__names_the_holidays_between_discharge_and_deadline(discharged, skipped, due_at):
    contact = planned(discharged)["contact"]
    assert (contact.inputs["holidays"], contact.due_at) == (skipped, utc(due_at))


@pytest.mark.parametrize(
    ("discharged", "first", "last", "flags"),
    [
        ("2026-12-30T15:00:00", 2026, 2027, ()),  # due Mon 4 Jan 2027
        ("2026-12-30T15:00:00", 2027, 2027, ("holidays-unknown",)),
        ("2026-12-30T15:00:00", 2026, 2026, ("holidays-unknown",)),
        ("2027-11-02T15:00:00", 2026, 2027, ()),
    ],
)
def test_contact__both_its_years_must_be_known(discharged, first, last, flags):
    calendar = replace(CALENDAR, first_year=first, last_year=last)
    assert planned(discharged, calendar)["contact"].flags == flags


@pytest.mark.parametrize("precision", ["year", "month"])
def test_a_time_known_to_the_month_or_year_only__is_flagged_on_every_clock(precision):
    at = When(instant=utc("2026-11-01T04:00:00"), precision=precision)
    found = plan(TABLE.clocks_of("home"), an_encounter(), at, CALENDAR)
    assert [deadline.flags for deadline in found] == [(f"{precision}-precision",)] * 4


def test_a_deadline__names_the_clock_it_is_due_with_and_no_edition_it_does_not_know():
    assert planned("2026-11-03T15:00:00")["medication-reconciliation"].inputs == {
        "t0": "2026-11-03T15:00:00+00:00",
        "zone": "America/New_York",
        "clock": "practitioner-visit",
        "days": "7",
        "latest_days": "30",
    }


def test_instants__are_utc_wherever_the_machine_stands(machine_in_auckland):
    visit, contact = (planned("2026-11-03T15:00:00")[code] for code in ("home-visit", "contact"))
    assert visit.inputs["t0"] == "2026-11-03T15:00:00+00:00"
    assert (visit.opens_at.isoformat(), visit.due_at.isoformat()) == (
        "2026-11-05T15:00:00+00:00",
        "2026-11-06T15:00:00+00:00",
    )
    assert contact.due_at.isoformat() == "2026-11-06T04:59:59+00:00"


def test_business_days__are_the_facilitys_wherever_the_machine_stands(machine_in_auckland):
    # Wed 25 Nov 10:00 EST is Thursday, 04:00, in Auckland
    contact = planned("2026-11-25T15:00:00")["contact"]
    assert (contact.inputs["holidays"], contact.due_at) == ("2026-11-26", utc("2026-12-01T04:59:59"))
    again = derive(contact.rule, contact.rule_version, contact.inputs)
    assert again.opens_at.utcoffset() == again.due_at.utcoffset() == timedelta(0)


def test_parse__names_the_unknown_clocks_of_every_pathway():
    table = TABLE.model_dump(mode="json")
    table["pathways"]["home"]["clocks"] = ["sundial"]
    table["pathways"]["custody"]["clocks"] = ["hourglass"]
    with pytest.raises(PathwaysInvalid) as refused:
        parse_pathways(table)
    assert "pathways.home names sundial, no clock" in str(refused.value)
    assert "pathways.custody names hourglass, no clock" in str(refused.value)


def discharged(desk, n=1, **changes):
    return heard(HANDLER, a_discharge(encounter=an_encounter(**changes), patient=a_patient()), desk, n=n)


def updated(desk, n, handler=HANDLER, **changes):
    data = EncounterUpdated(
        patient=a_patient(),
        encounter=an_encounter(**changes),
        care_team=a_care_team(),
        occurred_at=T0 + timedelta(hours=n),
    )
    return heard(handler, data, desk, n=n)


def withdrawn(desk, n):
    data = DischargeWithdrawn(
        patient=a_patient(),
        encounter=an_encounter(status="in-progress", discharged_at=None, disposition=""),
        care_team=a_care_team(),
        occurred_at=T0,
    )
    return heard(HANDLER, data, desk, n=n)


def test_a_newborns_discharge__is_a_persons_to_decide():
    (say,) = discharged(DeskOf(), class_="I", admission_type="N").say
    assert say.data.transition.pathway == "maternity"


def test_what_is_said__has_the_id_that_its_cause_its_type_and_its_transition_give_it():
    desk = DeskOf()
    transition = derived_id("transition", "encounter-1", 1)
    (opened,) = discharged(desk).say
    (gone,) = withdrawn(desk, 2).say
    first = derived_id("test", "encounter.discharged.v1", "encounter-1", 1)
    second = derived_id("test", "encounter.discharge-withdrawn.v1", "encounter-1", 2)
    assert opened.id == derived_id("discharge", first, "transition.opened.v1", transition)
    assert gone.id == derived_id("discharge", second, "transition.withdrawn.v1", transition)


def test_opened_again__the_next_withdrawal_names_the_second_opening():
    desk = DeskOf()
    discharged(desk)
    updated(desk, 2, disposition="30")
    (again,) = updated(desk, 3, disposition="01").say
    assert type(again.data) is TransitionOpened
    (gone,) = withdrawn(desk, 4).say
    assert type(gone.data) is TransitionWithdrawn
    assert gone.data.withdraws == (Withdrawal(event_id=again.id, type="org.caretransitions.transition.opened.v1"),)


def test_a_death_that_was_a_mistake__is_taken_back_once():
    desk = DeskOf()
    discharged(desk)
    updated(desk, 2, disposition="20")
    (back,) = updated(desk, 3).say
    assert type(back.data) is TransitionUpdated
    assert len(back.data.withdraws) == 1
    assert updated(desk, 4).say == ()


def test_died_after_all__opens_closed_what_had_been_withdrawn():
    desk = DeskOf()
    discharged(desk)
    updated(desk, 2, disposition="30")
    (say,) = updated(desk, 3, disposition="20").say
    assert type(say.data) is TransitionOpened
    assert (say.data.transition.status, say.data.transition.reason) == ("closed", "deceased")
    (gone,) = withdrawn(desk, 4).say
    assert type(gone.data) is TransitionWithdrawn
    assert [withdrawal.event_id for withdrawal in gone.data.withdraws] == [say.id]


def test_a_table_that_derives_the_same_times_from_other_inputs__is_an_update():
    desk = DeskOf()
    discharged(desk)
    visit = TABLE.clocks["practitioner-visit"].model_copy(update={"long_days": 21})
    table = TABLE.model_copy(update={"clocks": {**TABLE.clocks, "practitioner-visit": visit}})
    (say,) = updated(desk, 2, handler=handlers(table, CALENDAR)[ENCOUNTERS.name]).say
    assert type(say.data) is TransitionUpdated
    assert {d.code: d.inputs for d in say.data.transition.deadlines}["practitioner-visit"]["long_days"] == "21"
