"""Rows, sides and samples; and how a row is measured: every side once a round, in an order that alternates.

A ratio is made within a round, so that what else the machine does meets both sides; medians are taken over rounds.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class Wrong(Exception):
    """A side did not do the work that it claims to have been measured at."""


@dataclass(frozen=True)
class Sample:
    """One run of one side. `rate` is in the row's unit (not always a rate), `cpu_us` the client's CPU a message."""

    rate: float
    cpu_us: float | None = None
    extra: Mapping[str, float] = field(default_factory=dict)


Side = Callable[[], Sample]
"""One round of one side. It may run a child process. It checks what it wrote and raises Wrong where that is not so."""


@dataclass(frozen=True)
class Row:
    """A comparison: the ratio `ours` / `against` of two of its `sides`, at least `must`. Other sides are only shown.

    `against` empty: no ratio, the figure of `ours` itself counts. `at_most`: must and aim are upper bounds.
    `rounds` is this row's own number of rounds where a round is dear; 0: as many as asked for. `lacks` says what is
    missing to measure it in this run, e.g. an option; it then keeps the figures it had.
    """

    name: str
    what: str
    unit: str
    ours: str
    against: str
    must: float | None
    aim: float | None
    sides: Mapping[str, Side]
    at_most: bool = False
    rounds: int = 0
    lacks: str = ""


@dataclass(frozen=True)
class Bound:
    """A figure of a table that is held to something, e.g. a p99: (what, value, must, aim, upper bound?)."""

    what: str
    value: float
    must: float | None
    aim: float | None
    at_most: bool = True


@dataclass(frozen=True)
class Table:
    """Figures that are no ratio, e.g. latencies. Cells are shown as they are; `bounds` are what is gated."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | float]]
    bounds: Sequence[Bound] = ()


@dataclass(frozen=True)
class TableOf:
    """A table that is still to be measured, by `make`, once a run."""

    name: str
    what: str
    make: Callable[[], Table]
    lacks: str = ""


Entry = Row | TableOf
Progress = Callable[[str], None]


def measure(row: Row, rounds: int, tell: Progress) -> dict[str, Any]:
    """The row's result, ready for JSON."""
    rounds = row.rounds or rounds
    taken: dict[str, list[Sample]] = {name: [] for name in row.sides}
    for n in range(rounds):
        for name in _order(list(row.sides), n):
            sample = row.sides[name]()
            taken[name].append(sample)
            tell(f"  {row.name} {n + 1}/{rounds} {name}: {sample.rate:,.4g} {row.unit}{_cpu(sample)}")
    return _result(row, taken)


def _order(names: list[str], n: int) -> list[str]:
    return names if n % 2 == 0 else names[::-1]


def _cpu(sample: Sample) -> str:
    return f", {sample.cpu_us:.0f} us CPU" if sample.cpu_us is not None else ""


def _result(row: Row, taken: Mapping[str, Sequence[Sample]]) -> dict[str, Any]:
    ours = [sample.rate for sample in taken[row.ours]]
    others = [sample.rate for sample in taken[row.against]] if row.against else []
    counted = [a / b for a, b in zip(ours, others, strict=True)] if row.against else ours
    return {
        "what": row.what,
        "unit": row.unit,
        "ours": row.ours,
        "against": row.against,
        "counted": spread(counted),
        **judged(float(statistics.median(counted)), row.must, row.aim, at_most=row.at_most),
        "sides": {name: _side(samples) for name, samples in taken.items()},
    }


def _side(samples: Sequence[Sample]) -> dict[str, Any]:
    cpu = [sample.cpu_us for sample in samples if sample.cpu_us is not None]
    names = dict.fromkeys(name for sample in samples for name in sample.extra)
    extra = {name: spread(sample.extra[name] for sample in samples if name in sample.extra) for name in names}
    return {
        "rate": spread(sample.rate for sample in samples),
        **({"cpu_us": spread(cpu)} if cpu else {}),
        **({"extra": extra} if extra else {}),
    }


def spread(values: Iterable[float]) -> dict[str, Any]:
    """Median, least, greatest and each, to four significant digits."""
    each = [float(f"{value:.4g}") for value in values]
    return {"median": float(f"{statistics.median(each):.4g}"), "min": min(each), "max": max(each), "each": each}


def judged(value: float, must: float | None, aim: float | None, *, at_most: bool) -> dict[str, Any]:
    """What was demanded of `value`, and whether it is met; True where nothing is demanded."""

    def met(bound: float | None) -> bool:
        return bound is None or (value <= bound if at_most else value >= bound)

    return {"must": must, "aim": aim, "at_most": at_most, "met": met(must), "aim_met": met(aim)}


def tabled(entry: TableOf) -> dict[str, Any]:
    """The table's result, ready for JSON."""
    table = entry.make()
    bounds = [
        {"what": b.what, "value": b.value, **judged(b.value, b.must, b.aim, at_most=b.at_most)} for b in table.bounds
    ]
    return {
        "what": entry.what,
        "columns": list(table.columns),
        "rows": [list(row) for row in table.rows],
        "bounds": bounds,
        "met": all(bound["met"] for bound in bounds),
    }
