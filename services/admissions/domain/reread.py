"""A message that is read again as its feed's profile is today: what its earlier reading left is taken out first.

Facts, repairs and register writes hold whose they are. What only adds up does not (numbers beside a record, the birth
dates sent under it, which law protects a unit of the stay): it stays, but for placeholders, and of a record of which
nothing else is left. Nor does a register hold what stood there before: where today's reading no longer writes one,
it is empty until an older message that wrote it is read again as well.
"""

from __future__ import annotations

from services.admissions.domain import registers
from services.admissions.domain.model import Patient, Record, Register, Source, Visit
from services.admissions.domain.put import DOOR
from services.admissions.domain.registers import is_of, is_taken_out


def taken_out(patient: Patient, source: Source) -> Patient:
    """The document without what it has of this message.

    Of a visit the descriptions stay, as the first of all words, so that a stay of which nothing else is left can be
    taken back as what it was told to be; `swept` takes them away from any other.
    """
    return patient.model_copy(
        update={
            "records": tuple(_without(record, source) for record in patient.records),
            "visits": tuple(_visit_without(visit, source) for visit in patient.visits),
            "repairs": tuple(repair for repair in patient.repairs if not is_of(repair.stamp, source)),
        }
    )


def swept(patient: Patient) -> Patient:
    """The document without those descriptions, except of a visit of which nothing else is left.

    A record of which nothing is left joins nobody any more.
    """
    visits = tuple(_swept(visit) for visit in patient.visits)
    alive = {visit.record for visit in visits if _is_left(visit)}
    records = tuple(one if one.registers or one.key in alive else _of_nobody(one) for one in patient.records)
    return patient.model_copy(update={"visits": visits, "records": records})


def not_beside(patient: Patient, key: str, numbers: frozenset[str]) -> Patient:
    """The document with these numbers not beside that record: they are nobody's."""
    records = (one if one.key != key else one.model_copy(update=_beside(one, numbers)) for one in patient.records)
    return patient.model_copy(update={"records": tuple(records)})


def _beside(record: Record, numbers: frozenset[str]) -> dict[str, tuple[str, ...]]:
    return {"beside": tuple(number for number in record.beside if number not in numbers)}


def _of_nobody(record: Record) -> Record:
    return record.model_copy(update={"beside": (), "birth_dates": (), "sexes": ()})


def _without(record: Record, source: Source) -> Record:
    kept = {name: one for name, one in record.registers.items() if not is_of(one.stamp, source)}
    return record.model_copy(update={"registers": kept})


def _visit_without(visit: Visit, source: Source) -> Visit:
    described = {
        name: Register(registers.taken_out(one.stamp), one.value) if is_of(one.stamp, source) else one
        for name, one in visit.registers.items()
    }
    facts = tuple(fact for fact in visit.facts if fact.source != source)
    return visit.model_copy(update={"facts": facts, "registers": described})


def _is_left(visit: Visit) -> bool:
    return bool(visit.facts) or not all(is_taken_out(one.stamp) for one in visit.registers.values())


def _swept(visit: Visit) -> Visit:
    kept = {name: one for name, one in visit.registers.items() if name == DOOR or not is_taken_out(one.stamp)}
    return visit.model_copy(update={"registers": kept}) if _is_left(visit) else visit
