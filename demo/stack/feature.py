"""What release a Kafka that is not ours stands at: its finalized `metadata.version`, from one ApiVersions request.

The protocol names no release; this level is the nearest it tells (KIP-584, KIP-778).
"""

from __future__ import annotations

import struct

from demo.stack.probe import ask

_API_VERSIONS_KEY, _API_VERSIONS_VERSION = 18, 3
_FINALIZED_FEATURES_TAG = 2
_NAME = b"care"
_LEVELS = {17: "3.7", 20: "3.8", 21: "3.9", 25: "4.0", 27: "4.1"}


def release(host: str, port: int) -> str:
    """For people to read. Raises OSError if nothing answers, and never guesses: an unknown level is shown as it is."""
    level = _metadata_level(ask(host, port, _request()))
    if level is None:
        return "Kafka protocol, release not told"
    known = _LEVELS.get(level)
    return f"Kafka {known} (metadata.version {level})" if known else f"Kafka, metadata.version {level}"


def _request() -> bytes:
    header = struct.pack(">hhih", _API_VERSIONS_KEY, _API_VERSIONS_VERSION, 1, -1) + b"\0"
    software = bytes([len(_NAME) + 1]) + _NAME
    return header + software + software + b"\0"


def _metadata_level(answer: bytes) -> int | None:
    reader = _Reader(answer, at=6)  # correlation id and error code
    for _ in range(reader.count()):
        reader.skip(6)  # an API's key, least and greatest version
        reader.skip_tags()
    reader.skip(4)  # throttle time
    return _finalized(reader)


def _finalized(reader: _Reader) -> int | None:
    for _ in range(reader.varint()):
        tag, size = reader.varint(), reader.varint()
        if tag == _FINALIZED_FEATURES_TAG:
            return _features(reader).get("metadata.version")
        reader.skip(size)
    return None


def _features(reader: _Reader) -> dict[str, int]:
    found: dict[str, int] = {}
    for _ in range(reader.count()):
        name = reader.take(reader.count()).decode()
        found[name] = int.from_bytes(reader.take(2))
        reader.skip(2)
        reader.skip_tags()
    return found


class _Reader:
    """Walks a message in Kafka's compact encoding. Raises ConnectionError where it ends too early."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at

    def take(self, size: int) -> bytes:
        piece = self._data[self._at : self._at + size]
        if len(piece) < size:
            raise ConnectionError("the answer is not one to an ApiVersions request")
        self._at += size
        return piece

    def skip(self, size: int) -> None:
        self.take(size)

    def varint(self) -> int:
        value = shift = 0
        while (byte := self.take(1)[0]) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
        return value | byte << shift

    def count(self) -> int:
        """A compact length is stored plus one."""
        return self.varint() - 1

    def skip_tags(self) -> None:
        for _ in range(self.varint()):
            self.varint()
            self.skip(self.varint())
