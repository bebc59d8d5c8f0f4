"""A hospital's traffic at a rate: many stays at once, each message when its patient's turn comes, none in bulk.

The stays are the simulated hospital's (`demo.hospital`), moved in time so that each ends about now; a stay that takes
days is told within seconds, and as many stays are open at any moment as the rate demands. Poisson arrivals, seeded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Final

from demo.hospital.course import Happening, Note
from demo.hospital.facilities import FACILITIES, Facility
from demo.hospital.lives import Window, visit_number
from demo.hospital.messages import adt
from demo.hospital.people import Person, people
from demo.hospital.plots import CAST, draw, plot_of
from demo.hospital.stays import Arrival, stay
from shared.hl7.mllp import frame

SPAN: Final = 4.0
"""Seconds between two messages of a patient, on average."""
WARM_UP: Final = 4 * SPAN
"""After this long as many stays end as begin."""
_MESSAGES_OF_A_STAY: Final = 4.5  # somewhat fewer than there are: rather too many patients than too few
_TWICE: Final = 0.02  # sent a second time, as an interface engine does after a time-out


@dataclass(frozen=True, slots=True)
class Message:
    """`at`: seconds from the start of the sending. `lane` keeps a patient's messages in order on one connection."""

    at: float
    feed: str
    lane: int
    frame: bytes


def traffic(seed: int, rate: float, seconds: float, now: datetime) -> list[Message]:
    """What is sent in so many seconds at `rate` messages a second, in order. `now` (aware) is when the stays end."""
    rng = Random(seed)
    ordered = sorted(_turns(rng, seed, rate, seconds, now), key=lambda turn: turn[0])
    return [replace(message, at=at) for at, (_, message) in zip(_arrivals(rng, rate, seconds), ordered, strict=False)]


def _arrivals(rng: Random, rate: float, seconds: float) -> Iterator[float]:
    at = rng.expovariate(rate)
    while at < seconds:
        yield at
        at += rng.expovariate(rate)


def _turns(rng: Random, seed: int, rate: float, seconds: float, now: datetime) -> Iterator[tuple[float, Message]]:
    """Each message and the second at which its patient's turn for it comes."""
    count = round(rate * (seconds + WARM_UP) / _MESSAGES_OF_A_STAY) + 1
    window = Window(now - timedelta(days=30), 30.0)
    for person in people(rng, seed, count):
        at = rng.uniform(-WARM_UP, seconds)
        for n, happening in enumerate(_life(rng, person, window, now)):
            at += rng.uniform(0.5, 2 * SPAN - 0.5) if n else 0.0
            if at >= 0.0:
                message = _message(seed, n, happening)
                yield at, message
                if rng.random() < _TWICE:
                    yield at + rng.uniform(0.5, SPAN), message


def _life(rng: Random, person: Person, window: Window, now: datetime) -> list[Happening]:
    facility: Facility = draw(rng, {facility: facility.weight for facility in FACILITIES})
    arrival = Arrival(person, facility, window.start, visit_number(window, person, 1))
    told = stay(rng, arrival, plot_of(rng, len(CAST) + person.number))
    shift = now - timedelta(seconds=rng.randint(60, 300)) - told[-1].recorded
    return [_moved(one, shift) for one in _with_moves(rng, told)]


def _with_moves(rng: Random, told: list[Happening]) -> list[Happening]:
    """Who is admitted is moved to another room, and some minutes later more is known: about five messages a stay."""
    admitted = next((place for place, one in enumerate(told) if one.trigger == "A01"), None)
    if admitted is None or len(told) < admitted + 2:
        return told
    first = told[admitted]
    moved = replace(first.visit, room=f"{rng.randint(600, 860)}")
    more = [
        Happening(trigger, Note.DETAILS, at, at, moved)
        for trigger, at in (("A02", first.recorded), ("A08", first.recorded + timedelta(minutes=5)))
    ]
    return [*told[: admitted + 1], *more, *told[admitted + 1 :]]


def _moved(happening: Happening, by: timedelta) -> Happening:
    visit = happening.visit
    ended, died = (at + by if at else None for at in (visit.ended, visit.died))
    visit = replace(visit, begun=visit.begun + by, ended=ended, died=died)
    return replace(happening, occurred=happening.occurred + by, recorded=happening.recorded + by, visit=visit)


def _message(seed: int, n: int, happening: Happening) -> Message:
    person, facility = happening.visit.person, happening.visit.facility
    control_id = f"B{seed % 1000:03d}{person.number:06d}{n}"
    return Message(
        0.0, facility.feed, person.number, frame(adt(happening, control_id, happening.recorded + timedelta(seconds=5)))
    )
