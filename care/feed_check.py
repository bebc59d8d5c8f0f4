"""A dry run of a hospital's files through its profile: what would be refused, what is odd, what each trigger would do.

The gateway's judge and admissions' reader judge each message, as they would in a deployment; nothing is stored, sent or
quoted.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime

from care.census import Codes, Effects, Fill, Oddities, Part, Rows, Seen, Times
from care.patient_classes import Classes
from care.patient_numbers import Numbers, Patterns, Placeholders
from services.admissions.adt import NotAdt, read_adt
from services.admissions.domain.identity import usable
from services.admissions.domain.repairs import Incomplete, repairs_of
from services.admissions.handlers.inbound import facts_of
from services.gateway.domain.message import Judge, Refusal
from shared.feeds import FeedProfile
from shared.hl7.batch import split_messages
from shared.hl7.er7 import parse
from shared.hl7.malformed import Malformed

AT_THE_DOOR = "refused at the door (AR or CR), a copy is kept"
UNREADABLE = "accepted, stored, and a dead letter: it cannot be read"
SET_ASIDE = "accepted, stored and set aside: not ADT"
REPEATED = "the same message again: accepted, changes nothing"
REUSED = "a control id used for another message: accepted as a new one"
WITHOUT_ID = "without a control id: known by its bytes alone"


class Ends(Part):
    """How the messages end, other than read."""

    title = "Messages that are not simply read"
    heads = ("what becomes of it", "why", "messages", "first seen in")

    def __init__(self) -> None:
        self._found: Counter[tuple[str, str]] = Counter()
        self._first: dict[tuple[str, str], str] = {}

    def see(self, seen: Seen) -> None:
        """One that was read has no other end."""

    def note(self, end: str, why: str, place: str) -> None:
        """One message."""
        self._found[end, why] += 1
        self._first.setdefault((end, why), place)

    def count(self, *ends: str) -> int:
        """How many ended so."""
        return sum(count for (end, _), count in self._found.items() if end in ends)

    def rows(self) -> Rows:
        """As in `Part`."""
        for (end, why), count in sorted(self._found.items()):
            yield end, why, str(count), self._first[end, why]


class Check:
    """One feed's dry run. `limit`: the largest message, in bytes; `at`: any moment."""

    def __init__(self, profile: FeedProfile, limit: int, at: datetime) -> None:
        self._profile, self._at = profile, at
        self._judge = Judge(b"of no deployment: nothing that it keys leaves here", limit)
        self._ids: dict[str, set[str]] = defaultdict(set)
        self.messages = self.read = 0
        self.empty: list[str] = []
        self.ends = Ends()
        codes = (Codes(profile), Times(profile), Oddities(profile))
        numbers = (Numbers(profile), Placeholders(profile), Patterns(profile))
        self.parts: tuple[Part, ...] = (Effects(), Fill(), Classes(profile), *codes, *numbers)

    @property
    def to_nothing(self) -> int:
        """Messages that nothing would come of, by a fault of theirs: refused at the door, or a dead letter."""
        return self.ends.count(AT_THE_DOOR, UNREADABLE)

    def hear(self, name: str, data: bytes) -> None:
        """All messages of one file: bare, framed or in batches."""
        pieces = list(split_messages(data))
        self.empty += [] if pieces else [name]
        for number, piece in enumerate(pieces, start=1):
            self.messages += 1
            self._message(piece.data, f"{name} message {number}")

    def _message(self, body: bytes, place: str) -> None:
        letter = self._judge.er7(body, self._profile, self._at).letter
        if isinstance(letter, Refusal):
            self.ends.note(AT_THE_DOOR, letter.code, place)
            return
        if not self._is_new(letter.control_id, letter.sha256, place):
            return
        try:
            message = parse(body, charset=self._profile.charset)
            event = read_adt(message, feed=facts_of(message, self._profile))
        except Malformed as malformed:
            self.ends.note(UNREADABLE, malformed.code.value.replace("_", "-"), place)
            return
        if isinstance(event, NotAdt):
            self.ends.note(SET_ASIDE, event.message_code, place)
            return
        try:
            repairs_of(event, self._profile, (place,), "", self._at)
        except Incomplete as incomplete:
            self.ends.note(UNREADABLE, incomplete.code, place)
            return
        self.read += 1
        numbers = usable(event.patient.identifiers, self._profile)
        person = hashlib.sha256(repr(numbers[:1] or place).encode()).hexdigest()
        for part in self.parts:
            part.see(Seen(message, event, place, person))

    def _is_new(self, control_id: str, digest: str, place: str) -> bool:
        """The same id and bytes are the same message; one without an id is known by its bytes."""
        known = self._ids[control_id]
        if digest in known:
            self.ends.note(REPEATED, "", place)
            return False
        if not control_id:
            self.ends.note(WITHOUT_ID, "", place)
        elif known:
            self.ends.note(REUSED, "", place)
        known.add(digest)
        return True

    def report(self) -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
        """Each part that found anything: title, heads, rows."""
        for part in (self.ends, *self.parts):
            if rows := list(part.rows()):
                yield part.title, part.heads, rows
