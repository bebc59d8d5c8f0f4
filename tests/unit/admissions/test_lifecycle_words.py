"""Which triggers act, which outcomes a person should see, and what a begin is that is taken back in the end."""

from __future__ import annotations

import pytest

from services.admissions.domain.lifecycle import REVIEWED, Outcome, Stage, Trigger, step


def test_reviewed__are_the_two_moves_that_hl7_does_not_know() -> None:
    assert {outcome.value for outcome in REVIEWED} == {"begun-after-discharge", "cancelled-yet-discharged"}


@pytest.mark.parametrize(("before", "after"), [(Stage.INFERRED, Stage.CANCELLED), (Stage.REGISTERED, Stage.REGISTERED)])
@pytest.mark.parametrize("stage", [Stage.REGISTERED, Stage.ADMITTED, Stage.DISCHARGED])
def test_step__a_begin_that_is_taken_back_leads_to_what_was_before_it(
    stage: Stage, before: Stage, after: Stage
) -> None:
    assert step(stage, Trigger.CANCEL_BEGIN, before) == (after, Outcome.FOUND)
