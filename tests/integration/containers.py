"""Kafka and MongoDB as containers, where a Docker engine answers. Refuses to wait long for one that does not.

The servers listen inside on the very port they are published on, so that what they advertise holds on both sides, and
a restart keeps it. An engine on another machine is not for this: give KAFKA_BOOTSTRAP and MONGO_URL instead.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from pymongo.errors import PyMongoError

from demo.stack import Kafka, Mongo, StackError
from demo.stack.mongod import given_mongo, initiate_and_ask
from demo.stack.ports import LOOPBACK, free_ports
from demo.stack.probe import takes_records

KAFKA_IMAGE = os.environ.get("CARE_TEST_KAFKA_IMAGE", "apache/kafka:4.1.0")
MONGO_IMAGE = os.environ.get("CARE_TEST_MONGO_IMAGE", "mongo:7.0")
_PING_S = 3
_READY_S = 120.0
_CONTROLLER_PORT = 9093


@cache
def docker_answers() -> bool:
    import docker  # type: ignore[import-untyped]
    from docker.errors import DockerException  # type: ignore[import-untyped]

    try:
        with contextlib.closing(docker.from_env(timeout=_PING_S)) as client:
            return bool(client.ping())
    except (DockerException, OSError):
        return False


@dataclass(frozen=True)
class ContainerControls:
    """`docker pause` stands for SIGSTOP: the processes freeze, the connections stay."""

    container: Any
    ready: Callable[[], bool]

    def kill(self) -> None:
        self.container.get_wrapped_container().kill()

    def stop_signal(self) -> None:
        self.container.get_wrapped_container().pause()

    def cont(self) -> None:
        self.container.get_wrapped_container().unpause()

    def restart(self) -> None:
        self.container.get_wrapped_container().restart(timeout=20)
        self.await_ready()

    def close(self) -> None:
        self.container.stop()

    def await_ready(self) -> None:
        deadline = time.monotonic() + _READY_S
        while not self.ready():
            if time.monotonic() > deadline:
                raise StackError(f"the container of {self.container.image} was not ready within {_READY_S:.0f} s")
            time.sleep(0.2)


def start_kafka_container() -> Kafka:
    """Raises StackError, or what testcontainers and Docker raise (no such image, no way to pull it)."""
    (port,) = free_ports(1)
    address = f"{LOOPBACK}:{port}"
    controls = _run(KAFKA_IMAGE, port, _kafka_environment(port), "", lambda: takes_records(address))
    return Kafka(f"Apache Kafka, image {KAFKA_IMAGE}", bootstrap=address, kind="container", controls=controls)


def start_mongo_container() -> Mongo:
    """Raises as `start_kafka_container` does. The version is the server's word, not the image's tag."""
    (port,) = free_ports(1)
    controls = _run(MONGO_IMAGE, port, {}, f"--replSet rs0 --bind_ip_all --port {port}", lambda: _is_primary(port))
    uri = f"mongodb://{LOOPBACK}:{port}/?replicaSet=rs0"
    return Mongo(f"{given_mongo(uri).version}, image {MONGO_IMAGE}", uri=uri, kind="container", controls=controls)


def _run(
    image: str, port: int, environment: dict[str, str], command: str, ready: Callable[[], bool]
) -> ContainerControls:
    from testcontainers.core.container import DockerContainer

    container = DockerContainer(image)
    container.env.update(environment)
    container.ports[str(port)] = (LOOPBACK, port)  # type: ignore[assignment] # docker takes it; never on all interfaces
    if command:
        container.with_command(command)
    controls = ContainerControls(container, ready)
    try:
        container.start()
        controls.await_ready()
    except BaseException:
        container.stop()
        raise
    return controls


def _is_primary(port: int) -> bool:
    with contextlib.suppress(PyMongoError):
        return initiate_and_ask(port)
    return False


def _kafka_environment(port: int) -> dict[str, str]:
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": f"PLAINTEXT://:{port},CONTROLLER://:{_CONTROLLER_PORT}",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{LOOPBACK}:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": f"1@localhost:{_CONTROLLER_PORT}",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
    }
