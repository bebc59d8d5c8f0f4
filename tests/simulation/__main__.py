"""The long form: `python -m tests.simulation --seeds N --from M --jobs 2` (`make simulation SEEDS=N`).

Prints how far it is, then the faults that struck and what was not clean; a failing seed with the end of its trace.
Exits 1 when a seed failed. `--mutants`: the first seed that catches each planted bug. `--result FILE` keeps what was
found, every minute and however the run ends: `first` + `done` is the seed that the next run begins `--from`.
`--report FILE... [--mutants-result FILE]` renders such files, of other seeds each, as one page for docs/runs.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterable
from multiprocessing import Pool
from pathlib import Path

from tests.simulation.mutants import MUTANTS, first_catch
from tests.simulation.play import Report, simulate
from tests.simulation.reporting import Tally, page, write_mutants

LAST_LINES = 40
TELL_EACH = 500
WRITE_SECONDS = 60.0


def main() -> int:
    """As above."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2_000, help="how many (default 2,000)")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed (default 0)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--trace", action="store_true", help="print the whole trace of the first seed and stop")
    parser.add_argument("--mutants", action="store_true", help="plant each bug and print the first seed to catch it")
    parser.add_argument("--result", type=Path, help="keep what is found in this file (JSON)")
    parser.add_argument("--report", type=Path, nargs="+", help="render the files of runs as one page and stop")
    parser.add_argument("--mutants-result", type=Path, help="with --report: the file of a --mutants run")
    asked = parser.parse_args()
    if asked.report:
        _say(page(asked.report, asked.mutants_result).rstrip())
        return 0
    if asked.mutants:
        return _mutants(asked.seeds, asked.result)
    if asked.trace:
        return _traced(asked.first)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    seeds = range(asked.first, asked.first + asked.seeds)
    tally = Tally(asked.result, asked.first, asked.seeds)
    with Pool(asked.jobs, _as_worker) as pool:
        try:
            return _told(pool.imap(_short, seeds, chunksize=8), len(seeds), tally)
        except KeyboardInterrupt:
            _say(f"stopped; to go on: --from {tally.first + tally.done} --seeds {asked.seeds - tally.done}")
            return 130


def _traced(seed: int) -> int:
    report = simulate(seed)
    _say("\n".join(report.trace))
    _say(f"seed {seed}, trace {report.digest[:16]}: {report.violations or 'clean'}")
    return 1 if report.violations else 0


def _as_worker() -> None:
    """The parent decides who ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _short(seed: int) -> Report:
    """A clean seed's trace is not sent to the parent."""
    report = simulate(seed)
    if not report.violations:
        report.trace.clear()
    return report


def _told(reports: Iterable[Report], total: int, tally: Tally) -> int:
    began = written = time.monotonic()
    try:
        for report in reports:
            tally.add(report)
            _show(report)
            if tally.done % TELL_EACH == 0 or tally.done == total:
                rate = tally.done / (time.monotonic() - began)
                _say(f"{tally.done} of {total} seeds, {rate:.1f} a second, {len(tally.failed)} failed")
            if time.monotonic() > written + WRITE_SECONDS:
                written = time.monotonic()
                tally.write(written - began)
    finally:
        tally.write(time.monotonic() - began)
    counts = dict(sorted(tally.counts.items()))
    _say(f"{tally.virtual_seconds / 3600:.1f} virtual hours of machines; faults and repeats: {counts}")
    return 1 if tally.failed else 0


def _show(report: Report) -> None:
    if report.violations:
        _say(f"seed {report.seed} FAILED: {report.violations[0]}")
        _say("\n".join(report.trace[-LAST_LINES:]))


def _mutants(most: int, result: Path | None) -> int:
    found: dict[str, tuple[int, str] | None] = {}
    for name in MUTANTS:
        found[name] = caught = first_catch(name, range(most))
        _say(f"{name:50} " + (f"seed {caught[0]:4}: {caught[1]}" if caught else "SURVIVED"))
        write_mutants(result, found, most)
    return 1 if None in found.values() else 0


def _say(text: str) -> None:
    sys.stdout.write(text + os.linesep)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
