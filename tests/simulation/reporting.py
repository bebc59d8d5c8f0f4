"""What a long run leaves behind, as a file that it keeps up to date, and the page of docs/runs made of such files."""

from __future__ import annotations

import json
import platform
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.simulation.play import Report


def commit() -> str:
    """The commit that runs, and whether its files were changed since."""
    root = Path(__file__).resolve().parents[2]
    command = ("git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=7")
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class Tally:
    """The sum of a run whose seeds come in their order. `path` None: kept in memory only."""

    def __init__(self, path: Path | None, first: int, wanted: int) -> None:
        self._path, self.first = path, first
        self.counts: Counter[str] = Counter()
        self.virtual_seconds = 0.0
        self.done = 0
        self.failed: list[tuple[int, str]] = []
        self._fixed = {"commit": commit(), "python": platform.python_version(), "first": first, "wanted": wanted}

    def add(self, report: Report) -> None:
        """The next seed."""
        self.done += 1
        self.counts.update(report.counts)
        self.virtual_seconds += report.virtual_seconds
        if report.violations:
            self.failed.append((report.seed, report.violations[0]))

    def write(self, seconds: float) -> None:
        """So far, whole: a run that is cut short, even while it writes, has played the first `done` of its seeds."""
        if self._path is None:
            return
        found = {
            "done": self.done,
            "seconds": round(seconds),
            "virtual_seconds": self.virtual_seconds,
            "counts": dict(sorted(self.counts.items())),
            "failed": self.failed,
        }
        _replace(self._path, {**self._fixed, **found})


def _replace(path: Path, found: dict[str, Any]) -> None:
    beside = path.with_name(path.name + ".new")
    beside.write_text(json.dumps(found, indent=1))
    beside.replace(path)


def write_mutants(path: Path | None, caught: dict[str, tuple[int, str] | None], most: int) -> None:
    """Which seed caught each planted bug."""
    if path is not None:
        _replace(path, {"commit": commit(), "most": most, "caught": caught})


def page(files: Sequence[Path], mutants: Path | None) -> str:
    """The page of runs of other seeds each, in Markdown. Raises ValueError where a seed is in two of them."""
    runs = sorted((json.loads(file.read_text()) for file in files), key=lambda run: int(run["first"]))
    for before, after in pairwise(runs):
        if before["first"] + before["done"] > after["first"]:
            raise ValueError(f"seed {after['first']} is in two of the runs")
    lines = list(_pages(runs))
    if mutants is not None:
        lines += _mutants(json.loads(mutants.read_text()))
    return "\n".join(lines) + "\n"


def _pages(runs: Sequence[dict[str, Any]]) -> Iterator[str]:
    failed = [one for run in runs for one in run["failed"]]
    counts: Counter[str] = Counter()
    for run in runs:
        counts.update(run["counts"])
    yield "# Simulation, long form\n"
    for run in runs:
        yield from _run(run)
    if len(runs) > 1:
        yield f"Together {sum(run['done'] for run in runs):,} seeds.\n"
    hours = sum(run["virtual_seconds"] for run in runs) / 3600
    yield f"- Virtual time, all its processes seen as one machine: {hours:,.1f} hours."
    yield f"- Seeds in which an invariant broke: **{len(failed)}**."
    yield from (f"  - seed {seed}: {what}" for seed, what in failed)
    yield "\n| Struck, or seen | Times |\n| --- | --- |"
    yield from (f"| {name} | {n:,} |" for name, n in sorted(counts.items()))


def _run(run: dict[str, Any]) -> Iterator[str]:
    last, ended = run["first"] + run["wanted"] - 1, run["done"] == run["wanted"]
    yield f"Commit `{run['commit']}`, Python {run['python']}."
    yield f"Seeds {run['first']:,} to {last:,}, {run['done']:,} of them played"
    yield f"in {run['seconds'] / 3600:.1f} hours of a shared machine{'' if ended else '; **not ended**'}.\n"


def _mutants(found: dict[str, Any]) -> Iterator[str]:
    caught = found["caught"]
    yield f"\n## Planted bugs, commit `{found['commit']}`\n"
    yield f"{sum(one is not None for one in caught.values())} of {len(caught)} caught within {found['most']:,} seeds.\n"
    yield "| Planted | First seed to catch it | By |\n| --- | --- | --- |"
    for name, one in caught.items():
        yield f"| {name.replace('_', ' ')} | {one[0] if one else 'none'} | {_what(one[1]) if one else ''} |"


def _what(violation: str) -> str:
    """The kind of a violation: what comes before its ids."""
    return violation.partition(":")[0].replace("|", "/")[:60]
