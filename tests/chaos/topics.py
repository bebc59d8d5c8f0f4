"""Every record of every topic, held to what a stream must be: gapless, in order, repeats byte for byte, one partition.

Keeps a digest of each record and the last number of each stream, nothing else.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict

from shared.schemas.envelope import TYPE_PREFIX
from shared.schemas.topics import ADT_INBOUND
from shared.stream.deadletters import REASON
from shared.stream.records import Heard

LETTERS = ".dlq"
_OF_PERSONS = TYPE_PREFIX + "patient."


class TopicAudit:
    """Feed it with every record, of one partition in order.

    `differences` are sentences; `last` is (topic, subject) → last number; `let_in`: id → digest of the raw message;
    `persons`: subjects of events about who is one person, which nobody keeps a stream of;
    `letters`: dead letters as (topic, id) → how many records; `reasons` tells why.
    """

    def __init__(self) -> None:
        self.differences: list[str] = []
        self.records: Counter[str] = Counter()
        self.repeats: Counter[str] = Counter()
        self.last: dict[tuple[str, str], int] = defaultdict(int)
        self.let_in: dict[str, str] = {}
        self.persons: set[str] = set()
        self.letters: Counter[tuple[str, str]] = Counter()
        self.reasons: dict[tuple[str, str], str] = {}
        self._digests: dict[str, dict[str, bytes]] = defaultdict(dict)
        self._partitions: dict[bytes, int] = {}

    def hear(self, record: Heard) -> None:
        """One record more."""
        self.records[record.topic] += 1
        id_ = record.header("ce_id")
        if record.topic.endswith(LETTERS):
            self.letters[record.topic, id_] += 1
            self.reasons[record.topic, id_] = record.header(REASON)
            return
        self._hold_to_partition(record)
        known, digest = self._digests[record.topic].get(id_), digest_of(record)
        if known is None:
            self._digests[record.topic][id_] = digest
            self._first(record, id_)
        else:
            self.repeats[record.topic] += 1
            if known != digest:
                self.differences.append(f"{record.topic}: a repeat of {id_} has other bytes")

    def _first(self, record: Heard, id_: str) -> None:
        """The first record of that id."""
        if record.topic == ADT_INBOUND.name:
            self.let_in[id_] = hashlib.sha256(record.value or b"").hexdigest()
        if record.header("ce_type").startswith(_OF_PERSONS):
            self.persons.add(record.header("ce_subject"))
        sequence = record.header("ce_sequence")
        if sequence:
            place = (record.topic, record.header("ce_subject"))
            epoch, _, n = sequence.partition(".")
            if (epoch, int(n)) != ("1", self.last[place] + 1):
                self.differences.append(
                    f"{record.topic}: {place[1]} says {sequence} after 1.{self.last[place]}"
                    f" (partition {record.partition}, offset {record.offset})"
                )
            self.last[place] = max(self.last[place], int(n))

    def _hold_to_partition(self, record: Heard) -> None:
        known = self._partitions.setdefault(record.key or b"", record.partition)
        if known != record.partition:
            self.differences.append(
                f"{record.topic}: a key of partition {known} is in {record.partition} (offset {record.offset})"
            )

    def streams(self, topic: str) -> dict[str, int]:
        """Subject → last number."""
        return {subject: n for (of, subject), n in self.last.items() if of == topic}

    def different(self, topic: str) -> int:
        """Records of a topic, repeats removed."""
        return len(self._digests[topic])


def digest_of(record: Heard) -> bytes:
    """Of key, value and headers; lengths keep the parts apart."""
    parts = [record.key or b"", record.value or b""]
    parts += [piece for name, value in record.headers for piece in (name.encode(), value or b"")]
    hashed = hashlib.blake2b(digest_size=16)
    for part in parts:
        hashed.update(len(part).to_bytes(4, "big") + part)
    return hashed.digest()
