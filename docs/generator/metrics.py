"""docs/metrics.md: what each process measures, from the one list in shared/telemetry.py."""

from __future__ import annotations

from dataclasses import fields

from prometheus_client import Histogram

from generator.pages import code, page, table
from shared.telemetry import metrics

INTRODUCTION = """
Every service serves these at `/metrics` of its admin port (`CARE_ADMIN_PORT`), in Prometheus' text form. A label is a
topic, a feed, a channel, a service's part or a code: their number is bounded, and none holds anything of a patient.
Counters begin at 0 when a process starts. `care top` and `care feeds` read the same pages.

Group lag is the sum over instances: each measures the partitions it has. A histogram has a series for each bucket, its
sum and its count.
"""


def metrics_page() -> str:
    """The page."""
    heads = ["Metric", "Kind", "Labels", "What it says"]
    return page("Metrics", INTRODUCTION, table(heads, [_row(getattr(metrics, each.name)) for each in fields(metrics)]))


def _row(metric: object) -> tuple[str, str, str, str]:
    (described,) = metric.describe()  # type: ignore[attr-defined]
    name = described.name + ("_total" if described.type == "counter" else "")
    labels = ", ".join(code(label) for label in metric._labelnames)  # type: ignore[attr-defined]
    return code(name), described.type, labels, described.documentation + _buckets(metric)


def _buckets(metric: object) -> str:
    if not isinstance(metric, Histogram):
        return ""
    bounds = ", ".join(f"{bound:g}" for bound in metric._upper_bounds[:-1])
    return f" Seconds; buckets up to {bounds}."
