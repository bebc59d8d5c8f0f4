"""What is kept of a telling, and when what is told happened."""

from __future__ import annotations

from datetime import datetime

from services.admissions.domain import fold
from services.admissions.domain.carried import Carried
from services.admissions.domain.difference import Step
from services.admissions.domain.message import Occasion
from services.admissions.domain.model import Said
from shared.schemas.encounters import EncounterAdmitted, EncounterClosed, EncounterDischarged, EncounterRegistered


def said_after(before: Said, state: Carried, record: str) -> Said:
    """What hearers hold after they were told this state; `record`: of whom."""
    ended = state.encounter.discharged_at
    return before.model_copy(
        update={
            "status": state.encounter.status,
            "discharge_version": state.encounter.discharge_version,
            "digest": state.digest,
            "ended": ended.instant if ended else None,
            "record": record,
        }
    )


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
