"""`python -m tests.chaos`: what `make chaos` runs. Ends with 1 where anything differs, with 130 when broken off."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from demo.stack.process import StackError
from shared.telemetry import wall_clock
from tests.chaos.frozen import REPOSITORY
from tests.chaos.meter import Stuck
from tests.chaos.play import Outcome, Plan, chaos
from tests.chaos.report import written
from tests.chaos.run import Unacknowledged
from tests.chaos.traffic import TooFew

SHOWN = 20


def main() -> int:
    """Exit code: 0 clean, 1 differences, 2 it could not be played to its end, 130 broken off."""
    plan, report = _arguments()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a broker that is away is what this is about
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _break_off)
    _tell(f"seed {plan.seed}; again: make {plan.name} SEED={plan.seed}", plan.again())
    try:
        outcome = chaos(plan, _say)
    except (KeyboardInterrupt, asyncio.CancelledError):
        _tell(f"broken off; logs: {plan.logs}")
        return 130
    except (StackError, TooFew, Stuck, Unacknowledged) as failed:
        _tell(f"{type(failed).__name__}: {failed}", f"logs: {plan.logs}")
        return 2
    _conclude(plan, outcome, report)
    return 0 if outcome.account.clean else 1


def _conclude(plan: Plan, outcome: Outcome, report: Path) -> None:
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(written(plan, outcome))
    for name, found in outcome.account.differences.items():
        _tell(*(f"{name}: {difference}" for difference in found[:SHOWN]))
    _tell(f"{outcome.account.verdict}", f"report: {report}", f"logs: {plan.logs}")


def _arguments() -> tuple[Plan, Path]:
    today = f"{wall_clock():%Y-%m-%d}"
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--patients", type=int, default=10_000)
    parser.add_argument(
        "--kills", type=int, default=200, help="SIGKILLs; the rest comes on top. 0: only a second admissions"
    )
    parser.add_argument("--report", type=Path, help="default: docs/runs/<chaos or truth>-<date>-<seed>.md")
    given = parser.parse_args()
    name = "chaos" if given.kills else "truth"
    report = given.report or REPOSITORY / "docs" / "runs" / f"{name}-{today}-{given.seed}.md"
    logs = REPOSITORY / "var" / "chaos" / f"{today}-{given.seed}-{int(time.time())}"
    return Plan(given.seed, given.messages, given.patients, given.kills, logs), report


def _break_off(_number: int, _frame: FrameType | None) -> None:
    """Once: what ends in order must not be broken off again. What is left then is the guard's (demo/stack/guard.py)."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _say(line: str) -> None:
    _tell(f"{wall_clock():%H:%M:%S} {line}")


def _tell(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
