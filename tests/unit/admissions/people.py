"""An account of several patients, and the walk through every order of their messages.

Generated ids and how often something was said are history: what is compared is whose each stay is, and what stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shared.feeds import FeedProfile
from tests.builders import DeskOf
from tests.unit.admissions.accounts import standing
from tests.unit.admissions.house import Hearer, House, hearers_of

Sent = tuple[str, bytes]
"""The feed and the message."""


class Stay(NamedTuple):
    """One stay that stands, as its hearers hold it: of whom, which, where, and what was told of it."""

    numbers: frozenset[str]
    visit: str
    told: str
    status: str = "in-progress"
    ward: str = ""
    born: str = ""
    language: str = ""
    disposition: str = ""


def account(house: House) -> set[Stay]:
    """Every stay that stands. A hearer who cannot believe what is said raises AssertionError."""
    stays = [_stay(hearer) for hearer in hearers_of(house).values() if standing(hearer)]
    assert len(stays) == len(set(stays)), "one stay is told of as two"
    return set(stays)


def _stay(hearer: Hearer) -> Stay:
    assert hearer.last is not None
    who, what = hearer.last.patient, hearer.last.encounter
    return Stay(
        frozenset(one.value for one in who.identifiers),
        what.visit_number.value if what.visit_number else "",
        standing(hearer),
        what.status,
        what.location.point_of_care if what.location else "",
        who.birth_date,
        who.language,
        what.disposition,
    )


def reviews(house: House) -> set[str]:
    """What a person should look at, but for what was told of another before: that is history."""
    return {one["code"] for patient in house.patients for one in patient["reviews"]} - {"told-of-another"}


def every_order(sent: Sequence[Sent], profiles: dict[str, FeedProfile]) -> Iterator[tuple[str, House]]:
    """Each order once, with each message at once again, and with all of them again at the end. Depth first."""
    yield from _orders(sent, House(profiles), House(profiles), ())


def _orders(sent: Sequence[Sent], plain: House, doubled: House, order: tuple[int, ...]) -> Iterator[tuple[str, House]]:
    left = [place for place in range(len(sent)) if place not in order]
    for place in left:
        ways = hear(_fork(plain), sent[place]), hear(_fork(doubled), sent[place], sent[place])
        yield from _orders(sent, *ways, (*order, place))
    if not left:
        yield f"{order} once", plain
        yield f"{order} each at once again", doubled
        yield f"{order} all again at the end", hear(_fork(plain), *(sent[place] for place in order))


def hear(house: House, *sent: Sent) -> House:
    """The house, after it heard these."""
    for feed, message in sent:
        house.hear(message, feed)
    return house


def _fork(house: House) -> House:
    desk = DeskOf(dict(house.desk.states), dict(house.desk.claims))
    return House(house.profiles, desk, list(house.said))


def of_north(*messages: bytes) -> tuple[Sent, ...]:
    """Messages of the feed north."""
    return tuple(("north", message) for message in messages)
