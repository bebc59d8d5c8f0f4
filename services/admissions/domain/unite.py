"""Several documents become one, because a message names numbers of all of them. That is all that two documents share.

It is a union and never undone: who turns out to be two persons after all is two persons in one document. What stays
of the others is an alias. Beyond a bound nothing is united any more: a number that so many share is nobody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from services.admissions.domain import journal, put
from services.admissions.domain.message import Message
from services.admissions.domain.model import Patient

MOST_RECORDS: Final = 64
MOST_VISITS: Final = 400


class Gathered(NamedTuple):
    """The document that a message goes into; those that it takes in; the numbers that it may not have."""

    patient: Patient
    absorbs: tuple[Patient, ...] = ()
    denied: frozenset[str] = frozenset()


def gathered(holders: Sequence[Patient], message: Message) -> Gathered:
    """One document of all that hold a number of the message, a new one where nobody does.

    Where that would be too many, the message goes to the holder of its best number alone.
    """
    if not holders:
        return Gathered(put.new_patient(message))
    own = [holder for holder in holders if any(record.key == message.record for record in holder.records)]
    if len(holders) == len(own) or _fits(holders, is_new=not own):
        return _united(holders)
    alone = own[0] if own else put.new_patient(message)
    others = (holder for holder in holders if holder is not alone)
    return Gathered(alone, denied=frozenset(claim for holder in others for claim in holder.claims))


def together(holders: Sequence[Patient]) -> Gathered | None:
    """One document of all of these, or None where that would be too many."""
    return _united(holders) if len(holders) == 1 or _fits(holders, is_new=False) else None


def tombstone(absorbed: Patient, into: str) -> Patient:
    """What stays of a document that another took in."""
    return Patient(
        patient_id=absorbed.patient_id, tenant=absorbed.tenant, processing_id=absorbed.processing_id, alias_of=into
    )


def _fits(holders: Sequence[Patient], *, is_new: bool) -> bool:
    records = sum(len(holder.records) for holder in holders) + is_new
    return records <= MOST_RECORDS and sum(len(holder.visits) for holder in holders) <= MOST_VISITS


def _united(holders: Sequence[Patient]) -> Gathered:
    """The one with the most visits takes the others in; no record, visit or encounter stands in two of them."""
    keep, *others = sorted(holders, key=lambda one: (-len(one.visits), one.patient_id))
    if not others:
        return Gathered(keep)
    every = (keep, *others)
    united = keep.model_copy(
        update={
            "claims": tuple(sorted(claim for one in every for claim in one.claims)),
            "records": tuple(sorted((record for one in every for record in one.records), key=lambda one: one.key)),
            "visits": tuple(sorted((visit for one in every for visit in one.visits), key=lambda one: one.visit_id)),
            "repairs": journal.remember((), (repair for one in every for repair in one.repairs)),
            "encounters": {id_: encounter for one in every for id_, encounter in one.encounters.items()},
            "names": {key: names for one in every for key, names in one.names.items()},
            "reviews": tuple(review for one in every for review in one.reviews),
        }
    )
    return Gathered(united, tuple(others))
