"""Stays that nobody ends: after so long without a word one is over by rule, until there is a word again.

Nothing is changed for it: the latest time at which the clock found a stay silent is kept in its visit, and the stay is
closed if it was silent for its whole limit then. A word that was recorded later opens it again by itself, in any order.
The clock rings an hour after the limit and at a full hour, for what is still on its way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.admissions.domain.codes import CLASS
from services.admissions.domain.fold import Standing
from services.admissions.domain.lifecycle import Stage
from services.admissions.domain.model import Encounter, Patient, Visit
from services.admissions.domain.put import DOOR
from services.admissions.domain.registers import value_of
from services.admissions.domain.stays import Stay
from services.admissions.domain.values import standing_values
from shared.codes import Days
from shared.feeds import FeedProfile

CLOSE: Final = "close"
GRACE: Final = timedelta(hours=1)
_HOUR: Final = timedelta(hours=1)
_OTHERWISE: Final = "I"
_GOES_ON: Final = frozenset({Stage.INFERRED, Stage.REGISTERED, Stage.ADMITTED})


class RulesInvalid(Exception):
    """The table cannot be used; the text says where."""


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    close_after_days: Days = Field(min_length=1)


class Closing:
    """After how long: the table by patient class, and the feeds that say otherwise."""

    def __init__(self, days: Mapping[str, float], profiles: Mapping[str, FeedProfile]) -> None:
        self._days = days
        self._profiles = profiles

    def limit(self, feed: str, class_: str) -> timedelta:
        """How long a stay of this class may be silent in this feed."""
        profile = self._profiles.get(feed)
        days = {**self._days, **(profile.close_after_days if profile else {})}
        return timedelta(days=days.get(class_, days[_OTHERWISE]))


def parse_rules(content: Mapping[str, Any]) -> dict[str, float]:
    """The days by patient class of a rules file as read: `{"close_after_days": {"I": 120}}`. Raises RulesInvalid."""
    try:
        days = _Rules.model_validate(content).close_after_days
    except ValidationError as invalid:
        found = invalid.errors(include_input=False, include_url=False)[0]
        raise RulesInvalid(f"{'.'.join(map(str, found['loc']))}: {found['msg']}") from None
    if _OTHERWISE not in days:
        raise RulesInvalid(f"close_after_days: {_OTHERWISE} is missing, which counts for every other class")
    return days


def laid(standing: Standing, stay: Stay, closing: Closing | None) -> tuple[Standing, datetime | None]:
    """What stands with the rule laid over it, and when the clock is to look; None where nothing is left to close."""
    if closing is None or standing.stage not in _GOES_ON:
        return standing, None
    door = stay.registers[DOOR].stamp
    class_ = value_of(standing_values(stay.registers, standing), CLASS, "")
    silent_until = datetime.fromisoformat(door.split("|", 1)[0]) + closing.limit(stay.feed, class_)
    rung = max((visit.closed for visit in stay.visits if visit.closed), default=None)
    if rung is not None and rung >= silent_until:
        return replace(standing, closed=rung), None
    return standing, _full_hour(silent_until + GRACE)


def ring(patient: Patient, alarm: str, due: datetime) -> tuple[Patient, str] | None:
    """The document with what the clock found, and the visit; None if (alarm, due) does not stand any more."""
    encounter = patient.encounters.get(alarm.removeprefix(f"{CLOSE}:"))
    if encounter is None or encounter.closes_at != due:
        return None
    visits = tuple(_found_silent(one, due) if one.visit_id == encounter.anchor else one for one in patient.visits)
    return patient.model_copy(update={"visits": visits}), encounter.anchor


def _found_silent(visit: Visit, at: datetime) -> Visit:
    return visit.model_copy(update={"closed": max(visit.closed or at, at)})


def alarms_due(state: Mapping[str, Any], until: datetime) -> list[tuple[str, datetime]]:
    """The alarms of a stored state that are due at `until` (inclusive)."""
    every = ((f"{CLOSE}:{id_}", one.get("closes_at")) for id_, one in state["encounters"].items())
    found = [(alarm, datetime.fromisoformat(at)) for alarm, at in every if at]
    return [(alarm, due) for alarm, due in found if due <= until]


def next_alarm_at(encounters: Iterable[Encounter]) -> datetime | None:
    """When the clock must look again, or None."""
    return min((one.closes_at for one in encounters if one.closes_at), default=None)


def _full_hour(at: datetime) -> datetime:
    """This one or the next."""
    floor = at.replace(minute=0, second=0, microsecond=0)
    return floor if floor == at else floor + _HOUR
