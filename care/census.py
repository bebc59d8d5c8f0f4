"""What a hospital's messages look like beside its profile: each part counts one thing and shows it.

Nothing of a patient is shown: a number by its shape, a code only if it is short or several patients have it, a message
by its place in the files.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import ClassVar, Final, NamedTuple
from zoneinfo import ZoneInfo

from services.admissions.domain.identity import processing_of
from services.admissions.domain.triggers import TRIGGERS, Effect
from shared.codes import ADMISSION_TYPES, DISPOSITIONS, PATIENT_CLASSES
from shared.feeds import FeedProfile
from shared.hl7.er7 import Message
from shared.hl7.times import read_offset
from shared.schemas.adt import AdtEvent, Moment

SEVERAL: Final = 3
"""So many patients have it: then a word is a code and no name, and a number nobody's own."""
_SHORT: Final = 4
_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9./_-]{0,19}")

Rows = Iterator[tuple[str, ...]]


class Seen(NamedTuple):
    """One ADT message that was read. `place`: file and number; `person`: a hash of who it is about."""

    message: Message
    event: AdtEvent
    place: str
    person: str


class Part(ABC):
    """One part of the report."""

    title: ClassVar[str]
    heads: ClassVar[tuple[str, ...]]

    @abstractmethod
    def see(self, seen: Seen) -> None:
        """Count one message."""

    @abstractmethod
    def rows(self) -> Rows:
        """What is to be shown."""


class Effects(Part):
    """What each trigger does here."""

    title = "Triggers and what they do here"
    heads = ("trigger", "messages", "effect")

    def __init__(self) -> None:
        self._total: Counter[str] = Counter()

    def see(self, seen: Seen) -> None:
        """As in `Part`."""
        self._total[seen.event.trigger] += 1

    def rows(self) -> Rows:
        """As in `Part`."""
        for trigger, count in sorted(self._total.items()):
            yield trigger, str(count), _effect(trigger)


def _effect(trigger: str) -> str:
    row = TRIGGERS.get(trigger)
    if row is None:
        return "none: not a trigger of HL7 v2.5.1 chapter 3"
    if row.effect is Effect.NONE:
        return f"none: {row.because}"
    return row.name


class Fill(Part):
    """How often the fields are there that a trigger needs."""

    title = "Fields that the triggers need, and how often they are sent"
    heads = ("trigger", "field and in how many of its messages")

    def __init__(self) -> None:
        self._total: Counter[str] = Counter()
        self._there: Counter[tuple[str, str]] = Counter()

    def see(self, seen: Seen) -> None:
        """As in `Part`."""
        trigger = seen.event.trigger
        self._total[trigger] += 1
        for name in TRIGGERS[trigger].needs if trigger in TRIGGERS else ():
            segment, _, number = name.partition("-")
            sent = seen.message.segment(segment).raw(int(number))
            self._there[trigger, name] += bool(sent.strip('^~&"\\ '))

    def rows(self) -> Rows:
        """As in `Part`."""
        for trigger in sorted(self._total.keys() & TRIGGERS.keys()):
            total = self._total[trigger]
            rates = (f"{name} {100 * self._there[trigger, name] / total:.0f} %" for name in TRIGGERS[trigger].needs)
            if rate := ", ".join(rates):
                yield trigger, rate


