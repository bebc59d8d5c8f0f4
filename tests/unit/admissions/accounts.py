"""What can be told of one stay at its end, whatever came in which order: what stands, and what its hearers hold."""

from __future__ import annotations

from typing import Any

from shared.feeds import FeedProfile
from tests.unit.admissions.house import Hearer, House, hearer_of
from tests.unit.admissions.stories import Story
from tests.unit.admissions.walks import Walk, ends, walk_of

STRONGEST = ("discharged", "admitted", "registered")


def state_of(house: House) -> dict[str, Any]:
    """The patient without the history of what was said."""
    state = dict(house.patient)
    state["encounters"] = {
        id_: {key: value for key, value in encounter.items() if key != "said"}
        for id_, encounter in state["encounters"].items()
    }
    return state


def belief(hearer: Hearer) -> tuple[Any, ...]:
    """What a hearer holds for true of a stay that stands; how often it was discharged is history."""
    if hearer.last is None or hearer.status == "cancelled":
        return ("nothing",)
    state = hearer.last.encounter.model_copy(update={"discharge_version": 0})
    return hearer.last.patient, state, hearer.last.care_team


def standing(hearer: Hearer) -> str:
    """The strongest of what was told and stands; "" if nothing does."""
    return next((kind for kind in STRONGEST if kind in hearer.standing_kinds), "")


def at(data: Any, path: str) -> Any:
    """What is at a dotted path of a dumped event."""
    for part in path.split("."):
        data = data[int(part)] if part.isdigit() else data[part]
    return data


BEGUN = ("admitted", "registered")


def in_every_order(story: Story, profiles: dict[str, FeedProfile]) -> int:
    """How many ends were looked at; raises AssertionError for one that is not as the story says, or not as the first.

    The first is of the messages as they were sent: what is carried then is held against what was worked out by hand.
    """
    walk = walk_of([("north", message) for message in story.messages], profiles)
    first = _as_sent(story, walk.fork())
    count, held = 0, None
    for end in ends(walk):
        if end.walk is not held:
            _holds(story, end.walk.house, first, str(end))
        held = end.walk
        count += 1
    return count


def _as_sent(story: Story, walk: Walk) -> House:
    walk.hear(*range(len(story.messages)))
    last = hearer_of(walk.said).last
    for path, expected in story.carried.items():
        assert last is not None
        assert at(last.model_dump(mode="json"), path) == expected, path
    return walk.house


def _holds(story: Story, house: House, first: House, told: str) -> None:
    hearer = hearer_of(house.said)
    assert house.encounter["stage"] == story.stage, told
    assert tuple(review["code"] for review in house.patient["reviews"]) == story.reviews, told
    assert state_of(house) == state_of(first), told
    assert standing(hearer) in (BEGUN if story.stands == "begun" else (story.stands,)), told
    assert belief(hearer) == belief(hearer_of(first.said)) or not story.stands, told
