"""One stay's news as events, and what is kept of having told them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.admissions.domain import fold
from services.admissions.domain.carried import Carried
from services.admissions.domain.difference import Content, Step, standing_after, told_after
from services.admissions.domain.message import Occasion
from services.admissions.domain.model import Encounter, Said
from services.admissions.domain.stays import Stay
from services.admissions.domain.world import Telling
from shared.schemas.encounters import (
    EncounterAdmitted,
    EncounterClosed,
    EncounterDischarged,
    EncounterRegistered,
    Withdrawal,
)
from shared.schemas.envelope import derived_id


@dataclass(frozen=True)
class Saying:
    """What is new about a stay: the steps to say, the state that they carry, what their hearers will act on.

    `record`: of whom it is told.
    """

    stay: Stay
    standing: fold.Standing
    steps: tuple[Step, ...]
    state: Carried
    content: Mapping[str, Content]
    record: str


def uttered(one: Saying, occasion: Occasion, processing_id: str) -> tuple[Encounter, tuple[Telling, ...]]:
    """The encounter as its hearers know it then, and an event for each step."""
    encounter = one.stay.encounter
    tellings = tuple(_telling(one, step, occasion, processing_id) for step in one.steps)
    pairs = zip(one.steps, (telling.id for telling in tellings), strict=True)
    said = _said(encounter.said, one, standing_after(encounter.said, pairs))
    return encounter.model_copy(update={"said": said}), tellings


def _said(before: Said, one: Saying, stands: tuple[Withdrawal, ...]) -> Said:
    """What hearers hold after they were told this state."""
    of = one.state.encounter
    ended = one.standing.closed or (of.discharged_at.instant if of.discharged_at else None)
    return before.model_copy(
        update={
            "status": of.status,
            "discharge_version": of.discharge_version,
            "digest": one.state.digest,
            "ended": ended,
            "record": one.record,
            "standing": stands,
            "told": told_after(before, one.steps, stands, one.content),
        }
    )


def _telling(one: Saying, step: Step, occasion: Occasion, processing_id: str) -> Telling:
    stay, state = one.stay, one.state
    data = step.model(
        patient=state.patient,
        encounter=state.encounter,
        care_team=state.care_team,
        occurred_at=happened(step, one.standing, occasion),
        processing_id=processing_id,
        withdraws=step.withdraws,
        amends=step.amends,
    )
    id_ = derived_id(occasion.cause, step.model.TYPE, stay.encounter_id)
    return Telling(id_, stay.encounter_id, stay.encounter.key, stay.feed, stay.mode, data, data.encounter.protected)


def happened(step: Step, standing: fold.Standing, occasion: Occasion) -> datetime:
    """A begin or an end happened when its fact says, one by rule when the clock rang; all else when it was said."""
    if step.model is EncounterClosed and standing.closed:
        return standing.closed
    facts = {
        EncounterRegistered: standing.registered,
        EncounterAdmitted: standing.admitted,
        EncounterDischarged: standing.discharged,
    }
    fact = facts.get(step.model)
    return fact.occurred if fact else occasion.at
