"""Every planted bug is caught, by a seed that is clean without it."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS, first_catch
from tests.simulation.play import simulate

MOST = 500
CAUGHT_BY: dict[str, int] = {}
"""The seed that is tried first; when the world has changed so that it misses, the others are searched."""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_is_caught__within_five_hundred_seeds(name: str) -> None:
    known = CAUGHT_BY.get(name, 0)
    caught = first_catch(name, (known, *range(MOST)))
    assert caught is not None, f"no seed below {MOST} sees it"
    assert not simulate(caught[0]).violations, "the seed fails without the bug too"
