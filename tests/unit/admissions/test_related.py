"""Returns and risk as hearers are told of them: of both stays, in every order, and again as diagnoses arrive."""

from __future__ import annotations

from itertools import permutations

import pytest

from services.admissions.domain.fold import Standing
from services.admissions.domain.lifecycle import Stage
from services.admissions.domain.related import brief_of, related
from services.admissions.domain.returns import Brief, Coded
from services.admissions.handlers import load_lace
from shared.schemas.assessments import Return
from shared.schemas.encounters import EncounterEvent, EncounterState, When
from shared.schemas.identifiers import Identifier
from tests.unit.admissions.accounts import belief
from tests.unit.admissions.house import House, hearer_of
from tests.unit.admissions.messages import adt
from tests.unit.admissions.stories import ADMIT, DISCHARGE

AGAIN = "V2^^^NORTH^VN"
BACK = adt("A01", "10 1005", start="10 1000", admission="E", visit=AGAIN)
NEVER_BACK = adt("A11", "10 1200", happened="10 1000", visit=AGAIN)
LEFT_AGAIN = adt("A03", "12 1005", end="12 1000", disposition="01", visit=AGAIN)


def told(house: House) -> dict[str, EncounterEvent]:
    """What was said last of each stay, by visit number."""
    found: dict[str, EncounterEvent] = {}
    for say in house.said:
        assert isinstance(say.data, EncounterEvent)
        number = say.data.encounter.visit_number
        found[number.value if number else ""] = say.data
    return found


def dg1(*codes: str, type_: str = "F") -> list[str]:
    return [f"DG1|{n}||{code}^^I10|||{type_}" for n, code in enumerate(codes, 1)]


def test_return__both_stays_are_told_of_it() -> None:
    house = House().hear_all(ADMIT, DISCHARGE, BACK)
    assert house.types == ["admitted", "discharged", "admitted", "updated"]
    first, second = told(house)["V1"].encounter, told(house)["V2"].encounter
    common = {"kind": "unplanned", "days": 7, "elsewhere": False, "index_disposition": "01"}
    assert second.returns == Return(encounter_id=first.encounter_id, **common)  # type: ignore[arg-type]
    assert first.returned == Return(encounter_id=second.encounter_id, **common)  # type: ignore[arg-type]
    assert (first.returns, second.returned) == (None, None)


def test_return__one_that_never_was_is_taken_back_of_both() -> None:
    house = House().hear_all(ADMIT, DISCHARGE, BACK, NEVER_BACK)
    assert house.types[-2:] == ["cancelled", "updated"]
    assert told(house)["V1"].encounter.returned is None
    assert told(house)["V2"].encounter.returns is None


def test_return__told_by_another_hospital_that_knows_the_same_number() -> None:
    known = "100200^^^NORTH^MR~77^^^STATE^PE"
    elsewhere = adt("A01", "10 1005", start="10 1000", mrn="9^^^SOUTH^MR~77^^^STATE^PE", visit="S1^^^SOUTH^VN")
    house = House().hear_all(adt("A01", "01 0905", start="01 0900", mrn=known), DISCHARGE)
    house.hear(elsewhere, feed="south")
    back = told(house)["V1"].encounter.returned
    assert back is not None
    assert (back.kind, back.elsewhere, back.days) == ("unplanned", True, 7)


