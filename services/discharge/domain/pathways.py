"""The decision table as validated data: patient class × discharge disposition → pathway → clocks.

`parse_pathways` refuses a table with a gap: every NUBC FL17 code has a destination, every column a pathway for each
destination, every pathway only clocks that exist, and no pathway the same work twice; what is gated on the risk score
leads to a pathway with work.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.schemas.assessments import RiskScore

_IN_USE: Final = "01 02 03 04 05 06 07 09 20 21 30 40 41 42 43 50 51 61 62 63 64 65 66 69 70"
_PLANNED_RETURN: Final = "81 82 83 84 85 86 87 88 89 90 91 92 93 94 95"
FL17: Final = frozenset(f"{_IN_USE} {_PLANNED_RETURN}".split())
"""Every discharge status code in use (NUBC UB-04 form locator 17); 08, 71 and 72 are retired."""

Destination = Literal[
    "home",
    "home-health",
    "facility",
    "rehabilitation",
    "other-acute",
    "against-advice",
    "hospice",
    "custody",
    "died",
    "still-patient",
    "unknown",
]


class PathwaysInvalid(ValueError):
    """The table cannot be used; the text names each place and what is wrong with it."""


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class _Clock(_Row):
    """What every clock says of itself. `code` is the work, `basis` the source of the rule."""

    code: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    rule_version: Literal[1]
    basis: str = Field(min_length=1)
    flags: tuple[str, ...] = ()


class ElapsedHours(_Clock):
    """Counted on the instant of discharge, weekends and holidays included."""

    rule: Literal["elapsed-hours"]
    opens_after_hours: int = Field(ge=0)
    due_after_hours: int = Field(gt=0)

    @model_validator(mode="after")
    def _opens_before_due(self) -> Self:
        if self.opens_after_hours >= self.due_after_hours:
            raise ValueError("opens_after_hours is not before due_after_hours")
        return self


class CalendarDays(_Clock):
    """Until the end of the local date that is `days` after the date of discharge (0: that very date)."""

    rule: Literal["calendar-days"]
    days: int = Field(ge=0)


class CalendarDaysByAdmission(_Clock):
    """As CalendarDays, `long_days` for these admission types (HL7 0007, UB-04 FL14) and classes, else `short_days`."""

    rule: Literal["calendar-days-by-admission"]
    short_days: int = Field(ge=0)
    long_days: int = Field(ge=0)
    long_admission_types: tuple[str, ...]
    long_classes: tuple[str, ...] = ()


class NotAfter(_Clock):
    """Due with another clock of the same pathway, `latest_days` after the date of discharge at the latest."""

    rule: Literal["not-after"]
    clock: str
    latest_days: int = Field(ge=0)


class BusinessDays(_Clock):
    """Until the end of the n-th business day after the date of discharge."""

    rule: Literal["business-days"]
    days: int = Field(ge=1)
    opens: Literal["discharge", "next-day"]


Clock = Annotated[
    ElapsedHours | CalendarDays | CalendarDaysByAdmission | NotAfter | BusinessDays, Field(discriminator="rule")
]
DayClock = CalendarDays | CalendarDaysByAdmission


class Pathway(_Row):
    """What follows. `not_opened`: nothing does, and why; `closed`: it is closed from the start, and why (codes)."""

    clocks: tuple[str, ...] = ()
    not_opened: str = ""
    closed: str = ""


class ByRisk(_Row):
    """Whose score is surely below a bound takes a lighter pathway; where it may be, a nurse is asked by further clocks.

    What is not known counts as risk: no score, or one whose upper bound is not below, takes nothing away.
    """

    below: int = Field(ge=1)
    pathway: str
    ask: tuple[str, ...] = ()


class Pathways(_Row):
    """The whole table. `classes` and `admission_types` name a column; an admission type that is listed wins.

    `by_risk` is by pathway.
    """

    version: int = Field(ge=1)
    default_column: str
    extra_holidays: tuple[date, ...] = ()
    classes: dict[str, str]
    admission_types: dict[str, str] = {}
    dispositions: dict[str, Destination]
    columns: dict[str, dict[Destination, str]]
    pathways: dict[str, Pathway]
    by_risk: dict[str, ByRisk] = {}
    clocks: dict[str, Clock]

    def choose(self, class_: str, admission_type: str, disposition: str, *, deceased: bool) -> str:
        """The name of the pathway. A death outweighs the disposition; an unknown code is `unknown`, never nothing."""
        column = self.admission_types.get(admission_type) or self.classes.get(class_, self.default_column)
        destination: Destination = "died" if deceased else self.dispositions.get(disposition, "unknown")
        return self.columns[column][destination]

    def gated(self, pathway: str, risk: RiskScore | None) -> tuple[str, tuple[Clock, ...]]:
        """The pathway that a score leaves, with its clocks and those that ask a nurse."""
        row = self.by_risk.get(pathway)
        if row is None or risk is None or risk.low >= row.below:
            return pathway, self.clocks_of(pathway)
        if risk.high < row.below:
            return row.pathway, self.clocks_of(row.pathway)
        return pathway, (*self.clocks_of(pathway), *(self.clocks[name] for name in row.ask))

    def clocks_of(self, pathway: str) -> tuple[Clock, ...]:
        """The clocks of a pathway, in the table's order."""
        return tuple(self.clocks[name] for name in self.pathways[pathway].clocks)

    @model_validator(mode="after")
    def _has_no_gap(self) -> Self:
        problems = [*_gaps_of_codes(self), *_gaps_of_columns(self), *_gaps_of_pathways(self)]
        problems = problems or _gaps_of_risk(self)
        if problems:
            raise ValueError("; ".join(problems))
        return self


