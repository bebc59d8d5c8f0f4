"""What is measured of a consumer, by hand-worked figures: how far it is behind, how long its records took."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import pytest

from services.gateway.handlers.ports import Outages
from shared.stream.ledger import Ledger
from shared.stream.measures import LagGauge, Place, lag_by_topic, note_effects
from shared.stream.outages import Away
from shared.stream.records import Heard
from shared.telemetry import metrics, registry
from tests.contracts_suite.counting import a_poke, heard, heard_all
from tests.unit.stream.office import Office


@dataclass
class Partitions:
    """What a consumer has, and the ends that its fetches saw."""

    ends: dict[Place, int | None]

    def assignment(self) -> list[Place]:
        return list(self.ends)

    def high_watermark(self, topic: str, partition: int) -> tuple[int, float] | None:
        end = self.ends[(topic, partition)]
        return None if end is None else (end, 0.0)


def value(name: str, **labels: str) -> float:
    return registry.get_sample_value(name, labels) or 0.0


def test_lag__is_the_sum_over_our_partitions_of_a_topic() -> None:
    ledger = Ledger()
    ledger.note("t", 0, 7)
    ledger.note("u", 0, 4)
    partitions = Partitions({("t", 0): 10, ("t", 1): 5, ("u", 0): 4})
    assert lag_by_topic(partitions, ledger) == {"t": 3 + 5, "u": 0}


def test_lag__what_retention_took_is_not_behind() -> None:
    ledger = Ledger()
    ledger.begins("t", 0, 100)
    assert lag_by_topic(Partitions({("t", 0): 103}), ledger) == {"t": 3}


def test_lag__of_a_partition_that_was_never_fetched_and_of_one_committed_past_its_seen_end_is_none() -> None:
    ledger = Ledger()
    ledger.note("t", 1, 9)
    assert lag_by_topic(Partitions({("t", 0): None, ("t", 1): 8}), ledger) == {"t": 0}


async def test_gauge__a_topic_that_was_taken_from_us_is_not_left_at_its_last_figure() -> None:
    partitions, ledger = Partitions({("lag.t.v1", 0): 3, ("lag.u.v1", 0): 2}), Ledger()
    gauge = LagGauge(partitions, ledger)
    await gauge.measure()
    assert value("care_consumer_lag_records", topic="lag.t.v1") == 3
    del partitions.ends[("lag.t.v1", 0)]
    await gauge.measure()
    assert value("care_consumer_lag_records", topic="lag.t.v1") == 0
    assert value("care_consumer_lag_records", topic="lag.u.v1") == 2


@pytest.mark.parametrize(
    ("now", "seconds"), [(1_002.5, 2.5), (999.0, 0.0)], ids=["later", "its clock is ahead of ours"]
)
def test_effects__are_the_time_from_the_record_to_its_commit(now: float, seconds: float) -> None:
    topic = f"effects.{now}.v1"
    record = Heard(topic, 0, 0, b"", b"", timestamp=1_000_000)
    note_effects([record, replace(record, timestamp=0)], now)
    assert value("care_event_effect_seconds_count", topic=topic) == 1, "a record without a timestamp tells nothing"
    assert value("care_event_effect_seconds_sum", topic=topic) == seconds


BOUNDED = frozenset(
    ["topic", "what", "fenced", "feed", "outcome", "channel", "result", "kind", "flag", "counts", "status"]
)
"""Labels whose values are on a list: of topics, codes, feeds, HL7 message codes, flags and HTTP statuses."""


@pytest.mark.parametrize("field", [field.name for field in fields(metrics)])
def test_metric__is_explained_and_its_labels_are_of_bounded_kinds(field: str) -> None:
    metric = getattr(metrics, field)
    (described,) = metric.describe()
    assert described.name.startswith("care_")
    assert described.documentation.endswith(".")
    assert set(metric._labelnames) <= BOUNDED


async def test_lost_races__counts_documents_another_instance_wrote_first() -> None:
    office = Office()
    await office.hear(heard_all([a_poke("a", 1)]))
    rival = office.another()
    office.documents.rivals = [lambda: rival.hear([heard(a_poke("a", 2), 1)])]
    before = value("care_lost_races_total")
    await office.hear([heard(a_poke("a", 3), 0, partition=1)])
    assert value("care_lost_races_total") == before + 1


def test_outages__counts_once_until_it_is_back() -> None:
    outages, before = Outages(), value("care_outages_total", what="kafka")
    gone = Away("kafka", "Planted")
    outages.note(gone)
    outages.note(gone)
    outages.over(gone.what)
    outages.note(gone)
    assert value("care_outages_total", what="kafka") == before + 2
