"""Runs one side of the engine rows on a fresh topic, group and database, and checks what it wrote.

A side that lost an event, said one twice, left a document behind or did not commit is Wrong, however fast it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
from pymongo import MongoClient

from bench import topics
from bench.place import Child, ChildFailed, Place
from bench.rounds import Sample, Wrong
from bench.sides.told import Told
from bench.stopwatch import journal
from bench.work import Corpus
from shared.schemas.envelope import TYPE_PREFIX, Envelope
from shared.schemas.envelope import Sequence as Number
from shared.schemas.topics import replay_topic
from shared.stream.administration import create
from shared.stream.codec import headers_of
from shared.stream.kafka import Broker

SERVICE = "bench"
SECONDS = 240.0
_STARTED = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)


def record_of(subject: str, step: int, value: bytes) -> topics.Record:
    """An event as a service hears it: numbered, with its envelope in headers."""
    envelope = Envelope(
        id=f"{subject}-{step}",
        source="bench",
        type=TYPE_PREFIX + "bench.adt.v1",
        subject=subject,
        time=_STARTED,
        key=subject,
        tenant="bench",
        feed="bench",
        sequence=Number(1, step + 1),
    )
    return subject.encode(), value, list(headers_of(envelope))


class Pipeline:
    """The input topic of one corpus, filled at first use, and what runs over it."""

    def __init__(self, place: Place, corpus: Corpus, partitions: int) -> None:
        self.place = place
        self.corpus = corpus
        self._partitions = partitions
        self._heard = ""

    @property
    def heard(self) -> str:
        """The topic, filled."""
        if not self._heard:
            asyncio.run(create(Broker(self.place.bootstrap), replication=1))
            self._heard = topics.unique("heard")
            self.make(self._heard, f"{self._heard}.{SERVICE}.dlq", replay_topic(self._heard, SERVICE))
            topics.fill(self.place.bootstrap, self._heard, self.contents())
        return self._heard

    @property
    def records(self) -> int:
        """How many the topic holds."""
        return self.corpus.events

    def contents(self) -> Iterator[topics.Record]:
        """What the topic holds, in order."""
        return (record_of(*each) for each in self.corpus)

    def make(self, *names: str) -> None:
        """Topics of our number of partitions."""
        topics.create(self.place.bootstrap, *names, partitions=self._partitions)

    @contextlib.contextmanager
    def run(self, what: str, limit: int) -> Iterator[Told]:
        """What a side is told: everything it writes to is fresh, and gone on leaving."""
        heard, name = self.heard, topics.unique(what)
        said = f"{name}-said"
        self.make(said)
        database = f"{name}_{SERVICE}"
        try:
            yield Told(self.place.bootstrap, self.place.mongo_url, database, f"{name}.{SERVICE}", heard, said, limit)
        finally:
            topics.delete(self.place.bootstrap, said)
            with MongoClient[dict[str, Any]](self.place.mongo_url) as client:
                client.drop_database(database)

    def alone(self, module: str, limit: int = 0) -> Sample:
        """A side that ends by itself: `python -m bench.sides.MODULE`."""
        with self.run(module, limit or self.corpus.events) as told:
            done = self.place.told("-m", f"bench.sides.{module}", env=told.env())
            self.check(told)
        return _sample(done["count"], done["seconds"], done["cpu"])

    def services(self, workers: int = 1, *, gated: bool = False) -> Sample:
        """Our service, in this many processes; `gated`: the clock starts when all of them have their partitions."""
        with self.run("service", self.corpus.events) as told, contextlib.ExitStack() as children:
            started = [self.start(told, children, n, gated=gated) for n in range(workers)]
            if gated:
                self.release(told, workers)
            lines = self.until(told, started, self.records)
            self.check(told)
        seconds = max(each[-1]["at"] for each in lines) - min(each[0]["at"] for each in lines)
        return _sample(told.limit, seconds, sum(each[-1]["cpu"] for each in lines))

    def start(self, told: Told, children: contextlib.ExitStack, n: int, *, gated: bool) -> Child:
        """One worker of our service."""
        directory = self.place.directory / told.group
        directory.mkdir(exist_ok=True)
        if gated:
            (directory / "hold").touch()
        env = {
            "CARE_DEPLOYMENT": "test",
            "CARE_KAFKA_BOOTSTRAP": told.bootstrap,
            "CARE_KAFKA_IDEMPOTENT": str(self.place.kafka.idempotent_producer),
            "CARE_MONGO_URL": told.mongo_url,
            "CARE_DATABASE_PREFIX": told.database.removesuffix(f"_{SERVICE}"),
            "CARE_GROUP_PREFIX": told.group.removesuffix(f".{SERVICE}"),
            "CARE_BATCH_RECORDS": str(told.batch),
            "CARE_BENCH_HEARD": told.heard,
            "CARE_BENCH_SAID": told.said,
            "CARE_BENCH_DIRECTORY": str(directory),
            "CARE_BENCH_JOURNAL": str(directory / f"journal-{n}"),
        }
        return children.enter_context(self.place.start("-m", "bench.sides.service", env=env))

    def release(self, told: Told, workers: int) -> None:
        """Open the gate, once the group has all of its members."""
        deadline = time.monotonic() + 60.0
        while topics.members(told.bootstrap, told.group) < workers:
            if time.monotonic() > deadline:
                raise Wrong("the workers did not join")
            time.sleep(0.2)
        time.sleep(1.0)
        (self.place.directory / told.group / "hold").unlink()

    def until(self, told: Told, workers: list[Child], count: int) -> list[list[dict[str, Any]]]:
        """Until so many records are committed; the journals of those that had something to do."""
        deadline = time.monotonic() + SECONDS
        while True:
            lines = self.journals(told, len(workers))
            if sum(each[-1]["count"] for each in lines) >= count:
                return lines
            if time.monotonic() > deadline or any(worker.process.poll() is not None for worker in workers):
                raise ChildFailed("not all was committed: " + "\n".join(worker.words() for worker in workers))
            time.sleep(0.05)

    def journals(self, told: Told, workers: int) -> list[list[dict[str, Any]]]:
        """What the workers have written until now; one that has heard nothing has no journal."""
        directory = self.place.directory / told.group
        found = [journal(directory / f"journal-{n}") for n in range(workers)]
        return [each for each in found if each]

    def check(self, told: Told, committed: int = 0) -> None:
        """Read back: documents, what was said, what was committed (as many as events, if not told otherwise)."""
        corpus = self.corpus
        said = [orjson.loads(message.value())["id"] for message in topics.read_all(told.bootstrap, told.said)]
        with MongoClient[dict[str, Any]](told.mongo_url) as client:
            rows = [row.get("state", row) for row in client[told.database]["episodes"].find()]
        kept = [event for row in rows for event in row["events"]]
        _same(sorted(kept), sorted(said), "documents and what was said do not agree")
        _same(len(set(kept)), told.limit, "events were lost or doubled")
        done = topics.committed(told.bootstrap, told.group, told.heard)
        _same(set(kept) - corpus.event_ids(), set(), "other events than were heard")
        _same(done, committed or told.limit, "not all was committed")
        if told.limit == corpus.events:
            newest = {f"ENC{one:08d}-{corpus.last_step(one)}" for one in range(min(corpus.encounters, corpus.events))}
            _same({f"{row['events'][0].split('-')[0]}-{row['seq']}" for row in rows}, newest, "not the newest stands")


def _same(found: object, wanted: object, what: str) -> None:
    if found != wanted:
        raise Wrong(f"{what}: {str(found)[:100]}, not {str(wanted)[:100]}")


def _sample(count: int, seconds: float, cpu: float) -> Sample:
    return Sample(count / seconds, cpu / count * 1e6)
