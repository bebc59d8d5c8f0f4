"""The schedule of strikes: drawn from the seed before anything runs. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from random import Random

HEARERS = ("admissions", "discharge", "followup", "notifier")
KAFKA, MONGOD, GATEWAY = "kafka", "mongod", "gateway"
SHARES = {GATEWAY: 14, "admissions": 16, "discharge": 16, "followup": 16, "notifier": 16, KAFKA: 10, MONGOD: 12}
"""Of a hundred kills."""
STALLS_PER_KILL, KILLS_PER_JOIN = 0.25, 10
SESSION_SECONDS, LEASE_SECONDS, DOOR_LEASE_SECONDS = 6.0, 12.0, 15.0
"""What the run sets for groups and senders, and what the gateway has for what it says."""


class Kind(StrEnum):
    """What is done to a target."""

    KILL = "SIGKILL"
    STALL = "SIGSTOP, SIGCONT"
    JOIN = "second instance joins"
    LEAVE = "second instance leaves, SIGTERM"
    LOSE = "second instance ends, SIGKILL"


@dataclass(frozen=True)
class Strike:
    """One of them. `seconds`: how long a stall lasts."""

    kind: Kind
    target: str
    seconds: float = 0.0


def strikes(seed: int, kills: int) -> list[Strike]:
    """`kills` SIGKILLs of services, broker and mongod, a quarter as many stalls, and second instances that come and go.

    A second instance joins before it leaves, and all of them have left at the end. Without kills there is nothing but
    a second instance of admissions, which stays.
    """
    if kills == 0:
        return [Strike(Kind.JOIN, "admissions")]
    rng = Random(f"{seed}/strikes")  # noqa: S311  it must be repeatable, not secret
    drawn = [Strike(Kind.KILL, target) for target in _shared_out(rng, kills)]
    drawn += [_stall(rng, target) for target in _shared_out(rng, max(1, round(kills * STALLS_PER_KILL)))]
    placed = [(rng.random(), strike) for strike in drawn]
    placed += _comings_and_goings(rng, max(1, kills // KILLS_PER_JOIN))
    return [strike for _, strike in sorted(placed, key=lambda one: one[0])]


def _shared_out(rng: Random, count: int) -> list[str]:
    """By share; what does not divide is drawn."""
    found = [target for target, share in SHARES.items() for _ in range(count * share // 100)]
    return found + rng.choices(list(SHARES), list(SHARES.values()), k=count - len(found))


def _stall(rng: Random, target: str) -> Strike:
    """Shorter than a session, longer than one, or longer than a lease; servers come back within their time-outs."""
    short, long = (1.0, SESSION_SECONDS - 1), (SESSION_SECONDS + 1, 2 * SESSION_SECONDS)
    ranges = [short, long]
    if target == "notifier":
        ranges.append((LEASE_SECONDS + 1, LEASE_SECONDS + 6))
    if target == GATEWAY:
        ranges.append((DOOR_LEASE_SECONDS + 1, DOOR_LEASE_SECONDS + 5))
    return Strike(Kind.STALL, target, round(rng.uniform(*rng.choice(ranges)), 1))


def _comings_and_goings(rng: Random, joins: int) -> list[tuple[float, Strike]]:
    first = rng.randrange(len(HEARERS))
    of = Counter(HEARERS[(first + place) % len(HEARERS)] for place in range(joins))
    placed: list[tuple[float, Strike]] = []
    for place, (target, count) in enumerate(sorted(of.items())):
        places = sorted(rng.random() for _ in range(2 * count))
        for n, (come, go) in enumerate(zip(places[::2], places[1::2], strict=True)):
            placed.append((come, Strike(Kind.JOIN, target)))
            placed.append((go, Strike(Kind.LEAVE if (place + n) % 2 else Kind.LOSE, target)))
    return placed
