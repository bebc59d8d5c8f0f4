"""The business clock: the real one, or the file that the demo's conductor moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.clock import business_clock, set_clock
from shared.telemetry import wall_clock

NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)


def test_business_clock__without_a_file_is_the_real_one() -> None:
    assert business_clock(None) is wall_clock


def test_business_clock__shows_what_its_file_holds_and_moves_with_it(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    set_clock(file, NOON)
    now = business_clock(file)
    assert now() == NOON
    set_clock(file, NOON + timedelta(days=5, microseconds=1))
    assert now() == NOON + timedelta(days=5, microseconds=1)
    assert [path.name for path in tmp_path.iterdir()] == ["clock"], "it is replaced, never half written"


def test_business_clock__blanks_around_the_time_are_no_part_of_it(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text(f"\n {NOON.isoformat()} \n")
    assert business_clock(file)() == NOON
