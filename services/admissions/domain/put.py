"""A message into the document of its patient: sets grow, registers keep the last word, and nothing else happens.

It is the same in any order and for repeats. Who is one person and what is one stay is computed from it (`persons`,
`stays`).
"""

from __future__ import annotations

from typing import Any

from services.admissions.domain import diagnoses, fields, fold, identity, journal, registers, reviews, times
from services.admissions.domain.lifecycle import Trigger
from services.admissions.domain.message import Message
from services.admissions.domain.model import LifecycleFact, Patient, Record, Visit
from services.admissions.domain.triggers import KEPT
from services.admissions.domain.visit import encounter_id_of, prior_of, visit_of

DOOR = "door"


def new_patient(message: Message) -> Patient:
    """A document that knows nothing yet."""
    processing_id = identity.processing_of(message.event.processing_id)
    return Patient(patient_id=message.patient_id, tenant=message.profile.tenant, processing_id=processing_id)


def is_known_again(patient: Patient, message: Message) -> bool:
    """Does the document hold this message as a fact? One that left none is known by changing nothing."""
    return any(fact.source == message.source for visit in patient.visits for fact in visit.facts)


def put(patient: Patient, message: Message, denied: frozenset[str] = frozenset()) -> tuple[Patient, str]:
    """The document with the message in it, and the id of the visit at hand ("" if it is about none).

    `denied` are numbers that stay another document's: they are noted and not claimed.
    """
    write = fields.written(message.event, message.profile)
    record = _record(patient, message, write)
    key = visit_of(message.event, message.profile)
    visits, at_hand = patient.visits, ""
    if key:
        at_hand = encounter_id_of(record.patient_id, key)
        visits = _with(visits, "visit_id", _visit(patient, at_hand, key, message, write))
    claims = tuple(sorted({*patient.claims, *message.claims} - denied))
    records = _with(patient.records, "key", record)
    repairs = journal.remember(patient.repairs, message.repairs) if message.repairs else patient.repairs
    return patient.model_copy(
        update={"claims": claims, "records": records, "visits": visits, "repairs": repairs}
    ), at_hand


def _with(kept: tuple[Any, ...], name: str, one: Any) -> tuple[Any, ...]:
    """The models with this one, in the order of their names, a name once."""
    key = getattr(one, name)
    others = [other for other in kept if getattr(other, name) != key]
    return tuple(sorted([*others, one], key=lambda other: str(getattr(other, name))))


def _record(patient: Patient, message: Message, write: fields.Written) -> Record:
    known = next((record for record in patient.records if record.key == message.record), None)
    before = known or Record(key=message.record, patient_id=message.patient_id, rank=message.rank, first=message.stamp)
    return before.model_copy(
        update={
            "rank": min(before.rank, message.rank),
            "first": min(before.first, message.stamp),
            "beside": tuple(sorted({*before.beside, *message.numbers[1:]})),
            "registers": registers.merge(before.registers, write.patient, message.stamp),
            **reviews.marks(before, message.event.patient),
        }
    )


def _visit(patient: Patient, visit_id: str, key: tuple[str, ...], message: Message, write: fields.Written) -> Visit:
    known = next((visit for visit in patient.visits if visit.visit_id == visit_id), None)
    before = known or Visit(visit_id=visit_id, record=message.record, key=key, first=message.stamp)
    profile = message.profile
    door = {"feed": profile.feed, "mode": message.mode.value, "a08": profile.a08_class}
    is_kept = message.event.trigger in KEPT
    return before.model_copy(
        update={
            "first": min(before.first, message.stamp),
            "prior": tuple(sorted({*before.prior, *prior_of(message.event, profile)})),
            "facts": fold.remember(before.facts, _fact(message, write)) if is_kept else before.facts,
            "registers": diagnoses.bounded(
                registers.merge(before.registers, {**write.encounter, DOOR: door}, message.stamp)
            ),
            "unit_labels": tuple(sorted({*before.unit_labels, *write.unit_labels})),
        }
    )


def _fact(message: Message, write: fields.Written) -> LifecycleFact:
    event = message.event
    happened = times.occurred(event)
    return LifecycleFact(
        trigger=Trigger(event.trigger),
        source=message.source,
        occurred=happened,
        until=happened + times.reach(event.occurred_at),
        recorded=times.recorded(event),
        stamp=message.stamp,
        class_=event.encounter.class_ or "",
        own=write.own,
    )
