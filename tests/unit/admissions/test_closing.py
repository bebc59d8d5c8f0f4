"""Stays that nobody ends: closed by rule, opened again by a later word, in whatever order it all comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from services.admissions.domain.closing import Closing, RulesInvalid, alarms_due, parse_rules
from services.admissions.handlers import handlers, load_rules
from shared.feeds import FeedsInvalid
from shared.schemas.timers import TimerDue
from shared.schemas.topics import ADMISSIONS_TIMERS
from shared.stream.codec import encode
from shared.stream.decisions import Decision
from shared.stream.records import Heard
from tests.builders import an_event
from tests.unit.admissions.accounts import belief, state_of
from tests.unit.admissions.house import SECRET, House, feeds, hearer_of
from tests.unit.admissions.messages import adt

E = {"class": "E"}
COMES = adt("A04", "01 0905", **E)
LATER = adt("A08", "04 1000", **E)
ENDS = adt("A03", "03 1505", end="03 1500", disposition="01", **E)
NOT_ENDED = adt("A13", "03 1530", happened="03 1500", **E)
NEVER_WAS = adt("A11", "02 1000", happened="01 0905", **E)
ADMITTED = adt("A01", "01 1105", **{"class": "I"})
DUE = datetime(2026, 11, 6, 16, tzinfo=UTC)  # 1 November 14:05Z, five days, an hour, and on to the full hour
LONG_AFTER = datetime(2027, 6, 1, tzinfo=UTC)


def ring(house: House, aggregate: str, alarm: str, due: datetime) -> Decision:
    """The alarm clock's word."""
    event = an_event(TimerDue(aggregate=aggregate, alarm=alarm, due=due), id=f"{aggregate}:{alarm}:{due}")
    saying = encode(event, ADMISSIONS_TIMERS.name)
    handler = handlers(house.profiles, SECRET)[ADMISSIONS_TIMERS.name]
    fact = handler.read(Heard(saying.topic, 0, 0, saying.key, saying.value, saying.headers))
    return house.apply(handler.decide(fact, house.desk))


def ring_all(house: House, until: datetime = LONG_AFTER) -> House:
    """As the clock does: what is due is said, and heard, until nothing is due."""
    for _ in range(20):
        due = [(id_, *one) for (_, id_), state in house.desk.states.items() for one in alarms_due(state, until)]
        if not due:
            return house
        for id_, alarm, at in due:
            ring(house, id_, alarm, at)
    raise AssertionError("the clock rings for ever")


def test_closing__after_its_limit_and_no_sooner() -> None:
    house = House()
    decision = house.hear(COMES)
    assert decision is not None
    assert decision.next_alarm_at == DUE
    assert ring_all(house, DUE - timedelta(seconds=1)).types == ["registered"]
    ring_all(house, DUE)
    last = house.last.encounter
    assert house.types == ["registered", "closed"]
    assert (last.status, last.closed_by, last.discharge_version, last.discharged_at) == ("finished", "rule", 0, None)
    assert (house.last.occurred_at, house.said[-1].feed) == (DUE, "north")
    assert house.encounter["stage"] == "registered"


def test_closing__is_said_once_and_leaves_no_alarm() -> None:
    house = House().hear_all(COMES)
    (id_,) = house.patient["encounters"]
    patient = house.patient["patient_id"]
    decision = ring(house, patient, f"close:{id_}", DUE)
    assert decision.next_alarm_at is None
    for alarm, due in ((f"close:{id_}", DUE), ("close:nobody", DUE)):
        assert ring(house, patient, alarm, due).metrics == {"timer-stale": 1}
    assert house.types == ["registered", "closed"]


def test_closing__a_word_before_it_rings_puts_it_off() -> None:
    house = House().hear_all(COMES)
    (id_,) = house.patient["encounters"]
    decision = house.hear(LATER)
    assert decision is not None
    assert decision.next_alarm_at == datetime(2026, 11, 9, 16, tzinfo=UTC)
    assert ring(house, house.patient["patient_id"], f"close:{id_}", DUE).metrics == {"timer-stale": 1}
    assert house.types == ["registered"]


