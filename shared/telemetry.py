"""Logs, metrics and the clock at the edges. Ids and codes only: a field that is not on the list never reaches a log.

Logs are one JSON object a line on stderr. Allow-listing field names keeps patient data out even where a caller errs.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final

import orjson
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

FIELDS: Final = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "service",
        "topic",
        "partition",
        "offset",
        "reason",
        "code",
        "what",
        "count",
        "seconds",
        "attempt",
        "group",
        "partitions",
        "feed",
        "connection",
        "bytes",
        "port",
        "host",
        "delivery_id",
        "message_id",
        "status",
        "alarm",
        "aggregate",
        "age",
        "limit",
        "signal",
        "state",
        "version",
        "kind",
        "deployment",
        "instance",
        "logger",
        "place",
    }
)


def _only_known_fields(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    dropped = [name for name in event if name not in FIELDS]
    for name in dropped:
        del event[name]
    if dropped:
        event["kind"] = "fields-dropped"
    return event


class _LibraryLogs(logging.Handler):
    """Library messages may quote anything, so only their place and level are logged."""

    def emit(self, record: logging.LogRecord) -> None:
        log.warning("library_warning", logger=record.name, place=f"{record.funcName}:{record.lineno}")


def configure_logs(service: str, level: int = logging.INFO) -> None:
    """Set up structlog for this process; libraries' own loggers are reduced to where and how grave."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_known_fields,
            structlog.processors.JSONRenderer(serializer=lambda obj, **_: orjson.dumps(obj, default=str).decode()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    root = logging.getLogger()
    root.handlers[:] = [_LibraryLogs(level=logging.WARNING)]
    root.setLevel(logging.WARNING)


log: Final = structlog.get_logger()
registry: Final = CollectorRegistry()


def _counter(name: str, meaning: str, *labels: str) -> Counter:
    return Counter(f"care_{name}", meaning, labels, registry=registry)


metrics: Final = SimpleNamespace(
    heard=_counter("records_heard", "Records heard. Flat while the topic grows: the hearer stands still.", "topic"),
    passed=_counter("records_passed", "Records that are not for this service (e.g. not ADT), by design.", "topic"),
    repeats=_counter("records_repeated", "Records known again, which changed nothing. Rises after restarts.", "topic"),
    dead_letters=_counter("dead_letters", "Records that could not be heard. Look: `care dlq list`.", "topic"),
    said=_counter("records_said", "Records said and confirmed, repeats included.", "topic"),
    lost_races=_counter("lost_races", "Documents another instance wrote first; decided again."),
    away=_counter("outages", "Times a driver was away and the batch waited.", "what"),
    batches=Histogram("care_batch_seconds", "From fetched to committed, one batch.", registry=registry),
    alarms=_counter("alarms_said", "Alarms said; fenced says whether all earlier inputs were heard.", "fenced"),
    fence_age=Gauge("care_fence_age_seconds", "Age of the fence alarms wait for. High: inputs lag.", registry=registry),
    messages=_counter("messages_received", "Messages at the door, by feed and outcome.", "feed", "outcome"),
    unsaid=Gauge("care_gateway_unsaid", "Stored messages that are not said yet.", registry=registry),
    deliveries=_counter("deliveries", "Outcomes of deliveries, by channel.", "channel", "outcome"),
)


def wall_clock() -> datetime:
    """The real time, aware, UTC. The edges call it; nothing in a domain does."""
    return datetime.now(UTC)  # noqa: TID251 - the one place that reads the real clock
