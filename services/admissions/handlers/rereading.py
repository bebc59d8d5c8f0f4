"""A message that is read anew may have been read as of somebody else before: where else to look for what it left.

The document of its earlier reading is found by the numbers of which another profile may have made claims, and by the
message itself. What it left where no number of it leads, as after another `default_authority`, stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from services.admissions.domain import identity
from services.admissions.domain.message import Message
from services.admissions.domain.model import Patient
from shared.schemas.envelope import derived_id
from shared.stream.codec import REREAD
from shared.stream.decisions import Desk, Fact, Refs


class Elsewhere(NamedTuple):
    """A message, and a claim or an id that leads to a document which may have something of it."""

    message: Message
    place: str


def reread(fact: Fact) -> tuple[Fact, ...]:
    """The fact as one to be read anew, and one for each other place; the fact alone where nobody asked for that.

    What it causes to be said has ids of its own: the first reading's are known to whoever heard them.
    """
    asked = fact.record.header(REREAD)
    if not asked:
        return (fact,)
    cause = derived_id(fact.body.cause, asked)
    message = replace(fact.body, cause=cause, reread=True)
    (refs,) = fact.refs
    return (replace(fact, body=message), *_elsewhere(fact, message, refs))


def _elsewhere(fact: Fact, message: Message, refs: Refs) -> Iterator[Fact]:
    processing = identity.processing_of(message.event.processing_id)
    claims = identity.claims_at_all(message.event.patient, message.profile, processing)
    for claim in claims:
        if claim not in refs.claims:
            yield replace(fact, body=Elsewhere(message, claim), refs=(replace(refs, claims=(*refs.claims, claim)),))
    for id_ in identity.ids_of_message(message.profile.tenant, processing, message.source):
        if id_ not in refs.ids:
            yield replace(fact, body=Elsewhere(message, id_), refs=(replace(refs, ids=(*refs.ids, id_)),))


def left_in(one: Elsewhere, desk: Desk, collection: str) -> Patient | None:
    """The document at that place; None where there is none, or it is the one that the message is put into."""
    found = desk.by_claim(collection, one.place) or desk.by_id(collection, one.place)
    own = (desk.by_claim(collection, claim) for claim in one.message.claims)
    if found is None or found.id in {holder.id for holder in own if holder}:
        return None
    patient = Patient.model_validate(found.state)
    return None if patient.alias_of else patient