@pytest.mark.parametrize("protected", ["V1", "V2", "both"])
def test_return__of_a_protected_stay_the_other_names_nothing(protected: str) -> None:
    """42 CFR 2.12(a)(1): whoever may hear of the one stay must not learn of the other by it."""
    first, second = ("Y" if protected in (one, "both") else "" for one in ("V1", "V2"))
    house = House().hear_all(ADMIT, adt("A03", "03 1505", end="03 1500", disposition="01", protected=first), BACK)
    house.hear(adt("A08", "10 1105", visit=AGAIN, protected=second))
    of_first, of_second = told(house)["V1"].encounter, told(house)["V2"].encounter
    hidden = Return(kind="unplanned", encounter_id="", days=7)
    of_other = {"kind": "unplanned", "days": 7, "index_disposition": "01"}
    assert of_first.returned == (
        hidden if protected == "V2" else Return(encounter_id=of_second.encounter_id, **of_other)  # type: ignore[arg-type]
    )
    assert of_second.returns == (
        hidden if protected == "V1" else Return(encounter_id=of_first.encounter_id, **of_other)  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("order", list(permutations(range(5))))
def test_return__in_every_order_both_are_believed_alike(order: tuple[int, ...]) -> None:
    messages = (ADMIT, DISCHARGE, BACK, LEFT_AGAIN, adt("A08", "11 0900", visit=AGAIN, extra=dg1("I50.9")))
    as_sent = beliefs(House().hear_all(*messages))
    assert beliefs(House().hear_all(*(messages[place] for place in order))) == as_sent
    first = told(House().hear_all(*messages))["V1"].encounter
    assert first.returned is not None


def beliefs(house: House) -> dict[str, object]:
    subjects = {say.subject for say in house.said}
    return {one: belief(hearer_of([say for say in house.said if say.subject == one])) for one in subjects}


def test_risk__of_a_stay_that_ended_and_again_as_its_diagnoses_arrive() -> None:
    """2 days 2; no PV1-4 0 to 3; no diagnosis 0 to 5; first seen this month 0 to 4. Then heart failure 2, coded last:
    2 + (0 to 3) + 2 + (0 to 4), final.
    """
    house = House().hear_all(ADMIT, DISCHARGE)
    risk = house.last.encounter.risk
    assert risk is not None
    assert (risk.low, risk.high, risk.missing, risk.state) == (2, 14, ("A", "C", "E"), "provisional")
    house.hear(adt("A08", "04 0900", extra=dg1("I50.9", type_="W")))
    worked = house.last.encounter.risk
    assert worked is not None
    assert (worked.low, worked.high, worked.missing, worked.state) == (4, 11, ("A", "E"), "provisional")
    house.hear(adt("A08", "05 0900", extra=dg1("I50.9")))
    final = house.last.encounter.risk
    assert final is not None
    assert (final.low, final.high, final.state) == (4, 11, "final")
    assert house.types == ["admitted", "discharged", "updated", "updated"]
    assert house.hear_all(adt("A08", "06 0900", extra=dg1("I50.9"))).types[4:] == []


def test_risk__diagnoses_are_a_snapshot_and_are_cleared() -> None:
    house = House().hear_all(ADMIT, DISCHARGE, adt("A08", "04 0900", extra=dg1("I50.9", "J44.1")))
    assert house.last.encounter.risk is not None
    assert house.last.encounter.risk.inputs["categories"] == "chronic-pulmonary,heart-failure"
    house.hear(adt("A08", "05 0900", extra=dg1("J44.1")))
    assert house.last.encounter.risk.inputs["categories"] == "chronic-pulmonary"
    house.hear(adt("A08", "06 0900", extra=['DG1|""']))
    assert house.last.encounter.risk.missing == ("A", "C", "E")
    house.hear(adt("A08", "07 0900", extra=["DG1|1|||heart trouble"]))
    assert house.last.encounter.risk.missing == ("A", "C", "E")


def test_risk__of_the_year_before_but_not_of_a_protected_stay() -> None:
    for shielded, categories in (("", "heart-failure"), ("Y", "")):
        house = House().hear_all(
            adt("A01", "01 0905", start="01 0900", protected=shielded, extra=dg1("I50.9")),
            adt("A03", "03 1505", end="03 1500", protected=shielded),
            BACK,
        )
        risk = told(house)["V2"].encounter.risk
        assert risk is not None
        assert risk.inputs["categories"] == categories


@pytest.mark.parametrize(
    ("class_", "disposition", "scored"),
    [("I", "01", True), ("V", "01", True), ("E", "01", False), ("O", "01", False), ("I", "20", False)],
)
def test_risk__of_whoever_was_in_a_bed_and_may_go_home(class_: str, disposition: str, scored: bool) -> None:
    said = {"class": class_}
    house = House().hear_all(
        adt("A01", "01 0905", start="01 0900", **said),
        adt("A03", "03 1505", end="03 1500", disposition=disposition, **said),
    )
    assert (house.last.encounter.risk is not None) is scored


def test_risk__a_visit_that_became_this_stay_makes_it_acute_and_is_not_counted() -> None:
    came = adt("A04", "01 0605", start="01 0600", visit="E1^^^NORTH^VN", **{"class": "E"})
    left = adt("A03", "01 0905", end="01 0900", disposition="09", visit="E1^^^NORTH^VN", **{"class": "E"})
    house = House().hear_all(came, left, ADMIT, DISCHARGE)
    risk = told(house)["V1"].encounter.risk
    assert risk is not None
    assert (risk.inputs["A"], risk.inputs["emergency_visits"]) == ("3", "0")


BEGIN = When(instant="2026-11-03T14:00:00Z")  # type: ignore[arg-type]
STATE = EncounterState(encounter_id="stay", status="in-progress", **{"class": "I"}, facility="NORTH", admitted_at=BEGIN)


def a_visit(**changes: object) -> Brief:
    known = {"begin": BEGIN.instant, "class_": "E", "facility": "NORTH", "led_in": True}
    return Brief("visit", **(known | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "acute"),
    [
        ({}, "true"),
        ({"led_in": False}, "false"),
        ({"facility": "SOUTH"}, "false"),
        ({"begin": "2026-11-03T14:01:00Z"}, "false"),
        ({"begin": "2026-11-01T14:00:00Z", "end": "2026-11-02T14:00:00Z"}, "true"),
        ({"begin": "2026-11-01T14:00:00Z", "end": "2026-11-02T13:59:00Z"}, "false"),
    ],
)
def test_led_in__at_the_same_house_and_within_a_day(changes: dict[str, str], acute: str) -> None:
    times = {key: When(instant=text).instant for key, text in changes.items() if key in ("begin", "end")}  # type: ignore[arg-type]
    brief = brief_of(STATE, Standing(Stage.ADMITTED), [])
    risk = related(STATE, brief, [a_visit(**{**changes, **times})], load_lace()).risk
    assert risk is not None
    assert risk.inputs["from_emergency"] == acute


@pytest.mark.parametrize("stage", [Stage.INFERRED, Stage.PLANNED, Stage.CANCELLED])
def test_brief__none_of_what_does_not_stand(stage: Stage) -> None:
    assert brief_of(STATE, Standing(stage), []) is None
    assert related(STATE, None, [], load_lace()) == STATE


def test_brief__of_an_end_whose_begin_nobody_told() -> None:
    """It starts the window of a return; its length is not known, so it has no score."""
    ended = STATE.model_copy(update={"admitted_at": None, "discharged_at": BEGIN, "disposition": "01"})
    brief = brief_of(ended, Standing(Stage.DISCHARGED), [])
    assert brief is not None
    assert (brief.begin, brief.end) == (BEGIN.instant, BEGIN.instant)
    assert related(ended, brief, [], load_lace()).risk is None
    assert brief_of(ended.model_copy(update={"discharged_at": None}), Standing(Stage.DISCHARGED), []) is None


def test_brief__names_what_was_coded() -> None:
    coded = [{"code": "I50.9", "system": "I10", "type": "F"}]
    brief = brief_of(STATE, Standing(Stage.ADMITTED), coded)
    assert brief is not None
    assert brief.diagnoses == (Coded("I50.9", "I10", "F"),)


def test_brief__is_numbered_as_the_hospital_numbers_it() -> None:
    visit, account = (Identifier(value=value, assigner="NORTH", type="") for value in ("V1", "A1"))
    numbers = [{"visit_number": visit, "account_number": account}, {"account_number": account}, {}]
    none = {"visit_number": None, "account_number": None}
    briefs = [brief_of(STATE.model_copy(update=none | one), Standing(Stage.ADMITTED), []) for one in numbers]
    assert [brief.number for brief in briefs if brief] == ["NORTH|V1", "NORTH|A1", ""]


def test_score__none_without_weights() -> None:
    brief = brief_of(STATE, Standing(Stage.ADMITTED), [])
    assert related(STATE, brief, [], None).risk is None
