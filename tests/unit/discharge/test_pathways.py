"""The table that ships, row by row, against domain rules §8.1 written out by hand; and every way it can be refused."""

from __future__ import annotations

import copy
import tomllib

import pytest

from services.discharge.domain.pathways import FL17, PathwaysInvalid, parse_pathways
from services.discharge.store import PATHWAYS, load_pathways

TABLE = load_pathways()

INPATIENT = {
    "home": "01 81",
    "home-health": "06 86",
    "facility": "03 04 61 64 83 84 89 92",
    "rehabilitation": "62 63 65 90 91 93",
    "other-acute": "02 05 43 66 82 85 88 94",
    "against-advice": "07",
    "hospice": "50 51",
    "died": "20 40 41 42",
    "custody": "21 87",
    "still-patient": "09 30",
    "unknown": "69 70 95",
}
ROWS = [(code, pathway) for pathway, codes in INPATIENT.items() for code in codes.split()]


def data():
    return copy.deepcopy(tomllib.loads(PATHWAYS.read_text("utf-8")))


def test_the_rows_below__are_every_code_in_use():
    assert {code for code, _ in ROWS} == FL17
    assert len(ROWS) == len(FL17) == 40


@pytest.mark.parametrize(("code", "pathway"), ROWS)
@pytest.mark.parametrize("class_", ["I", "V", "S", "U", ""])
def test_inpatient_and_observation__by_disposition(class_, code, pathway):
    assert TABLE.choose(class_, "E", code, deceased=False) == pathway


@pytest.mark.parametrize(("code", "pathway"), ROWS)
def test_emergency__home_and_against_advice_have_pathways_of_their_own(code, pathway):
    own = {
        "home": "emergency-home",
        "home-health": "emergency-home-health",
        "against-advice": "emergency-against-advice",
    }
    assert TABLE.choose("E", "1", code, deceased=False) == own.get(pathway, pathway)


@pytest.mark.parametrize(("code", "pathway"), ROWS)
@pytest.mark.parametrize("class_", ["O", "R"])
def test_outpatient__nothing_follows_but_a_death(class_, code, pathway):
    assert TABLE.choose(class_, "", code, deceased=False) == (
        pathway if pathway in {"died", "still-patient"} else "outpatient"
    )


@pytest.mark.parametrize("code", sorted(FL17))
@pytest.mark.parametrize("class_", ["C", "N"])
def test_classes_that_are_no_stay__are_ignored(class_, code):
    assert TABLE.choose(class_, "", code, deceased=False) == "not-a-stay"


@pytest.mark.parametrize(("class_", "admission_type"), [("B", "L"), ("I", "N"), ("I", "4")])
def test_mother_and_newborn__a_person_decides(class_, admission_type):
    assert TABLE.choose(class_, admission_type, "01", deceased=False) == "maternity"
    assert TABLE.choose(class_, admission_type, "02", deceased=False) == "other-acute"


@pytest.mark.parametrize("code", ["", "08", "71", "72", "99", "1"])
def test_a_code_nobody_knows__is_unknown(code):
    assert TABLE.choose("I", "E", code, deceased=False) == "unknown"


@pytest.mark.parametrize("code", ["01", "50", "30", ""])
def test_a_death__outweighs_the_disposition(code):
    assert TABLE.choose("I", "E", code, deceased=True) == "died"


@pytest.mark.parametrize(
    ("pathway", "codes"),
    [
        ("home", "contact home-visit medication-reconciliation practitioner-visit"),
        ("home-health", "contact hha-visit-verify medication-reconciliation practitioner-visit"),
        ("facility", "facility-warm-call"),
        ("rehabilitation", "facility-warm-call"),
        ("other-acute", "locate"),
        ("against-advice", "outreach contact home-visit-offer medication-reconciliation practitioner-visit"),
        ("hospice", "hospice-visit-verify"),
        ("custody", "custody-handoff"),
        ("died", "bereavement"),
        ("unknown", "triage contact"),
        ("maternity", "triage"),
        ("emergency-home", "follow-up-call"),
        ("emergency-home-health", "follow-up-call hha-visit-verify"),
        ("emergency-against-advice", "outreach-call"),
        ("still-patient", ""),
        ("outpatient", ""),
        ("not-a-stay", ""),
    ],
)
def test_a_pathway__starts_these_clocks(pathway, codes):
    assert [clock.code for clock in TABLE.clocks_of(pathway)] == codes.split()


