"""What can be told of one stay at its end, whatever came in which order: what stands, and what its hearers hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.feeds import FeedProfile
from shared.stream.decisions import Fact, Say
from tests.builders import DeskOf
from tests.unit.admissions.house import Hearer, House, a_raw_record, hearer_of
from tests.unit.admissions.stories import Story

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


@dataclass
class Walk:
    """Hears messages that were read once; a fork goes on from here and leaves this where it is."""

    facts: Sequence[Fact]
    house: House = field(default_factory=House)

    def fork(self) -> Walk:
        desk = DeskOf(dict(self.house.desk.states), dict(self.house.desk.claims))
        return Walk(self.facts, House(self.house.profiles, desk, list(self.house.said)))

    def hear(self, place: int) -> Walk:
        """Decide one message as it comes. Whatever is raised here fails the story."""
        self.house.apply(self.house.handler.decide(self.facts[place], self.house.desk))
        return self

    @property
    def said(self) -> list[Say]:
        return self.house.said


@dataclass(frozen=True)
class End:
    """Where an order of the messages led, and which it was."""

    order: tuple[int, ...]
    how: str
    walk: Walk

    @property
    def hearer(self) -> Hearer:
        return hearer_of(self.walk.said)


def walk_of(messages: Sequence[bytes], profiles: dict[str, FeedProfile]) -> Walk:
    """A walk that has heard nothing; the messages are read by the real handler."""
    house = House(profiles)
    facts = [house.handler.read(a_raw_record(message)) for message in messages]
    assert all(fact is not None for fact in facts), "a story of what is set aside"
    return Walk([fact for fact in facts if fact is not None], house)


def ends(start: Walk) -> Iterator[End]:
    """Every order: once as it is, once with each message twice, once more with all of them again at the end.

    Depth first over the beginnings that orders share, so that a beginning is heard once.
    """
    yield from _ends(start.fork(), start.fork(), ())


def _ends(plain: Walk, doubled: Walk, order: tuple[int, ...]) -> Iterator[End]:
    left = [place for place in range(len(plain.facts)) if place not in order]
    if not left:
        yield End(order, "once", plain)
        yield End(order, "each at once again", doubled)
        again = plain.fork()
        for place in order:
            again.hear(place)
        yield End(order, "all again at the end", again)
        return
    for place in left:
        yield from _ends(plain.fork().hear(place), doubled.fork().hear(place).hear(place), (*order, place))


BEGUN = ("admitted", "registered")


def in_every_order(story: Story, profiles: dict[str, FeedProfile]) -> int:
    """How many ends were looked at; raises AssertionError for one that is not as the story says, or not as the first.

    The first is of the messages as they were sent: what is carried then is held against what was worked out by hand.
    """
    first = _as_sent(story, profiles)
    count = 0
    for end in ends(walk_of(story.messages, profiles)):
        _holds(story, end, first)
        count += 1
    return count


def _as_sent(story: Story, profiles: dict[str, FeedProfile]) -> End:
    walk = walk_of(story.messages, profiles)
    order = tuple(range(len(story.messages)))
    for place in order:
        walk.hear(place)
    end = End(order, "as sent", walk)
    last = end.hearer.last
    for path, expected in story.carried.items():
        assert last is not None
        assert at(last.model_dump(mode="json"), path) == expected, path
    return end


def _holds(story: Story, end: End, first: End) -> None:
    told = f"{end.order} {end.how}"
    house, hearer = end.walk.house, end.hearer
    assert house.encounter["stage"] == story.stage, told
    assert tuple(review["code"] for review in house.patient["reviews"]) == story.reviews, told
    assert state_of(house) == state_of(first.walk.house), told
    assert standing(hearer) in (BEGUN if story.stands == "begun" else (story.stands,)), told
    assert belief(hearer) == belief(first.hearer) or not story.stands, told
