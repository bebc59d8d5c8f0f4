"""Apache Kafka as one JVM (KRaft, broker and controller in one), small and quiet, for tests and for a truer demo.

Settings keep production's meaning where one node allows it: no auto-created topics, 1 MiB records. One node cannot keep
production's replication factor; nothing here says anything about durability over a power cut.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from demo.stack.handles import Kafka
from demo.stack.jars import KAFKA_VERSION, kafka_jars
from demo.stack.ports import LOOPBACK, free_ports
from demo.stack.probe import takes_records
from demo.stack.process import Recipe, Server, StackError

_CLUSTER_ID = "Y2FyZS1sb2NhbC1zdGFjaw"  # 16 bytes in URL-safe base64, as StorageTool wants it
_TIMEOUT_S = 180.0
_FORMAT_TIMEOUT_S = 60.0
_JVM = (
    "-Xms64m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # started often, run for minutes: the optimising compiler never pays for itself
    "-XX:-UsePerfData",  # would leave a file per JVM in /tmp
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
)


def start_apache(directory: Path) -> Kafka:
    """A broker of its own data in `directory`, on a free loopback port. Raises StackError."""
    directory.mkdir(parents=True, exist_ok=True)
    broker, controller = free_ports(2)
    address = f"{LOOPBACK}:{broker}"
    properties = directory / "server.properties"
    properties.write_text(_properties(directory, broker, controller))
    java = _java(directory, kafka_jars())
    _format(java, properties, directory)
    recipe = Recipe(
        name="kafka",
        command=[*java, "kafka.Kafka", str(properties)],
        directory=directory,
        ready=lambda: takes_records(address),
        timeout_s=_TIMEOUT_S,
    )
    return Kafka(f"Apache Kafka {KAFKA_VERSION}", bootstrap=address, kind="apache", controls=Server(recipe))


def _java(directory: Path, jars: Path) -> list[str]:
    return ["java", *_JVM, f"-Djava.io.tmpdir={directory}", "-cp", f"{jars}/*"]


def _format(java: list[str], properties: Path, directory: Path) -> None:
    command = [*java, "kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(properties)]
    done = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, timeout=_FORMAT_TIMEOUT_S, check=False
    )
    if done.returncode != 0:
        raise StackError(f"Kafka could not format its directory:\n{(done.stdout + done.stderr).strip()[-2_000:]}")


def _properties(directory: Path, broker: int, controller: int) -> str:
    lines = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listeners": f"PLAINTEXT://{LOOPBACK}:{broker},CONTROLLER://{LOOPBACK}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{broker}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(directory / "data"),
        "auto.create.topics.enable": "false",
        "message.max.bytes": str(1024 * 1024),
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "2",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
        "num.network.threads": "2",
        "num.io.threads": "4",
        # a killed broker is let in again only when its old session has run out
        "broker.heartbeat.interval.ms": "300",
        "broker.session.timeout.ms": "3000",
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())
