"""`care top`: every service at a glance, from its probes and metrics; asks nobody but the services themselves."""

from __future__ import annotations

import time
from collections.abc import Mapping

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from care.pages import NO_ANSWER, Page, pages, quantile, since
from care.session import Session, session

HEADS = (
    "service",
    "alive",
    "ready",
    "heard/s",
    "said/s",
    "lag",
    "dead letters",
    "event→effect p50",
    "p95",
    "away",
    "alarms",
    "deliveries",
)
LATENCY = "care_event_effect_seconds"


def top(
    once: bool = typer.Option(False, "--once", help="Print one table and exit."),
    every: float = typer.Option(2.0, "--every", min=0.2, help="Seconds between two looks; rates are over these."),
) -> None:
    """Watch the services: alive, ready, rates, lag, dead letters, time from event to effect. Ctrl-C ends it.

    Rates and times are of the last look (times since the start where nothing came); the rest counts from each
    service's start. What each means: docs/metrics.md.
    """
    here, console = session(), Console()
    console = Console(width=max(console.width, 130))
    try:
        before = pages(here)
        if once:
            time.sleep(every)
            console.print(table(before, pages(here)))
        else:
            _watch(here, before, console, every)
    except KeyboardInterrupt:
        return


def _watch(here: Session, before: Mapping[str, Page], console: Console, every: float) -> None:
    with Live(table(before, before), console=console, auto_refresh=False) as live:
        while True:
            time.sleep(every)
            after = pages(here)
            live.update(table(before, after), refresh=True)
            before = after


def table(before: Mapping[str, Page], after: Mapping[str, Page]) -> Table:
    """The table of two looks."""
    found = Table(*HEADS, box=None)
    for service, now in after.items():
        found.add_row(service, *row(before[service], now))
    return found


def row(before: Page, now: Page) -> list[str]:
    """One service's cells after its name."""
    if now.alive == NO_ANSWER:
        return [_verdict(NO_ANSWER)] * 2 + ["–"] * (len(HEADS) - 3)
    times = since(before.buckets(LATENCY), now.buckets(LATENCY))
    return [
        _verdict(now.alive),
        _verdict(now.ready),
        _rate(before, now, "care_records_heard_total"),
        _rate(before, now, "care_records_said_total"),
        f"{now.total('care_consumer_lag_records'):.0f}",
        _loud(now.total("care_dead_letters_total")),
        _seconds(quantile(times, 0.5)),
        _seconds(quantile(times, 0.95)),
        _counts(now.by("care_outages_total", "what")),
        f"{now.total('care_alarms_said_total'):.0f}",
        _counts(now.by("care_deliveries_total", "outcome")),
    ]


def _rate(before: Page, now: Page, name: str) -> str:
    """A process that began anew in between counts from 0."""
    first, second = before.total(name), now.total(name)
    grown = second - first if second >= first else second
    return f"{grown / max(now.at - before.at, 0.001):.1f}"


def _verdict(text: str) -> str:
    return f"[{'green' if text == 'ok' else 'red'}]{text}[/]"


def _loud(count: float) -> str:
    return f"[red]{count:.0f}[/]" if count else "0"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def _counts(counts: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {count:.0f}" for name, count in sorted(counts.items()) if count) or "–"
