"""Logs, metrics and the clock at the edges. Ids and codes only: a field that is not on the list never reaches a log.

Logs are one JSON object a line on stderr. Allow-listing field names keeps patient data out even where a caller errs.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
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


@contextmanager
def without_logs() -> Iterator[None]:
    """Nothing below critical is logged meanwhile: of a rehearsal, what would be logged has not happened."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def _only_known_fields(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    dropped = [name for name in event if name not in FIELDS]
    for name in dropped:
        del event[name]
    if dropped:
        event["kind"] = "fields-dropped"
    return event


class _LibraryLogs(logging.Handler):
    """Library messages may quote anything, so only their place is logged, and each place once in ten seconds."""

    QUIET_SECONDS = 10.0

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._last: dict[str, float] = {}
        self._kept_back: dict[str, int] = {}

    def emit(self, record: logging.LogRecord) -> None:
        place = f"{record.funcName}:{record.lineno}"
        if record.created - self._last.get(place, 0.0) < self.QUIET_SECONDS:
            self._kept_back[place] = self._kept_back.get(place, 0) + 1
            return
        self._last[place] = record.created
        log.warning("library_warning", logger=record.name, place=place, count=1 + self._kept_back.pop(place, 0))


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
    root.handlers[:] = [_LibraryLogs()]
    root.setLevel(logging.WARNING)


log: Final = structlog.get_logger()
registry: Final = CollectorRegistry()


def _counter(name: str, meaning: str, *labels: str) -> Counter:
    return Counter(f"care_{name}", meaning, labels, registry=registry)


def _gauge(name: str, meaning: str, *labels: str) -> Gauge:
    return Gauge(f"care_{name}", meaning, labels, registry=registry)


def _histogram(name: str, meaning: str, buckets: Sequence[float], *labels: str) -> Histogram:
    return Histogram(f"care_{name}", meaning, labels, registry=registry, buckets=buckets)


_SOON: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
_LATE: Final = (1.0, 10.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0)


@dataclass(frozen=True, slots=True)
class Metrics:
    """Every metric of every service; what each means is said below, and in docs/metrics.md.

    Labels are topics, feeds, channels and codes: bounded, and nothing of a patient.
    """

    heard: Counter
    passed: Counter
    repeats: Counter
    noted: Counter
    dead_letters: Counter
    said: Counter
    lag: Gauge
    latency: Histogram
    batches: Histogram
    lost_races: Counter
    away: Counter
    alarms: Counter
    alarms_late: Histogram
    fence_age: Gauge
    messages: Counter
    set_aside: Counter
    flagged: Counter
    sent_batches: Counter
    posts: Counter
    unsaid: Gauge
    attempts: Counter
    deliveries: Counter
    feeds_invalid: Gauge
    doors: Gauge


metrics: Final = Metrics(
    heard=_counter("records_heard", "Records heard. Flat while the lag grows: the hearer is stuck.", "topic"),
    passed=_counter("records_passed", "Records that are not for this service, by design.", "topic"),
    repeats=_counter(
        "records_repeated", "Records known again, which changed nothing. Rises after restarts and replays.", "topic"
    ),
    noted=_counter(
        "decisions_noted",
        "What handlers noted as they decided (again after a lost race), as `late`, or why a record was set aside.",
        "topic",
        "what",
    ),
    dead_letters=_counter(
        "dead_letters", "Records that could not be heard. Any is a case: `care dlq list` names each.", "topic"
    ),
    said=_counter("records_said", "Records said and confirmed, repeats included.", "topic"),
    lag=_gauge(
        "consumer_lag_records",
        "Records of this instance's partitions that are not committed yet. Rising: it cannot keep up.",
        "topic",
    ),
    latency=_histogram(
        "event_effect_seconds",
        "From a record's timestamp to its effect saved, said and committed. Needs clocks that agree.",
        _SOON,
        "topic",
    ),
    batches=_histogram("batch_seconds", "From fetched to committed, one batch.", _SOON),
    lost_races=_counter(
        "lost_races", "Documents another instance wrote first; decided again. Many: keys do not meet one instance."
    ),
    away=_counter("outages", "Times a driver was away and work waited for it.", "what"),
    alarms=_counter("alarms_said", "Alarms said; fenced False: earlier inputs may be unheard.", "fenced"),
    alarms_late=_histogram(
        "alarm_late_seconds", "How late an alarm was said after it fell due, on the business clock.", _LATE
    ),
    fence_age=_gauge("fence_age_seconds", "Age of the fence that alarms wait for. High: inputs lag."),
    messages=_counter(
        "messages_received", "Messages at the doors; outcome unanswered: the sender must come again.", "feed", "outcome"
    ),
    set_aside=_counter(
        "messages_set_aside",
        "Messages stored that are not ADT, so that nobody acts on them, by message code (MSH-9.1).",
        "feed",
        "kind",
    ),
    flagged=_counter(
        "messages_flagged",
        "ADT messages heard in which something had to be assumed or could not be read. `charset_assumed` rises: the "
        "feed's profile needs its charset.",
        "feed",
        "flag",
    ),
    sent_batches=_counter(
        "batches_received",
        "Batches (FHS, BHS) at the doors; counts differ: more or less came than BTS-1 or FTS-1 says, or no end; "
        "none: several messages without FHS or BHS.",
        "feed",
        "counts",
    ),
    posts=_counter(
        "http_posts",
        "Answers of the HTTP door by status; feed none: no token of ours came with it. 401s rise: someone knocks.",
        "feed",
        "status",
    ),
    unsaid=_gauge(
        "gateway_unsaid", "Messages stored and not said yet. At the limit (CARE_UNSAID_LIMIT) the doors close."
    ),
    attempts=_counter(
        "delivery_attempts",
        "Attempts to hand a delivery to its channel, by what was known after it.",
        "channel",
        "result",
    ),
    deliveries=_counter(
        "deliveries", "Deliveries that ended, when that was said; unknown: it may have arrived.", "channel", "outcome"
    ),
    feeds_invalid=_gauge(
        "feeds_invalid", "Faults in the feed profiles as they stand now. Above 0: the edition before them counts."
    ),
    doors=_gauge("door_open", "Is this feed's MLLP door open? 0 though it is not off: its port is taken.", "feed"),
)


def wall_clock() -> datetime:
    """The real time, aware, UTC. The edges call it; nothing in a domain does."""
    return datetime.now(UTC)  # noqa: TID251 - the one place that reads the real clock
