"""What is gated on the risk score: on its upper bound, or a nurse is asked; never less care for want of data."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.discharge.domain.deadlines import Calendar
from services.discharge.domain.pathways import PathwaysInvalid, parse_pathways
from services.discharge.handlers import handlers
from services.discharge.store import PATHWAYS, load_pathways
from shared.schemas.assessments import RiskScore
from shared.schemas.encounters import EncounterUpdated
from shared.schemas.topics import ENCOUNTERS
from shared.schemas.transitions import TransitionUpdated
from tests.builders import T0, DeskOf, a_care_team, a_discharge, a_patient, an_encounter, heard

CALENDAR = Calendar("by-hand", frozenset({date(2026, 11, 26)}), 2026, 2027)
ROW = {"below": 10, "pathway": "home-low", "ask": ["risk-review"]}
ALL = ["contact", "home-visit", "medication-reconciliation", "practitioner-visit"]
LIGHT = ["contact", "medication-reconciliation", "practitioner-visit"]


def example() -> str:
    """The lines of the table that ships which wait for their # to be taken away."""
    lines = PATHWAYS.read_text("utf-8").splitlines()
    start = lines.index("# [by_risk.home]")
    end = next(n for n, line in enumerate(lines[start:], start) if not line)
    return "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines[start:end])


def data(**by_risk: Any) -> dict[str, Any]:
    """The table with the example in it, and other rows than the example's if there are any."""
    table = tomllib.loads(f"{PATHWAYS.read_text('utf-8')}\n{example()}")
    return table | ({"by_risk": by_risk} if by_risk else {})


TABLE = parse_pathways(data())
HANDLER = handlers(TABLE, CALENDAR)[ENCOUNTERS.name]


def a_score(low: int, high: int) -> RiskScore:
    return RiskScore(algorithm="lace", version=1, value=low, low=low, high=high, as_of=T0)


@pytest.mark.parametrize(
    ("low", "high", "pathway", "work"),
    [
        (4, 9, "home-low", LIGHT),
        (0, 9, "home-low", LIGHT),
        (4, 10, "home", [*ALL, "risk-review"]),  # the upper bound counts
        (9, 19, "home", [*ALL, "risk-review"]),
        (10, 10, "home", ALL),
        (10, 19, "home", ALL),
    ],
)
def test_gated__on_the_upper_bound_or_a_nurse_is_asked(low: int, high: int, pathway: str, work: list[str]) -> None:
    (say,) = heard(HANDLER, a_discharge(encounter=an_encounter(risk=a_score(low, high))), DeskOf()).say
    assert say.data.transition.pathway == pathway
    assert [one.code for one in say.data.transition.deadlines] == work


def test_gated__no_score_takes_nothing_away() -> None:
    name, clocks = TABLE.gated("home", None)
    assert (name, [clock.code for clock in clocks]) == ("home", ALL)


def test_gated__a_pathway_that_has_no_row_and_the_table_that_ships() -> None:
    assert TABLE.gated("facility", a_score(0, 1)) == ("facility", TABLE.clocks_of("facility"))
    shipped = load_pathways()
    assert shipped.by_risk == {}
    assert shipped.gated("home", a_score(0, 1)) == ("home", shipped.clocks_of("home"))


def test_gated__a_nurse_decides_by_the_end_of_the_next_business_day() -> None:
    """Discharged on Tuesday 3 November at 10:00 in New York: due at the last second of Wednesday, 4:59:59 UTC."""
    (say,) = heard(HANDLER, a_discharge(encounter=an_encounter(risk=a_score(4, 19))), DeskOf()).say
    review = say.data.transition.deadlines[-1]
    assert (review.opens_at, review.due_at) == (T0, datetime(2026, 11, 5, 4, 59, 59, tzinfo=UTC))


def test_gated__a_score_that_becomes_final_lightens_what_stands_and_one_that_rises_takes_it_back() -> None:
    desk = DeskOf()
    heard(HANDLER, a_discharge(encounter=an_encounter(risk=a_score(4, 11))), desk)
    for n, (low, high, pathway) in enumerate([(4, 8, "home-low"), (6, 12, "home")], 2):
        update = EncounterUpdated(
            patient=a_patient(),
            encounter=an_encounter(risk=a_score(low, high)),
            care_team=a_care_team(),
            occurred_at=T0,
        )
        (say,) = heard(HANDLER, update, desk, n=n).say
        assert type(say.data) is TransitionUpdated
        assert (say.data.transition.pathway, say.data.amends) == (pathway, ())


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"pathway": "nowhere"}, "by_risk.home names nowhere, no pathway"),
        ({"ask": ["nobody"]}, "by_risk.home names nobody, no clock"),
        ({"pathway": "still-patient"}, "by_risk.home names still-patient, which opens no work"),
        ({"pathway": "died"}, "by_risk.home names died, which opens no work"),
        ({"ask": ["contact"]}, "pathways.home names the same code twice"),
        ({"below": 0}, "by_risk.home.below: Input should be greater than or equal to 1"),
    ],
)
def test_refused__a_row_that_leads_nowhere(row: dict[str, Any], fault: str) -> None:
    with pytest.raises(PathwaysInvalid, match=fault):
        parse_pathways(data(home={**ROW, **row}))


def test_refused__a_row_of_no_pathway() -> None:
    with pytest.raises(PathwaysInvalid, match=r"by_risk\.away names away, no pathway"):
        parse_pathways(data(away=ROW))
