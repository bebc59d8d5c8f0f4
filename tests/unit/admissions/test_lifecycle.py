"""The transition table, and the words it is made of."""

from __future__ import annotations

import pytest

from services.admissions.domain.fold import fold
from services.admissions.domain.lifecycle import INTERIM, TRANSITIONS, Outcome, Stage, Trigger, step
from services.admissions.domain.model import Patient, Visit
from tests.unit.admissions.house import House
from tests.unit.admissions.messages import adt
from tests.unit.admissions.stories import ADMIT, CANCEL_ADMIT, CANCEL_DISCHARGE, DISCHARGE, DISCHARGE_AGAIN, REGISTER


@pytest.mark.parametrize(
    ("stage", "trigger", "after"),
    [
        ("inferred", "A04", "registered"),
        ("inferred", "A01", "admitted"),
        ("inferred", "A03", "discharged"),
        ("registered", "A01", "admitted"),
        ("registered", "A03", "discharged"),
        ("admitted", "A03", "discharged"),
        ("admitted", "A04", "admitted"),
        ("cancelled", "A01", "admitted"),
        ("cancelled", "A04", "registered"),
        ("cancelled", "A03", "discharged"),
        ("discharged", "A01", "discharged"),
        ("discharged", "A04", "discharged"),
        ("inferred", "A05", "planned"),
        ("inferred", "A14", "planned"),
        ("inferred", "A06", "admitted"),
        ("inferred", "A07", "registered"),
        ("planned", "A05", "planned"),
        ("planned", "A14", "planned"),
        ("planned", "A01", "admitted"),
        ("planned", "A06", "admitted"),
        ("planned", "A04", "registered"),
        ("planned", "A07", "registered"),
        ("planned", "A03", "discharged"),
        ("registered", "A04", "registered"),
        ("registered", "A05", "registered"),
        ("registered", "A14", "registered"),
        ("registered", "A06", "admitted"),
        ("registered", "A07", "registered"),
        ("admitted", "A01", "admitted"),
        ("admitted", "A05", "admitted"),
        ("admitted", "A14", "admitted"),
        ("admitted", "A06", "admitted"),
        ("admitted", "A07", "registered"),
        ("discharged", "A05", "discharged"),
        ("discharged", "A14", "discharged"),
        ("discharged", "A06", "discharged"),
        ("discharged", "A07", "discharged"),
        ("cancelled", "A05", "planned"),
        ("cancelled", "A14", "planned"),
        ("cancelled", "A06", "admitted"),
        ("cancelled", "A07", "registered"),
    ],
)
def test_step__forward(stage: str, trigger: str, after: str) -> None:
    assert step(Stage(stage), Trigger(trigger), Stage(stage))[0] == after


@pytest.mark.parametrize("stage", ["inferred", "planned", "registered", "admitted", "cancelled"])
def test_step__a_month_of_a_series_ends_and_the_series_stays(stage: str) -> None:
    assert step(Stage(stage), INTERIM, Stage(stage)) == (stage, Outcome.INTERIM)
    assert step(Stage(stage), Trigger.CANCEL_DISCHARGE, Stage(stage)) == (stage, Outcome.FOUND)


@pytest.mark.parametrize("cancel", ["A38", "A27"])
def test_step__a_plan_that_is_taken_back(cancel: str) -> None:
    assert step(Stage.PLANNED, Trigger(cancel), Stage.INFERRED) == (Stage.CANCELLED, Outcome.FOUND)
    assert step(Stage.PLANNED, Trigger(cancel), Stage.PLANNED) == (Stage.PLANNED, Outcome.FOUND)
    for stage in (Stage.REGISTERED, Stage.ADMITTED, Stage.DISCHARGED):
        assert step(stage, Trigger(cancel), stage) == (stage, Outcome.FOUND)


def test_step__back_to_where_the_target_began() -> None:
    assert step(Stage.DISCHARGED, Trigger.CANCEL_DISCHARGE, Stage.REGISTERED) == (Stage.REGISTERED, Outcome.FOUND)
    assert step(Stage.DISCHARGED, Trigger.CANCEL_DISCHARGE, Stage.INFERRED) == (Stage.INFERRED, Outcome.FOUND)
    assert step(Stage.ADMITTED, Trigger.CANCEL_BEGIN, Stage.REGISTERED) == (Stage.REGISTERED, Outcome.FOUND)
    assert step(Stage.ADMITTED, Trigger.CANCEL_BEGIN, Stage.INFERRED) == (Stage.CANCELLED, Outcome.FOUND)


