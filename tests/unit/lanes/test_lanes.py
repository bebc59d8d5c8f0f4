"""What `make test` promises: every lane to its end, a failure told whole, nothing left running when broken off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.lanes import LANES, ROOT, Ended, Lane, main, total

CLOSING = "===== servers of this run =====\nKafka: one\n===== 3 passed, 1 skipped, 2 warnings in 4.56s ====="
PYTEST_SAID = f"===== test session starts =====\ntests/a.py ....\n{CLOSING}\n"
RUNNER = "import sys; from pathlib import Path; from tests.lanes import *; sys.exit(main({}, Path(sys.argv[1])))"


def sh(script: str) -> Sequence[str]:
    return ["sh", "-c", script]


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.02)


def test_lanes__all_pass(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lanes = [Lane("one", [sh("echo first"), sh("echo second")]), Lane("two", [sh(f"printf %s '{PYTEST_SAID}'")])]
    assert main(lanes, tmp_path / "out") == 0
    assert (tmp_path / "out" / "one.log").read_text() == "first\nsecond\n"
    said = capfd.readouterr().out
    assert "first" not in said, "of a lane that passed only the end is told"
    assert "one: passed in 0 s\nsecond\n" in said
    assert f"two: passed in 0 s\n{CLOSING}\n" in said
    assert "===== 3 passed, 1 skipped in " in said.splitlines()[-1]


def test_lanes__one_that_fails_is_told_whole_and_the_others_end(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    lanes = [Lane("bad", [sh("echo why; exit 3"), sh("echo later")]), Lane("good", [sh(f"sleep 0.3; touch {other}")])]
    assert main(lanes, tmp_path / "out") == 1
    said = capfd.readouterr().out
    assert "why\nlater\n\nbad: FAILED" in said
    assert "good: passed" in said
    assert other.exists()


def test_lanes__a_command_that_is_missing_fails_the_run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lanes = [Lane("none", [["nice", str(tmp_path / "no-such-program")]]), Lane("good", [sh("true")])]
    assert main(lanes, tmp_path / "out") == 1
    assert "good: passed" in capfd.readouterr().out


def test_lanes__files_of_the_run_before_are_gone(tmp_path: Path) -> None:
    """Old coverage would count for this run."""
    (tmp_path / ".coverage.old").touch()
    assert main([Lane("one", [sh('echo > "$COVERAGE_FILE"')])], tmp_path) == 0
    assert {file.name for file in tmp_path.iterdir()} == {"one.log", ".coverage.one"}


@pytest.mark.parametrize(
    ("end", "step"),
    [(signal.SIGINT, "(trap '' TERM; {}) & wait"), (signal.SIGTERM, "trap '' TERM; {}")],
    ids=["SIGINT-child", "SIGTERM-step"],
)
def test_lanes__broken_off_leaves_nothing_running(tmp_path: Path, end: signal.Signals, step: str) -> None:
    """Not even what does not care for SIGTERM."""
    pid = tmp_path / "pid"
    stubborn = sh(step.format(f"sh -c 'echo $$ > {pid}.part; mv {pid}.part {pid}; exec sleep 600'"))
    runner = RUNNER.format(f"[Lane('one', [{stubborn!r}]), Lane('two', [['sleep', '600']])]")
    command = [sys.executable, "-c", runner, str(tmp_path / "out")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        until(pid.exists, "the lanes run")
        process.send_signal(end)
        said, _ = process.communicate(timeout=40)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "broken off"
    until(lambda: not alive(int(pid.read_text())), "it is gone")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_closing__of_what_is_no_pytest_is_its_last_line() -> None:
    assert Ended(LANES[0], [0], 1.0, "one\nSuccess: no issues\n").closing == "Success: no issues"
    assert Ended(LANES[0], [0], 1.0, "").closing == "(it said nothing)"


def test_total__adds_what_pytest_counted() -> None:
    closings = ["=== 12 passed, 1 skipped in 3.00s ===", "x\n=== 1 failed, 3 passed, 1 error in 2.00s (0:00:02) ==="]
    assert total(closings) == "15 passed, 1 skipped, 1 failed, 1 error"


def test_lanes__everything_with_a_lane_of_its_own_is_there() -> None:
    """The first lane runs all that the others do not; what was renamed would run in both or in none."""
    rules, *others = (" ".join(lane.steps[-1]).split() for lane in LANES)
    ignored = {word.removeprefix("--ignore=") for word in rules if word.startswith("--ignore=")}
    assert ignored == {word for words in others for word in words if word.startswith("tests/")}
    assert all((ROOT / path).exists() for path in ignored)
