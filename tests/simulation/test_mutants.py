"""Every planted bug is caught, by a seed that is clean without it."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS, first_catch
from tests.simulation.play import simulate

MOST = 500
CAUGHT_BY: dict[str, int] = {
    "saves_without_version_guard": 7,
    "takes_a_lost_race_for_saved": 24,
    "takes_missing_numbers_for_heard": 11,
    "late_event_overwrites": 72,
    "does_not_wait_for_the_dead_letter": 22,
    "notes_a_message_as_said_before_saying": 10,
    "loses_a_cancel_before_its_target": 6,
    "orders_by_arrival": 24,
    "the_last_to_arrive_has_the_last_word": 12,
    "passes_every_fence": 141,
    "does_not_look_whether_an_alarm_still_stands": 10,
    "takes_the_last_record_for_the_last_word": 7,
    "the_last_merge_to_arrive_leads": 60,
    "the_retired_number_leads": 9,
    "cancels_the_transfer_that_arrived_last": 33,
    "saves_a_union_one_by_one": 78,
    "drops_the_outbox_at_uniting": 250,
    "numbers_start_anew_at_uniting": 8,
    "forgets_at_uniting_what_was_told": 17,
    "forgets_at_uniting_what_was_merged": 127,
    "tells_a_merge_under_another_key": 7,
    "takes_back_nothing_that_was_anothers": 71,
    "leaves_what_was_told_twice": 127,
    "closes_a_stay_that_spoke_again": 13,
    "swaps_only_the_first_patient": 12,
    "an_obsolete_number_stays_a_patient": 20,
    "a_merged_visit_stays_another": 27,
    "a_merged_account_stays_another": 106,
    "a_renamed_visit_stays_another": 65,
    "a_readmission_calls_off_nothing": 18,
    "a_visit_calls_off_the_work": 50,
    "a_readmission_may_come_a_day_later": 28,
    "the_later_stay_alone_knows_of_a_readmission": 18,
}
"""The seed that is tried first; when the world has changed so that it misses, the others are searched."""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_is_caught__within_five_hundred_seeds(name: str) -> None:
    known = CAUGHT_BY.get(name, 0)
    caught = first_catch(name, (known, *range(MOST)))
    assert caught is not None, f"no seed below {MOST} sees it"
    assert not simulate(caught[0]).violations, "the seed fails without the bug too"