def test_closed__a_later_word_opens_it_again() -> None:
    house = ring_all(House().hear_all(COMES), DUE)
    decision = house.hear(adt("A08", "08 1000", **E))
    assert house.types == ["registered", "closed", "updated"]
    assert (house.last.encounter.status, house.last.encounter.closed_by) == ("in-progress", "")
    assert decision is not None
    assert decision.next_alarm_at == datetime(2026, 11, 13, 16, tzinfo=UTC)
    assert ring_all(house).types == ["registered", "closed", "updated", "closed"]


def test_closed__a_word_from_before_that_comes_late_changes_nothing_of_it() -> None:
    house = ring_all(House().hear_all(COMES), DUE)
    house.hear(adt("A08", "01 0930", phone="5185550100", **E))
    assert house.types == ["registered", "closed", "updated"]
    assert (house.last.encounter.status, house.last.encounter.closed_by) == ("finished", "rule")


def test_closed__a_late_discharge_is_one() -> None:
    house = ring_all(House().hear_all(COMES), DUE).hear_all(ENDS)
    assert house.types == ["registered", "closed", "discharged"]
    last = house.last.encounter
    assert (last.status, last.closed_by, last.discharge_version, last.disposition) == ("finished", "", 1, "01")


def test_closed__a_discharge_that_is_taken_back_leaves_it_closed() -> None:
    house = ring_all(House().hear_all(COMES), DUE).hear_all(ENDS)
    ring_all(house.hear_all(NOT_ENDED))
    assert house.types == ["registered", "closed", "discharged", "discharge-withdrawn", "closed"]
    assert (house.last.encounter.status, house.last.encounter.closed_by) == ("finished", "rule")


def test_closed__one_that_never_was_is_cancelled() -> None:
    house = ring_all(House().hear_all(COMES), DUE).hear_all(NEVER_WAS)
    assert house.types == ["registered", "closed", "cancelled"]
    assert [one.event_id for one in house.last.withdraws] == [house.said[0].id]


def test_closed__a_begin_that_comes_late_is_told_and_it_stays_closed() -> None:
    house = ring_all(House(feeds(close_after_days={"I": 5})).hear_all(COMES), DUE)
    house.hear(adt("A01", "01 0906", **{"class": "I"}))
    assert house.types == ["registered", "closed", "admitted"]
    assert (house.last.encounter.status, house.last.encounter.closed_by) == ("finished", "rule")


def test_closed__an_address_is_news_for_sixty_days() -> None:
    house = ring_all(House().hear_all(COMES), DUE)
    house.hear(adt("A31", "20 0900", address="1 New Street^^Albany^NY^12207"))
    assert house.types == ["registered", "closed", "updated"]
    assert house.last.encounter.status == "finished"
    for recorded, is_told in (("20270104", True), ("20270106", False)):
        house.said.clear()
        person = adt("A31", "20 0900", control=recorded, address=f"{recorded} Street^^Albany^NY^12207")
        house.hear(person.replace(b"202611200900", f"{recorded}0900".encode()))
        assert bool(house.said) is is_told


@pytest.mark.parametrize(
    ("profile", "class_", "days"),
    [
        ({}, "E", 5),
        ({}, "I", 120),
        ({}, "R", 40),
        ({}, "N", 120),
        ({}, "ELSEWHERE", 120),
        ({"class_codes": {"ER": "E"}}, "er", 5),
        ({"close_after_days": {"e": 0.5}}, "E", 0.5),
        ({"close_after_days": {"E": 1}}, "O", 3),
        ({"close_after_days": {"I": 10}}, "ELSEWHERE", 10),
    ],
)
def test_limit__by_class_and_feed(profile: dict[str, Any], class_: str, days: float) -> None:
    decision = House(feeds(**profile)).hear(adt("A01", "01 0900", **{"class": class_}))
    assert decision is not None
    assert decision.next_alarm_at == datetime(2026, 11, 1, 15, tzinfo=UTC) + timedelta(days=days)


