"""Stays that are one by their times alone, where the profiles say so: in every order, with repeats, each end by hand.

HL7 v2.5.1 ch. 3.3.6 has A06 and MRG-5 for an emergency patient who is admitted under another number; whoever sends a
new A01 instead names no other. Two feeds of one house (an old system and a new one) number the same stay twice.
"""

from __future__ import annotations

from math import factorial
from typing import Any, Final

import pytest

from shared.feeds import FeedProfile, parse_feeds
from shared.schemas.encounters import EncounterMerged
from shared.schemas.envelope import Mode
from tests.unit.admissions.house import House, a_feed, feeds
from tests.unit.admissions.saga_accounts import Saga, Stands, human, in_every_order
from tests.unit.admissions.sagas.words import BIRTH, BORN, ED, R1, P, S, north, south
from tests.unit.admissions.walks import Sent

LED: Final = {"led_in_minutes": 240}
ED_IN = north("A04", "01 1005", P, "E1", start="01 1000", location="ED", **ED)
BED = north("A01", "01 1605", P, "V1", start="01 1600", location="4W^12^A")
HOME = north("A03", "03 1505", P, "V1", end="03 1500", disposition="01")
LED_TO_V1 = Stands("V1", "discharged", "4W", "01", ("led-in",))
BOTH_STAND = (Stands("E1", "discharged", "ED", "09"), Stands("V1", "discharged", "4W", "01"))


def ed_out(end: str, disposition: str) -> Sent:
    return north("A03", f"{end}30", P, "E1", start="01 1000", end=end, location="ED", disposition=disposition, **ED)


ED_OUT = ed_out("01 1400", "09")


def of_one_house(minutes: int = 60, others: int = 60) -> dict[str, FeedProfile]:
    """The feeds north and south, of which south is the new system of the house NORTH."""
    zones = {"SOUTH": "America/New_York"}
    new = a_feed(feed="south", default_authority="SOUTH", same_event_minutes=others, facility_zones=zones)
    return parse_feeds({"feed": [a_feed(same_event_minutes=minutes), new]})


def in_new(trigger: str, recorded: str, **said: Any) -> Sent:
    """A message of the new system about the same patient."""
    feed, message = south(trigger, recorded, f"{S}~{R1}", **{**BORN, **said})
    return feed, message.replace(b"|SOUTH|", b"|NORTH|", 1)


OLD_IN = north("A01", "01 0905", f"{P}~{R1}", start="01 0900", location="4W^12^A", **BORN)
OLD_OUT = north("A03", "03 1505", f"{P}~{R1}", end="03 1500", disposition="01", **BORN)
NEW_IN = in_new("A01", "01 0930", start="01 0925")
NEW_OUT = in_new("A03", "03 1530", end="03 1510", disposition="01")
ONE_EVENT = human("100200 900 R1", Stands("V9", "discharged", "4W", "01", ("same-event",)), born=BIRTH)

LED_IN: Final = (
    Saga("from the emergency department to a bed", (ED_IN, ED_OUT, BED, HOME), frozenset({human("100200", LED_TO_V1)})),
    Saga(
        "a visit that is closed when the patient is in a bed by then",
        (ED_IN, BED, north("A03", "01 1630", P, "E1", end="01 1555", location="ED", disposition="09", **ED)),
        frozenset({human("100200", Stands("V1", "admitted", "4W", "", ("led-in",)))}),
    ),
    Saga("whoever forgets to end the visit", (ED_IN, BED, HOME), frozenset({human("100200", LED_TO_V1)})),
    Saga(
        "sent home, and back within hours: two stays",
        (ED_IN, ed_out("01 1400", "01"), BED),
        frozenset({human("100200", Stands("E1", "discharged", "ED", "01"), Stands("V1", "admitted", "4W"))}),
    ),
    Saga(
        "a bed too long after the visit",
        (ED_IN, ed_out("01 1100", "09"), BED),
        frozenset({human("100200", Stands("E1", "discharged", "ED", "09"), Stands("V1", "admitted", "4W"))}),
    ),
    Saga(
        "a bed that was none",
        (ED_IN, ED_OUT, BED, north("A11", "01 1705", P, "V1", start="01 1600")),
        frozenset({human("100200", Stands("E1", "discharged", "ED", "09"))}),
    ),
    Saga(
        "of two stays the first is the one that the visit led to",
        (ED_IN, ED_OUT, BED, north("A01", "01 2005", P, "V2", start="01 2000", location="5E^2^B")),
        frozenset({human("100200", Stands("V1", "admitted", "4W", "", ("led-in",)), Stands("V2", "admitted", "5E"))}),
    ),
)


@pytest.mark.parametrize("saga", LED_IN, ids=lambda saga: saga.name.replace(" ", "-"))
def test_led_in__in_every_order(saga: Saga) -> None:
    assert in_every_order(saga, feeds(**LED)) == 3 * factorial(len(saga.messages))


def test_led_in__is_off_unless_the_profile_says_so() -> None:
    saga = Saga("off", (ED_IN, ED_OUT, BED, HOME), frozenset({human("100200", *BOTH_STAND)}))
    assert in_every_order(saga, feeds()) == 72


