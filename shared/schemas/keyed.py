"""A keyed hash of what must not be kept: whoever has it learns nothing, and without the secret cannot try a guess."""

from __future__ import annotations

import hmac
from typing import Final

_BYTES: Final = 16  # half of the hash: RFC 2104 ch. 5 allows no shorter


def keyed(secret: bytes, *parts: str) -> str:
    """32 hexadecimal digits, of HMAC-SHA256 over the parts; the first parts say what the hash is for, and whose."""
    told = "\x1f".join(parts).encode("utf-8", "backslashreplace")
    return hmac.digest(secret, told, "sha256")[:_BYTES].hex()
