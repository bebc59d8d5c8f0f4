"""Invariant 5: any permutation, with repeats, of one patient's messages ends in the same state and the same belief."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.admissions.house import Hearer, House, hearer_of
from tests.unit.admissions.messages import adt
from tests.unit.admissions.stories import STORIES, Story

SAMPLED = 60


def _orders(story: Story) -> Iterator[tuple[bytes, ...]]:
    """All orders of up to five messages, some of more; each once as it is and once with every message repeated."""
    shuffled = random.Random(story.name)  # noqa: S311 - a fixed sample, not a secret
    orders = list(permutations(story.messages))
    for order in orders if len(story.messages) <= 5 else [orders[0], *shuffled.sample(orders, SAMPLED)]:
        yield order
        yield (*order, *shuffled.sample(story.messages, len(story.messages)))


def _state(house: House) -> dict[str, Any]:
    """The patient without the history of what was said."""
    state = dict(house.patient)
    state["encounters"] = {
        id_: {key: value for key, value in encounter.items() if key != "said"}
        for id_, encounter in state["encounters"].items()
    }
    return state


def _belief(hearer: Hearer) -> tuple[Any, ...]:
    """What a hearer holds for true of a stay that stands; how often it was discharged is history."""
    if hearer.last is None or hearer.status == "cancelled":
        return ("nothing",)
    state = hearer.last.encounter.model_copy(update={"discharge_version": 0})
    return hearer.last.patient, state, hearer.last.care_team


def _at(data: Any, path: str) -> Any:
    for part in path.split("."):
        data = data[int(part)] if part.isdigit() else data[part]
    return data


def _end(story: Story, order: tuple[bytes, ...]) -> tuple[dict[str, Any], Hearer]:
    house = House().hear_all(*order)
    assert house.encounter["stage"] == story.stage
    assert tuple(review["code"] for review in house.patient["reviews"]) == story.reviews
    hearer = hearer_of(house.said)
    assert story.stands in hearer.standing_kinds | {""}
    later = {"registered": {"admitted", "discharged"}, "admitted": {"discharged"}, "discharged": set()}
    excluded = later.get(story.stands, {"registered", "admitted", "discharged"})
    assert not excluded & hearer.standing_kinds
    return _state(house), hearer


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name.replace(" ", "-"))
def test_story__told_in_any_order_and_twice(story: Story) -> None:
    first_state, first = _end(story, story.messages)
    for path, expected in story.carried.items():
        assert first.last is not None
        assert _at(first.last.model_dump(mode="json"), path) == expected, path
    for order in _orders(story):
        state, hearer = _end(story, order)
        assert state == first_state
        if story.stands:
            assert _belief(hearer) == _belief(first)


POOL = (
    *{message: None for story in STORIES for message in story.messages},
    adt("A04", "04 0800", start="04 0755", **{"class": "O"}),
    adt("A11", "04 0900", evn2="", happened="03 1500"),
    adt("A13", "02 1300", evn2=""),
    adt("A03", "05 0900", evn2="", disposition="43"),
    adt("A01", "03 1502", happened="03 1500", control="same-instant"),
)


@settings(max_examples=150)
@given(st.data())
def test_any_messages__in_two_orders_with_repeats(data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(POOL), min_size=1, max_size=8, unique=True))
    repeats = data.draw(st.lists(st.sampled_from(chosen), max_size=4))
    one = House().hear_all(*chosen)
    other = House().hear_all(*data.draw(st.permutations([*chosen, *repeats])))
    assert _state(one) == _state(other)
    beliefs = [hearer_of(house.said) for house in (one, other)]
    for hearer in beliefs:
        _holds_what_stands(one.encounter["stage"], hearer)
    if one.encounter["stage"] in ("registered", "admitted", "discharged"):
        assert _belief(beliefs[0]) == _belief(beliefs[1])


def _holds_what_stands(stage: str, hearer: Hearer) -> None:
    if stage in ("cancelled", "inferred"):
        assert hearer.standing_kinds == set()
        return
    assert stage in hearer.standing_kinds
    assert ("discharged" in hearer.standing_kinds) == (stage == "discharged")
    assert stage != "registered" or hearer.standing_kinds == {"registered"}
