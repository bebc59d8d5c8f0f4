"""What real feeds do to good messages: send some twice, let some be overtaken. None is lost or leaves the window."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Final

from demo.hospital.sendings import Delivery, Sending

_TWICE: Final = 0.05
_OVERTAKEN: Final = 0.03
_AT_LEAST: Final = 3
_LATEST: Final = timedelta(hours=1)
_LATER: Final = timedelta(minutes=5)
_SENT_AGAIN: Final = timedelta(minutes=20)


def with_faults(rng: Random, sendings: list[Sending], end: datetime) -> list[Sending]:
    """The same messages, some late, some twice; in order of sending. None of these is sent at `end` or later."""
    changed = _some_late(rng, sendings, end)
    return sorted(changed + _some_again(rng, changed, end), key=_order)


def _order(sending: Sending) -> tuple[object, ...]:
    return sending.at, sending.feed, sending.control_id, sending.delivery


def _some_late(rng: Random, sendings: list[Sending], end: datetime) -> list[Sending]:
    """Only one that is soon followed by another of its patient can be overtaken."""
    nexts = {place: following for place, following in _nexts(sendings).items() if following.at < end - _LATER}
    ready = [place for place, following in nexts.items() if following.at - sendings[place].at < _LATEST - _LATER]
    count = min(len(ready), max(_AT_LEAST, round(_OVERTAKEN * len(sendings))))
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


def _some_again(rng: Random, sendings: list[Sending], end: datetime) -> list[Sending]:
    ready = [sending for sending in sendings if sending.at < end - _SENT_AGAIN]
    again = rng.sample(ready, min(len(ready), round(_TWICE * len(sendings))))
    latest = round(_SENT_AGAIN.total_seconds())
    return [
        replace(one, at=one.at + timedelta(seconds=rng.randint(5, latest)), delivery=Delivery.AGAIN) for one in again
    ]
