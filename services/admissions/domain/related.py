"""What a stay is to the person's other stays: a return or an index of one, and the risk that follows from all of them.

Each stay leaves a brief, so that none of the others is folded to know it. Of a protected stay the brief names no
diagnosis: it would stand in the score of another. Nor does a stay that is not protected name one that is (42 CFR
2.12(a)(1): that somebody was there is itself protected). Pure, and the same in any order: every time is the hospital's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from services.admissions.domain.codes import CLASS
from services.admissions.domain.fold import Standing
from services.admissions.domain.lifecycle import Stage
from services.admissions.domain.returns import (
    EMERGENCY,
    EXPIRED,
    STAYS,
    WINDOW_DAYS,
    Brief,
    Coded,
    returned,
    returns,
)
from services.admissions.domain.risk import Lace, lace
from shared.schemas.assessments import Return, RiskScore
from shared.schemas.encounters import EncounterState

_STANDS: Final = frozenset({Stage.REGISTERED, Stage.ADMITTED, Stage.DISCHARGED})
_BECAME_INPATIENT: Final = "09"  # NUBC UB-04 FL17: admitted as an inpatient to this hospital
_ON_THE_WAY: Final = timedelta(hours=24)
_NEAR: Final = timedelta(days=WINDOW_DAYS + 2)


def brief_of(state: EncounterState, standing: Standing, diagnoses: Sequence[dict[str, Any]]) -> Brief | None:
    """A stay as the others see it; None of one that never was, is only planned, or whose time nobody told.

    `diagnoses`: code, system and type of each DG1 that stands.
    """
    begin, end = state.admitted_at, state.discharged_at
    first = begin or end
    if standing.stage not in _STANDS or first is None:
        return None
    return Brief(
        encounter_id=state.encounter_id,
        begin=first.instant,
        end=end.instant if end else None,
        class_=state.class_,
        facility=state.facility,
        zone=state.zone,
        admission_type=state.admission_type,
        disposition=state.disposition,
        led_in=state.class_ == EMERGENCY and state.disposition == _BECAME_INPATIENT,
        protected=state.protected,
        from_emergency=_began_as_emergency(standing),
        diagnoses=() if state.protected else tuple(Coded(**one) for one in diagnoses),
        number=_number(state),
    )


def _number(state: EncounterState) -> str:
    number = state.visit_number or state.account_number
    return f"{number.assigner}|{number.value}" if number else ""


def related(state: EncounterState, brief: Brief | None, others: Sequence[Brief], table: Lace | None) -> EncounterState:
    """The state with what it is to the person's `others`. `table`: the weights of the score; None: no score."""
    if brief is None:
        return state
    near = [one for one in others if _is_near(one, brief)]
    return state.model_copy(
        update={
            "returns": _as_told_of(brief, returns(brief, near), near),
            "returned": _as_told_of(brief, returned(brief, near), near),
            "risk": _score(state, brief, others, table),
        }
    )


def _as_told_of(brief: Brief, found: Return | None, others: Sequence[Brief]) -> Return | None:
    """Of a protected stay the other one tells only that there is something, and when: its work hangs on that."""
    if found is None or brief.protected:
        return found
    hidden = any(one.protected and one.encounter_id == found.encounter_id for one in others)
    return Return(kind=found.kind, encounter_id="", days=found.days) if hidden else found


def _score(state: EncounterState, brief: Brief, others: Sequence[Brief], table: Lace | None) -> RiskScore | None:
    """Of whoever is or was in a bed and may go home. While the stay goes on its length is open: no clock is read."""
    is_scored = brief.class_ in STAYS and brief.disposition not in EXPIRED and state.admitted_at is not None
    if table is None or not is_scored:
        return None
    came_by = any(_led_into(one, brief) for one in others)
    stay = replace(brief, from_emergency=True) if came_by else brief
    known_since = min(one.date_of(one.begin) for one in (brief, *others))
    return lace(stay, others, known_since, brief.end or brief.begin, table)


def _led_into(visit: Brief, stay: Brief) -> bool:
    """Is this the emergency visit that ended as this stay?"""
    if not visit.led_in or visit.facility != stay.facility or visit.begin > stay.begin:
        return False
    return visit.end is None or stay.begin - visit.end <= _ON_THE_WAY


def _began_as_emergency(standing: Standing) -> bool:
    fact = standing.registered
    if fact is None or standing.admitted is None or not fact.class_:
        return False
    return standing.codes.meaning(CLASS, fact.source[0], fact.class_) == EMERGENCY


def _is_near(one: Brief, brief: Brief) -> bool:
    """May it be the other side of a return, or stand between the two?"""
    times = [at for at in (one.begin, one.end) if at is not None]
    return any(_between(at, brief) for at in times)


def _between(at: datetime, brief: Brief) -> bool:
    return brief.begin - _NEAR <= at <= (brief.end or brief.begin) + _NEAR
