"""A page says what its files hold: how far the run came, what broke, which planted bug was caught by what."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.play import Report
from tests.simulation.reporting import Tally, page, write_mutants


def a_report(seed: int, *violations: str) -> Report:
    return Report(seed, list(violations), [], {"crash": 2, "slow": 10}, virtual_seconds=1_800.0)


def test_page__of_a_run_that_did_not_end_and_broke_once(tmp_path: Path) -> None:
    run, tally = tmp_path / "run.json", Tally(tmp_path / "run.json", 100, 1_500)
    tally.add(a_report(100))
    tally.add(a_report(101, "lost update: followup", "and more"))
    tally.write(5_400.0)
    lines = page([run], None).splitlines()
    assert "Seeds 100 to 1,599, 2 of them played" in lines
    assert "in 1.5 hours of a shared machine; **not ended**." in lines
    assert "- Virtual time, all its processes seen as one machine: 1.0 hours." in lines
    assert "- Seeds in which an invariant broke: **1**." in lines
    assert "  - seed 101: lost update: followup" in lines
    assert "| crash | 4 |" in lines


def test_page__of_planted_bugs_names_the_first_seed_and_no_ids(tmp_path: Path) -> None:
    run, mutants = tmp_path / "run.json", tmp_path / "mutants.json"
    Tally(run, 0, 1).write(60.0)
    write_mutants(mutants, {"knows_no_repeat": (7, "gap: ('t|x', 'id') has 0"), "survives": None}, 500)
    lines = page([run], mutants).splitlines()
    assert "1 of 2 caught within 500 seeds." in lines
    assert "| knows no repeat | 7 | gap |" in lines
    assert "| survives | none |  |" in lines


def a_run(path: Path, first: int, wanted: int, *reports: Report) -> Path:
    tally = Tally(path, first, wanted)
    for report in reports:
        tally.add(report)
    tally.write(3_600.0)
    return path


def test_page__of_two_runs_adds_what_they_saw_whatever_their_order(tmp_path: Path) -> None:
    later = a_run(tmp_path / "b.json", 2, 1, a_report(2))
    earlier = a_run(tmp_path / "a.json", 0, 5, a_report(0), a_report(1, "gap: t"))
    lines = page([later, earlier], None).splitlines()
    assert lines.index("Seeds 0 to 4, 2 of them played") < lines.index("Seeds 2 to 2, 1 of them played")
    assert "Together 3 seeds." in lines
    assert "- Virtual time, all its processes seen as one machine: 1.5 hours." in lines
    assert "  - seed 1: gap: t" in lines
    assert "| crash | 6 |" in lines


def test_page__of_two_runs_that_played_the_same_seed_is_refused(tmp_path: Path) -> None:
    files = [a_run(tmp_path / f"{n}.json", n, 2, a_report(n), a_report(n + 1)) for n in (0, 1)]
    with pytest.raises(ValueError, match="seed 1 is in two"):
        page(files, None)
