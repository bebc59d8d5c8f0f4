"""Every planted bug is caught, by a seed that is clean without it."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS, first_catch
from tests.simulation.play import simulate

MOST = 500
CAUGHT_BY: dict[str, int] = {
    "saves_without_version_guard": 36,
    "takes_a_lost_race_for_saved": 25,
    "takes_missing_numbers_for_heard": 9,
    "late_event_overwrites": 9,
    "does_not_wait_for_the_dead_letter": 23,
    "loses_a_cancel_before_its_target": 17,
    "orders_by_arrival": 9,
    "the_last_to_arrive_has_the_last_word": 1,
    "passes_every_fence": 10,
    "rings_an_hour_early": 2,
    "ends_leases_at_once": 1,
    "takes_back_nothing_that_waits": 25,
    "takes_an_unknown_outcome_for_sent": 1,
    "takes_unknown_for_not_sent": 1,
    "outcome_noted_as_said_before_saying": 6,
    "does_not_wait_for_the_projection": 15,
    "gives_up_silently": 2,
}
"""The seed that is tried first; when the world has changed so that it misses, the others are searched."""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_is_caught__within_five_hundred_seeds(name: str) -> None:
    known = CAUGHT_BY.get(name, 0)
    caught = first_catch(name, (known, *range(MOST)))
    assert caught is not None, f"no seed below {MOST} sees it"
    assert not simulate(caught[0]).violations, "the seed fails without the bug too"