class Codes(Part):
    """Codes that neither HL7's tables nor the profile explain, and what is done meanwhile."""

    title = "Codes that are not known"
    heads = ("field", "code", "messages", "until it is mapped")

    def __init__(self, profile: FeedProfile) -> None:
        self._profile = profile
        self._found: dict[tuple[str, str, str], list[str]] = defaultdict(list)

    def see(self, seen: Seen) -> None:
        """As in `Part`."""
        encounter, profile = seen.event.encounter, self._profile
        place = encounter.location.facility if encounter.location else ""
        if not profile.observes(encounter.patient_type or "", encounter.hospital_service or ""):
            self._note("PV1-2", encounter.class_, "as a bedded stay (class_codes)", seen, _is_class(profile))
        if seen.event.trigger == "A03":
            code = encounter.discharge_disposition
            until = "unknown destination, with its clocks (dispositions)"
            self._note("PV1-36", code, until, seen, lambda code: profile.disposition_of(code) in DISPOSITIONS)
        self._note(
            "PV1-4", encounter.admission_type, "nothing follows from it (admission_types)", seen, _is_type(profile)
        )
        known = "the feed's own facility and zone (facility_zones)"
        self._note("PV1-3.4", place, known, seen, lambda code: bool(profile.facility_named(code)))

    def _note(self, name: str, code: str | None, until: str, seen: Seen, is_known: Callable[[str], bool]) -> None:
        sent = (code or "").strip().upper()
        if sent and not is_known(sent):
            self._found[name, sent, until].append(seen.person)

    def rows(self) -> Rows:
        """As in `Part`."""
        for (name, code, until), persons in sorted(self._found.items()):
            yield name, shown(code, len(set(persons))), str(len(persons)), until


def _is_class(profile: FeedProfile) -> Callable[[str], bool]:
    return lambda code: profile.class_of(code) in PATIENT_CLASSES


def _is_type(profile: FeedProfile) -> Callable[[str], bool]:
    return lambda code: profile.admission_type_of(code) in ADMISSION_TYPES


class Times(Part):
    """Where the offsets of times come from, and whether they are the zone's."""

    title = "Times: where their offset comes from (EVN-6, else the visit's, EVN-2, MSH-7)"
    heads = ("offset", "messages")
    _WORDS: Final = {"field": "sent with the time", "message": "taken from MSH-7", "feed_zone": "the profile's zone"}

    def __init__(self, profile: FeedProfile) -> None:
        self._profile = profile
        self._found: Counter[str] = Counter()

    def see(self, seen: Seen) -> None:
        """As in `Part`."""
        happened = seen.event.occurred_at
        self._found[self._WORDS.get(happened.offset_source.value, "none")] += 1
        self._found["sent, but not that of the facility's zone"] += self._is_strange(seen, happened)
        self._found["in the hour that comes twice, or in none"] += happened.ambiguous or happened.nonexistent

    def _is_strange(self, seen: Seen, moment: Moment) -> bool:
        offset = read_offset(moment.text)
        if offset is None or moment.instant is None:
            return False
        location = seen.event.encounter.location
        where = self._profile.facility_named(location.facility if location else "", seen.event.sending_facility)
        zone = ZoneInfo(self._profile.zone_of(where or self._profile.facility))
        return moment.instant.astimezone(zone).utcoffset() != offset.utcoffset(None)

    def rows(self) -> Rows:
        """As in `Part`."""
        yield from ((name, str(count)) for name, count in self._found.items() if count)


class Oddities(Part):
    """What was assumed or could not be read, and messages that are not of production."""

    title = "What was assumed, could not be read, or is not of production"
    heads = ("what", "messages")

    def __init__(self, profile: FeedProfile) -> None:
        self._profile = profile
        self._found: Counter[str] = Counter()

    def see(self, seen: Seen) -> None:
        """As in `Part`."""
        self._found.update(flag.replace("_", "-") for flag in seen.event.flags)
        processing = processing_of(seen.event.processing_id)
        self._found[f"MSH-11 is {shown(processing, 0)}: nobody is told"] += processing != "P"
        numbers = seen.event.patient.identifiers or ()
        self._found["a patient of test_numbers: nobody is told"] += any(
            self._profile.is_test_number(one.value) for one in numbers
        )

    def rows(self) -> Rows:
        """As in `Part`."""
        yield from ((name, str(count)) for name, count in sorted(self._found.items()) if count)


def shape(value: str) -> str:
    """Digits as 9, letters as A."""
    return re.sub(r"[^\W\d_]", "A", re.sub(r"\d", "9", value))[:20]


def shown(code: str, patients: int) -> str:
    """The code, or only its shape where it could be a name or a number."""
    is_word = bool(_CODE.fullmatch(code)) and not (code.isdigit() and len(code) > _SHORT)
    return code if is_word and (len(code) <= _SHORT or patients >= SEVERAL) else f"{shape(code)} (masked)"
