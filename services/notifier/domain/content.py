"""What a message says, as values for its template: 42 CFR 482.24(d) asks for the patient's name, the treating
practitioner's and the sending institution's; what happened, what is to be done and when is added, and nothing more.

Times are shown in the facility's zone with its abbreviation, and no more precisely than they were sent.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.schemas.encounters import AboutEncounter, PersonName, When
from shared.schemas.tasks import TaskEvent, TaskState
from shared.schemas.transitions import Deadline, TransitionEvent

NOT_STATED: Final = "not stated"

WORK: Final = {
    "contact": "contact with the patient (2 business days)",
    "home-visit": "home visit",
    "medication-reconciliation": "medication reconciliation",
    "practitioner-visit": "visit with a practitioner",
    "risk-review": "a nurse's decision on how much follow-up is needed",
}

DISPOSITIONS: Final = {
    "01": "home",
    "02": "another acute care hospital",
    "03": "skilled nursing facility",
    "04": "intermediate care facility",
    "06": "home, with home health care",
    "07": "left against medical advice",
    "20": "died",
    "40": "died at home",
    "41": "died in a medical facility",
    "42": "died, place unknown",
    "50": "hospice, at home",
    "51": "hospice, in a medical facility",
    "61": "swing bed",
    "62": "inpatient rehabilitation",
    "63": "long-term care hospital",
    "65": "psychiatric hospital",
}
"""NUBC UB-04 FL17, in words; a code that is not here is shown as sent."""

SHAPES: Final = {"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d", "hour": "%Y-%m-%d %H:00 %Z"}


def context_of(data: AboutEncounter) -> dict[str, Any]:
    """The values for a template: text, lists of text values and truth values only."""
    encounter = data.encounter
    return {
        "patient": _name(data.patient.name),
        "practitioner": _practitioner(data),
        "institution": encounter.facility or NOT_STATED,
        "occurred_at": shown(data.occurred_at, encounter.zone),
        "admitted_at": _when(encounter.admitted_at, encounter.zone),
        "discharged_at": _when(encounter.discharged_at, encounter.zone),
        "discharged_to": DISPOSITIONS.get(encounter.disposition, encounter.disposition) or NOT_STATED,
        "ended": encounter.discharged_at is not None,
        "died": data.patient.deceased,
        **_own(data),
    }


def shown(instant: datetime, zone: str, precision: str = "minute") -> str:
    """An instant as a clock of that zone shows it, e.g. `2026-11-03 10:00 EST`; an unknown zone is shown in UTC."""
    return instant.astimezone(_zone(zone)).strftime(SHAPES.get(precision, "%Y-%m-%d %H:%M %Z"))


def _own(data: AboutEncounter) -> dict[str, Any]:
    """What only a transition or a task has to say."""
    match data:
        case TransitionEvent():
            state = data.transition
            work = [_work(one, one.zone) for one in state.deadlines]
            return {"pathway": state.pathway, "work": work, "reason": state.reason or NOT_STATED}
        case TaskEvent():
            return {"pathway": data.pathway, "task": _work(data.task, data.task.zone), "reason": data.task.reason}
        case _:
            return {}


def _work(one: Deadline | TaskState, zone: str) -> dict[str, str]:
    return {
        "name": WORK.get(one.code, one.code),
        "opens_at": shown(one.opens_at, zone),
        "due_at": shown(one.due_at, zone),
    }


def _practitioner(data: AboutEncounter) -> str:
    """The treating practitioner: who attends, else who admitted."""
    named = {member.role: _name(member.name) for member in reversed(data.care_team) if _name(member.name) != NOT_STATED}
    return named.get("ATND") or named.get("ADM") or NOT_STATED


def _name(name: PersonName) -> str:
    given = " ".join(part for part in (name.prefix, name.given, name.middle) if part)
    return ", ".join(part for part in (name.family, given, name.suffix) if part) or NOT_STATED


def _when(when: When | None, zone: str) -> str:
    return shown(when.instant, zone, when.precision) if when else NOT_STATED


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
