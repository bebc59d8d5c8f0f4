"""The identity secret: every patient id and every key derives from it, so it is set once and never changes.

A fingerprint of it is kept with the data; a process that is given another secret refuses to start.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from shared.mongo.client import away

LEAST_BYTES = 32


class SecretRefused(Exception):
    """The identity secret cannot be used; the text says why and never holds it."""


def read_secret(file: Path) -> bytes:
    """The secret in `file`, without a trailing newline. Raises SecretRefused."""
    try:
        secret = file.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise SecretRefused(f"the identity secret file cannot be read: {error.strerror}") from None
    if len(secret) < LEAST_BYTES:
        raise SecretRefused(f"the identity secret has fewer than {LEAST_BYTES} bytes")
    return secret


async def hold_to_fingerprint(database: Any, secret: bytes) -> None:
    """Note the secret's fingerprint in `database`, or compare it with the noted one. Raises SecretRefused, Away."""
    fingerprint = _fingerprint(secret)
    with away():
        await database["deployment"].update_one(
            {"_id": "identity-secret"}, {"$setOnInsert": {"fingerprint": fingerprint}}, upsert=True
        )
    await compare_fingerprint(database, secret)


async def compare_fingerprint(database: Any, secret: bytes) -> None:
    """As `hold_to_fingerprint`, for who only looks: nothing is noted, and where nothing is noted nothing is refused."""
    with away():
        noted = await database["deployment"].find_one({"_id": "identity-secret"})
    if noted is not None and noted["fingerprint"] != _fingerprint(secret):
        raise SecretRefused("the identity secret is not the one this database was begun with")


def _fingerprint(secret: bytes) -> str:
    return hashlib.sha256(b"care-transitions identity secret\x00" + secret).hexdigest()