def test_the_table__has_no_pathway_beside_those_above_and_says_which_open_none():
    assert len(TABLE.pathways) == 17
    assert {name: p.not_opened for name, p in TABLE.pathways.items() if p.not_opened} == {
        "still-patient": "still-patient",
        "outpatient": "outpatient-visit",
        "not-a-stay": "class-ignored",
    }
    assert {name: p.closed for name, p in TABLE.pathways.items() if p.closed} == {"died": "deceased"}


def test_every_clock__is_used_and_cites_its_source():
    used = {name for pathway in TABLE.pathways.values() for name in pathway.clocks}
    assert used == set(TABLE.clocks)
    assert all(clock.basis for clock in TABLE.clocks.values())


def _drop_code(table):
    del table["dispositions"]["85"]


def _retired_code(table):
    table["dispositions"]["72"] = "home"


def _unknown_destination(table):
    table["dispositions"]["01"] = "the-moon"


def _unknown_column(table):
    table["classes"]["I"] = "ward"


def _short_column(table):
    del table["columns"]["emergency"]["hospice"]


def _unknown_pathway(table):
    table["columns"]["emergency"]["hospice"] = "hospice-at-sea"


def _unknown_clock(table):
    table["pathways"]["home"]["clocks"] = ["contact", "sundial"]


def _not_opened_but_follows(table):
    table["pathways"]["home"]["not_opened"] = "nothing"


def _same_work_twice(table):
    table["pathways"]["home"]["clocks"] = ["contact", "provisional-contact"]


def _due_with_nothing(table):
    table["pathways"]["home"]["clocks"] = ["medication-reconciliation"]


def _due_with_hours(table):
    table["clocks"]["medication-reconciliation"]["clock"] = "home-visit"


def _opens_after_due(table):
    table["clocks"]["home-visit"]["opens_after_hours"] = 72


def _unknown_rule(table):
    table["clocks"]["home-visit"]["rule"] = "lunar-months"


def _unknown_field(table):
    table["clocks"]["home-visit"]["colour"] = "red"


def _no_basis(table):
    table["clocks"]["home-visit"]["basis"] = ""


def _no_version(table):
    del table["version"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_drop_code, "dispositions lacks 85"),
        (_retired_code, "dispositions has 72, no code of FL17"),
        (_unknown_destination, "dispositions.01: "),
        (_unknown_column, "columns lacks ward"),
        (_short_column, "columns.emergency lacks hospice"),
        (_unknown_pathway, "columns.emergency names hospice-at-sea, no pathway"),
        (_unknown_clock, "pathways.home names sundial, no clock"),
        (_not_opened_but_follows, "pathways.home is not opened, yet says what follows"),
        (_same_work_twice, "pathways.home names the same code twice"),
        (_due_with_nothing, "pathways.home has medication-reconciliation due with practitioner-visit, no calendar"),
        (_due_with_hours, "pathways.home has medication-reconciliation due with home-visit, no calendar clock"),
        (_opens_after_due, "opens_after_hours is not before due_after_hours"),
        (_unknown_rule, "clocks.home-visit: "),
        (_unknown_field, "colour"),
        (_no_basis, "basis"),
        (_no_version, "version: "),
    ],
)
def test_parse__names_each_fault(spoil, message):
    table = data()
    spoil(table)
    with pytest.raises(PathwaysInvalid) as refused:
        parse_pathways(table)
    assert message in str(refused.value)


def test_parse__names_all_faults_at_once():
    table = data()
    _drop_code(table)
    _unknown_clock(table)
    with pytest.raises(PathwaysInvalid, match=r"dispositions lacks 85.*names sundial"):
        parse_pathways(table)


def test_load__text_that_is_no_toml_is_refused(tmp_path):
    broken = tmp_path / "pathways.toml"
    broken.write_text("version = ")
    with pytest.raises(PathwaysInvalid, match="no TOML"):
        load_pathways(broken)
