"""`python -m bench.edges.chain --rate 100 --seconds 60`: the whole chain under load, and what each process cost.

Several rates are run one after the other on one deployment. Messages are sent by the clock (open loop), five a stay.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from bench.edges.deployment import Whole, deployed
from bench.edges.phase import Phase, percentile, run_phase
from bench.edges.watch import memory_mb
from demo.stack import Kafka, Mongo

REST_SECONDS = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns its exit code."""
    options = _options(arguments)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # new topics have no leader yet; it says so many times
    phases = []
    with deployed(dict(pair.partition("=")[::2] for pair in options.set)) as whole:
        rest = at_rest(whole)
        if options.pids:
            sys.stdout.write(f"directory {whole.stack.directory}; pids {whole.pids}\n")
        for n, rate in enumerate(options.rate):
            during = restarting(whole, options.seconds) if options.restart else None
            phase = run_phase(whole, rate, options.seconds, options.seed + n, during)
            phases.append(phase)
            sys.stdout.write(told(phase, rest))
            sys.stdout.flush()
            if phase.left:
                break  # the next one would start with this one's rest
    if options.json:
        options.json.write_text(json.dumps({"rest": rest, "phases": [_plain(phase) for phase in phases]}, indent=1))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("bench.edges.chain", description=__doc__)
    parser.add_argument("--rate", type=float, nargs="+", default=[100.0], help="messages a second, one phase each")
    parser.add_argument("--seconds", type=float, default=60.0, help="measured time of each phase")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--restart", action="store_true", help="restart the broker, then mongod, in each phase")
    parser.add_argument("--set", nargs="*", default=[], metavar="CARE_X=Y", help="further settings for the services")
    parser.add_argument("--json", type=Path, help="keep all figures here")
    parser.add_argument("--pids", action="store_true", help="say pids and directory once it runs, for a profiler")
    return parser.parse_args(arguments)


def at_rest(whole: Whole) -> dict[str, tuple[float, float]]:
    """Name -> (RSS, PSS) in MB, some seconds after all was ready."""
    time.sleep(REST_SECONDS)
    return {name: memory_mb(pid) for name, pid in whole.pids.items()}


def restarting(whole: Whole, seconds: float) -> Callable[[float], None]:
    """For `run_phase`: the broker is restarted after a quarter of the time, mongod after a half."""
    left: list[tuple[float, Kafka | Mongo]] = [(seconds / 4, whole.stack.kafka), (seconds / 2, whole.stack.mongo)]

    def during(gone: float) -> None:
        if left and gone >= left[0][0]:
            left.pop(0)[1].restart()

    return during


def told(phase: Phase, rest: dict[str, tuple[float, float]]) -> str:
    """The phase as text."""
    lines = [
        f"\n{phase.rate:g} messages/s for {phase.seconds:g} s: {phase.messages} messages, {phase.answers}, "
        f"{phase.resent} sent again, sender at most {phase.late * 1000:.0f} ms late, load {os.getloadavg()[0]:.1f}",
        f"  due to AA          {_spread(phase.to_answer)}",
        f"  AA to mail         {_spread(phase.to_mail)}",
        f"  mails {phase.mails}, repeated {phase.repeats}, missing {phase.missing}; deliveries {phase.deliveries}",
        f"  {'sustained' if phase.sustained else 'NOT SUSTAINED'}: what waits grew by {phase.growth:.1f}/s, "
        f"last mail {phase.drain:.1f} s after the last AA; waiting at the end {_last(phase)}",
        f"  not through after a minute: {phase.left}" if phase.left else "  all through",
        f"  {'process':12} {'CPU s':>7} {'cores':>6} {'us/message':>10} {'RSS MB':>14} {'PSS MB':>14} (at rest > load)",
    ]
    for name, cpu in phase.cpu.items():
        rss, pss = rest.get(name, (0.0, 0.0))
        lines.append(
            f"  {name:12} {cpu:7.1f} {cpu / phase.seconds:6.2f} {cpu / max(1, phase.messages) * 1e6:10.0f} "
            f"{rss:5.0f} > {phase.rss[name]:6.0f} {pss:5.0f} > {phase.pss[name]:6.0f}"
        )
    total = sum(phase.cpu.values())
    lines.append(f"  {'all':12} {total:7.1f} {total / phase.seconds:6.2f} {total / max(1, phase.messages) * 1e6:10.0f}")
    return "\n".join(lines) + "\n"


def _spread(values: Sequence[float]) -> str:
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return "  ".join(f"{name} {percentile(values, share) * 1000:8.1f} ms" for name, share in shares.items())


def _last(phase: Phase) -> str:
    last = phase.behind[-1] if phase.behind else {}
    return ", ".join(f"{name} {n:.0f}" for name, n in last.items() if name != "at")


def _plain(phase: Phase) -> dict[str, object]:
    return {**asdict(phase), "sustained": phase.sustained}


if __name__ == "__main__":
    sys.exit(main())