def _gaps_of_codes(table: Pathways) -> list[str]:
    problems = [f"dispositions lacks {code}" for code in sorted(FL17 - table.dispositions.keys())]
    problems += [f"dispositions has {code}, no code of FL17" for code in sorted(table.dispositions.keys() - FL17)]
    named = {*table.classes.values(), *table.admission_types.values(), table.default_column}
    return problems + [f"columns lacks {name}" for name in sorted(named - table.columns.keys())]


def _gaps_of_columns(table: Pathways) -> list[str]:
    destinations = set(get_args(Destination))
    problems = []
    for name, column in table.columns.items():
        problems += [f"columns.{name} lacks {missing}" for missing in sorted(destinations - column.keys())]
        problems += [
            f"columns.{name} names {pathway}, no pathway"
            for pathway in sorted(set(column.values()) - table.pathways.keys())
        ]
    return problems


def _gaps_of_pathways(table: Pathways) -> list[str]:
    problems = []
    for name, pathway in table.pathways.items():
        unknown = [clock for clock in pathway.clocks if clock not in table.clocks]
        if unknown:
            problems += [f"pathways.{name} names {clock}, no clock" for clock in unknown]
            continue
        if pathway.not_opened and (pathway.clocks or pathway.closed):
            problems.append(f"pathways.{name} is not opened, yet says what follows")
        problems += _gaps_of_clocks(name, table.clocks_of(name))
    return problems


def _gaps_of_risk(table: Pathways) -> list[str]:
    problems = []
    for name, row in table.by_risk.items():
        unknown = [one for one in (name, row.pathway) if one not in table.pathways]
        missing = [clock for clock in row.ask if clock not in table.clocks]
        problems += [f"by_risk.{name} names {one}, no pathway" for one in unknown]
        problems += [f"by_risk.{name} names {clock}, no clock" for clock in missing]
        if unknown or missing:
            continue
        for one in (name, row.pathway):
            if table.pathways[one].not_opened or table.pathways[one].closed:
                problems.append(f"by_risk.{name} names {one}, which opens no work")
        asked = (*table.clocks_of(name), *(table.clocks[clock] for clock in row.ask))
        problems += _gaps_of_clocks(name, asked)
    return problems


def _gaps_of_clocks(name: str, clocks: tuple[Clock, ...]) -> list[str]:
    by_code = {clock.code: clock for clock in clocks}
    problems = [] if len(by_code) == len(clocks) else [f"pathways.{name} names the same code twice"]
    return problems + [
        f"pathways.{name} has {clock.code} due with {clock.clock}, no calendar clock of it"
        for clock in clocks
        if isinstance(clock, NotAfter) and not isinstance(by_code.get(clock.clock), DayClock)
    ]


def parse_pathways(data: Mapping[str, Any]) -> Pathways:
    """The table from what a TOML file holds; raises PathwaysInvalid, which names every fault."""
    try:
        return Pathways.model_validate(data)
    except ValidationError as invalid:
        faults = (f"{'.'.join(map(str, e['loc'])) or 'table'}: {e['msg']}" for e in invalid.errors())
        raise PathwaysInvalid("pathways: " + "; ".join(faults)) from None
