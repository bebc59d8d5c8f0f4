"""What a message says: 42 CFR 482.24(d), in the facility's own time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.notifier.domain.content import context_of, shown
from shared.schemas.encounters import CareTeamMember, PersonName, When
from shared.schemas.identifiers import Identifier
from tests.builders import a_discharge, a_patient, an_encounter
from tests.unit.notifier.givens import a_task, a_transition, an_admission


def a_member(role: str, family: str) -> CareTeamMember:
    return CareTeamMember(role=role, provider=Identifier(value="1", assigner="NORTH"), name=PersonName(family=family))


def test_content__patient_practitioner_and_institution() -> None:
    context = context_of(a_discharge())
    assert context["patient"] == "Testperson, Ada"
    assert context["practitioner"] == "Attend"
    assert context["institution"] == "NORTH"
    assert context["discharged_at"] == "2026-11-03 10:00 EST"
    assert context["admitted_at"] == "2026-10-30 10:00 EDT"
    assert context["discharged_to"] == "home"


@pytest.mark.parametrize(
    ("team", "practitioner"),
    [
        ((a_member("ADM", "Admit"), a_member("ATND", "First"), a_member("ATND", "Second")), "First"),
        ((a_member("PCP", "Primary"), a_member("ADM", "Admit")), "Admit"),
        ((a_member("ATND", ""), a_member("PCP", "Primary")), "not stated"),
    ],
)
def test_practitioner__who_attends_else_who_admitted(team: tuple[CareTeamMember, ...], practitioner: str) -> None:
    assert context_of(a_discharge(care_team=team))["practitioner"] == practitioner


def test_content__what_was_not_sent_is_not_stated() -> None:
    bare = an_admission(
        patient=a_patient(name=PersonName()),
        encounter=an_encounter(facility="", discharged_at=None, disposition="", zone="Nowhere/Land"),
    )
    context = context_of(bare)
    named = ("patient", "institution", "discharged_at", "discharged_to")
    assert {name: context[name] for name in named} == dict.fromkeys(named, "not stated")
    assert context["occurred_at"] == "2026-11-03 15:00 UTC"


def test_content__a_disposition_nobody_knows_is_shown_as_sent() -> None:
    assert context_of(a_discharge(encounter=an_encounter(disposition="9Z")))["discharged_to"] == "9Z"


def test_name__all_its_parts() -> None:
    name = PersonName(family="Testperson", given="Ada", middle="B", prefix="Dr.", suffix="Jr.")
    assert context_of(a_discharge(patient=a_patient(name=name)))["patient"] == "Testperson, Dr. Ada B, Jr."


@pytest.mark.parametrize(
    ("precision", "text"),
    [
        ("year", "2026"),
        ("month", "2026-11"),
        ("day", "2026-11-01"),
        ("hour", "2026-11-01 01:00 EST"),
        ("minute", "2026-11-01 01:30 EST"),
        ("second", "2026-11-01 01:30 EST"),
    ],
)
def test_time__no_more_precisely_than_it_was_sent(precision: str, text: str) -> None:
    second_half_past_one = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # the clocks went back at 06:00 UTC
    assert shown(second_half_past_one, "America/New_York", precision) == text


def test_time__the_two_halves_past_one_of_autumn_differ_by_their_zone() -> None:
    assert shown(datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "America/New_York") == "2026-11-01 01:30 EDT"


def test_time__of_a_day_is_that_day() -> None:
    midnight = When(instant=datetime(2026, 11, 3, 5, 0, tzinfo=UTC), precision="day")
    assert context_of(a_discharge(encounter=an_encounter(discharged_at=midnight)))["discharged_at"] == "2026-11-03"


@pytest.mark.parametrize("data", [a_transition(), a_task()])
def test_work__by_name_and_window(data: Any) -> None:
    context = context_of(data)
    work = {"name": "home visit", "opens_at": "2026-11-05 10:00 EST", "due_at": "2026-11-06 10:00 EST"}
    assert context.get("task", context.get("work", [None])[0] if "work" in context else None) == work
    assert context["pathway"] == "home"
