"""What a person should look at: identities that disagree, moves that cannot be. A set, bounded, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, Final

from services.admissions.domain.model import Encounter, Patient, Record, Review
from services.admissions.domain.registers import value_of
from shared.schemas import adt

MOST: Final = 100
_MOST_MARKS: Final = 8
BIRTH_DATES_DISAGREE: Final = "birth-dates-disagree"
SEXES_DISAGREE: Final = "sexes-disagree"
_OF_A_RECORD: Final = frozenset({BIRTH_DATES_DISAGREE, SEXES_DISAGREE})
TOO_MANY_NUMBERS: Final = "too-many-numbers"
TOLD_OF_ANOTHER: Final = "told-of-another"
NOBODY_LOOKED: Final[Mapping[tuple[str, str], int]] = {}
_TELLING_SEXES: Final = frozenset({"F", "M"})  # HL7 table 0001: U, A, N, O agree with everything


def marks(record: Record, sent: adt.Patient) -> dict[str, Any]:
    """The distinct birth dates and sexes that were sent under a number (PID-31 = Y gives made-up ones)."""
    if sent.identity_unknown:
        return {}
    sex = (sent.sex or "").strip().upper()
    return {
        "birth_dates": _with(record.birth_dates, sent.birth_date or ""),
        "sexes": _with(record.sexes, sex if sex in _TELLING_SEXES else ""),
    }


def of_record(record: Record, settled: Mapping[tuple[str, str], int] = NOBODY_LOOKED) -> tuple[Review, ...]:
    """What to look at because of what was sent under one number. `settled`: as in `journal`."""
    if len(record.birth_dates) < 2 and len(record.sexes) < 2:
        return ()
    about = record.patient_id
    found = ((code, len(sent)) for code, sent in _sent(record).items())
    return tuple(Review(code=code, ref=about) for code, n in found if n > settled.get((code, about), 0))


def evidence(patient: Patient, code: str, about: str) -> int:
    """How many different values a review rests on: 1 where it rests on no values, 0 of what is not known here."""
    for record in patient.records:
        if record.patient_id == about and code in _OF_A_RECORD:
            return len(_sent(record)[code])
    known = {"", *patient.encounters, *(record.patient_id for record in patient.records)}
    return int(about in known)


def _sent(record: Record) -> dict[str, tuple[str, ...]]:
    """What disagrees among what was sent under one number; nothing of what agrees."""
    exact = tuple(date for date in record.birth_dates if not _is_shorter(date, record.birth_dates))
    births = exact if len(exact) > 1 else ()
    return {BIRTH_DATES_DISAGREE: births, SEXES_DISAGREE: record.sexes if len(record.sexes) > 1 else ()}


def _is_shorter(date: str, dates: tuple[str, ...]) -> bool:
    """Is it one of the others, told less exactly?"""
    return any(other != date and other.startswith(date) for other in dates)


def of_document(patient: Patient, encounters: Iterable[Encounter]) -> tuple[Review, ...]:
    """A number that was noted and is not claimed stayed with a document that has no room for more.

    A stay that was told of somebody else is a privacy incident: its encounter is the one that was said anew.
    """
    claims = {*patient.claims}
    is_full = any(number not in claims for record in patient.records for number in record.beside)
    moved = (one.encounter_id for one in encounters if one.rebuilt and one.said.status)
    incidents = tuple(Review(code=TOLD_OF_ANOTHER, ref=id_) for id_ in moved)
    return (*incidents, Review(code=TOO_MANY_NUMBERS)) if is_full else incidents


def is_disputed(record: Record, settled: Mapping[tuple[str, str], int] = NOBODY_LOOKED) -> bool:
    """Both birth date and sex disagree, and nobody looked. One alone is more often a corrected typing error."""
    return len(of_record(record, settled)) == len(_OF_A_RECORD)


def disagreement(one: Record, other: Record) -> tuple[bool, bool]:
    """Whether birth dates and sexes of two records disagree as they stand now. What is not known agrees."""
    births = sorted(filter(None, (_known(record, "birth_date") for record in (one, other))))
    sexes = {_known(record, "sex") for record in (one, other)} & _TELLING_SEXES
    return _disagree(tuple(births)), len(sexes) > 1


def _known(record: Record, name: str) -> str:
    is_made_up = value_of(record.registers, "identity_unknown", False)
    return "" if is_made_up else str(value_of(record.registers, name, ""))


def with_fold(kept: tuple[Review, ...], encounter_id: str, codes: Iterable[str]) -> tuple[Review, ...]:
    """The reviews with what the fold of one stay has to review now, instead of what it had."""
    others = [one for one in kept if one.ref != encounter_id]
    return (*others, *(Review(code=code, ref=encounter_id) for code in codes))


def _with(marks_: tuple[str, ...], mark: str) -> tuple[str, ...]:
    return tuple(sorted({*marks_, mark} - {""}))[:_MOST_MARKS]


def _disagree(dates: tuple[str, ...]) -> bool:
    """A date that is only less exact agrees: 1941 and 1941-05-06. Sorted, a shorter one stands before its own."""
    return any(not later.startswith(earlier) for earlier, later in pairwise(dates))


def bounded(found: Iterable[Review], settled: Mapping[tuple[str, str], int] = NOBODY_LOOKED) -> tuple[Review, ...]:
    """Each once, in a fixed order, and not more than a person could ever look at; without those that are settled."""
    still = {one for one in found if one.code in _OF_A_RECORD or (one.code, one.ref) not in settled}
    return tuple(sorted(still, key=lambda one: (one.code, one.ref))[:MOST])
