"""What the simulated hospital sends in a run, and the waves it comes in. The same seed gives the same bytes.

A week of stays; if these are too few messages, some of the same patients come again in the days after it. Who died in
the first week does not.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from demo.deployment import START
from demo.hospital import Faults, Sending, schedule

FAULTS = Faults(twice=0.06, overtaken=0.05, delayed=0.05, cut=0.02, mis_zoned=0.05, poisoned=0.01)
FIRST, AGAIN = timedelta(days=7), timedelta(days=4)
WAVE_MESSAGES = 2_000
LONGEST_WAVE, SHORTEST_WAVE = timedelta(days=4), timedelta(days=1)


class TooFew(Exception):
    """So few patients do not cause so many messages."""


@dataclass(frozen=True)
class Wave:
    """Messages that go out as one burst; `end` is where the business clock stands when they are through."""

    end: datetime
    sendings: list[Sending]


def traffic(seed: int, messages: int, patients: int, start: datetime = START) -> list[Sending]:
    """Exactly so many messages, in order of sending. Raises TooFew."""
    sendings = schedule(seed, patients, FIRST.days, start, FAULTS)
    if len(sendings) < messages:
        sendings += _again(seed, patients, start + FIRST, sendings, messages - len(sendings))
    if len(sendings) < messages:
        raise TooFew(f"{patients} patients cause {len(sendings)} messages, not {messages}")
    return sorted(sendings, key=lambda one: one.at)[:messages]


def _again(seed: int, patients: int, start: datetime, first: list[Sending], wanted: int) -> list[Sending]:
    """Whole patients, until there are enough."""
    died = {one.patient for one in first if one.meant is not None and one.meant.visit.died is not None}
    by_patient: dict[str, list[Sending]] = defaultdict(list)
    for one in schedule(seed, patients, AGAIN.days, start, FAULTS):
        by_patient[one.patient].append(one)
    found: list[Sending] = []
    for patient in sorted(set(by_patient) - died):
        if len(found) >= wanted:
            break
        found += by_patient[patient]
    return found


def waves(sendings: list[Sending], start: datetime = START) -> list[Wave]:
    """Equal times, so that most waves are large; never shorter than a day, and few where there are few messages."""
    span = sendings[-1].at - start
    count = max(2, round(len(sendings) / WAVE_MESSAGES))
    length = min(LONGEST_WAVE, max(SHORTEST_WAVE, span / count))
    found: list[Wave] = []
    left, end = list(sendings), start
    while left:
        end += length
        due = [one for one in left if one.at <= end]
        left = left[len(due) :]
        found.append(Wave(end, due))
    return found


def longest(found: list[Wave]) -> timedelta:
    """Within it, one thing may overtake another."""
    return found[1].end - found[0].end if len(found) > 1 else LONGEST_WAVE
