"""The whole chain, MLLP to mail handed over: latency by rate, through restarts, what it sustains, memory."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from bench.edges.jvm import lacks
from bench.place import Place
from bench.rounds import Bound, Entry, Table, TableOf

if TYPE_CHECKING:
    from bench.edges.phase import Phase

SECONDS: Final = 60.0
NEVER: Final = 1e6  # seconds, in place of a latency where no mail came (JSON knows no infinity)
LOWER: Final = (50.0, 100.0, 150.0, 200.0)
HIGHER: Final = (300.0, 400.0, 500.0, 700.0, 1_000.0)
SERVICES: Final = ("gateway", "admissions", "discharge", "followup", "notifier")
_COLUMNS: Final = (
    "offered/s", "AA p99 ms", "AA to mail p50 ms", "p95 ms", "p99 ms", "mails", "missing", "growth/s", "sustained",
    "CPU us/message", "sender's cores",
)  # fmt: skip


def rows(_: Place) -> list[Entry]:
    """Three tables of two deployments of their own; the place's servers are not used."""
    where = "five services, Apache Kafka, mongod and a mail sink on this machine; open loop, five messages a stay"
    return [
        TableOf("edges-chain-latency", f"AA to mail handed over, {where}", lambda: _latencies(_run()[1]), lacks()),
        TableOf("edges-chain-memory", f"memory of each service at rest and under load, {where}", _memory, lacks()),
        TableOf("edges-chain-restarts", f"100/s, broker and mongod restarted in the run, {where}", _restarts, lacks()),
    ]


@cache
def _run() -> tuple[dict[str, tuple[float, float]], Sequence[Phase]]:
    """One deployment, from the lowest rate to the first that it does not sustain."""
    from bench.edges.chain import at_rest
    from bench.edges.deployment import deployed
    from bench.edges.phase import run_phase

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    phases: list[Phase] = []
    with deployed() as whole:
        rest = at_rest(whole)
        for n, rate in enumerate((*LOWER, *HIGHER)):
            phases.append(run_phase(whole, rate, SECONDS, n + 1))
            if phases[-1].left or (rate in HIGHER and not phases[-1].sustained):
                break
    return rest, phases


def _latencies(phases: Sequence[Phase]) -> Table:
    at = {phase.rate: phase for phase in phases}
    sustained = max((phase.rate for phase in phases if phase.sustained), default=0.0)
    bounds = [Bound("messages/s sustained for 60 s", sustained, 300.0, 1_000.0, at_most=False)]
    for rate, must, aim in ((100.0, 2.0, None), (200.0, None, 1.0)):
        seconds = _p(at[rate], 0.99) if rate in at and at[rate].mails else NEVER
        bounds.append(Bound(f"AA to mail at {rate:g}/s, p99, seconds", round(seconds, 3), must, aim))
    return Table("edges-chain-latency", _COLUMNS, [_row(phase) for phase in phases], bounds)


def _p(phase: Phase, share: float) -> float:
    from bench.edges.phase import percentile

    return percentile(phase.to_mail, share)


def _row(phase: Phase) -> list[str | float]:
    from bench.edges.phase import percentile

    cpu = sum(phase.cpu.values()) - phase.cpu.get("sender", 0.0) - phase.cpu.get("sink", 0.0)
    return [
        phase.rate,
        round(percentile(phase.to_answer, 0.99) * 1e3, 1),
        *(round(_p(phase, share) * 1e3) for share in (0.5, 0.95, 0.99)),
        phase.mails,
        phase.missing,
        round(phase.growth, 1),
        "yes" if phase.sustained else "no",
        round(cpu / max(1, phase.messages) * 1e6),
        round(phase.cpu.get("sender", 0.0) / phase.seconds, 2),
    ]


def _memory() -> Table:
    """RSS, which counts shared pages in full, is what is held to the bounds; PSS is what a further replica costs."""
    rest, phases = _run()
    loaded: Callable[[str], float] = lambda name: max(phase.rss[name] for phase in phases)  # noqa: E731
    lines: list[list[str | float]] = []
    for name in (*SERVICES, "kafka", "mongod"):
        pss = max(phase.pss[name] for phase in phases)
        lines.append([name, round(rest[name][0]), round(loaded(name)), round(rest[name][1]), round(pss)])
    bounds = [
        Bound("MB of RSS at rest, the largest service", round(max(rest[name][0] for name in SERVICES)), 120.0, 80.0),
        Bound("MB of RSS under load, the largest service", round(max(map(loaded, SERVICES))), 250.0, 150.0),
    ]
    columns = ("process", "RSS at rest MB", "RSS under load MB", "PSS at rest MB", "PSS under load MB")
    return Table("edges-chain-memory", columns, lines, bounds)


def _restarts() -> Table:
    from bench.edges.chain import restarting
    from bench.edges.deployment import deployed
    from bench.edges.phase import run_phase

    with deployed() as whole:
        phase = run_phase(whole, 100.0, SECONDS, 77, restarting(whole, SECONDS))
    bounds = [Bound("mails missing", phase.missing + sum(phase.left.values()), 0.0, 0.0)]
    columns = (*_COLUMNS, "sent again", "mails repeated", "longest AA to mail ms")
    more: list[str | float] = [phase.resent, phase.repeats, round(_p(phase, 1.0) * 1e3)]
    return Table("edges-chain-restarts", columns, [_row(phase) + more], bounds)
