"""The long form: `python -m tests.simulation --seeds N --from M --jobs 2` (`make simulation SEEDS=N`).

Prints how far it is, then the faults that struck and what was not clean; a failing seed with the end of its trace.
Exits 1 when a seed failed. `--mutants`: the first seed that catches each planted bug.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable
from multiprocessing import Pool

from tests.simulation.mutants import MUTANTS, first_catch
from tests.simulation.play import Report, simulate

LAST_LINES = 40


def main() -> int:
    """As above."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2_000, help="how many (default 2,000)")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed (default 0)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--trace", action="store_true", help="print the whole trace of the first seed and stop")
    parser.add_argument("--mutants", action="store_true", help="plant each bug and print the first seed to catch it")
    asked = parser.parse_args()
    if asked.mutants:
        return _mutants(asked.seeds)
    if asked.trace:
        return _traced(asked.first)
    seeds = range(asked.first, asked.first + asked.seeds)
    with Pool(asked.jobs) as pool:
        return _told(pool.imap_unordered(_short, seeds, chunksize=8), len(seeds))


def _traced(seed: int) -> int:
    report = simulate(seed)
    _say("\n".join(report.trace))
    _say(f"seed {seed}, trace {report.digest[:16]}: {report.violations or 'clean'}")
    return 1 if report.violations else 0


def _short(seed: int) -> Report:
    """A clean seed's trace is not sent to the parent."""
    report = simulate(seed)
    if not report.violations:
        report.trace.clear()
    return report


def _told(reports: Iterable[Report], total: int) -> int:
    began, failed, counts, virtual = time.monotonic(), 0, Counter[str](), 0.0
    for done, report in enumerate(reports, 1):
        counts.update(report.counts)
        virtual += report.virtual_seconds
        failed += bool(report.violations)
        _show(report)
        if done % 500 == 0 or done == total:
            speed = done / (time.monotonic() - began)
            _say(f"{done} of {total} seeds, {speed:.1f} a second, {failed} failed")
    _say(f"{virtual / 3600:.1f} virtual hours of machines; faults and repeats: {dict(sorted(counts.items()))}")
    return 1 if failed else 0


def _show(report: Report) -> None:
    if report.violations:
        _say(f"seed {report.seed} FAILED: {report.violations[0]}")
        _say("\n".join(report.trace[-LAST_LINES:]))


def _mutants(most: int) -> int:
    survivors = 0
    for name in MUTANTS:
        caught = first_catch(name, range(most))
        survivors += caught is None
        _say(f"{name:50} " + (f"seed {caught[0]:4}: {caught[1]}" if caught else "SURVIVED"))
    return 1 if survivors else 0


def _say(text: str) -> None:
    sys.stdout.write(text + os.linesep)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
