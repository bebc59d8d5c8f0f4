"""No orphan topic, type or dead letter; nobody says or hears who is not there; names that Kafka can tell apart."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

import services
from shared.schemas.catalog import types_on
from shared.schemas.registry import EVENT_TYPES
from shared.schemas.topics import ALL, BY_NAME, Topic, dead_letter_topics, heard_by, original_of, replay_topics

SERVICES = {file.parent.name for file in Path(services.__path__[0]).glob("*/__init__.py")}
EVERY = (*ALL, *dead_letter_topics(), *replay_topics())


@pytest.mark.parametrize("type_", EVENT_TYPES)
def test_type__stands_on_a_topic_that_is_there(type_: str) -> None:
    topics = [topic.name for topic in ALL if type_ in types_on(topic)]
    said = EVENT_TYPES[type_].TOPIC
    assert topics == ([said] if said else [name for name in BY_NAME if name.endswith(".timers.v1")])
    assert topics


@pytest.mark.parametrize("topic", ALL, ids=lambda topic: topic.name)
def test_topic__has_a_type_and_is_said_by_somebody(topic: Topic) -> None:
    assert types_on(topic)
    assert topic.said_by


@pytest.mark.parametrize("topic", EVERY, ids=lambda topic: topic.name)
def test_topic__is_said_and_heard_by_those_who_exist(topic: Topic) -> None:
    assert {*topic.said_by, *topic.heard_by} <= SERVICES | {"care"}


def test_services__each_says_something() -> None:
    assert {service for topic in ALL for service in topic.said_by} == SERVICES | {"care"}


def test_dead_letters__there_is_one_for_each_topic_and_hearer() -> None:
    expected = {f"{topic.name}.{service}.dlq" for topic in ALL for service in topic.heard_by}
    assert {topic.name for topic in dead_letter_topics()} == expected
    assert all(topic.days > max(heard.days for heard in ALL if heard.heard_by) for topic in dead_letter_topics())


def test_replays__there_is_one_for_each_topic_and_hearer_that_only_it_hears() -> None:
    expected = {(f"{topic.name}.{service}.replay", (service,)) for topic in ALL for service in topic.heard_by}
    assert {(topic.name, topic.heard_by) for topic in replay_topics()} == expected
    assert not any(topic.compacted for topic in replay_topics()), "an older record of a key must reach its hearer too"


@pytest.mark.parametrize("topic", replay_topics(), ids=lambda topic: topic.name)
def test_replay__counts_as_the_topic_it_is_of_and_has_its_partitions(topic: Topic) -> None:
    of = BY_NAME[original_of(topic.name)]
    assert (topic.partitions, topic.key) == (of.partitions, of.key)
    assert set(topic.heard_by) <= set(of.heard_by)


@pytest.mark.parametrize("topic", [*ALL, *dead_letter_topics()], ids=lambda topic: topic.name)
def test_original__of_any_other_topic_is_itself(topic: Topic) -> None:
    assert original_of(topic.name) == topic.name


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_co_heard_topics__have_equal_partitions(service: str) -> None:
    assert len({topic.partitions for topic in heard_by(service)}) <= 1


def test_names__are_told_apart() -> None:
    names = [topic.name for topic in EVERY]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("topic", EVERY, ids=lambda topic: topic.name)
def test_name__is_legal_and_versioned(topic: Topic) -> None:
    """Kafka: letters, digits, `.`, `_`, `-`, at most 249; we leave out `_` and capitals, and end in a version."""
    assert len(topic.name) <= 249
    assert re.fullmatch(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)*\.v[1-9][0-9]*(\.[a-z]+\.(dlq|replay))?", topic.name)


def test_names__do_not_collide_as_metrics() -> None:
    """Kafka's metric names hold `_` for `.`, so that `a.b` and `a_b` would be one."""
    seen = [(one.name, other.name) for one, other in itertools.combinations(EVERY, 2) if _metric(one) == _metric(other)]
    assert seen == []


def _metric(topic: Topic) -> str:
    return topic.name.replace(".", "_")
