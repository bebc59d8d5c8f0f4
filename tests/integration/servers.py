"""Which Kafka and which MongoDB the integration tests run on, and why not a truer one.

Named by a setting > a container > Apache Kafka's jars > the wheel's broker. In CI, with a JDK and Maven there, nothing
less than Apache Kafka will do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from demo.stack import Kafka, Mongo, StackError, given_kafka, given_mongo, start_apache, start_mongod, start_tansu
from demo.stack.jars import java_and_maven
from tests.integration.containers import docker_answers, start_kafka_container, start_mongo_container

_Handle = TypeVar("_Handle", Kafka, Mongo)


@dataclass
class Used:
    """What the run stood on, for the summary at its end."""

    lines: list[str] = field(default_factory=list)

    def note(self, line: str) -> None:
        self.lines.append(line)


def kafka_for_tests(directory: Path, used: Used, environment: Mapping[str, str] = os.environ) -> Kafka:
    if bootstrap := environment.get("KAFKA_BOOTSTRAP"):
        return given_kafka(bootstrap)
    if docker_answers():
        container = _or_none(start_kafka_container, "Kafka", used)
        if container is not None:
            return container
    if java_and_maven():
        return _apache(directory, used, strict=in_ci(environment))
    used.note("Kafka: no Docker engine, no JDK with Maven: the wheel's broker stands in for Apache Kafka")
    return start_tansu(directory)


def mongo_for_tests(directory: Path, used: Used, environment: Mapping[str, str] = os.environ) -> Mongo:
    if uri := environment.get("MONGO_URL"):
        return given_mongo(uri)
    if docker_answers():
        container = _or_none(start_mongo_container, "MongoDB", used)
        if container is not None:
            return container
    return start_mongod(directory, test_commands=True)


def in_ci(environment: Mapping[str, str] = os.environ) -> bool:
    return environment.get("CI", "").lower() in {"true", "1"}


def _apache(directory: Path, used: Used, *, strict: bool) -> Kafka:
    try:
        return start_apache(directory)
    except StackError as error:
        if strict:
            raise
        used.note(f"Kafka: Apache Kafka did not start ({str(error).splitlines()[0]}): the wheel's broker stands in")
        return start_tansu(directory)


def _or_none(start: Callable[[], _Handle], name: str, used: Used) -> _Handle | None:
    """An engine without a way to the images must not end the run where other servers can be had."""
    try:
        return start()
    except Exception as error:  # noqa: BLE001 - testcontainers, docker, requests: no common root
        used.note(f"{name}: no container, {type(error).__name__} from Docker")
        return None
