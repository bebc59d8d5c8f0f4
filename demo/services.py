"""The five services as child processes of the local stack, each with its own log file and probes."""

from __future__ import annotations

import json
import secrets
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from demo.stack import Kafka, Mongo
from demo.stack.ports import LOOPBACK, free_ports
from demo.stack.process import Recipe, Server

NAMES: Final = ("gateway", "admissions", "discharge", "followup", "notifier")
READY_SECONDS: Final = 120.0


@dataclass(frozen=True)
class Wiring:
    """What the services are told, and where their files are. `environment` holds `CARE_*` names only."""

    directory: Path
    environment: dict[str, str]
    admin_ports: Mapping[str, int]

    def of(self, service: str) -> dict[str, str]:
        """The environment of one service."""
        return {**self.environment, "CARE_ADMIN_PORT": str(self.admin_ports[service])}


def wire(
    directory: Path, kafka: Kafka, mongo: Mongo, smtp_port: int, feeds_file: Path, clock_file: Path | None
) -> Wiring:
    """Settings for a local deployment: loopback only, a new identity secret, mails to the local mailbox alone."""
    secret = directory / "identity-secret"
    secret.write_text(secrets.token_hex(32))
    secret.chmod(0o600)
    environment = {
        "CARE_DEPLOYMENT": "demo",
        "CARE_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "CARE_KAFKA_IDEMPOTENT": str(kafka.idempotent_producer).lower(),
        "CARE_MONGO_URL": mongo.uri,
        "CARE_SESSION_SECONDS": "6",
        "CARE_FEEDS_FILE": str(feeds_file),
        "CARE_IDENTITY_SECRET_FILE": str(secret),
        "CARE_HTTP_PORT": str(free_ports(1)[0]),
        "CARE_NOTIFIER__SMTP__HOST": LOOPBACK,
        "CARE_NOTIFIER__SMTP__PORT": str(smtp_port),
        "CARE_NOTIFIER__SMTP__STARTTLS": "never",
        "CARE_NOTIFIER__SMTP__SENDER": "care@demo.example.org",
        "CARE_NOTIFIER__SMTP__MESSAGE_ID_DOMAIN": "demo.example.org",
        "CARE_NOTIFIER__ALLOW_LIST": json.dumps(["@example.org"]),
        "CARE_NOTIFIER__POLL_SECONDS": "0.1",
        **({"CARE_CLOCK_FILE": str(clock_file)} if clock_file else {}),
    }
    return Wiring(directory, environment, dict(zip(NAMES, free_ports(len(NAMES)), strict=True)))


def start_services(wiring: Wiring) -> dict[str, Server]:
    """All five, ready when this returns. Raises StackError with the end of the log of the one that is not."""
    with ThreadPoolExecutor(len(NAMES)) as pool:
        starts = {name: pool.submit(Server, recipe(name, wiring)) for name in NAMES}
    failed = [start for start in starts.values() if start.exception() is not None]
    if failed:
        for start in starts.values():
            if start.exception() is None:
                start.result().kill()
        failed[0].result()
    return {name: start.result() for name, start in starts.items()}


def stop_services(servers: Mapping[str, Server]) -> None:
    """SIGTERM to all, as Kubernetes would; what does not end in time is killed."""
    with ThreadPoolExecutor(len(NAMES)) as pool:
        list(pool.map(lambda server: server.terminate(30.0), servers.values()))


def recipe(name: str, wiring: Wiring, *, instance: str = "", admin_port: int = 0) -> Recipe:
    """How one service is started and known to be ready; a further `instance` has a log and a port of its own."""
    port = admin_port or wiring.admin_ports[name]
    settings = [f"{key}={value}" for key, value in {**wiring.of(name), "CARE_ADMIN_PORT": str(port)}.items()]
    return Recipe(
        name=instance or name,
        command=["env", *settings, sys.executable, "-m", f"services.{name}"],
        directory=wiring.directory,
        ready=lambda: _is_ready(port),
        timeout_s=READY_SECONDS,
    )


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