@pytest.mark.parametrize("messages", [(adt("A05", "01 0900", planned="05 0900"),), (COMES, ENDS), (COMES, NEVER_WAS)])
def test_alarm__not_of_what_does_not_go_on(messages: tuple[bytes, ...]) -> None:
    house = House().hear_all(*messages)
    said = list(house.types)
    assert alarms_due(house.patient, LONG_AFTER) == []
    assert house.types == said


def test_alarm__of_a_stay_that_is_only_mentioned_tells_nobody() -> None:
    assert ring_all(House().hear_all(LATER)).types == []


def test_alarm__of_a_feed_without_a_profile_is_the_rules() -> None:
    assert Closing({"I": 120.0}, {}).limit("gone", "E") == timedelta(days=120)


ORDERED: list[tuple[bytes, ...]] = [
    (COMES,),
    (COMES, LATER),
    (COMES, ADMITTED, LATER),
    (COMES, ENDS),
    (COMES, ENDS, NOT_ENDED),
    (COMES, NEVER_WAS),
    (COMES, LATER, adt("A08", "20 1000", **E)),
]


@pytest.mark.parametrize("messages", ORDERED)
def test_closing__in_every_order_with_the_clock_at_any_time(messages: tuple[bytes, ...]) -> None:
    """The clock rings at the end in any case; that it rang before between any two messages makes no difference."""
    plain = ring_all(House().hear_all(*messages))
    end, stands = belief(hearer_of(plain.said)), _without_rings(plain)
    for order in permutations(messages):
        for early in range(len(messages) + 1):
            house = ring_all(House().hear_all(*order[:early]))
            ring_all(house.hear_all(*order[early:]))
            assert belief(hearer_of(house.said)) == end
            assert _without_rings(house) == stands
            assert alarms_due(house.patient, LONG_AFTER) == []


def _without_rings(house: House) -> dict[str, Any]:
    """What the clock found on the way is history."""
    state = state_of(house)
    visits = [{key: value for key, value in visit.items() if key != "closed"} for visit in state["visits"]]
    return {**state, "visits": visits}


def test_alarm__of_an_encounter_that_is_no_stay_any_more_is_none() -> None:
    """Two numbers of one house turn out to be one person, told of the same visit twice: one of the two goes on."""
    house = House()
    house.hear_all(adt("A04", "01 0905", mrn="7^^^NORTH^MR", **E), adt("A04", "01 0906", mrn="8^^^NORTH^PI", **E))
    house.hear(adt("A08", "01 1000", mrn="7^^^NORTH^MR~8^^^NORTH^PI", **E))
    open_ = [one for one in house.patient["encounters"].values() if one["closes_at"]]
    assert len(house.patient["encounters"]) == 2
    assert len(open_) == 1
    assert ring_all(house).types.count("closed") == 1


def test_rules__as_they_stand_in_their_file() -> None:
    days = {"E": 5.0, "V": 7.0, "S": 7.0, "O": 3.0, "C": 3.0, "R": 40.0, "B": 30.0, "I": 120.0, "P": 60.0}
    assert load_rules() == days


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({}, "close_after_days"),
        ({"close_after_days": {"E": 5}}, "I is missing"),
        ({"close_after_days": {"I": 0}}, "close_after_days.I"),
        ({"close_after_days": {"XX": 5, "I": 1}}, "table 0004"),
        ({"close_after_days": {"I": 1}, "other": 1}, "other"),
    ],
)
def test_rules__that_cannot_be_used(content: dict[str, Any], place: str) -> None:
    with pytest.raises(RulesInvalid, match=place):
        parse_rules(content)


@pytest.mark.parametrize("days", [{"E": -1}, {"XX": 5}])
def test_profile__days_that_cannot_be(days: dict[str, float]) -> None:
    with pytest.raises(FeedsInvalid, match=r"close_after_days"):
        feeds(close_after_days=days)


def test_states__without_alarms_are_read() -> None:
    assert alarms_due({"encounters": {"e": {"stage": "admitted"}}}, LONG_AFTER) == []
