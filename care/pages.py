"""What the services of a deployment tell of themselves on their admin ports: probes and metrics, read and added up."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import typer
from prometheus_client.parser import text_string_to_metric_families

from care.session import ADMIN_PORT, Session

SERVICES = ("gateway", "admissions", "discharge", "followup", "notifier")
LOOPBACK = "127.0.0.1"
SECONDS = 2.0

Buckets = Mapping[float, float]
"""Upper bound -> how many were at most that; the last bound is infinite."""


class Sample(NamedTuple):
    """One figure, as Prometheus' text form has it."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Page:
    """One look at one service. `alive`, `ready`: "ok", the code of what is wrong, or "no answer". `at` is monotonic."""

    alive: str
    ready: str
    samples: tuple[Sample, ...]
    at: float

    def total(self, name: str, **labels: str) -> float:
        """The sum of the samples of that name that carry these labels; 0 where there is none."""
        return sum(value for sample, has, value in self.samples if sample == name and labels.items() <= has.items())

    def by(self, name: str, label: str, **labels: str) -> dict[str, float]:
        """The same, for each value of `label`."""
        found: dict[str, float] = {}
        for sample, has, value in self.samples:
            if sample == name and labels.items() <= has.items():
                found[has[label]] = found.get(has[label], 0.0) + value
        return found

    def buckets(self, name: str) -> Buckets:
        """A histogram, added up over its labels."""
        return {float(bound): count for bound, count in self.by(f"{name}_bucket", "le").items()}


def pages(here: Session) -> dict[str, Page]:
    """Every service whose admin port is known; exits with 78 where none is."""
    ports = {service: port for service in SERVICES if (port := here.admin_port(service))}
    if not ports:
        typer.secho("No admin port is known, so no service can be asked.", err=True, fg="red")
        typer.echo(f"`care up` leaves them for you; elsewhere set {ADMIN_PORT}<SERVICE> (port-forwarded).", err=True)
        raise typer.Exit(78)
    with ThreadPoolExecutor(len(ports)) as pool:
        return dict(zip(ports, pool.map(page, ports.values()), strict=True))


def page(port: int) -> Page:
    """One service at a port of this machine; one that does not answer has no samples."""
    alive, ready, text = (_get(port, path) for path in ("livez", "readyz", "metrics"))
    samples = tuple(
        Sample(sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(text if alive != NO_ANSWER else "")
        for sample in family.samples
    )
    return Page(alive, ready, samples, time.monotonic())


NO_ANSWER = "no answer"


def _get(port: int, path: str) -> str:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/{path}", timeout=SECONDS) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as refused:
        return refused.read().decode()
    except OSError:
        return NO_ANSWER


def since(before: Buckets, after: Buckets) -> Buckets:
    """What came between two looks; all of `after` where nothing came, or the process is a new one."""
    grown = {bound: count - before.get(bound, 0.0) for bound, count in after.items()}
    return grown if grown and max(grown.values()) > 0 <= min(grown.values()) else after


def quantile(buckets: Buckets, q: float) -> float | None:
    """The value that the share `q` is at most, evenly spread inside a bucket; the last finite bound beyond that."""
    bounds = sorted(buckets)
    rank = q * buckets[bounds[-1]] if bounds else 0.0
    if not rank:
        return None
    for lower, upper in pairwise([0.0, *bounds]):
        below, upto = buckets.get(lower, 0.0), buckets[upper]
        if upto >= rank:
            return lower if upper == float("inf") else lower + (upper - lower) * (rank - below) / (upto - below)
    return None
