"""One trial: topics, database and workers of its own; what was said, what became of it, and the account at the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from pymongo import MongoClient

from demo.stack import Kafka, Mongo
from demo.stack.guard import guard
from shared.schemas.topics import PARTITIONS, replay_topic
from shared.stream.kafka import lane_of
from shared.stream.kafka_producer import KafkaPublisher
from shared.stream.records import Heard, Saying
from tests.contracts_suite.counting import COUNTERS, Counted, a_poke
from tests.integration.engine.conftest import a_broker, create_topics
from tests.integration.loss.worker import POINTS

PROJECT = Path(__file__).parents[3]
SESSION_SECONDS = 2.0
LISTEN = "0A"


async def until(condition: Callable[[], Any], what: str, seconds: float = 80.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        await asyncio.sleep(0.01)


@dataclass
class Worker:
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def logged(self, event: str) -> int:
        return self.log.read_text().count(f'"event":"{event}"')

    def listening(self) -> set[str]:
        """The sockets on which it listens: local addresses as the kernel writes them."""
        own = set()
        for link in Path(f"/proc/{self.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed since it was listed
                own.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
        tables = [Path(f"/proc/{self.pid}/net/{name}").read_text() for name in ("tcp", "tcp6")]
        rows = [row.split() for table in tables for row in table.splitlines()]
        return {row[1] for row in rows if row[3] == LISTEN and row[9] in own}

    async def ended(self, seconds: float = 80.0) -> int:
        """Its exit code, when it has ended."""
        await until(lambda: not self.running, f"the end of {self.pid}", seconds)
        return int(self.process.returncode)


@dataclass(frozen=True)
class Account:
    """What a trial came to. `repeats` were said again, byte for byte; `redelivered` were heard again."""

    events: int
    lost: int
    doubled: int
    redelivered: int
    repeats: int
    letters: int


@dataclass
class Trial:
    kafka: Kafka
    mongo: Mongo
    directory: Path
    name: str
    workers: list[Worker] = field(default_factory=list)
    said: list[Saying] = field(default_factory=list)
    planted: dict[tuple[str, str], str] = field(default_factory=dict)
    hurt_at: float = 0.0
    session_seconds: float = SESSION_SECONDS

    @property
    def heard_topic(self) -> str:
        return f"{self.name}.heard"

    @property
    def said_topic(self) -> str:
        return f"{self.name}.said"

    @property
    def letters_topic(self) -> str:
        return f"{self.heard_topic}.counter.dlq"

    async def open(self) -> None:
        self.directory.mkdir()
        topics = [self.heard_topic, self.said_topic, self.letters_topic, replay_topic(self.heard_topic, "counter")]
        await create_topics(self.kafka, topics)

    def close(self) -> None:
        for worker in self.workers:
            if worker.running:
                worker.signal(signal.SIGCONT)
                worker.kill()
            guard().forget_pid(worker.pid)

    async def poke(self, count: int, subjects: int = 16, poison: dict[int, dict[str, Any]] | None = None) -> None:
        """Say `count` more events in turn over the subjects; `poison` names what is wrong with the nth, and why."""
        sayings = []
        for n in range(len(self.said), len(self.said) + count):
            subject, number = f"s{n % subjects}", 1 + n // subjects
            wrong = dict((poison or {}).get(n, {}))
            reason = wrong.pop("reason", "")
            sayings.append(a_poke(subject, number, topic=self.heard_topic, **wrong))
            if reason:
                self.planted[(subject, str(number))] = reason
        publisher = KafkaPublisher(a_broker(self.kafka, send_timeout=60.0))
        for first in range(0, count, 500):
            await publisher.say(sayings[first : first + 500])
        await publisher.close()
        self.said += sayings

    def start(self) -> Worker:
        """One more worker; it is running, but not yet ready, when this returns."""
        log = self.directory / f"worker-{len(self.workers)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.loss.worker"],
                cwd=PROJECT,
                env=os.environ | self._settings(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # the kernel wakes stopped processes of a group whose shell has gone
            )
        guard().watch_pid(process.pid)
        self.workers.append(Worker(process, log))
        return self.workers[-1]

    def _settings(self) -> dict[str, str]:
        return {
            "CARE_DEPLOYMENT": "test",
            "CARE_KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "CARE_KAFKA_IDEMPOTENT": str(self.kafka.idempotent_producer),
            "CARE_MONGO_URL": self.mongo.uri,
            "CARE_DATABASE_PREFIX": self.name,
            "CARE_GROUP_PREFIX": self.name,
            "CARE_BATCH_RECORDS": "60",
            "CARE_SESSION_SECONDS": str(self.session_seconds),
            "CARE_LOSS_DIRECTORY": str(self.directory),
            "CARE_LOSS_HEARD": self.heard_topic,
            "CARE_LOSS_SAID": self.said_topic,
        }

    def stays_in_group(self) -> None:
        """Where nobody is killed: who merely waits for a core must not lose its session, and hear it again."""
        self.session_seconds = 30.0

    def hold(self, point: str) -> None:
        assert point in POINTS
        (self.directory / f"hold-{point}").touch()

    def release(self, point: str) -> None:
        (self.directory / f"hold-{point}").unlink()

    def fail(self, point: str) -> None:
        (self.directory / f"fail-{point}").touch()

    async def held(self, point: str, worker: Worker) -> None:
        """Until this worker stands in the middle of a batch, at this point."""
        marker = self.directory / f"held-{point}-{worker.pid}"
        await until(lambda: marker.exists() or not worker.running, f"{worker.pid} held at {point}")
        assert worker.running, worker.log.read_text()[-2_000:]

    async def stopping(self, worker: Worker) -> None:
        """Until SIGTERM has reached this worker's services."""
        marker = self.directory / f"stopping-{worker.pid}"
        await until(marker.exists, f"{worker.pid} told to stop")

    def hurts(self) -> None:
        """The fault is now: recovery is counted from here."""
        self.hurt_at = time.monotonic()

    async def all_committed(self, seconds: float = 90.0) -> float:
        """Until the group has committed every record; returns the seconds since the fault."""
        await self._committed_or(lambda: False, seconds)
        return time.monotonic() - self.hurt_at

    async def all_committed_or_dead(self, worker: Worker) -> None:
        """Until the group has committed every record, or this worker is dead."""
        await self._committed_or(lambda: not worker.running, 90.0)

    async def _committed_or(self, enough: Callable[[], bool], seconds: float) -> None:
        ends = Counter(self._lane(saying) for saying in self.said)
        deadline = time.monotonic() + seconds
        while (committed := await self._committed()) != ends and not enough():
            assert time.monotonic() < deadline, f"committed {committed}, of {dict(ends)}; {self._last_words()}"
            assert enough() or any(worker.running for worker in self.workers), self._last_words()
            await asyncio.sleep(0.05)

    def _last_words(self) -> str:
        return "\n".join(worker.log.read_text()[-1_500:] for worker in self.workers)

    @staticmethod
    def _lane(saying: Saying) -> int:
        return lane_of(saying.key.decode())

    async def _committed(self) -> dict[int, int]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka.bootstrap)
        await admin.start()
        try:
            found = await admin.list_consumer_group_offsets(f"{self.name}.counter")
        except KafkaError:  # no coordinator yet, or no broker: nothing is known to be committed
            return {}
        finally:
            await admin.close()
        return {place.partition: at.offset for place, at in found.items() if at.offset > 0}

    async def stop_all(self) -> None:
        """SIGTERM: each leaves cleanly."""
        running = [worker for worker in self.workers if worker.running]
        for worker in running:
            worker.signal(signal.SIGTERM)
        codes = [await worker.ended() for worker in running]
        assert codes == [0] * len(codes), self._last_words()

    async def account(self) -> Account:
        """Nothing lost, nothing doubled, order kept, dead letters as planted; raises where it is not so."""
        good = [s for s in self.said if self._name(s) not in self.planted]
        wanted = Counter(self._name(saying)[0] for saying in good)
        totals = self._totals()
        output = await self._all_of(self.said_topic)
        repeats = sum(self._check_stream(subject, output) for subject in wanted)
        letters = await self._check_letters()
        heard = sum(path.stat().st_size for path in self.directory.glob("heard-*"))
        return Account(
            events=len(self.said),
            lost=sum(max(0, n - totals.get(subject, 0)) for subject, n in wanted.items()),
            doubled=sum(max(0, totals.get(subject, 0) - n) for subject, n in wanted.items()),
            redelivered=heard - len(self.said),
            repeats=repeats,
            letters=letters,
        )

    @staticmethod
    def _name(saying: Saying | Heard) -> tuple[str, str]:
        headers = dict(saying.headers)
        return headers["ce_subject"].decode(), headers["ce_sequence"].decode().split(".")[1]

    def _totals(self) -> dict[str, int]:
        with MongoClient[dict[str, Any]](self.mongo.uri) as client:
            rows = client[f"{self.name}_counter"][COUNTERS].find()
            return {row["_id"]: row["state"]["total"] for row in rows}

    def _check_stream(self, subject: str, output: Iterable[Heard]) -> int:
        """Its sequence is gapless in order of first occurrence, each number one set of bytes; returns the repeats."""
        mine = [record for record in output if self._name(record)[0] == subject]
        bytes_of: dict[int, set[tuple[Any, ...]]] = {}
        for record in mine:
            bytes_of.setdefault(int(self._name(record)[1]), set()).add((record.key, record.value, record.headers))
        numbers = [int(number) for s, number in map(self._name, self.said) if s == subject]
        causes = [n for n in numbers if (subject, str(n)) not in self.planted]
        assert list(bytes_of) == list(range(1, len(causes) + 1)), f"{subject}: order or gaps {list(bytes_of)}"
        assert [len(each) for each in bytes_of.values()] == [1] * len(bytes_of), f"{subject}: a repeat differs"
        told = [Counted.model_validate_json(value) for ((_key, value, _headers),) in bytes_of.values()]
        assert [data.cause for data in told] == [f"{subject}-1.{n}" for n in causes]
        assert [data.total for data in told] == list(range(1, len(causes) + 1))
        return len(mine) - len(bytes_of)

    async def _check_letters(self) -> int:
        found: dict[tuple[str, str], str] = {}
        for record in await self._all_of(self.letters_topic):
            found[self._name(record)] = record.header("dl_reason").partition(":")[0]
        assert found == self.planted
        return len(found)

    async def _all_of(self, topic: str) -> list[Heard]:
        places = [TopicPartition(topic, lane) for lane in range(PARTITIONS)]
        reader = AIOKafkaConsumer(
            bootstrap_servers=self.kafka.bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await reader.start()
        found: list[Heard] = []
        try:
            reader.assign(places)
            ends = await reader.end_offsets(places)
            async with asyncio.timeout(60):
                while not await self._is_at(reader, ends):
                    for records in (await reader.getmany(timeout_ms=200)).values():
                        found += [Heard(r.topic, r.partition, r.offset, r.key, r.value, r.headers) for r in records]
        finally:
            await reader.stop()
        return found

    @staticmethod
    async def _is_at(reader: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
        return all([await reader.position(place) >= end for place, end in ends.items()])


def poisons(places: Sequence[int], **wrong: Any) -> dict[int, dict[str, Any]]:
    return {place: dict(wrong) for place in places}
