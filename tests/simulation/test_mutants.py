"""Every planted bug is caught, by a seed that is clean without it."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS, first_catch
from tests.simulation.play import simulate

MOST = 500
CAUGHT_BY: dict[str, int] = {
    "takes_a_lost_race_for_saved": 25,
    "takes_missing_numbers_for_heard": 1,
    "late_event_overwrites": 1,
    "does_not_wait_for_the_dead_letter": 25,
    "notes_a_message_as_said_before_saying": 150,
    "loses_a_cancel_before_its_target": 17,
    "orders_by_arrival": 9,
    "the_last_to_arrive_has_the_last_word": 9,
    "passes_every_fence": 204,
    "rings_an_hour_early": 23,
    "outcome_noted_as_said_before_saying": 1,
    "gives_up_silently": 5,
}
"""The seed that is tried first; when the world has changed so that it misses, the others are searched."""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_is_caught__within_five_hundred_seeds(name: str) -> None:
    known = CAUGHT_BY.get(name, 0)
    caught = first_catch(name, (known, *range(MOST)))
    assert caught is not None, f"no seed below {MOST} sees it"
    assert not simulate(caught[0]).violations, "the seed fails without the bug too"
