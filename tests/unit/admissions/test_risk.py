"""LACE against its published points (van Walraven, CMAJ 2010), each example worked by hand."""

from __future__ import annotations

import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services import admissions
from services.admissions.domain.returns import Brief, Coded
from services.admissions.domain.risk import LaceInvalid, categories_of, lace, parse_lace, six_months_before
from shared.schemas.assessments import RiskScore

DATA = tomllib.loads(Path(admissions.__file__).with_name("lace.toml").read_text("utf-8"))
TABLE = parse_lace(DATA)
NEW_YORK = "America/New_York"
BEGIN = datetime(2026, 11, 3, 9, 0, tzinfo=ZoneInfo(NEW_YORK))
FOR_YEARS = date(2020, 1, 1)


def a_stay(days: int | None, *codes: str, **more: Any) -> Brief:
    """A stay of so many days, None: it goes on. Its diagnoses are final."""
    known: dict[str, Any] = {
        "end": None if days is None else BEGIN + timedelta(days=days),
        "class_": "I",
        "zone": NEW_YORK,
        "admission_type": "C",
        "diagnoses": tuple(Coded(code, "I10", "F") for code in codes),
    }
    return Brief("stay", BEGIN, **(known | more))


def visits(n: int, **more: Any) -> list[Brief]:
    """So many visits to the emergency department, one each week before the stay."""
    known: dict[str, Any] = {"class_": "E", "zone": NEW_YORK}
    return [Brief(f"visit-{i}", BEGIN - timedelta(weeks=i + 1), **(known | more)) for i in range(n)]


def score(stay: Brief, *others: Brief, known_since: date = FOR_YEARS, as_of: datetime = BEGIN) -> RiskScore:
    return lace(stay, others, known_since, as_of, TABLE)


@pytest.mark.parametrize(
    ("stay", "emergency_visits", "parts", "value"),
    [
        # a new knee, two days: 2 + 0 + 0 + 0
        (a_stay(2, "M17.11"), 0, "2 0 0 0", 2),
        # heart failure (2) and COPD (2) make 4, which counts 5; five days 4, emergency 3, one visit 1
        (a_stay(5, "I50.9", "J44.1", admission_type="E"), 1, "4 3 5 1", 13),
        # fourteen days 7, emergency 3, diabetes without complication 1, five visits count 4
        (a_stay(14, "E11.9", admission_type="1"), 5, "7 3 1 4", 15),
        # metastatic (6) outweighs breast cancer (2): more than 3 counts 5; the same day 0
        (a_stay(0, "C50.9", "C78.0"), 0, "0 0 5 0", 5),
        # thirteen days 5, urgent is no emergency 0, dementia 3, two visits 2
        (a_stay(13, "F03.90", admission_type="U"), 2, "5 0 3 2", 10),
        # one day 1, came by the emergency department 3, old infarction 1 and stroke 1, three visits 3
        (a_stay(1, "I25.2", "I63.9", from_emergency=True), 3, "1 3 2 3", 9),
        # the most there is: 7 + 3 + 5 + 4
        (a_stay(40, "B20", "N18.6", admission_type="A"), 4, "7 3 5 4", 19),
    ],
)
def test_worked_example(stay: Brief, emergency_visits: int, parts: str, value: int) -> None:
    found = score(stay, *visits(emergency_visits))
    assert " ".join(found.inputs[name] for name in "LACE") == parts
    assert (found.value, found.low, found.high) == (value, value, value)
    assert (found.state, found.missing, found.algorithm, found.version) == ("final", (), "lace", 1)


def test_running__what_was_never_sent_is_a_range_and_no_zero() -> None:
    """Three days so far 3 to 7; emergency 3; no diagnosis 0 to 5; one visit, known for two months only: 1 to 4."""
    stay = a_stay(None, admission_type="", from_emergency=True)
    found = score(stay, *visits(1), known_since=date(2026, 9, 3), as_of=BEGIN + timedelta(days=3))
    assert found == RiskScore(
        algorithm="lace",
        version=1,
        value=7,
        low=7,
        high=19,
        inputs={
            "length_days": "3",
            "admission_type": "",
            "from_emergency": "true",
            "categories": "",
            "emergency_visits": "1",
            "known_since": "2026-09-03",
            "L": "3",
            "A": "3",
            "C": "0",
            "E": "1",
        },
        missing=("L", "C", "E"),
        state="provisional",
        as_of=BEGIN + timedelta(days=3),
    )


@pytest.mark.parametrize(
    ("days", "points"),
    [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (6, 4), (7, 5), (13, 5), (14, 7), (365, 7)],
)
def test_length(days: int, points: int) -> None:
    assert score(a_stay(days)).inputs["L"] == str(points)


def test_length__is_local_dates_and_never_less_than_none() -> None:
    over_midnight = a_stay(None, end=BEGIN.replace(hour=23) + timedelta(hours=2))
    assert score(over_midnight).inputs["length_days"] == "1"
    assert score(a_stay(None, end=BEGIN - timedelta(days=1))).inputs["length_days"] == "0"


@pytest.mark.parametrize(
    ("admission_type", "low", "high"),
    [("E", 3, 3), ("A", 3, 3), ("1", 3, 3), ("5", 3, 3)]
    + [(code, 0, 0) for code in ("C", "3", "R", "L", "N", "4", "U", "2")]
    + [("", 0, 3), ("9", 0, 3), ("ZZ", 0, 3)],
)
def test_acuity__a_type_that_nobody_knows_may_be_an_emergency(admission_type: str, low: int, high: int) -> None:
    found = score(a_stay(0, "Z00", admission_type=admission_type))
    assert (found.low, found.high) == (low, high)
    assert ("A" in found.missing) is (low != high)


