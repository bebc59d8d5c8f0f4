"""The client and what is demanded of it: a replica set, majority and journaled writes, primary reads, bounded waits.

motor is past its end of life; nothing outside this package imports it, so that its successor is one change here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ReadPreference, WriteConcern
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from shared.stream.outages import Away

Client = Any
Database = Any
Collection = Any
Session = Any


def connect(url: str, *, timeout: float = 8.0) -> Client:
    """A client for `url`; connects when first used. `timeout` bounds every operation, in seconds."""
    return AsyncIOMotorClient(
        url,
        tz_aware=True,
        timeoutMS=int(timeout * 1000),
        serverSelectionTimeoutMS=int(timeout * 500),
        retryWrites=False,
        retryReads=True,
        appname="care-transitions",
    )


def database(client: Client, name: str) -> Database:
    """A service's own database, with the concerns the guarantees rest on."""
    return client.get_database(
        name,
        write_concern=WriteConcern(w="majority", j=True),
        read_concern=ReadConcern("majority"),
        read_preference=ReadPreference.PRIMARY,
    )


@contextmanager
def away() -> Iterator[None]:
    """Turn every driver error inside into Away: the write may or may not have happened."""
    try:
        yield
    except PyMongoError as error:
        raise Away("mongodb", type(error).__name__) from error


async def server_facts(client: Client) -> dict[str, Any]:
    """Version and replica set of the server: {version, replica_set, primary}. Raises Away."""
    with away():
        info = await client.server_info()
        hello = await client.admin.command("hello")
    return {
        "version": info["version"],
        "replica_set": hello.get("setName", ""),
        "primary": bool(hello.get("isWritablePrimary")),
    }
