"""Which deployment a command talks to: the `CARE_*` environment, else the local stack of `care up` or `care demo`.

A running local stack leaves its addresses in a file of this user's; the file goes when the stack goes.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from shared.clock import business_clock
from shared.mongo.client import connect, database
from shared.stream.kafka import Broker

ADMIN_PORT = "CARE_ADMIN_PORT_"
"""And a service's name in capitals: where its probes and metrics are on this machine. No service reads it."""


def running_stack_file() -> Path:
    """Where a running local stack says how to reach it."""
    place = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(place) / f"care-stack-{os.getuid()}.json"


def environment() -> dict[str, str]:
    """The settings a command goes by: the process environment over those of a running local stack."""
    file = running_stack_file()
    local: Mapping[str, str] = json.loads(file.read_text()) if file.exists() else {}
    ours = {name: value for name, value in os.environ.items() if name.startswith("CARE_")}
    return {**local, **ours}


@dataclass(frozen=True)
class Session:
    """Addresses of one deployment, and clients on demand."""

    settings: Mapping[str, str]

    @property
    def broker(self) -> Broker:
        """Kafka."""
        idempotent = self.settings.get("CARE_KAFKA_IDEMPOTENT", "true").lower() not in ("false", "0", "no")
        return Broker(self.settings["CARE_KAFKA_BOOTSTRAP"], idempotent=idempotent)

    def database(self, service: str, timeout: float = 5.0) -> Any:
        """A service's database; the caller is inside a running event loop. `timeout` bounds each operation, in s."""
        prefix = self.settings.get("CARE_DATABASE_PREFIX", "care")
        return database(connect(self.settings["CARE_MONGO_URL"], timeout=timeout), f"{prefix}_{service}")

    def admin_port(self, service: str) -> int:
        """Where a service's probes and metrics are, on loopback; 0: not known."""
        return int(self.settings.get(ADMIN_PORT + service.upper(), "0"))

    def group(self, service: str) -> str:
        """A service's consumer group."""
        return f"{self.settings.get('CARE_GROUP_PREFIX', 'care')}.{service}"


def business_time(here: Session) -> datetime:
    """Now, on the clock that the deployment goes by."""
    file = here.settings.get("CARE_CLOCK_FILE")
    return business_clock(Path(file) if file else None)()


def session() -> Session:
    """The deployment at hand, or an error that says how to name one."""
    settings = environment()
    missing = [name for name in ("CARE_KAFKA_BOOTSTRAP", "CARE_MONGO_URL") if not settings.get(name)]
    if missing:
        typer.secho(
            f"No deployment: {' and '.join(missing)} not set, and no local stack is running.", err=True, fg="red"
        )
        typer.echo("Start one with `care up` in another terminal, or set them (docs/configuration.md).", err=True)
        raise typer.Exit(78)
    return Session(settings)