@pytest.mark.parametrize(
    ("codes", "points"),
    [
        (["Z00.0"], 0),
        (["I21.4"], 1),
        (["i21.4 "], 1),
        (["E11.9", "I70.2"], 2),
        (["F01.5"], 3),
        (["M05.9"], 3),
        (["K25.0", "G81.9"], 0),  # peptic ulcer and plegia are not LACE's
        (["N18.3"], 2),
        (["N18.4"], 5),
        (["N18.3", "N18.5"], 5),
        (["K70.3"], 2),
        (["K70.3", "K72.9"], 5),
        (["E11.9", "E11.2"], 2),
        (["C50.9"], 2),
        (["C44.3", "C86.0"], 0),  # not malignancies of the list
        (["I21.4", "I22.0", "I25.2"], 1),  # one category counts once
    ],
)
def test_comorbidity__each_category_once_and_the_graver_of_two(codes: list[str], points: int) -> None:
    assert score(a_stay(0, *codes)).value == points


def test_categories__of_the_graver_and_the_milder_only_the_graver_is_named() -> None:
    codes = [Coded(code) for code in ("C50.9", "C78.0", "E11.9", "E11.2", "K70.3", "K72.9", "N18.3", "Z99.2")]
    assert categories_of(codes, TABLE) == ("diabetes-with-damage", "metastatic", "severe-liver", "severe-renal")


def test_comorbidity__of_the_year_before_counts_too() -> None:
    heart: dict[str, Any] = {"diagnoses": (Coded("I50.9", "I10", "W"),), "class_": "I", "zone": NEW_YORK}
    in_time = Brief("before", BEGIN - timedelta(days=365), **heart)
    too_old = Brief("long-before", BEGIN - timedelta(days=366), **heart)
    later = Brief("later", BEGIN, **heart)
    assert score(a_stay(0), in_time).inputs["categories"] == "heart-failure"
    assert score(a_stay(0), too_old, later).missing == ("C",)


@pytest.mark.parametrize(("system", "counts"), [("", True), ("i10", True), ("ICD-10-CM", True), ("I9", False)])
def test_comorbidity__only_icd_10_can_be_looked_up(system: str, counts: bool) -> None:
    found = score(a_stay(0, diagnoses=(Coded("I50.9", system, "F"),)))
    assert (found.value, found.high) == ((2, 2) if counts else (0, 5))


@pytest.mark.parametrize(
    ("visit", "counts"),
    [
        ({"begin": datetime(2026, 5, 3, 12, 0, tzinfo=ZoneInfo(NEW_YORK))}, 1),
        ({"begin": datetime(2026, 5, 2, 23, 59, tzinfo=ZoneInfo(NEW_YORK))}, 0),
        ({"begin": BEGIN}, 0),
        ({"led_in": True}, 0),
        ({"class_": "O"}, 0),
        ({"class_": "I"}, 0),
        ({"class_": "I", "from_emergency": True}, 1),  # came by it, and stayed
    ],
)
def test_emergency__six_months_before_without_the_visit_that_led_here(visit: dict[str, Any], counts: int) -> None:
    known: dict[str, Any] = {"begin": BEGIN - timedelta(days=1), "class_": "E", "zone": NEW_YORK}
    found = score(a_stay(0, "Z00"), Brief("visit", **(known | visit)))
    assert found.inputs["emergency_visits"] == found.inputs["E"] == str(counts)


@pytest.mark.parametrize(("known_since", "high"), [(date(2026, 5, 3), 1), (date(2026, 5, 4), 4)])
def test_emergency__who_came_to_us_lately_may_have_been_elsewhere(known_since: date, high: int) -> None:
    found = score(a_stay(0, "Z00"), *visits(1), known_since=known_since)
    assert (found.low, found.high) == (1, high)


@pytest.mark.parametrize(
    ("stay", "state"),
    [
        (a_stay(1, "Z00"), "final"),
        (a_stay(None, "Z00"), "provisional"),
        (a_stay(1, diagnoses=(Coded("Z00", "I10", "A"),)), "provisional"),
        (a_stay(1), "provisional"),
    ],
)
def test_state__final_diagnoses_of_a_stay_that_ended_close_it(stay: Brief, state: str) -> None:
    assert score(stay).state == state


@pytest.mark.parametrize(
    ("day", "before"),
    [
        (date(2026, 11, 3), date(2026, 5, 3)),
        (date(2026, 3, 15), date(2025, 9, 15)),
        (date(2026, 8, 31), date(2026, 2, 28)),
        (date(2028, 8, 30), date(2028, 2, 29)),
        (date(2026, 6, 30), date(2025, 12, 30)),
        (date(2026, 12, 31), date(2026, 6, 30)),
    ],
)
def test_six_months_before(day: date, before: date) -> None:
    assert six_months_before(day) == before


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"length": [[1, 1], [2, 2]]}, "length is not rising from 0"),
        ({"comorbidity": [[0, 0], [2, 1], [2, 3]]}, "comorbidity is not rising from 0"),
        ({"other_types": ["E"]}, "E is acute and not"),
        ({"categories": {"a": {"points": 1, "prefixes": ["A"], "instead_of": "b"}}}, "categories lacks b"),
        ({"version": 0}, "version: "),
        ({"more": 1}, "more: "),
    ],
)
def test_table__with_a_gap_is_refused_by_name(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(LaceInvalid, match=fault):
        parse_lace(DATA | changes)


def test_table__has_seventeen_categories_and_a_graver_renal_one() -> None:
    assert len(TABLE.categories) == 18
    assert sorted(TABLE.categories["severe-renal"].prefixes) == ["N184", "N185", "N186", "Z992"]
    assert all(code == code.upper() and "." not in code for one in TABLE.categories.values() for code in one.prefixes)
