"""Upstream's own losses, asserted as still there: why no agent of Faust's carries our data (docs/reliability.md).

A canary that fails is good news: upstream mended it, and the reasons for our own loop should be read again.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from demo.stack import Kafka
from demo.stack.guard import guard

pytestmark = pytest.mark.integration

EVENTS, POISON_AT = 200, 57
MENDED = "upstream mended this: tell us (reliability.md, why our own loop)"
Finished = Callable[[], list[bytes]]


@asynccontextmanager
async def faust_worker(kafka: Kafka, topic: str, directory: Path, how: str) -> AsyncIterator[Finished]:
    finished = directory / "finished"
    with (directory / "worker.log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("faust_child.py")), kafka.bootstrap, topic, str(finished), how],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ,
        )
    guard().watch_pid(child.pid)
    try:
        yield lambda: finished.read_bytes().split() if finished.exists() else []
    finally:
        child.kill()
        child.wait()
        guard().forget_pid(child.pid)


async def say_with_poison(kafka: Kafka, topic: str) -> list[bytes]:
    values = [b"poison" if n == POISON_AT else b"%d" % n for n in range(EVENTS)]
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    for value in values:
        await producer.send(topic, value, partition=0)
    await producer.stop()
    return values


async def committed(kafka: Kafka, group: str, topic: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(group)
    except KafkaError:
        return 0
    finally:
        await admin.close()
    found = offsets.get(TopicPartition(topic, 0))
    return found.offset if found else 0


async def what_is_finished_when_all_is_acknowledged(kafka: Kafka, unique: str, directory: Path, how: str) -> set[bytes]:
    """Runs until the group has committed the end, so that nothing can come again, or until everything is finished."""
    topic = f"{unique}.canary"
    values = await say_with_poison(kafka, topic)
    deadline = time.monotonic() + 90
    async with faust_worker(kafka, topic, directory, how) as finished:
        while set(finished()) != set(values):
            done = await committed(kafka, f"{topic}.{how}", topic)
            if done == EVENTS:
                break
            assert time.monotonic() < deadline, (
                f"committed {done}, finished {len(finished())}; {MENDED}, or: {(directory / 'worker.log').read_text()}"
            )
            await asyncio.sleep(0.3)
        return set(finished())


@pytest.mark.timeout(180)
async def test_plain_agent__canary_an_event_whose_body_raised_is_acknowledged_and_lost(
    kafka: Kafka, unique: str, tmp_path: Path
) -> None:
    finished = await what_is_finished_when_all_is_acknowledged(kafka, unique, tmp_path, "plain")
    assert b"poison" not in finished, MENDED
    assert len(finished) == EVENTS - 1, f"of {EVENTS}; on faust-streaming {version('faust-streaming')}"


@pytest.mark.timeout(180)
async def test_take__canary_the_whole_batch_whose_body_raised_is_acknowledged_and_lost(
    kafka: Kafka, unique: str, tmp_path: Path
) -> None:
    finished = await what_is_finished_when_all_is_acknowledged(kafka, unique, tmp_path, "take")
    assert b"poison" not in finished, MENDED
    assert len(finished) <= EVENTS - 50, f"{len(finished)} of {EVENTS} finished: {MENDED}"
