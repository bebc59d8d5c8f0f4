"""Invariant 5 for several patients and two feeds: every order, also with repeats, ends alike and is told alike.

Endings worked out by hand from HL7 v2.5.1 ch. 3.3.11, .13, .40 and .44 and the rule of enterprise numbers: one person
at two houses unless birth date or sex disagree. A retired number (MRG-1 of A40) is never carried again. P is 100200,
Q 100201 at NORTH; S5 is a number of SOUTH.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import Any

import pytest

from tests.unit.admissions.house import feeds
from tests.unit.admissions.messages import adt
from tests.unit.admissions.people import Sent, Stay, account, every_order, of_north, reviews
from tests.unit.admissions.test_stays import admit, cx, end, mrg, of, repair

P, Q = frozenset({"100200"}), frozenset({"100201"})
STATE = "~9^^^STATE^PE"
NORTHS, SOUTHS, ALL = frozenset({"100200", "9"}), frozenset({"S5", "9"}), frozenset({"100200", "S5", "9"})


@dataclass(frozen=True)
class Story:
    """Messages of several patients, and the stays that stand when all of them were heard."""

    name: str
    sent: tuple[Sent, ...]
    ends: set[Stay]
    reviews: frozenset[str] = frozenset()


def north(day: str, born: str) -> Sent:
    return "north", admit("P", day, mrn=cx("P") + STATE, born=born)


def south(trigger: str, recorded: str, **said: Any) -> Sent:
    fields = {"mrn": "S5^^^SOUTH^MR" + STATE, "visit": "S1^^^SOUTH^VN", "facility": "SOUTH", **said}
    return "south", adt(trigger, recorded, control=f"S-{trigger}-{recorded}", **fields)


MERGED = repair("P", "A40", "02 1200", mrg(cx("Q")))
MOVED = repair("Q", "A44", "02 1200", mrg(cx("P"), "A1"))
STORIES = (
    Story(
        "merged: the newest word on each of them is of both",
        of_north(
            admit("P", born="19410506"), admit("Q", visit="V2"), MERGED, of("P", "A08", "03 0900", language="spa")
        ),
        {
            Stay(P, "V1", "admitted", born="1941-05-06", language="spa"),
            Stay(P, "V2", "admitted", born="1941-05-06", language="spa"),
        },
    ),
    Story(
        "merged, and the stay under the retired number ends",
        of_north(admit("P"), admit("Q", visit="V2"), MERGED, end("Q", "02", "V2").replace(b"021505", b"021105")),
        {
            Stay(P, "V1", "admitted"),
            Stay(P, "V2", "discharged", "finished", disposition="01"),
        },
    ),
    Story(
        "moved: ward and end go with the stay, the other patient keeps her own",
        of_north(
            admit("P", location="4W"),
            of("P", "A02", "02 1005", happened="02 1000", location="ICU"),
            MOVED,
            end("P"),
            admit("P", "06", "V3", account="A3^^^NORTH"),
        ),
        {
            Stay(Q, "V1", "discharged", "finished", ward="ICU", disposition="01"),
            Stay(P, "V3", "admitted"),
        },
    ),
    Story(
        "moved, and the admission was in error altogether",
        of_north(
            admit("P"), MOVED, of("P", "A11", "03 0900", happened="01 0900"), admit("Q", visit="V2", account="A2")
        ),
        {Stay(Q, "V2", "admitted")},
    ),
    Story(
        "discharged, moved, and the discharge is taken back under the right number",
        of_north(admit("P"), end("P", "02"), MOVED, of("Q", "A13", "03 0900", happened="02 1500")),
        {Stay(Q, "V1", "admitted")},
    ),
    Story(
        "discharged, moved, discharge and admission both taken back: nothing to review is left behind",
        of_north(
            admit("P"),
            end("P", "02"),
            MOVED,
            of("Q", "A13", "03 0900", happened="02 1500"),
            of("P", "A11", "03 0900", happened="01 0900"),
        ),
        set(),
    ),
    Story(
        "a state's number at two houses is one person",
        (north("01", "19410506"), south("A01", "03 0905", start="03 0900", born="19410506")),
        {Stay(ALL, "V1", "admitted", born="1941-05-06"), Stay(ALL, "S1", "admitted", born="1941-05-06")},
    ),
    Story(
        "a state's number whose two holders disagree is two persons, and reviewed",
        (north("01", "19410506"), south("A01", "03 0905", start="03 0900", born="19500101")),
        {Stay(NORTHS, "V1", "admitted", born="1941-05-06"), Stay(SOUTHS, "S1", "admitted", born="1950-01-01")},
        frozenset({"enterprise-disagrees"}),
    ),
    Story(
        "a state's number whose holders disagreed until a birth date was corrected is one person",
        (
            north("01", "19410506"),
            south("A01", "03 0905", start="03 0900", born="19500101"),
            south("A31", "04 0900", visit="", born="19410506", **{"class": ""}),
        ),
        {Stay(ALL, "V1", "admitted", born="1941-05-06"), Stay(ALL, "S1", "admitted", born="1941-05-06")},
        frozenset({"birth-dates-disagree"}),  # south sent two under one number: whose is it?
    ),
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name.replace(" ", "-"))
def test_people__in_every_order_and_with_repeats(story: Story) -> None:
    count = 0
    for how, house in every_order(story.sent, feeds()):
        assert account(house) == story.ends, how
        assert reviews(house) == story.reviews, how
        count += 1
    assert count == 3 * factorial(len(story.sent))
