"""A patient who is in a bed again soon: the work of the earlier discharge is called off, and that of no other return.

Acute stays of any cause within 30 days of the discharge count (HEDIS PCR), by the local dates of the hospital. A visit
to the emergency department, and an admission that was taken back, do not.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulation.er7 import MONDAY, Message
from tests.simulation.hospital import LOCAL, Stay, a_stay, truth_of

if TYPE_CHECKING:
    from tests.simulation.world import World

WINDOW_DAYS = 30
ENDED = (
    ("A01", "A03:01"),
    ("A01", "A03:03"),
    ("A04", "A01", "A03:01"),
    ("A01", "A03:01", "A08"),
    ("A01", "A03:01", "A13", "A03:01"),
)
BACK = (("A01",), ("A01", "A03:01"), ("A01", "A11"), ("A01", "A03:01", "A13"), ("A04", "A03:01"), ("A04", "A01"))
"""Of the same patient, whole days later."""


def readmitted(rng: random.Random, split: bool) -> tuple[list[Stay], list[Message]]:
    """A discharge, and another stay or visit 2 to 31 days after it."""
    first, second = a_stay(1, rng, split=split, scripts=ENDED), a_stay(2, rng, split=split, scripts=BACK)
    ended = truth_of(first).discharged_at or MONDAY
    days = rng.choice((2, 10, 30, 31)) if second.messages[0].trigger == "A01" else 10
    by = timedelta(days=days + ((ended + LOCAL).date() - (MONDAY + LOCAL).date()).days)
    for message in second.messages:
        message.under = 1
        message.later(by)
    return [first, second], []


def is_back(stay: Stay, others: list[Stay]) -> bool:
    """Is one of the others of the same patient, an admission that stands, within the window of this discharge?"""
    ended = truth_of(stay).discharged_at
    return ended is not None and _is_acute(stay) and any(_is_acute(one) and _within(stay, one) for one in others)


def _is_acute(stay: Stay) -> bool:
    return truth_of(stay).status in ("in-progress", "finished") and _admitted(stay)


def _admitted(stay: Stay) -> bool:
    """Was the patient given a bed, and was that not taken back?"""
    words = [message.trigger for message in stay.messages]
    return "A01" in words and "A11" not in words


def _within(stay: Stay, later: Stay) -> bool:
    ended = truth_of(stay).discharged_at
    days = ((later.messages[0].happened + LOCAL).date() - (ended + LOCAL).date()).days if ended else -1
    return later is not stay and 2 <= days <= WINDOW_DAYS


def of_readmissions(world: World, stay: Stay, id_: str) -> Iterator[str]:
    """What stands of the discharge says that the patient was readmitted, or does not."""
    person = world.people.owner(stay)
    others = [one for one in world.stays if world.people.owner(one) == person]
    back = is_back(stay, others)
    for document in world.documents["followup"].stored.values():
        transition = document.state["transition"]
        stands = transition["encounter_id"] == id_ and transition["status"] != "withdrawn"
        if stands and (transition["reason"] == "readmitted") != back:
            yield f"stay {stay.number}: readmitted {back}, and the reason is {transition['reason']!r}"
