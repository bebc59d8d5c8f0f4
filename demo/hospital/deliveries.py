"""What real feeds do to good messages: send some twice, let some be overtaken. None is lost or leaves the window."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Final

from demo.hospital.faults import Faults
from demo.hospital.sendings import Delivery, Sending

_AT_LEAST: Final = 3
_LATEST: Final = timedelta(hours=1)
_NONE: Final = timedelta(0)
_LATER: Final = timedelta(minutes=5)
_SENT_AGAIN: Final = timedelta(minutes=20)


def with_faults(rng: Random, sendings: list[Sending], end: datetime, faults: Faults) -> list[Sending]:
    """The same messages, some late, some twice; in order of sending. None of these is sent at `end` or later."""
    changed = _some_late(rng, sendings, end, faults.overtaken)
    changed = _some_delayed(rng, changed, faults.delayed) if faults.delayed else changed
    return sorted(changed + _some_again(rng, changed, end, faults.twice), key=_order)


def _order(sending: Sending) -> tuple[object, ...]:
    return sending.at, sending.feed, sending.control_id, sending.delivery


def _some_late(rng: Random, sendings: list[Sending], end: datetime, share: float) -> list[Sending]:
    """Only one that is soon followed by another of its patient can be overtaken."""
    nexts = {place: following for place, following in _nexts(sendings).items() if following.at < end - _LATER}
    ready = [place for place, following in nexts.items() if following.at - sendings[place].at < _LATEST - _LATER]
    count = min(len(ready), max(_AT_LEAST, round(share * len(sendings)))) if share else 0
    late = {place: nexts[place].at + timedelta(seconds=rng.randint(20, 240)) for place in rng.sample(ready, count)}
    return [
        replace(sending, at=late[place], delivery=Delivery.LATE) if place in late else sending
        for place, sending in enumerate(sendings)
    ]


def _nexts(sendings: list[Sending]) -> dict[int, Sending]:
    """Place of a message to the next one of the same patient and feed."""
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, sending in enumerate(sendings):
        places[sending.patient, sending.feed].append(place)
    return {one: sendings[following] for of_patient in places.values() for one, following in pairwise(of_patient)}


def _some_delayed(rng: Random, sendings: list[Sending], share: float) -> list[Sending]:
    """Somewhere on the way to its patient's next message, at most an hour; the last one of a patient is not delayed."""
    nexts = _nexts(sendings)
    ready = [place for place in nexts if sendings[place].delivery is Delivery.PLANNED]
    chosen = set(rng.sample(ready, min(len(ready), round(share * len(sendings)))))
    later = {place: rng.random() * _room(sendings[place], nexts[place]) for place in sorted(chosen)}
    return [
        replace(one, at=one.at + later[place], delivery=Delivery.LATE) if place in chosen else one
        for place, one in enumerate(sendings)
    ]


def _room(one: Sending, following: Sending) -> timedelta:
    return min(_LATEST, max(following.at - one.at, _NONE))


def _some_again(rng: Random, sendings: list[Sending], end: datetime, share: float) -> list[Sending]:
    ready = [sending for sending in sendings if sending.at < end - _SENT_AGAIN]
    again = rng.sample(ready, min(len(ready), round(share * len(sendings))))
    latest = round(_SENT_AGAIN.total_seconds())
    return [
        replace(one, at=one.at + timedelta(seconds=rng.randint(5, latest)), delivery=Delivery.AGAIN) for one in again
    ]
