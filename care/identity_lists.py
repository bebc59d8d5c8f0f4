"""What `care identity` and `care trace` list of a document: reviews, journal, whose numbers. Our ids and codes only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from services.admissions.domain import journal
from services.admissions.domain.model import Patient
from services.admissions.domain.repairs import SETTLED, UNDO


class Looked(NamedTuple):
    """Something to look at: the document, what it is, and the patient or encounter it is about."""

    document: str
    code: str
    about: str


class Entry(NamedTuple):
    """One repair of the journal. `whose`: the patient ids on both sides, or the level of what is not a patient's."""

    repair_id: str
    what: str
    whose: str
    at: datetime
    by: str
    stands: bool


def reviews_of(patients: Iterable[Patient]) -> Iterator[Looked]:
    """What is open in these documents."""
    for patient in patients:
        for review in patient.reviews:
            yield Looked(patient.patient_id, review.code, review.ref or patient.patient_id)


def journal_of(patient: Patient) -> Iterator[Entry]:
    """The repairs of a document, the latest last; what undid one shows in that it does not stand."""
    ids = {record.key: record.patient_id for record in patient.records}
    standing = {one.repair_id for one in journal.standing(patient.repairs)}
    for one in patient.repairs:
        if one.kind != UNDO:
            sides = [ids.get(number, "nobody's so far") for number in (one.record, one.into)]
            whose = one.sources[0] if one.kind == SETTLED else " → ".join(sides)
            what = f"{one.kind} {one.level} {one.trigger}".rstrip()
            yield Entry(one.repair_id, what, whose, one.occurred, one.by, one.repair_id in standing)


def records_of(patients: Iterable[Patient], ids: tuple[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The numbers of two patient ids and the documents that hold them. Raises KeyError for one that nobody has."""
    found = {
        record.patient_id: (record.key, patient.patient_id)
        for patient in patients
        for record in patient.records
        if record.key
    }
    pairs = [found[id_] for id_ in ids]
    return tuple(key for key, _ in pairs), tuple(dict.fromkeys(document for _, document in pairs))
