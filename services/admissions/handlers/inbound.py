"""A raw record to the ADT event that it is: ER7 or JSON, read as its feed's profile says.

Refused with a code: what can never be read. Set aside with a code: what is not ADT, and each trigger that does nothing.
"""

from __future__ import annotations

from pydantic import ValidationError

from services.admissions.adt import FLAGS, FeedFacts, NotAdt, in_two_digits, read_adt
from services.admissions.domain import identity
from services.admissions.domain.triggers import ACTING, TRIGGERS
from shared.feeds import FeedProfile
from shared.hl7.er7 import Message as Er7Message
from shared.hl7.er7 import parse
from shared.hl7.malformed import Malformed
from shared.hl7.times import DateOrder
from shared.schemas.adt import AdtEvent, Encounter
from shared.schemas.registry import ER7_MEDIA_TYPE, JSON_MEDIA_TYPE
from shared.stream.decisions import Refused, SetAside
from shared.stream.records import Heard
from shared.telemetry import metrics


def event_of(record: Heard, profile: FeedProfile) -> AdtEvent | None:
    """The record in either of its forms; None for what is not ADT. Raises Refused."""
    match record.header("content-type").split(";")[0].strip():
        case media_type if media_type == ER7_MEDIA_TYPE:
            return _er7(record.value or b"", profile)
        case media_type if media_type == JSON_MEDIA_TYPE:
            return _json(record.value or b"", profile)
    raise Refused("content-type-unknown")


def count_flags(event: AdtEvent | None, profile: FeedProfile) -> None:
    """Whoever watches a feed must see what had to be assumed of its messages. A sender of JSON makes up no label."""
    for flag in FLAGS.intersection(event.flags) if event is not None else ():
        metrics.flagged.labels(profile.feed, flag).inc()


def acted_on(event: AdtEvent | None) -> AdtEvent:
    """The event of a trigger that acts. Raises SetAside; its codes are as few as the triggers are."""
    if event is None:
        raise SetAside("not-adt")
    if event.trigger not in ACTING:
        raise SetAside(f"trigger-{event.trigger.lower() if event.trigger in TRIGGERS else 'unknown'}")
    return event


def _json(value: bytes, profile: FeedProfile) -> AdtEvent:
    """The door says which feed it is, not the sender."""
    try:
        event = AdtEvent.model_validate_json(value)
    except ValidationError as invalid:
        raise Refused(f"json-{invalid.errors(include_input=False)[0]['type'].replace('_', '-')}") from None
    if event.occurred_at.instant is None:
        raise Refused("no-time")
    own = {"feed": profile.feed, "trigger": event.trigger.strip().upper()}
    return event.model_copy(update={**own, "encounter": _as_read(event.encounter)})


def _as_read(encounter: Encounter) -> Encounter:
    """As it would be from ER7: a number of PV1-36 in two digits (NUBC UB-04 FL17)."""
    sent = encounter.discharge_disposition
    return encounter.model_copy(update={"discharge_disposition": in_two_digits(sent.strip())}) if sent else encounter


def _er7(value: bytes, profile: FeedProfile) -> AdtEvent | None:
    try:
        message = parse(value, charset=profile.charset)
        event = read_adt(message, feed=facts_of(message, profile))
    except Malformed as malformed:
        raise Refused(malformed.code.value.replace("_", "-")) from None
    return None if isinstance(event, NotAdt) else event


def made_up(event: AdtEvent, profile: FeedProfile) -> AdtEvent:
    """A patient whom the site made up is one whatever MSH-11 says: kept apart, and nobody is told."""
    numbers = (event.patient.identifiers or ()) if profile.test_numbers else ()
    is_test = any(profile.is_test_number(one.value) for one in numbers)
    return event.model_copy(update={"processing_id": identity.TRAINING}) if is_test else event


def facts_of(message: Er7Message, profile: FeedProfile) -> FeedFacts:
    """A time without an offset is in the zone of the facility where it was, which one feed may have several of."""
    where = message.segment("PV1").element(3).value(4), message.segment("EVN").element(7).value()
    facility = profile.facility_named(*where, message.header.element(4).value())
    return FeedFacts(
        name=profile.feed,
        zone=profile.zone_of(facility or profile.facility),
        default_authority=profile.default_authority,
        provider_authority=profile.people_authority,
        charset=profile.charset,
        date_order=DateOrder(profile.dates),
        patient_fields=profile.patient_fields,
    )
