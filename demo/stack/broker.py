"""Which Kafka: the one that is named by a setting, else the wheel's broker, else Apache Kafka where it can be had."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal

from demo.stack.apache import start_apache
from demo.stack.feature import release
from demo.stack.handles import Kafka
from demo.stack.jars import java_and_maven
from demo.stack.probe import addresses
from demo.stack.process import StackError
from demo.stack.tansu import bundled_tansu, start_tansu

Preference = Literal["auto", "tansu", "apache"]


def choose_kafka(prefer: Preference = "auto") -> Literal["tansu", "apache"]:
    """The broker to start. `auto` takes the one that starts in no time. Raises StackError if none can be had."""
    if prefer != "auto":
        return prefer
    if bundled_tansu() is not None:
        return "tansu"
    if java_and_maven():
        return "apache"
    raise StackError("no Kafka can be had here: run `make sync`, or install a JDK and Maven, or set KAFKA_BOOTSTRAP")


def start_kafka(directory: Path, prefer: Preference = "auto") -> Kafka:
    """Raises StackError."""
    return start_tansu(directory) if choose_kafka(prefer) == "tansu" else start_apache(directory)


def given_kafka(bootstrap: str) -> Kafka:
    """The Kafka that a setting names. Raises StackError if none of its addresses answers."""
    for host, port in _addresses(bootstrap):
        with contextlib.suppress(OSError):
            return Kafka(release(host, port), bootstrap=bootstrap, kind="given")
    raise StackError("KAFKA_BOOTSTRAP names no Kafka that answers without TLS: start it, or unset the variable")


def _addresses(bootstrap: str) -> list[tuple[str, int]]:
    try:
        return addresses(bootstrap)
    except ValueError as error:
        raise StackError("KAFKA_BOOTSTRAP is not of the form host:port,host:port") from error
