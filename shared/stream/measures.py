"""What an operator wants to know of a consumer: how far behind it is, and how long its records took to have effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shared.stream.ledger import Ledger
from shared.stream.records import Heard
from shared.telemetry import metrics

Place = tuple[str, int]


class Watched(Protocol):
    """The partitions of one instance, as its consumer sees them."""

    def assignment(self) -> Sequence[Place]:
        """Ours now."""

    def high_watermark(self, topic: str, partition: int) -> tuple[int, float] | None:
        """(end, when a fetch saw it), or None."""


def lag_by_topic(watched: Watched, ledger: Ledger) -> dict[str, int]:
    """Records at the broker and not committed, summed over our partitions; a partition never fetched counts as 0."""
    lags: dict[str, int] = {}
    for topic, partition in watched.assignment():
        seen = watched.high_watermark(topic, partition)
        behind = max(0, seen[0] - ledger.committed(topic, partition)) if seen is not None else 0
        lags[topic] = lags.get(topic, 0) + behind
    return lags


class LagGauge:
    """Keeps `metrics.lag`. A topic that was taken from us is another instance's: ours then says 0."""

    def __init__(self, watched: Watched, ledger: Ledger) -> None:
        self._watched = watched
        self._ledger = ledger
        self._known: set[str] = set()

    async def measure(self) -> None:
        """Look once."""
        lags = lag_by_topic(self._watched, self._ledger)
        self._known |= set(lags)
        for topic in self._known:
            metrics.lag.labels(topic).set(lags.get(topic, 0))


def note_effects(records: Sequence[Heard], now: float) -> None:
    """These are committed at `now` (Unix seconds). One without a timestamp tells nothing."""
    watches = {topic: metrics.latency.labels(topic) for topic in {record.topic for record in records}}
    for record in records:
        if record.timestamp > 0:
            watches[record.topic].observe(max(0.0, now - record.timestamp / 1000))
