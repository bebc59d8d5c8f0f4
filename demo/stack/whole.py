"""Kafka and MongoDB together, in one directory that is gone afterwards: what `care up` and `care demo` stand on."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from demo.stack.broker import Preference, given_kafka, start_kafka
from demo.stack.guard import guard
from demo.stack.handles import Kafka, Mongo
from demo.stack.mongod import given_mongo, start_mongod


@dataclass(frozen=True)
class Stack:
    """directory: of this stack alone; callers may put their own files there, they go with it."""

    kafka: Kafka
    mongo: Mongo
    directory: Path


@contextlib.contextmanager
def open_stack(prefer: Preference = "auto", environment: Mapping[str, str] = os.environ) -> Iterator[Stack]:
    """Both servers, ready. KAFKA_BOOTSTRAP and MONGO_URL in `environment` win over starting anything.

    On leaving, and whenever and however this process ends, what was started is killed and the directory removed.
    Raises StackError.
    """
    with temporary_directory() as directory, contextlib.ExitStack() as cleanup:
        with ThreadPoolExecutor(2) as starters:
            kafka_start = starters.submit(_kafka, directory / "kafka", prefer, environment.get("KAFKA_BOOTSTRAP"))
            mongo_start = starters.submit(_mongo, directory / "mongo", environment.get("MONGO_URL"))
        # both have ended here: one that failed must not leave the other behind
        for start in (kafka_start, mongo_start):
            _close_on_exit(cleanup, start)
        yield Stack(kafka_start.result(), mongo_start.result(), directory)


@contextlib.contextmanager
def temporary_directory() -> Iterator[Path]:
    """Removed on leaving, and also when this process is killed."""
    directory = Path(tempfile.mkdtemp(prefix="care-"))
    guard().watch_directory(directory)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        guard().forget_directory(directory)


def _kafka(directory: Path, prefer: Preference, bootstrap: str | None) -> Kafka:
    return given_kafka(bootstrap) if bootstrap else start_kafka(directory, prefer)


def _mongo(directory: Path, uri: str | None) -> Mongo:
    return given_mongo(uri) if uri else start_mongod(directory)


def _close_on_exit(cleanup: contextlib.ExitStack, start: Future[Kafka] | Future[Mongo]) -> None:
    if start.exception() is None:
        close: Callable[[], None] = start.result().close
        cleanup.callback(close)
