"""What a long run leaves behind, as a file that it keeps up to date, and the page of docs/runs made of such files."""

from __future__ import annotations

import json
import platform
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.simulation.play import Report


def commit() -> str:
    """The commit that runs, and whether its files were changed since."""
    root = Path(__file__).resolve().parents[2]
    command = ("git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=7")
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class Tally:
    """The sum of a run. `path` None: kept in memory only."""

    def __init__(self, path: Path | None, first: int, wanted: int) -> None:
        self._path = path
        self.counts: Counter[str] = Counter()
        self.virtual_seconds = 0.0
        self.failed: list[tuple[int, str]] = []
        self._fixed = {"commit": commit(), "python": platform.python_version(), "first": first, "wanted": wanted}

    def add(self, report: Report) -> None:
        """One more seed."""
        self.counts.update(report.counts)
        self.virtual_seconds += report.virtual_seconds
        if report.violations:
            self.failed.append((report.seed, report.violations[0]))

    def write(self, done: int, seconds: float) -> None:
        """So far, whole; a run that is ended has lost no more than what came after."""
        if self._path is None:
            return
        found = {
            "done": done,
            "seconds": round(seconds),
            "virtual_seconds": self.virtual_seconds,
            "counts": dict(sorted(self.counts.items())),
            "failed": self.failed,
        }
        self._path.write_text(json.dumps({**self._fixed, **found}, indent=1))


def write_mutants(path: Path | None, caught: dict[str, tuple[int, str] | None], most: int) -> None:
    """Which seed caught each planted bug."""
    if path is not None:
        path.write_text(json.dumps({"commit": commit(), "most": most, "caught": caught}, indent=1))


def page(run: Path, mutants: Path | None) -> str:
    """The page, in Markdown."""
    lines = list(_run(json.loads(run.read_text())))
    if mutants is not None:
        lines += _mutants(json.loads(mutants.read_text()))
    return "\n".join(lines) + "\n"


def _run(run: dict[str, Any]) -> Iterator[str]:
    hours = run["virtual_seconds"] / 3600
    last, ended = run["first"] + run["wanted"] - 1, run["done"] == run["wanted"]
    yield "# Simulation, long form\n"
    yield f"Commit `{run['commit']}`, Python {run['python']}."
    yield f"Seeds {run['first']:,} to {last:,}, {run['done']:,} of them played"
    yield f"in {run['seconds'] / 3600:.1f} hours of a shared machine{'' if ended else '; **not ended**'}.\n"
    yield f"- Virtual time, all its processes seen as one machine: {hours:,.1f} hours."
    yield f"- Seeds in which an invariant broke: **{len(run['failed'])}**."
    yield from (f"  - seed {seed}: {what}" for seed, what in run["failed"])
    yield "\n| Struck, or seen | Times |\n| --- | --- |"
    yield from (f"| {name} | {n:,} |" for name, n in run["counts"].items())


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
