"""Walks through the orders of a few messages, from any number of feeds, by the real handler.

Depth first over the beginnings that orders share, so that a beginning is heard once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.feeds import FeedProfile
from shared.stream.decisions import Fact, Say
from tests.builders import DeskOf
from tests.unit.admissions.house import House, a_raw_record

Sent = tuple[str, bytes]
"""A feed and a message."""

WAYS = ("once", "each at once again", "all again at the end")


@dataclass
class Walk:
    """Hears messages that were read once; a fork goes on from here and leaves this where it is."""

    facts: Sequence[tuple[Fact, ...]]
    house: House

    def fork(self) -> Walk:
        house = self.house
        desk = DeskOf(dict(house.desk.states), dict(house.desk.claims))
        return Walk(self.facts, House(house.profiles, desk, list(house.said)))

    def hear(self, *places: int) -> Walk:
        """All parts of these messages. Whatever is raised here fails the story."""
        for place in places:
            for fact in self.facts[place]:
                self.house.apply(self.house.handler.decide(fact, self.house.desk))
        return self

    def again(self, *places: int) -> Walk:
        """Where these lead, which were heard before: this walk itself if they said nothing and changed nothing."""
        after = self.fork().hear(*places)
        return self if after.house.desk == self.house.desk and after.said == self.said else after

    @property
    def said(self) -> list[Say]:
        return self.house.said


@dataclass(frozen=True)
class End:
    """Where an order of the messages led, and which it was."""

    order: tuple[int, ...]
    how: str
    walk: Walk

    def __str__(self) -> str:
        return f"{self.order} {self.how}"


def walk_of(messages: Sequence[Sent], profiles: dict[str, FeedProfile]) -> Walk:
    """A walk that has heard nothing; the messages are read by the real handler."""
    house = House(profiles)
    facts = []
    for feed, message in messages:
        read = house.handler.read(a_raw_record(message, feed=feed))
        assert read is not None, "a story of what is set aside"
        facts.append(read if isinstance(read, tuple) else (read,))
    return Walk(facts, house)


def ends(start: Walk) -> Iterator[End]:
    """Every order in each of the three ways. Ends of one order that are the same walk follow each other."""
    yield from _ends(start, start, ())


def _ends(plain: Walk, doubled: Walk, order: tuple[int, ...]) -> Iterator[End]:
    left = [place for place in range(len(plain.facts)) if place not in order]
    if not left:
        walks = (plain, doubled, plain.again(*order))
        yield from (End(order, how, walk) for how, walk in zip(WAYS, walks, strict=True))
    for place in left:
        yield from _ends(*_heard(plain, doubled, place), (*order, place))


def _heard(plain: Walk, doubled: Walk, place: int) -> tuple[Walk, Walk]:
    """Both one message further. As long as repeats change nothing both are one walk, and it is heard once."""
    once = plain.fork().hear(place)
    return once, (once if doubled is plain else doubled.fork().hear(place)).again(place)


def ends_of(start: Walk, orders: Sequence[tuple[int, ...]]) -> Iterator[End]:
    """Some orders in each of the three ways."""
    for order in orders:
        plain = doubled = start
        for place in order:
            plain, doubled = _heard(plain, doubled, place)
        yield from _ends(plain, doubled, order)
