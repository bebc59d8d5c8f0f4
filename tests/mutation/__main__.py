"""Plant faults in the rooms of `rooms.py`, ask each room's own tests, and name every fault that no test saw.

`functions`: mutmut, for what stands in functions; a tree a room stays in `--trees` for `mutmut show NAME`.
`tables`: what mutmut leaves alone (`faults.py`), in a copy that goes; a child is forked for each fault with the
libraries loaded and nothing of ours. `report`: what `functions` found, again. The working tree is never touched.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.mutation.faults import Fault, faults_in
from tests.mutation.rooms import ROOMS, files_of

# ruff: noqa: T201 - it prints what it found

SECONDS = 120
PYTEST = (
    "-x",
    "-q",
    "--assert=plain",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:cov",
    "-m",
    "not hypothesis and not integration",
)


LISTING = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")


def _copied(into: Path) -> Path:
    """The working tree as it is, less what git ignores."""
    names = subprocess.run(LISTING, check=True, capture_output=True).stdout.decode().split("\0")
    for name in filter(None, names):
        if Path(name).exists():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, into / name)
    return into


def _load_libraries() -> None:
    """What every run would import anyway, so that a fault costs its tests alone."""
    for name in ("aiokafka", "holidays", "hypothesis", "orjson", "prometheus_client", "pydantic_settings", "pytest"):
        __import__(name)
    for name in [name for name in sys.modules if name.split(".")[0] in ("services", "shared", "care", "demo", "tests")]:
        del sys.modules[name]


def _become(tree: Path, output: Path) -> None:
    with output.open("w") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    signal.alarm(SECONDS)
    os.chdir(tree)
    sys.path.insert(0, str(tree))


def _passes(tree: Path, tests: tuple[str, ...], output: Path = Path(os.devnull)) -> bool:
    """Do the tests pass in `tree`? What takes too long does not."""
    child = os.fork()
    if child == 0:
        try:
            _become(tree, output)
            os._exit(int(sys.modules["pytest"].main([*PYTEST, *tests])))
        except BaseException:  # noqa: BLE001 - whatever it is must not unwind into the parent's own code
            traceback.print_exc()
            os._exit(70)
    return os.waitpid(child, 0)[1] == 0


def tables(rooms: list[str], sample: int, seed: int) -> None:
    """Plant and count; prints each fault that no test saw."""
    sys.dont_write_bytecode = True
    sys.path[:] = [path for path in sys.path if path and Path(path).resolve() != Path.cwd()]
    _load_libraries()
    with tempfile.TemporaryDirectory() as directory:
        tree = _copied(Path(directory))
        for room in rooms:
            tests = ROOMS[room][1]
            if not _passes(tree, tests, tree / "output"):
                sys.exit(f"{room}: its tests do not pass without any fault:\n{(tree / 'output').read_text()}")
            faults = [(file, fault) for file in files_of(room, tree) for fault in faults_in((tree / file).read_text())]
            chosen = _some(faults, sample, seed)
            began, lived = time.monotonic(), [one for one in chosen if _lives(tree, *one, tests)]
            took = time.monotonic() - began
            print(f"{room}: {len(chosen)} of {len(faults)} faults, {len(lived)} lived ({took:.0f} s)", flush=True)


def _some(faults: list[tuple[Path, Fault]], sample: int, seed: int) -> list[tuple[Path, Fault]]:
    if not sample or sample >= len(faults):
        return faults
    return random.Random(seed).sample(faults, sample)  # noqa: S311 - a sample that can be drawn again


def _lives(tree: Path, file: Path, fault: Fault, tests: tuple[str, ...]) -> bool:
    source = (tree / file).read_text()
    (tree / file).write_text(fault.applied(source))
    with contextlib.ExitStack() as stack:
        stack.callback((tree / file).write_text, source)
        lives = _passes(tree, tests)
    if lives:
        print(f"  lived: {file} {fault}", flush=True)
    return lives


KILLED, LIVED, TIMED_OUT, NO_TESTS = "killed", "survived", "timed out", "no tests"
OUTCOMES = {0: LIVED, 1: KILLED, 3: KILLED, 5: NO_TESTS, 33: NO_TESTS, 24: TIMED_OUT, 36: TIMED_OUT, 152: TIMED_OUT}
"""mutmut's exit codes; a number that is not here is a crash of the mutant, which is a kill."""


MUTMUT = """[mutmut]
source_paths=
  services
  shared
also_copy=
  care
  demo
  docs
  requirements
only_mutate=
  {files}
pytest_add_cli_args=
  -p
  no:cacheprovider
  -p
  no:cov
  -m
  not hypothesis and not integration
pytest_add_cli_args_test_selection=
  {tests}
timeout_multiplier=10
timeout_constant=6
track_dependencies=false
use_git_change_detection=false
process_isolation=forkserver
"""
"""`forkserver`: in mutmut's own process the tests have run, and what they left in an `lru_cache` hides mutants."""


def functions(rooms: list[str], mutmut: Path, trees: Path) -> None:
    """Run mutmut over each room with that room's tests, then report."""
    for room in rooms:
        tree = trees / room
        shutil.rmtree(tree, ignore_errors=True)
        _copied(tree)
        files = "\n  ".join(map(str, files_of(room, tree)))
        (tree / "setup.cfg").write_text(MUTMUT.format(files=files, tests="\n  ".join(ROOMS[room][1])))
        subprocess.run([mutmut.absolute(), "run", "--max-children", "1"], cwd=tree, check=True)
    report(rooms, trees)


def report(rooms: list[str], trees: Path) -> None:
    """A table of rooms; then every survivor's name (`mutmut show NAME` in the room's tree shows it)."""
    survivors = []
    print(f"{'room':12} {'mutants':>8} {KILLED:>8} {TIMED_OUT:>10} {LIVED:>9} {NO_TESTS:>9}")
    for room in rooms:
        codes: dict[str, int | None] = {}
        for meta in (trees / room / "mutants").rglob("*.meta"):
            codes |= json.loads(meta.read_text())["exit_code_by_key"]
        run = {name: OUTCOMES.get(code, KILLED) for name, code in codes.items() if code is not None}
        counts = Counter(run.values())
        survivors += [f"{room}  {name}" for name, outcome in run.items() if outcome in (LIVED, NO_TESTS)]
        row = (counts[KILLED], counts[TIMED_OUT], counts[LIVED], counts[NO_TESTS])
        print(f"{room:12} {len(run):8} {row[0]:8} {row[1]:10} {row[2]:9} {row[3]:9}")
    print("\n".join(sorted(survivors)))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    found = {name: commands.add_parser(name) for name in ("functions", "tables", "report")}
    for command in found.values():
        command.add_argument("rooms", nargs="*", default=list(ROOMS), metavar="ROOM", help=", ".join(ROOMS))
        command.add_argument("--trees", type=Path, default=Path("var/mutation"))
    found["functions"].add_argument("--mutmut", type=Path, default=Path("var/mutation/venv/bin/mutmut"))
    found["tables"].add_argument("--sample", type=int, default=0, help="so many faults a room; 0: all")
    found["tables"].add_argument("--seed", type=int, default=20261122)
    given = parser.parse_args()
    match given.command:
        case "functions":
            functions(given.rooms, given.mutmut, given.trees)
        case "tables":
            tables(given.rooms, given.sample, given.seed)
        case _:
            report(given.rooms, given.trees)


if __name__ == "__main__":
    main()
