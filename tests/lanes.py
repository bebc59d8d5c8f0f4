"""All tests side by side, for `make test`: each lane runs its steps in turn, into a file of its own under var/test.

A lane that fails is printed whole as it ends; the others go on, so that one run tells everything. Refuses to leave
anything behind: Ctrl-C and SIGTERM end every lane, and the servers of a lane go with the process that started them.
"""

# ruff: noqa: T201 - it prints what became of the lanes

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.stack.guard import guard

ROOT = Path(__file__).parents[1]
OUTPUT = Path("var", "test")
GRACE_SECONDS = 3.0
BROKEN_OFF = 130

_BIN = Path(sys.executable).parent
_PYTEST = str(_BIN / "pytest")
# the rest has deadlines: it goes first where there are fewer cores than lanes
_AFTER_THE_REST = ("nice", "-n", "5")
_ORDERS = (
    *(
        f"tests/unit/admissions/test_{name}.py"
        for name in ("any_letter", "any_order", "any_saga", "every_order", "every_order_of_sagas")
    ),
    "tests/unit/oracle/test_any_letter.py",
    "tests/unit/oracle/test_any_order.py",
)
_OWN_LANE = ("tests/simulation", "tests/integration", "tests/chaos", *_ORDERS)


@dataclass(frozen=True)
class Lane:
    """steps: commands, each run whatever became of the one before."""

    name: str
    steps: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Ended:
    """What became of a lane, and all that it said."""

    lane: Lane
    codes: Sequence[int]
    seconds: float
    said: str

    @property
    def passed(self) -> bool:
        return not any(self.codes)

    @property
    def heading(self) -> str:
        return f"{self.lane.name}: {'passed' if self.passed else 'FAILED'} in {self.seconds:.0f} s"

    @property
    def closing(self) -> str:
        """pytest's closing sections; of anything else the last line."""
        lines = self.said.rstrip().splitlines() or ["(it said nothing)"]
        rules = [place for place, line in enumerate(lines) if line.startswith("=====")]
        return "\n".join(lines[rules[1] :] if len(rules) > 1 else lines[-1:])


# Traced are the lanes that the figure of coverage is about: tracing would triple the time of the simulation and of the
# stories that are heard in every order, which take no branch that the other tests do not take
LANES = (
    Lane(
        "rules",
        [
            [*_AFTER_THE_REST, str(_BIN / "mypy")],
            [*_AFTER_THE_REST, str(_BIN / "lint-imports")],
            [*_AFTER_THE_REST, _PYTEST, "--cov", "--cov-report=", *(f"--ignore={path}" for path in _OWN_LANE)],
        ],
    ),
    Lane("orders", [[*_AFTER_THE_REST, _PYTEST, *_ORDERS]]),
    Lane("simulation", [[*_AFTER_THE_REST, _PYTEST, "tests/simulation"]]),
    Lane("integration", [[_PYTEST, "--cov", "--cov-report=", "tests/integration"]]),
    Lane("chaos", [[_PYTEST, "tests/chaos"]]),
)


def main(lanes: Sequence[Lane] = LANES, directory: Path = OUTPUT) -> int:
    """Exit code: 0 if every step of every lane ended with 0, 130 when broken off, else 1."""
    began = time.monotonic()
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    print(f"side by side: {', '.join(lane.name for lane in lanes)}; what they say: {directory}/*.log", flush=True)
    try:
        ended = asyncio.run(side_by_side(lanes, directory))
    except asyncio.CancelledError:
        print("broken off", flush=True)
        return BROKEN_OFF
    for one in ended:
        print(f"\n{one.heading}\n{one.closing}")
    print(f"\n===== {total([one.closing for one in ended])} in {time.monotonic() - began:.2f}s =====", flush=True)
    return 0 if all(one.passed for one in ended) else 1


async def side_by_side(lanes: Sequence[Lane], directory: Path) -> list[Ended]:
    """What became of each. Raises CancelledError, with every lane ended, on SIGINT and SIGTERM."""
    with _ending_on_signals():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_run(lane, directory)) for lane in lanes]
    return [task.result() for task in tasks]


@contextlib.contextmanager
def _ending_on_signals() -> Iterator[None]:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in signals:
        loop.add_signal_handler(number, task.cancel)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def _run(lane: Lane, directory: Path) -> Ended:
    log, began = directory / f"{lane.name}.log", time.monotonic()
    # `coverage combine` looks for files that are named so
    environment = {**os.environ, "COVERAGE_FILE": str(directory / f".coverage.{lane.name}")}
    codes = [await _step(step, log, environment) for step in lane.steps]
    ended = Ended(lane, codes, time.monotonic() - began, log.read_text("utf-8", "replace"))
    print(ended.heading if ended.passed else f"{ended.said}\n{ended.heading}", flush=True)
    return ended


async def _step(step: Sequence[str], log: Path, environment: dict[str, str]) -> int:
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            *step,
            cwd=ROOT,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for this process: it ends the whole of each lane
        )
    guard().watch_pid(process.pid)
    try:
        return await process.wait()
    finally:
        await _end(process)
        guard().forget_pid(process.pid)


async def _end(process: asyncio.subprocess.Process) -> None:
    """SIGTERM, then SIGKILL, to it and to what it started in its own session."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), GRACE_SECONDS)


def total(closings: Sequence[str]) -> str:
    """The counts of pytest's last lines, added up: `12 passed, 1 skipped`."""
    counts: Counter[str] = Counter()
    for closing in closings:
        for number, outcome in re.findall(r"(\d+) (passed|failed|skipped|error)", closing.splitlines()[-1]):
            counts[outcome] += int(number)
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items())


if __name__ == "__main__":
    sys.exit(main())
