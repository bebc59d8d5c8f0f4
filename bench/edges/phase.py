"""One phase of a chain run: so many messages a second for so long, and when each mail they caused was handed over.

A mail is led back to its message by the delivery's trace, which is the raw message's id; latency is from `AA` at the
sender to the end of DATA at the relay. What is not delivered when everything is quiet again is counted as missing.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from bench.edges.deployment import Whole
from bench.edges.traffic import WARM_UP, Message, traffic
from bench.edges.watch import Watch, behind
from demo.stack.ports import LOOPBACK
from services.gateway.domain.message import Judge, Received
from services.gateway.domain.saying import traceparent_of
from services.notifier.handlers import DELIVERIES
from shared.feeds import parse_feeds
from shared.mongo.client import connect, database
from shared.telemetry import wall_clock

LANES: Final = 32
LOOK: Final = 2.0
LOADING: Final = 3.0
DRAIN_SECONDS: Final = 60.0


@dataclass
class Phase:
    """What came of it. Latencies are in seconds, of messages due within the measured time; CPU too is of that time."""

    rate: float
    seconds: float
    messages: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    resent: int = 0
    to_answer: list[float] = field(default_factory=list)
    to_mail: list[float] = field(default_factory=list)
    mails: int = 0
    repeats: int = 0
    missing: int = 0
    drain: float = 0.0
    left: dict[str, float] = field(default_factory=dict)
    late: float = 0.0
    growth: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)
    rss: dict[str, float] = field(default_factory=dict)
    pss: dict[str, float] = field(default_factory=dict)
    behind: list[dict[str, float]] = field(default_factory=list)
    deliveries: dict[str, int] = field(default_factory=dict)

    @property
    def sustained(self) -> bool:
        """What waits did not grow by more than 2 % of what came, and all was through soon after the last message."""
        return self.growth < 0.02 * self.rate and self.drain < 15.0 and not self.left


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0..1) of `values` do not exceed; 0.0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def run_phase(
    whole: Whole, rate: float, seconds: float, seed: int, during: Callable[[float], None] | None = None
) -> Phase:
    """Send, wait until all is quiet, collect. `during` is called at each look with the measured seconds gone."""
    messages = traffic(seed, rate, WARM_UP + seconds, wall_clock())
    start = time.monotonic() + LOADING
    sender, result = _sender(whole, messages, start, seed)
    try:
        _sleep_until(start + WARM_UP)
        watch = _watched(whole, sender.pid, start + WARM_UP + seconds, during)
        sender.wait(180.0)
    finally:
        sender.kill()
        sender.wait()
    told = orjson.loads(result.read_bytes())
    ended = max(told["answered"])
    left = asyncio.run(_left_over(whole))
    phase = Phase(rate, seconds, drain=max(0.0, _last_mail(whole) - ended), left=left, growth=watch.growth())
    phase.cpu, phase.rss, phase.pss, phase.behind = watch.cpu, watch.rss, watch.pss, watch.behind
    _collect(phase, whole, messages, told, start)
    return phase


def _sender(whole: Whole, messages: list[Message], start: float, seed: int) -> tuple[subprocess.Popen[bytes], Path]:
    plan, result = (whole.stack.directory / f"{name}-{seed}.json" for name in ("plan", "result"))
    rows = [[one.at, one.feed, one.lane, one.frame.decode()] for one in messages]
    plan.write_bytes(
        orjson.dumps({"host": LOOPBACK, "ports": whole.ports, "lanes": LANES, "start": start, "messages": rows})
    )
    command = [sys.executable, "-m", "bench.edges.sender", str(plan), str(result)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL), result


def _watched(whole: Whole, sender: int, until: float, during: Callable[[float], None] | None) -> Watch:
    watch, begun = Watch(), time.monotonic()
    watch.begin({**whole.pids, "sender": sender})
    while time.monotonic() < until:
        _sleep_until(min(until, time.monotonic() + LOOK))
        if during is not None:
            during(time.monotonic() - begun)
        watch.look({**whole.pids, "sender": sender}, behind(whole.wiring.admin_ports))
    return watch


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


async def _left_over(whole: Whole) -> dict[str, float]:
    """What still waits when nothing does, seen three times in a row, or when patience ends: then by holder."""
    deliveries = _deliveries(whole)
    deadline, quiet = time.monotonic() + DRAIN_SECONDS, 0
    pending = {"status": {"$in": ["pending", "sending"]}, "attempts": {"$lte": 1}}
    waiting: dict[str, float] = {}
    while quiet < 3 and time.monotonic() < deadline:
        waiting = await asyncio.to_thread(behind, whole.wiring.admin_ports)
        waiting["deliveries"] = await deliveries.count_documents(pending)
        quiet = quiet + 1 if len(waiting) == 6 and not any(waiting.values()) else 0
        await asyncio.sleep(0.7)
    return {name: n for name, n in waiting.items() if n}


def _deliveries(whole: Whole) -> Any:
    client = connect(whole.stack.mongo.uri)
    return database(client, "care_notifier")[DELIVERIES]


def _mailed(whole: Whole) -> dict[str, list[float]]:
    """Delivery -> when it came, each time."""
    found: dict[str, list[float]] = {}
    for line in whole.mails.read_text().splitlines():
        at, _, delivery = line.partition(" ")
        found.setdefault(delivery, []).append(float(at))
    return found


def _last_mail(whole: Whole) -> float:
    return max((at for times in _mailed(whole).values() for at in times), default=0.0)


def _collect(phase: Phase, whole: Whole, messages: list[Message], told: Mapping[str, Any], start: float) -> None:
    measured = [n for n, one in enumerate(messages) if WARM_UP <= one.at < WARM_UP + phase.seconds]
    answered: list[float] = told["answered"]
    phase.messages, phase.resent, phase.late = len(measured), told["resent"], told["late"]
    phase.answers = dict(told["codes"])
    phase.to_answer = [answered[n] - (start + messages[n].at) for n in measured]
    numbers = {trace: n for n, trace in reversed(list(enumerate(_traces(whole, messages))))}
    inside, mailed = set(measured), _mailed(whole)
    statuses: Counter[str] = Counter()
    for delivery, trace, status in asyncio.run(_told(whole)):
        if (n := numbers.get(trace)) not in inside or n is None:
            continue
        statuses[status] += 1
        times = mailed.get(delivery, [])
        phase.missing += status == "sent" and not times
        phase.repeats += max(0, len(times) - 1)
        phase.to_mail += [min(times) - answered[n]] if times else []
    phase.mails, phase.deliveries = len(phase.to_mail), dict(statuses)


def _traces(whole: Whole, messages: list[Message]) -> list[str]:
    """The trace that each message's consequences carry."""
    profiles = parse_feeds(tomllib.loads((whole.stack.directory / "feeds.toml").read_text()))
    judge, now = Judge(b"any", 1_000_000), wall_clock()
    letters = (judge.er7(one.frame[1:-2], profiles[one.feed], now).letter for one in messages)
    return [traceparent_of(letter) if isinstance(letter, Received) else "" for letter in letters]


async def _told(whole: Whole) -> list[tuple[str, str, str]]:
    """(delivery, trace, status or reason) of all deliveries."""
    fields = {"traceparent": 1, "status": 1, "reason": 1}
    rows = _deliveries(whole).find({}, fields)
    return [(row["_id"], row["traceparent"], row.get("reason") or row["status"]) async for row in rows]
