"""Where rows measure: Apache Kafka and mongod, started when first asked for; and children that do not outlive us.

KAFKA_BOOTSTRAP and MONGO_URL name servers that are there already. The demo's broker is refused: it is no yardstick.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from demo.stack import Kafka, Mongo
from demo.stack.apache import start_apache
from demo.stack.broker import given_kafka
from demo.stack.guard import guard
from demo.stack.mongod import given_mongo, start_mongod
from demo.stack.whole import temporary_directory

PROJECT = Path(__file__).resolve().parents[1]
CHILD_SECONDS = 300.0


class ChildFailed(Exception):
    """A measured process ended badly; the text is the end of what it wrote."""


@dataclass
class Place:
    """directory: a scratch directory of this run. cleanup: what rows want closed or removed at the end.

    yardstick: the directory of the fixed yardstick, where one was given.
    """

    directory: Path
    yardstick: Path | None = None
    cleanup: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @cached_property
    def kafka(self) -> Kafka:
        """Apache Kafka, started at first use. Raises StackError."""
        given = os.environ.get("KAFKA_BOOTSTRAP")
        kafka = given_kafka(given) if given else start_apache(self.directory / "kafka")
        self.cleanup.callback(kafka.close)
        return kafka

    @cached_property
    def mongo(self) -> Mongo:
        """mongod as a replica set of one, started at first use. Raises StackError."""
        given = os.environ.get("MONGO_URL")
        mongo = given_mongo(given) if given else start_mongod(self.directory / "mongo")
        self.cleanup.callback(mongo.close)
        return mongo

    @property
    def bootstrap(self) -> str:
        """Kafka's address."""
        return self.kafka.bootstrap

    @property
    def mongo_url(self) -> str:
        """MongoDB's connection string."""
        return self.mongo.uri

    def servers(self) -> dict[str, str]:
        """Versions of the servers that were used so far."""
        used = [name for name in ("kafka", "mongo") if name in self.__dict__]
        return {name: getattr(self, name).version for name in used}

    @contextlib.contextmanager
    def start(self, *command: str, env: Mapping[str, str] | None = None, cwd: Path = PROJECT) -> Iterator[Child]:
        """`python COMMAND…` as a child of this environment's Python, killed on leaving if it still runs."""
        log = self.directory / f"child-{len(list(self.directory.glob('child-*')))}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-P", *command],
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us; we decide who goes
            )
        guard().watch_pid(process.pid)
        try:
            yield Child(process, log)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            guard().forget_pid(process.pid)

    def told(self, *command: str, env: Mapping[str, str] | None = None, cwd: Path = PROJECT) -> dict[str, Any]:
        """Run a child to its end; the JSON object on its last line. Raises ChildFailed."""
        with self.start(*command, env=env, cwd=cwd) as child:
            return child.told()


@dataclass
class Child:
    """A measured process and what it wrote."""

    process: subprocess.Popen[bytes]
    log: Path

    def wait(self, seconds: float = CHILD_SECONDS) -> None:
        """Until it has ended well. Raises ChildFailed."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ChildFailed(f"still running after {seconds:.0f} s: {self.words()}") from None
        if code != 0:
            raise ChildFailed(f"exit code {code}: {self.words()}")

    def told(self, seconds: float = CHILD_SECONDS) -> dict[str, Any]:
        """The JSON object on its last line of output, when it has ended. Raises ChildFailed."""
        self.wait(seconds)
        # Faust puts what is printed into its log, behind a time and a level
        lines = [line[line.index("{") :] for line in self.log.read_text().splitlines() if "{" in line]
        if not lines:
            raise ChildFailed(f"told nothing: {self.words()}")
        return dict(json.loads(lines[-1]))

    def words(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text(errors="replace")[-3_000:]


@contextlib.contextmanager
def open_place(yardstick: Path | None) -> Iterator[Place]:
    """A place; everything that was started in it is ended on leaving, however this process ends."""
    with temporary_directory() as directory, contextlib.ExitStack() as cleanup:
        yield Place(directory, yardstick, cleanup)
