"""Invariant 5 without a story: any messages of one stay, in two orders and with repeats, end and are believed alike."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.feeds import FeedProfile
from tests.unit.admissions.accounts import belief, state_of
from tests.unit.admissions.house import Hearer, House, feeds, hearer_of
from tests.unit.admissions.messages import adt
from tests.unit.admissions.stories import STORIES
from tests.unit.admissions.stories2 import MOVING, STORIES2

POOL = (
    *{message: None for story in (*STORIES, *STORIES2, *MOVING) for message in story.messages},
    adt("A04", "04 0800", start="04 0755", **{"class": "O"}),
    adt("A11", "04 0900", evn2="", happened="03 1500"),
    adt("A13", "02 1300", evn2=""),
    adt("A03", "05 0900", evn2="", disposition="43"),
    adt("A01", "03 1502", happened="03 1500", control="same-instant"),
    adt("A12", "02 1600", evn2=""),
    adt("A12", "02 1600", evn2="", happened="02"),
    adt("A06", "03 1600", happened="03 1530", **{"class": "I"}),
    adt("A07", "01 0700", **{"class": "E"}),
    adt("A38", "03 1700"),
)


@pytest.mark.parametrize("profiles", [feeds(), feeds(a08_class="moves")], ids=["describes", "moves"])
@settings(max_examples=150)
@given(data=st.data())
def test_any_messages__in_two_orders_with_repeats(profiles: dict[str, FeedProfile], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(POOL), min_size=1, max_size=8, unique=True))
    repeats = data.draw(st.lists(st.sampled_from(chosen), max_size=4))
    one = House(profiles).hear_all(*chosen)
    other = House(profiles).hear_all(*data.draw(st.permutations([*chosen, *repeats])))
    assert state_of(one) == state_of(other)
    if not one.patient["encounters"]:
        return
    beliefs = [hearer_of(house.said) for house in (one, other)]
    for hearer in beliefs:
        _holds_what_stands(one, hearer)
    if one.encounter["stage"] in ("registered", "admitted", "discharged"):
        assert belief(beliefs[0]) == belief(beliefs[1])


def _holds_what_stands(house: House, hearer: Hearer) -> None:
    stage = house.encounter["stage"]
    if stage in ("cancelled", "inferred", "planned"):
        assert hearer.standing_kinds == set()
        return
    was_admitted = {fact["trigger"] for fact in house.encounter["facts"]} & {"A01", "A06"}
    assert ("discharged" in hearer.standing_kinds) == (stage == "discharged")
    assert stage != "admitted" or "admitted" in hearer.standing_kinds
    assert stage != "registered" or {"registered"} == hearer.standing_kinds or was_admitted
