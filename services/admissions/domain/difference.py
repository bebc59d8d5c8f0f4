"""What is said: the difference between what stood as said and what stands. Never the same thing twice.

A difference that takes back names the events it withdraws. A hearer who knows the discharge needs no late admission;
one who is told that a discharge does not stand is told what does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from services.admissions.domain.carried import STATUS
from services.admissions.domain.fold import Standing
from services.admissions.domain.lifecycle import Stage
from services.admissions.domain.model import Said
from shared.schemas.encounters import (
    DischargeWithdrawn,
    EncounterAdmitted,
    EncounterCancelled,
    EncounterDischarged,
    EncounterEvent,
    EncounterRegistered,
    EncounterUpdated,
    Withdrawal,
)

LASTING = (EncounterRegistered, EncounterAdmitted, EncounterDischarged)
"""What stands once it is said, until it is withdrawn."""


class Step(NamedTuple):
    """One event to say, and the said ones that it takes back."""

    model: type[EncounterEvent]
    withdraws: tuple[Withdrawal, ...] = ()


_NOTHING: Final = (Stage.CANCELLED, Stage.PLANNED)
"""A stay that never was, or is only planned, is none to its hearers."""


def difference(said: Said, standing: Standing) -> tuple[Step, ...]:
    """The steps from what was said to what stands; none where it is what was said."""
    if standing.stage in _NOTHING:
        return _to_cancelled(said)
    return (*_withdrawal(said, standing.stage), *_begin_or_end(said, standing))


def is_known(said: Said, stage: Stage) -> bool:
    """Do hearers hold this stay for one that stands, so that a change in what it carries is news to them?"""
    return said.status not in ("", "cancelled") and stage not in _NOTHING


def version_after(said: Said, steps: Iterable[Step]) -> int:
    """The discharge version counts discharges that were said."""
    return said.discharge_version + sum(step.model is EncounterDischarged for step in steps)


def standing_after(said: Said, told: Iterable[tuple[Step, str]]) -> tuple[Withdrawal, ...]:
    """What stands as said after these steps, each with its event id."""
    steps = list(told)
    withdrawn = {one.event_id for step, _ in steps for one in step.withdraws}
    new = tuple(Withdrawal(event_id=id_, type=step.model.TYPE) for step, id_ in steps if step.model in LASTING)
    return tuple(one for one in said.standing if one.event_id not in withdrawn) + new


def _to_cancelled(said: Said) -> tuple[Step, ...]:
    if said.status in ("", STATUS[Stage.CANCELLED]):
        return ()
    return (Step(EncounterCancelled, said.standing),)


def _withdrawal(said: Said, stage: Stage) -> tuple[Step, ...]:
    discharged = said.find(EncounterDischarged.TYPE)
    if discharged is None or stage is Stage.DISCHARGED:
        return ()
    return (Step(DischargeWithdrawn, (discharged,)),)


def _begin_or_end(said: Said, standing: Standing) -> tuple[Step, ...]:
    stage = standing.stage
    if stage is Stage.DISCHARGED:
        return () if said.find(EncounterDischarged.TYPE) else (Step(EncounterDischarged),)
    if stage is Stage.ADMITTED:
        return () if said.find(EncounterAdmitted.TYPE) else (Step(EncounterAdmitted),)
    return _to_registered(said, standing) if stage is Stage.REGISTERED else ()


def _to_registered(said: Said, standing: Standing) -> tuple[Step, ...]:
    """A withdrawn admission leaves the visit it came from: a correction, not a second registration.

    An admission that ended as a visit (A07) was one: it stays said.
    """
    registered, admitted = said.find(EncounterRegistered.TYPE), said.find(EncounterAdmitted.TYPE)
    if (admitted and standing.admitted) or (registered and not admitted):
        return ()
    return (Step(EncounterUpdated if registered else EncounterRegistered, (admitted,) if admitted else ()),)
