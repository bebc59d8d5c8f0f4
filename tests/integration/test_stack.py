"""The local stack: servers that keep their data over a kill, and none that outlives the process that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from pymongo import MongoClient
from pymongo.write_concern import WriteConcern

from demo.stack import Kafka, Mongo, StackError, given_kafka, open_stack, start_mongod
from demo.stack.mongod import explain_failure
from demo.stack.probe import takes_records
from demo.stack.process import Recipe, Server
from tests.integration.containers import docker_answers
from tests.integration.servers import Used, kafka_for_tests
from tests.integration.test_brokers import a_reader, a_topic, hear, say

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
# Says the pids of its servers and its directory, then waits to be killed.
PARENT = """
import time
from demo.stack import open_stack
with open_stack("tansu", {}) as stack:
    print(stack.kafka.pid, stack.mongo.pid, stack.directory, flush=True)
    time.sleep(600)
"""


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def runs(pid: int) -> bool:
    """A zombie does not run: its new parent has merely not collected it yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda end: end.name)
def test_servers_and_directory__gone_when_the_parent_is_ended(
    parent: subprocess.Popen[str], end: signal.Signals
) -> None:
    assert parent.stdout is not None
    kafka, mongo, directory = parent.stdout.readline().split()
    assert runs(int(kafka))
    assert runs(int(mongo))
    parent.send_signal(end)
    wait_until(lambda: not runs(int(kafka)) and not runs(int(mongo)), f"servers gone after {end.name}")
    wait_until(lambda: not Path(directory).exists(), f"directory gone after {end.name}")


async def test_apache_kafka__killed_and_restarted_keeps_records_and_address(kafka: Kafka, unique: str) -> None:
    if kafka.kind not in {"apache", "container"}:
        pytest.skip("needs an Apache Kafka that is ours to kill")
    partition = await a_topic(kafka, f"{unique}.kept")
    said = await say(kafka, partition)
    kafka.kill()
    assert not takes_records(kafka.bootstrap)
    kafka.restart()
    async with a_reader(kafka, TopicPartition(partition.topic, 0)) as reader:
        assert [value for _, value, _ in await hear(reader, len(said))] == said


def test_stop_signal__nothing_answers_until_continued(tansu: Kafka) -> None:
    tansu.stop_signal()
    assert not takes_records(tansu.bootstrap)
    tansu.cont()
    wait_until(lambda: takes_records(tansu.bootstrap), "answers again")


def test_mongod__is_a_primary_with_majority_writes_and_transactions(mongo: Mongo, unique: str) -> None:
    with MongoClient[dict[str, int]](mongo.uri) as client:
        assert client.admin.command("hello")["isWritablePrimary"] is True
        assert client.admin.command("hello")["setName"]
        kept = client[unique].get_collection("kept", write_concern=WriteConcern(w="majority", j=True))
        kept.insert_one({"_id": 1})
        with client.start_session() as session, session.start_transaction():
            kept.insert_one({"_id": 2}, session=session)
        with pytest.raises(ZeroDivisionError), client.start_session() as session, session.start_transaction():
            kept.insert_one({"_id": 1 // 0}, session=session)
        assert sorted(document["_id"] for document in kept.find()) == [1, 2]


def test_mongod__killed_and_restarted_keeps_what_the_majority_has(tmp_path: Path) -> None:
    mongo = start_mongod(tmp_path, test_commands=True)
    try:
        with MongoClient[dict[str, int]](mongo.uri) as client:
            client["care"].get_collection("kept", write_concern=WriteConcern(w="majority", j=True)).insert_one(
                {"_id": 7}
            )
            mongo.kill()
            mongo.restart()
            assert client["care"]["kept"].find_one() == {"_id": 7}
            client.admin.command("configureFailPoint", "failCommand", mode="off")
    finally:
        mongo.close()


def test_open_stack__given_servers_win_and_are_left_alone(tansu: Kafka, mongo: Mongo) -> None:
    with open_stack("apache", {"KAFKA_BOOTSTRAP": tansu.bootstrap, "MONGO_URL": mongo.uri}) as stack:
        assert (stack.kafka.bootstrap, stack.kafka.kind) == (tansu.bootstrap, "given")
        assert (stack.mongo.uri, stack.mongo.kind) == (mongo.uri, "given")
        with pytest.raises(StackError, match="not ours"):
            stack.kafka.kill()
    assert takes_records(tansu.bootstrap)
    assert not stack.directory.exists()


def test_open_stack__one_server_missing_ends_the_other_and_says_which(tansu: Kafka, tmp_path: Path) -> None:
    with pytest.raises(StackError, match="MONGO_URL"), open_stack("tansu", {"MONGO_URL": "mongodb://127.0.0.1:1"}):
        raise AssertionError("a stack without MongoDB was handed out")


@pytest.mark.parametrize("bootstrap", ["127.0.0.1:1", "127.0.0.1", "kafka:port"])
def test_given_kafka__that_does_not_answer_is_refused_by_its_setting(bootstrap: str) -> None:
    with pytest.raises(StackError, match="KAFKA_BOOTSTRAP"):
        given_kafka(bootstrap)


def test_server__that_ends_early_shows_its_log(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo the disk is full; exit 3"]
    with pytest.raises(StackError, match=r"(?s)exit code 3 .*the disk is full"):
        Server(Recipe("broken", command, tmp_path, ready=lambda: False, timeout_s=10))


def test_server__that_is_never_ready_is_killed_in_time(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo $$ > pid; exec sleep 600"]
    with pytest.raises(StackError, match="not ready within 1 s"):
        Server(Recipe("slow", command, tmp_path, ready=lambda: False, timeout_s=1))
    assert not runs(int((tmp_path / "pid").read_text()))


def test_missing_libcurl__is_explained_with_the_package() -> None:
    said = "mongod: error while loading shared libraries: libcurl.so.4: cannot open shared object file: No such file"
    assert "apt-get install libcurl4)" in explain_failure(said)


@pytest.fixture
def broken_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has `java` and `mvn`, where neither works."""
    for name in ("java", "mvn"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("broken_java")
@pytest.mark.skipif(docker_answers(), reason="a container comes before the jars")
def test_kafka_for_tests__in_ci_nothing_less_than_apache_kafka(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="java -version"):
        kafka_for_tests(tmp_path / "kafka", Used(), {"CI": "true"})


@pytest.mark.usefixtures("broken_java")
@pytest.mark.skipif(docker_answers(), reason="a container comes before the jars")
def test_kafka_for_tests__elsewhere_tansu_stands_in_and_the_run_says_so(tmp_path: Path) -> None:
    used = Used()
    broker = kafka_for_tests(tmp_path / "kafka", used, {})
    broker.close()
    assert broker.kind == "tansu"
    assert "stands in" in used.lines[0]
