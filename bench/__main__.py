"""`python -m bench`: measure rows, keep the figures, write the page and the plot. Exit 1 where a "must" is missed."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from bench import book, machine, plot, report
from bench.place import PROJECT, ChildFailed, Place, open_place
from bench.rounds import Entry, Row, Wrong, measure, tabled
from bench.rows import all_rows
from demo.stack.process import StackError

HELP = """
Each row runs two sides that do the same work, side by side, --rounds times in alternating order. What counts is the
ratio of each round; the median must reach the row's "must". Absolute figures depend on the machine and are not gated,
except those that say so. Take an idle machine: `load` is written beside each row.

  python -m bench                             everything (about 25 minutes on two cores)
  python -m bench --list                      the rows' names and what they compare
  python -m bench --only engine               rows whose name begins with `engine`; the others keep their figures
  python -m bench --only NAME --rounds 1 --out var/try.json     a quick look that changes no committed figure
  python -m bench --yardstick DIRECTORY       also hold our own baseline against a fixed yardstick's pipe_confluent.py

Apache Kafka (from Maven, with a JDK of 17 or later) and mongod are started on free loopback ports and ended again;
KAFKA_BOOTSTRAP and MONGO_URL name servers that are there. Topics and databases have names of their own (bench-…).
FILE.json gets the figures; FILE.md, if it is there, the tables between its markers; FILE.svg the plot.
Exit codes: 0 all that was measured is met, 1 a "must" is missed, 2 wrong usage, 3 a side failed or a server is lacking.
"""


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns its exit code."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    with open_place(options.yardstick) as place:
        entries = _chosen(all_rows(place), options.only)
        if options.list or not entries:
            sys.stdout.writelines(f"{entry.name:36} {entry.what}\n" for entry in entries or all_rows(place))
            return 0 if options.list else _wrong(f"no row begins with {' or '.join(options.only)}")
        try:
            return _run(place, entries, options)
        except (StackError, book.OtherMachine) as failed:
            sys.stderr.write(f"{failed}\n")
            return 3
        except KeyboardInterrupt:
            sys.stderr.write("\nstopped; what was measured until now is kept\n")
            return 130


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "bench", description=__doc__, epilog=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", default=[], help="rows whose name begins so")
    parser.add_argument("--rounds", type=int, default=5, help="rounds a row (5; fewer are for a quick look)")
    parser.add_argument("--out", type=Path, default=PROJECT / "docs" / "performance.json", metavar="FILE.json")
    parser.add_argument("--yardstick", type=Path, metavar="DIRECTORY", help="holds pipe_confluent.py and its common.py")
    parser.add_argument("--list", action="store_true", help="name the rows and measure nothing")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds takes 1 or more")
    return options


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _wrong(text: str) -> int:
    sys.stderr.write(text + "\n")
    return 2


def _chosen(entries: list[Entry], only: list[str]) -> list[Entry]:
    return [entry for entry in entries if not only or any(entry.name.startswith(name) for name in only)]


def _run(place: Place, entries: list[Entry], options: argparse.Namespace) -> int:
    kept = book.read(options.out, machine.machine())
    order = [entry.name for entry in all_rows(place)]
    begun = time.monotonic()
    ends: dict[str, list[str]] = {"met": [], "missed": [], "failed": [], "passed over": []}
    for entry in entries:
        result, end = _one(place, entry, options.rounds)
        ends[end].append(entry.name)
        if result is not None:
            kept["rows" if isinstance(entry, Row) else "tables"][entry.name] = result
            _keep(options.out, kept, order)
    told = "; ".join(f"{end}: {', '.join(names)}" for end, names in ends.items() if names)
    _tell(f"{len(entries)} rows in {time.monotonic() - begun:.0f} s; {told}")
    return 3 if ends["failed"] else 1 if ends["missed"] else 0


def _one(place: Place, entry: Entry, rounds: int) -> tuple[dict[str, Any] | None, str]:
    """Its result, and how it ended. One that fails does not take the others with it."""
    if entry.lacks:
        _tell(f"passed over: {entry.name}: {entry.lacks}")
        return None, "passed over"
    try:
        result = _measured(place, entry, rounds)
    except (ChildFailed, Wrong) as failed:
        _tell(f"FAILED {entry.name}: {failed}")
        return None, "failed"
    _tell(f"{'ok    ' if result['met'] else 'MISSED'} {entry.name}{_verdict(result)}")
    return result, "met" if result["met"] else "missed"


def _measured(place: Place, entry: Entry, rounds: int) -> dict[str, Any]:
    measured = machine.moment()
    _tell(f"{entry.name}: {entry.what}")
    begun = time.monotonic()
    result = measure(entry, rounds, _tell) if isinstance(entry, Row) else tabled(entry)
    measured |= {"seconds": round(time.monotonic() - begun, 1), "load_after": round(os.getloadavg()[0], 2)}
    return {**result, "measured": {**measured, "versions": machine.versions(place.servers())}}


def _keep(out: Path, kept: book.Book, order: list[str]) -> None:
    """After each row: a run that is broken off has not measured for nothing."""
    book.write(out, kept, order)
    if (page := out.with_suffix(".md")).exists():
        report.write(page, kept)
    plot.draw(out.with_suffix(".svg"), kept)


def _verdict(result: dict[str, Any]) -> str:
    if "counted" not in result:
        return ""
    counted, sign = result["counted"], "at most" if result["at_most"] else "at least"
    return f": {counted['median']} ({counted['min']} … {counted['max']}), must be {sign} {result['must']}"


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