def test_transitions__every_stage_can_be_left_by_a_fact_and_reached() -> None:
    assert {stage for stage, _ in TRANSITIONS} == set(Stage)
    reached = {move.stage for move in TRANSITIONS.values()} - {None}
    assert reached == set(Stage)


@pytest.mark.parametrize(
    ("messages", "outcomes"),
    [
        ((ADMIT, DISCHARGE), ["applied", "applied"]),
        ((ADMIT, DISCHARGE, CANCEL_DISCHARGE), ["applied", "taken-back", "found"]),
        ((ADMIT, CANCEL_DISCHARGE), ["applied", "waiting"]),
        ((DISCHARGE, CANCEL_DISCHARGE, DISCHARGE_AGAIN), ["amended", "waiting", "applied"]),
        ((ADMIT, adt("A04", "01 1000", start="01 0930")), ["applied", "already-admitted"]),
        ((ADMIT, CANCEL_ADMIT, adt("A11", "01 1100", happened="01 0900")), ["taken-back", "found", "repeated"]),
        ((REGISTER, CANCEL_ADMIT, DISCHARGE), ["taken-back", "found", "cancelled-yet-discharged"]),
        ((CANCEL_ADMIT,), ["waiting"]),
        ((DISCHARGE, adt("A01", "04 0905", start="04 0900")), ["applied", "begun-after-discharge"]),
        ((DISCHARGE, adt("A06", "04 0905", happened="04 0900")), ["applied", "begun-after-discharge"]),
        ((DISCHARGE, adt("A07", "04 0905", happened="04 0900")), ["applied", "begun-after-discharge"]),
        ((ADMIT, adt("A05", "02 0900")), ["applied", "planned-after-begin"]),
        ((adt("A05", "01 0700"), adt("A14", "01 0800")), ["applied", "already-so"]),
        ((ADMIT, adt("A03", "03 1505", end="03 1500", **{"class": "R"})), ["applied", "interim"]),
        (
            (adt("A04", "01 0905", start="01 0900", **{"class": "R"}), adt("A03", "03 1505", **{"class": ""})),
            ["applied", "interim"],
        ),
        (
            (ADMIT, adt("A03", "03 1505", end="03 1500", **{"class": "R"}), CANCEL_DISCHARGE),
            ["applied", "taken-back", "found"],
        ),
        (
            (adt("A02", "01 1005", happened="01 1000"), adt("A02", "01 1010", happened="01 1000")),
            ["amended", "applied"],
        ),
        (
            (adt("A02", "01 1005", happened="01 1000"), adt("A12", "01 1100", happened="01 1000")),
            ["taken-back", "found"],
        ),
    ],
)
def test_fold__names_what_became_of_every_fact(messages: tuple[bytes, ...], outcomes: list[str]) -> None:
    facts = Visit.model_validate(House().hear_all(*messages).patient["visits"][0]).facts
    standing = fold(facts)
    assert [outcome.value for _, outcome in standing.outcomes] == outcomes
    assert [source for source, _ in standing.outcomes] == [fact.source for fact in facts]


def test_fold__of_nothing() -> None:
    assert fold(()).stage is Stage.INFERRED


def test_fold__a_cancel_whose_evn_2_copies_its_evn_6() -> None:
    """The discharge of 15:00 was entered at 15:05; its cancel says 15:00 in both fields."""
    house = House().hear_all(ADMIT, DISCHARGE, adt("A13", "03 1530", happened="03 1500", evn2="202611031500"))
    assert house.encounter["stage"] == "admitted"


def test_fold__without_evn_2_what_occurred_by_then_is_taken_back() -> None:
    discharge = adt("A03", "03 1505", end="03 1500", evn2="")
    house = House().hear_all(ADMIT, discharge, adt("A13", "03 1400", evn2=""))
    assert house.encounter["stage"] == "discharged"
    house.hear(adt("A13", "03 1600", evn2=""))
    assert house.encounter["stage"] == "admitted"


def test_fold__a_cancel_that_names_only_the_day() -> None:
    house = House().hear_all(ADMIT, DISCHARGE, adt("A13", "03 1600", happened="03", evn2=""))
    assert house.encounter["stage"] == "admitted"


def test_patient__is_json_and_back() -> None:
    state = House().hear_all(ADMIT, DISCHARGE, CANCEL_DISCHARGE).patient
    beside = {"looks": ""}  # for the index alone
    assert Patient.model_validate(state).model_dump(mode="json") | beside == state
