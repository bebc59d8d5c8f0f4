"""Reading HL7: the same twenty fields of the same messages, by us and by others, and our whole `AdtEvent`.

Every way is first held to the same values, message by message. A side reads the corpus again and again for a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import cycle
from typing import Any, Final

import hl7
from hl7apy.core import is_base_datatype
from hl7apy.parser import parse_message

from bench.edges.traffic import traffic
from bench.rounds import Sample, Wrong
from services.admissions.adt import FeedFacts, read_adt
from shared.hl7.er7 import parse
from shared.schemas.adt import AdtEvent

FIELDS: Final = (
    ("MSH", 9, 1), ("MSH", 9, 2), ("MSH", 10, 1), ("MSH", 4, 1), ("EVN", 2, 1),
    ("PID", 3, 1), ("PID", 3, 4), ("PID", 5, 1), ("PID", 5, 2), ("PID", 7, 1), ("PID", 8, 1), ("PID", 11, 1),
    ("PV1", 2, 1), ("PV1", 3, 1), ("PV1", 7, 1), ("PV1", 7, 2), ("PV1", 19, 1), ("PV1", 36, 1), ("PV1", 44, 1),
    ("PV1", 45, 1),
)  # fmt: skip
"""Segment, field, component; the first repetition, unescaped, "" where it was not sent."""

SEGMENTS: Final = ("MSH", "EVN", "PID", "PV1")
Read = Callable[[bytes], object]
SECONDS: Final = 1.0
_FEED: Final = FeedFacts("bench", "America/Chicago", "NORTH", "NORTH")
_CORPUS: Final = 400


def corpus() -> list[bytes]:
    """Unframed messages of a hospital's traffic: A01, A02, A03, A04, A08, A11 and A13. Always the same ones."""
    messages = traffic(20, 40.0, 1.1 * _CORPUS / 40.0, datetime(2026, 11, 20, 12, tzinfo=UTC))
    return [message.frame[1:-2] for message in messages[:_CORPUS]]


def ours(body: bytes) -> list[str]:
    """The twenty fields, by our reader."""
    message = parse(body)
    segments = {name: message.segment(name) for name in SEGMENTS}
    return [segments[name].text(field, component) for name, field, component in FIELDS]


def our_event(body: bytes) -> AdtEvent:
    """Everything that admissions is told."""
    event = read_adt(parse(body), feed=_FEED)
    assert isinstance(event, AdtEvent)
    return event


def python_hl7(body: bytes) -> list[str]:
    """The twenty fields, by python-hl7."""
    message = hl7.parse(body, encoding="utf-8")
    segments = {name: message.segment(name) for name in SEGMENTS}
    return [_of(segments[name], field, component) for name, field, component in FIELDS]


def _of(segment: hl7.Segment, field: int, component: int) -> str:
    """`extract_field` undoes escapes itself: doing it again loses text."""
    try:
        return str(segment.extract_field(1, field, 1, component, 1))
    except IndexError:
        return ""


def hl7apy_fields(body: bytes) -> list[str]:
    """The twenty fields, by hl7apy, without groups."""
    message = parse_message(body.decode(), find_groups=False)
    return [_apy(message, name, field, component) for name, field, component in FIELDS]


def _apy(message: Any, name: str, field: int, component: int) -> str:
    found = getattr(getattr(message, name.lower()), f"{name.lower()}_{field}")
    if not found:
        return ""
    first = found[0]
    if not is_base_datatype(first.datatype, message.version):
        first = getattr(first, f"{first.datatype.lower()}_{component}")
    return str(first.value).replace("\\T\\", "&")  # hl7apy leaves escapes alone; the corpus has no other


def hold_to_same_values(messages: Sequence[bytes], *ways: Callable[[bytes], list[str]]) -> None:
    """Raises Wrong where two ways read a message differently, or where a field is empty in all of them."""
    seen: set[int] = set()
    for body in messages:
        first, *others = (way(body) for way in ways)
        if any(other != first for other in others):
            raise Wrong(f"{len(ways)} ways read one message differently")
        seen |= {place for place, value in enumerate(first) if value}
    if len(seen) < len(FIELDS):
        raise Wrong("a field is empty in the whole corpus: nothing was compared there")


def hold_to_event(messages: Sequence[bytes]) -> None:
    """Raises Wrong where our event does not say what its twenty fields say."""
    for body in messages:
        event, fields = our_event(body), dict(zip(FIELDS, ours(body), strict=True))
        patient, encounter = event.patient, event.encounter
        told = {
            ("MSH", 9, 2): event.trigger,
            ("MSH", 10, 1): event.control_id,
            ("MSH", 4, 1): event.sending_facility,
            ("EVN", 2, 1): event.recorded_at.text if event.recorded_at else "",
            ("PID", 3, 1): patient.identifiers[0].value if patient.identifiers else "",
            ("PID", 5, 1): patient.name.family if patient.name else "",
            ("PID", 7, 1): (patient.birth_date or "").replace("-", ""),
            ("PID", 11, 1): patient.addresses[0].street if patient.addresses else "",
            ("PV1", 2, 1): encounter.class_,
            ("PV1", 7, 2): encounter.attending[0].name.family
            if encounter.attending and encounter.attending[0].name
            else "",
            ("PV1", 19, 1): encounter.visit_number.value if encounter.visit_number else "",
            ("PV1", 36, 1): encounter.discharge_disposition or "",
            ("PV1", 44, 1): encounter.admitted_at.text if encounter.admitted_at else "",
        }
        if any(fields[place] != value for place, value in told.items()):
            raise Wrong("our event says something else than its fields")


def timed(read: Read, messages: Sequence[bytes]) -> Sample:
    """Messages a second, and CPU a message, of reading them in turn for a second; a tenth of it to get warm."""
    _read_for(read, messages, SECONDS / 10)
    begun, cpu = time.perf_counter(), time.process_time()
    count = _read_for(read, messages, SECONDS)
    return Sample(count / (time.perf_counter() - begun), (time.process_time() - cpu) / count * 1e6)


def _read_for(read: Read, messages: Sequence[bytes], seconds: float) -> int:
    until, count = time.perf_counter() + seconds, 0
    for body in cycle(messages):
        read(body)
        count += 1
        if count % 16 == 0 and time.perf_counter() > until:
            break
    return count
