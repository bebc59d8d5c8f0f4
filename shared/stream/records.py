"""What Kafka holds: the records that are heard and those that are to be said. Bytes only; nothing is decoded here."""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple

from shared.schemas.topics import original_of
from shared.schemas.values import dataclass

Headers = tuple[tuple[str, bytes], ...]


class Cause(NamedTuple):
    """Where a record stands. Names the cause of everything that was said because of it."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A record as fetched. `timestamp` is the broker's, in milliseconds."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp: int = 0

    @property
    def cause(self) -> Cause:
        """Its place."""
        return Cause(self.topic, self.partition, self.offset)

    @property
    def origin(self) -> str:
        """The topic it counts as: a replayed record is one of the topic that it was first said on."""
        return original_of(self.topic)

    def header(self, name: str) -> str:
        """The last header of that name as text, or ""; bytes that are not UTF-8 are escaped, never an error."""
        for key, value in reversed(self.headers):
            if key == name:
                return value.decode("utf-8", "backslashreplace")
        return ""


@dataclass(frozen=True, slots=True)
class Saying:
    """A record to be said. The same saying said twice is byte for byte the same."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers

    @property
    def size(self) -> int:
        """Bytes on the wire, near enough for the broker's limit."""
        texts = sum(map(len, filter(None, chain.from_iterable(self.headers))))
        return len(self.key) + len(self.value) + texts + 8 * len(self.headers) + 80