def test_led_in__is_one_encounter_from_the_first_word_to_the_last() -> None:
    house = House(feeds(**LED)).hear_all(*(message for _, message in (ED_IN, ED_OUT, BED, HOME)))
    assert house.types == ["registered", "discharged", "discharge-withdrawn", "admitted", "discharged"]
    assert len({one.subject for one in house.said}) == 1


def test_led_in__what_was_told_as_two_is_merged_once_the_disposition_is_corrected() -> None:
    sent_home = ed_out("01 1400", "01")
    corrected = north("A08", "01 1700", P, "E1", disposition="09", **ED)
    house = House(feeds(**LED)).hear_all(*(message for _, message in (ED_IN, sent_home, BED, corrected)))
    (merged,) = [one.data for one in house.said if isinstance(one.data, EncounterMerged)]
    lives = {one.subject for one in house.said} - {merged.encounter.encounter_id}
    assert {merged.encounter.merged_into} == lives


@pytest.mark.parametrize(
    "messages",
    [(OLD_IN, NEW_IN, OLD_OUT, NEW_OUT), (OLD_IN, OLD_OUT, NEW_OUT)],
    ids=["begin and end", "the end alone"],
)
def test_same_event__told_by_two_feeds_is_one_stay_in_every_order(messages: tuple[Sent, ...]) -> None:
    saga = Saga("one event", messages, frozenset({ONE_EVENT}))
    assert in_every_order(saga, of_one_house()) == 3 * factorial(len(messages))


@pytest.mark.parametrize(("minutes", "others"), [(60, 0), (0, 60), (9, 60)])
def test_same_event__both_profiles_must_say_so_and_the_smaller_counts(minutes: int, others: int) -> None:
    two = (Stands("V1", "discharged", "4W", "01"), Stands("V9", "discharged", "", "01"))
    saga = Saga("two", (OLD_IN, OLD_OUT, NEW_IN, NEW_OUT), frozenset({human("100200 900 R1", *two, born=BIRTH)}))
    assert in_every_order(saga, of_one_house(minutes, others)) == 72


def test_same_event__a_system_in_shadow_does_not_speak_for_one_that_is_live() -> None:
    """Its discharge came first: nobody heard of it, and the live one's was no news any more."""
    house = House(of_one_house())
    for feed, message in (OLD_IN, NEW_IN, NEW_OUT, OLD_OUT):
        house.hear(message, feed, Mode.SHADOW if feed == "south" else Mode.LIVE)
    discharged = [(say.mode, data.encounter.joined_by) for say, data in house.told if "discharged" in data.TYPE]
    assert discharged == [(Mode.SHADOW, ()), (Mode.LIVE, ())]


def test_same_event__where_one_feed_has_two_that_it_may_be_it_is_neither() -> None:
    """09:00 and 10:40 in the old system, 09:50 in the new one: each near to it, and not to one another."""
    again = north("A01", "01 1045", f"{P}~{R1}", "V2", start="01 1040", location="5E^2^B", **BORN)
    new = in_new("A01", "01 0955", start="01 0950")
    each = (Stands("V1", "admitted", "4W"), Stands("V2", "admitted", "5E"), Stands("V9", "admitted"))
    saga = Saga("neither", (OLD_IN, again, new), frozenset({human("100200 900 R1", *each, born=BIRTH)}))
    assert in_every_order(saga, of_one_house()) == 18


def test_led_in__a_stay_in_a_bed_keeps_its_class_when_the_visit_is_closed_later() -> None:
    house = House(feeds(**LED)).hear_all(*(message for _, message in LED_IN[1].messages))
    assert (house.last.encounter.class_, house.last.encounter.joined_by) == ("I", ("led-in",))


def test_same_event__another_house_or_class_is_another_stay() -> None:
    elsewhere = south("A01", "01 0830", f"{S}~{R1}", start="01 0825", **BORN)
    in_ed = in_new("A04", "01 0931", visit="V8^^^SOUTH^VN", start="01 0926", **ED)
    for other in (elsewhere, in_ed):
        house = House(of_one_house())
        for feed, message in (OLD_IN, other):
            house.hear(message, feed)
        assert len({one.subject for one in house.said if one.data.TYPE.startswith("encounter")}) == 2
        assert not any(isinstance(one.data, EncounterMerged) for one in house.said)


def test_same_event__a_begin_told_as_a_day_is_near_to_nothing() -> None:
    """Two stays of one day, over and begun: the second would have been taken for the first."""
    over = north("A03", "01 1205", f"{P}~{R1}", start="01", end="01 1200", disposition="01", **BORN)
    house = House(of_one_house(5, 5))
    for feed, message in (
        north("A01", "01 0905", f"{P}~{R1}", start="01", **BORN),
        over,
        in_new("A01", "01 1905", start="01"),
    ):
        house.hear(message, feed)
    assert house.types.count("admitted") == 2


def test_same_event__a_time_that_only_the_event_gives_counts() -> None:
    house = House(of_one_house())
    for feed, message in (
        north("A01", "01 0905", f"{P}~{R1}", happened="01 0900", **BORN),
        in_new("A01", "01 0930", happened="01 0925"),
    ):
        house.hear(message, feed)
    assert len({one.subject for one in house.said}) == 1
