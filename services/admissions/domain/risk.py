"""LACE: the risk of death or an unplanned return within 30 days, from what ADT tells (van Walraven, CMAJ 2010).

Length of stay, Acuity, Comorbidity, Emergency visits; points and diagnosis codes are data (`lace.toml`), with an
edition. What was never sent is not 0: it leaves a range, `low` to `high`; so does the length of a stay that goes on.
Refuses a table with a gap. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.admissions.domain.returns import EMERGENCY, Brief, Coded
from shared.schemas.assessments import RiskScore

YEAR: Final = timedelta(days=365)
LOOK_BACK_MONTHS: Final = 6
LAST_DAY_OF_ANY_MONTH: Final = 28
FINAL_DIAGNOSIS: Final = "F"  # DG1-6, HL7 table 0052


class LaceInvalid(ValueError):
    """The table cannot be used; the text names each place and what is wrong with it."""


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Category(_Row):
    """One group of diagnoses. `instead_of`: the milder one that it outweighs, so that both count once."""

    points: int = Field(ge=0)
    prefixes: tuple[str, ...] = Field(min_length=1)
    instead_of: str = ""


class Lace(_Row):
    """The weights. `length` is points by completed days, `comorbidity` by the sum of the categories' points."""

    version: int = Field(ge=1)
    length: tuple[tuple[int, int], ...] = Field(min_length=1)
    comorbidity: tuple[tuple[int, int], ...] = Field(min_length=1)
    emergency_most: int = Field(ge=1)
    acute_points: int = Field(ge=1)
    acute_types: tuple[str, ...]
    other_types: tuple[str, ...]
    systems: tuple[str, ...]
    categories: dict[str, Category]

    @model_validator(mode="after")
    def _has_no_gap(self) -> Self:
        steps = {"length": self.length, "comorbidity": self.comorbidity}
        problems = [f"{name} is not rising from 0" for name, rows in steps.items() if not _rises(rows)]
        milder = {one.instead_of for one in self.categories.values() if one.instead_of}
        problems += [f"categories lacks {name}" for name in sorted(milder - self.categories.keys())]
        problems += [f"{code} is acute and not" for code in sorted({*self.acute_types} & {*self.other_types})]
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Part(NamedTuple):
    """Points of one letter, as counted and at most; they differ where something was never sent."""

    low: int
    high: int


def parse_lace(data: Mapping[str, Any]) -> Lace:
    """The table from what a TOML file holds; raises LaceInvalid, which names every fault."""
    try:
        return Lace.model_validate(data)
    except ValidationError as invalid:
        faults = (f"{'.'.join(map(str, e['loc'])) or 'table'}: {e['msg']}" for e in invalid.errors())
        raise LaceInvalid("lace: " + "; ".join(faults)) from None


def lace(stay: Brief, others: Sequence[Brief], known_since: date, as_of: datetime, table: Lace) -> RiskScore:
    """The score of a stay, at `as_of` while it goes on. `known_since`: when this person first came to our facilities.

    Diagnoses are those of the stay and of the person's stays of the year before; final ones close the score.
    """
    days = max(0, (stay.date_of(stay.end or as_of) - stay.date_of(stay.begin)).days)
    found = _coded(stay, others, table)
    categories = categories_of(found, table) if found else ()
    visits = sum(_is_counted_visit(one, stay) for one in others)
    parts = {
        "L": _length(stay, days, table),
        "A": _acuity(stay, table),
        "C": _comorbidity(categories, table) if found else Part(0, table.comorbidity[-1][1]),
        "E": _visits(visits, known_since <= six_months_before(stay.date_of(stay.begin)), table),
    }
    inputs = {
        "length_days": str(days),
        "admission_type": stay.admission_type,
        "from_emergency": str(stay.from_emergency).lower(),
        "categories": ",".join(categories),
        "emergency_visits": str(visits),
        "known_since": known_since.isoformat(),
        **{name: str(part.low) for name, part in parts.items()},
    }
    return _scored(parts, inputs, _is_final(stay), as_of, table)


def _scored(parts: Mapping[str, Part], inputs: dict[str, str], final: bool, as_of: datetime, table: Lace) -> RiskScore:
    low = sum(part.low for part in parts.values())
    return RiskScore(
        algorithm="lace",
        version=table.version,
        value=low,
        low=low,
        high=sum(part.high for part in parts.values()),
        inputs=inputs,
        missing=tuple(name for name, part in parts.items() if part.low != part.high),
        state="final" if final else "provisional",
        as_of=as_of,
    )


def categories_of(diagnoses: Iterable[Coded], table: Lace) -> tuple[str, ...]:
    """The names of the categories, sorted; of a milder and a graver one only the graver (Quan, Med Care 2005)."""
    codes = tuple(_bare(one.code) for one in diagnoses)
    found = {name for name, one in table.categories.items() if any(code.startswith(one.prefixes) for code in codes)}
    return tuple(sorted(found - {table.categories[name].instead_of for name in found}))


def six_months_before(day: date) -> date:
    """The same day six months earlier, or the last one of a shorter month."""
    years, month = divmod(day.month - 1 - LOOK_BACK_MONTHS, 12)
    first = date(day.year + years, month + 1, 1)
    following = (first.replace(day=LAST_DAY_OF_ANY_MONTH) + timedelta(days=4)).replace(day=1)
    return first.replace(day=min(day.day, (following - timedelta(days=1)).day))


def _coded(stay: Brief, others: Sequence[Brief], table: Lace) -> tuple[Coded, ...]:
    """What can be looked up, of this stay and of the year before it."""
    year = [one for one in others if stay.begin - YEAR <= one.begin < stay.begin]
    return tuple(coded for one in (stay, *year) for coded in one.diagnoses if coded.system.upper() in table.systems)


def _length(stay: Brief, days: int, table: Lace) -> Part:
    """Of a stay that goes on the days so far are the least."""
    low = _points(table.length, days)
    return _exactly(low) if stay.end is not None else Part(low, table.length[-1][1])


def _acuity(stay: Brief, table: Lace) -> Part:
    if stay.from_emergency or stay.admission_type in table.acute_types:
        return _exactly(table.acute_points)
    return Part(0, 0 if stay.admission_type in table.other_types else table.acute_points)


def _comorbidity(categories: Iterable[str], table: Lace) -> Part:
    return _exactly(_points(table.comorbidity, sum(table.categories[name].points for name in categories)))


def _visits(counted: int, known_long_enough: bool, table: Lace) -> Part:
    low = min(counted, table.emergency_most)
    return Part(low, low if known_long_enough else table.emergency_most)


def _is_counted_visit(one: Brief, stay: Brief) -> bool:
    """An emergency visit in the six months before, or a stay that began as one; not the one that led to this stay."""
    was_one = (one.class_ == EMERGENCY and not one.led_in) or one.from_emergency
    if not was_one or one.begin >= stay.begin:
        return False
    return stay.date_of(one.begin) >= six_months_before(stay.date_of(stay.begin))


def _is_final(stay: Brief) -> bool:
    return stay.end is not None and any(one.type == FINAL_DIAGNOSIS for one in stay.diagnoses)


def _points(steps: Sequence[tuple[int, int]], amount: int) -> int:
    return [points for start, points in steps if start <= amount][-1]


def _exactly(points: int) -> Part:
    return Part(points, points)


def _rises(steps: Sequence[tuple[int, int]]) -> bool:
    starts = [start for start, _ in steps]
    return starts[0] == 0 and all(before < after for before, after in pairwise(starts))


def _bare(code: str) -> str:
    return code.upper().replace(".", "").strip()
