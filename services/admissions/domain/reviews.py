"""What a person should look at: identities that disagree, moves that cannot be. A set, bounded, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Final

from services.admissions.domain.model import Patient, Review
from shared.schemas import adt

MOST: Final = 100
_MOST_MARKS: Final = 8
CLAIMED_BY_ANOTHER: Final = "claimed-by-another"
BIRTH_DATES_DISAGREE: Final = "birth-dates-disagree"
SEXES_DISAGREE: Final = "sexes-disagree"
_TELLING_SEXES: Final = frozenset({"F", "M"})  # HL7 table 0001: U, A, N, O agree with everything
_OF_IDENTITY: Final = frozenset({CLAIMED_BY_ANOTHER, BIRTH_DATES_DISAGREE, SEXES_DISAGREE})


def marks(patient: Patient, sent: adt.Patient) -> dict[str, Any]:
    """The distinct birth dates and sexes that were sent of a known person (PID-31 = Y gives made-up ones)."""
    if sent.identity_unknown:
        return {}
    sex = (sent.sex or "").strip().upper()
    return {
        "birth_dates": _with(patient.birth_dates, sent.birth_date or ""),
        "sexes": _with(patient.sexes, sex if sex in _TELLING_SEXES else ""),
    }


def of_identity(patient: Patient, others: Iterable[str]) -> tuple[Review, ...]:
    """The reviews after a message whose numbers lead to these other patients as well."""
    found = [Review(code=CLAIMED_BY_ANOTHER, ref=other) for other in others]
    if _disagree(patient.birth_dates):
        found.append(Review(code=BIRTH_DATES_DISAGREE))
    if len(patient.sexes) > 1:
        found.append(Review(code=SEXES_DISAGREE))
    return _bounded((*patient.reviews, *found))


def is_disputed(patient: Patient) -> bool:
    """Both birth date and sex disagree. One alone is more often a corrected typing error than another person."""
    return _disagree(patient.birth_dates) and len(patient.sexes) > 1


def with_fold(patient: Patient, encounter_id: str, codes: Iterable[str]) -> Patient:
    """The patient with what the fold of one stay has to review now, instead of what it had."""
    others = [one for one in patient.reviews if one.ref != encounter_id or one.code in _OF_IDENTITY]
    found = [Review(code=code, ref=encounter_id) for code in codes]
    if not found and len(others) == len(patient.reviews):
        return patient
    return patient.model_copy(update={"reviews": _bounded((*others, *found))})


def _with(marks_: tuple[str, ...], mark: str) -> tuple[str, ...]:
    return tuple(sorted({*marks_, mark} - {""}))[:_MOST_MARKS]


def _disagree(dates: tuple[str, ...]) -> bool:
    """A date that is only less exact agrees: 1941 and 1941-05-06. Sorted, a shorter one stands before its own."""
    return any(not later.startswith(earlier) for earlier, later in pairwise(dates))


def _bounded(found: Iterable[Review]) -> tuple[Review, ...]:
    return tuple(sorted(set(found), key=lambda one: (one.code, one.ref))[:MOST])
