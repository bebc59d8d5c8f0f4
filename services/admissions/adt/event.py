"""One parsed message to one `AdtEvent`, or to the news that it is no ADT message.

Raises `Malformed` for what can never be applied: two messages in one, line ends that may hide another patient, no
message type, no trigger, no PID, no time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.admissions.adt.datatypes import Datatypes, hierarchic
from services.admissions.adt.feed import FeedFacts
from services.admissions.adt.groups import Group, patient_groups
from services.admissions.adt.patient import read_patient
from services.admissions.adt.reading import (
    CHARSET_ASSUMED,
    CHARSET_ESCAPE_KEPT,
    LINE_ENDS_MIXED,
    NO_CONTROL_ID,
    SEPARATORS_ASSUMED,
    Reading,
    said,
)
from services.admissions.adt.sets import read_sets
from services.admissions.adt.visit import read_encounter
from shared.hl7.er7 import Message
from shared.hl7.malformed import Malformed, Reason
from shared.schemas.adt import AdtEvent, Encounter, Moment, OtherPatient

_CODE = re.compile(r"[A-Z][A-Z0-9]{2}")
_OF_NO_PATIENT = frozenset({"A20"})  # a bed's status: its event has an empty patient and an empty encounter
UNKNOWN_CODE = "unknown"


@dataclass(frozen=True, slots=True)
class NotAdt:
    """Another kind of message: to be acknowledged and set aside. `message_code` is MSH-9.1, or "unknown" if it is none.

    It holds nothing else of the message, so it may be logged and counted.
    """

    message_code: str


def read_adt(message: Message, *, feed: FeedFacts) -> AdtEvent | NotAdt:
    """Read one message of a feed. Raises `Malformed`."""
    if message.line_ends_doubtful:
        raise Malformed(Reason.MIXED_LINE_ENDS)
    if len(message.segments("MSH")) > 1:
        raise Malformed(Reason.SEVERAL_HEADERS)
    code = said(message.header.element(9)).upper()
    if code != "ADT":
        if not code or message.is_damaged_adt:
            raise Malformed(Reason.NO_MESSAGE_TYPE)
        return NotAdt(code if _CODE.fullmatch(code) else UNKNOWN_CODE)
    trigger = _trigger(message)
    return _event(message, Reading(message, feed), trigger, _groups(message, trigger))


def _groups(message: Message, trigger: str) -> list[Group]:
    groups = patient_groups(message)
    if not groups and trigger in _OF_NO_PATIENT:
        return [Group(message.nothing, message.nothing)]
    if not groups:
        raise Malformed(Reason.NO_PATIENT)
    return groups


def _trigger(message: Message) -> str:
    """MSH-9.2, else EVN-1; the structure (MSH-9.3) is another thing in every version."""
    trigger = (said(message.header.element(9), 2) or said(message.segment("EVN").element(1))).upper()
    if not _CODE.fullmatch(trigger):
        raise Malformed(Reason.NO_TRIGGER)
    return trigger


def _event(message: Message, reading: Reading, trigger: str, groups: list[Group]) -> AdtEvent:
    header, evn, types = message.header, message.segment("EVN"), Datatypes(reading)
    people = [_person(group, reading, types, trigger) for group in groups]
    sets = read_sets(groups[0], reading, types)
    recorded, sent = reading.moment(evn.element(2)), reading.moment(header.element(7))
    happened = _occurred(trigger, reading.moment(evn.element(6)), people[0].encounter, recorded, sent)
    return AdtEvent(
        control_id=said(header.element(10)),
        trigger=trigger,
        structure=said(header.element(9), 3),
        version=said(header.element(12)),
        feed=reading.feed.name,
        sending_application=hierarchic(header.element(3)),
        sending_facility=hierarchic(header.element(4)),
        occurred_at=happened,
        recorded_at=recorded,
        message_at=sent,
        processing_id=said(header.element(11)),
        event_reason=said(evn.element(4)),
        event_facility=hierarchic(evn.element(7)),
        patient=people[0].patient,
        encounter=people[0].encounter,
        other_patients=tuple(people[1:]),
        authorities=tuple(reading.authorities.values()),
        cleared=sets.cleared,
        flags=_flags(message, reading),
        **sets.values,
    )


def _person(group: Group, reading: Reading, types: Datatypes, trigger: str) -> OtherPatient:
    patient = read_patient(group, reading, types)
    return OtherPatient(patient=patient, encounter=read_encounter(group, reading, types, trigger))


def _occurred(
    trigger: str, happened: Moment | None, encounter: Encounter, recorded: Moment | None, sent: Moment | None
) -> Moment:
    """EVN-6, else the visit's own time, else EVN-2, else MSH-7: when it was, not when it was told of."""
    own = {"A01": encounter.admitted_at, "A04": encounter.admitted_at, "A03": encounter.discharged_at}.get(trigger)
    found = happened or own or recorded or sent
    if found is None:
        raise Malformed(Reason.NO_TIME)
    return found


def _flags(message: Message, reading: Reading) -> tuple[str, ...]:
    noticed = {
        CHARSET_ASSUMED: message.charset_assumed,
        CHARSET_ESCAPE_KEPT: message.keeps_charset_escape,
        LINE_ENDS_MIXED: message.line_ends_mixed,
        SEPARATORS_ASSUMED: message.separators.assumed,
        NO_CONTROL_ID: not message.control_id.strip(),
    }
    return tuple(sorted(reading.flags | {flag for flag, noted in noticed.items() if noted}))
