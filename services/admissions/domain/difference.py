"""What is said: the difference between what stood as said and what stands. Never the same thing twice.

A difference that takes back names the events it withdraws; one that leaves them standing and changes what they told
(where to, which day) names those it amends. A hearer who knows the discharge needs no late admission; one who is told
that a discharge does not stand is told what does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from services.admissions.domain.carried import STATUS
from services.admissions.domain.fold import Standing
from services.admissions.domain.lifecycle import Stage
from services.admissions.domain.model import Said
from shared.schemas.encounters import (
    DischargeWithdrawn,
    EncounterAdmitted,
    EncounterCancelled,
    EncounterClosed,
    EncounterDischarged,
    EncounterEvent,
    EncounterRegistered,
    EncounterState,
    EncounterUpdated,
    When,
    Withdrawal,
)

LASTING = (EncounterRegistered, EncounterAdmitted, EncounterDischarged)
"""What stands once it is said, until it is withdrawn."""


Content = tuple[str, ...]
"""What people act on when they are told of an event: the local date; of a discharge the disposition, too."""

_SHOWN: Final = {"year": "%Y", "month": "%Y-%m"}


class Step(NamedTuple):
    """One event to say, and the said ones that it takes back or that stand with another content."""

    model: type[EncounterEvent]
    withdraws: tuple[Withdrawal, ...] = ()
    amends: tuple[Withdrawal, ...] = ()


_NOTHING: Final = (Stage.CANCELLED, Stage.PLANNED)
"""A stay that never was, or is only planned, is none to its hearers."""


def difference(said: Said, standing: Standing) -> tuple[Step, ...]:
    """The steps from what was said to what stands; none where it is what was said."""
    if standing.stage in _NOTHING:
        return _to_cancelled(said)
    if standing.stage is Stage.INFERRED and (begun := _begun(said)):
        return (Step(EncounterCancelled, begun),)
    steps = (*_withdrawal(said, standing.stage), *_begin_or_end(said, standing))
    return (*steps, *_closing(said, standing, steps))


def with_amendments(said: Said, steps: tuple[Step, ...], now: Mapping[str, Content]) -> tuple[Step, ...]:
    """The steps, the first naming what it amends; an update where there is no other step to name it.

    What was not known when it was told, or is only told less precisely now, was not told wrongly.
    """
    withdrawn = {one.event_id for step in steps for one in step.withdraws}
    stands = [one for one in said.standing if one.event_id not in withdrawn]
    amends = tuple(one for one in stands if not _agree(said.told.get(one.event_id, ()), now.get(one.type, ())))
    if not amends:
        return steps
    first, *others = steps or (Step(EncounterUpdated),)
    return (first._replace(amends=amends), *others)


def contents(state: EncounterState, standing: Standing) -> dict[str, Content]:
    """What an event of each lasting type would tell now, by type; nothing of one whose time is not known."""
    registered = When(instant=standing.registered.occurred) if standing.registered else None
    return {
        EncounterRegistered.TYPE: _date(registered, state.zone),
        EncounterAdmitted.TYPE: _date(state.admitted_at, state.zone),
        EncounterDischarged.TYPE: (state.disposition, *_date(state.discharged_at, state.zone)),
    }


def told_after(
    said: Said, steps: tuple[Step, ...], standing: Iterable[Withdrawal], now: Mapping[str, Content]
) -> dict[str, Content]:
    """The content that was told last of each event that stands after the steps, by event id."""
    amended = {one.event_id for step in steps for one in step.amends}
    kept = {id_: content for id_, content in said.told.items() if id_ not in amended}
    return {one.event_id: kept.get(one.event_id, now[one.type]) for one in standing}


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


def _begun(said: Said) -> tuple[Withdrawal, ...]:
    """All that was said of a stay whose begin turned out to be of another: it is known by mention alone."""
    is_begun = said.find(EncounterRegistered.TYPE) or said.find(EncounterAdmitted.TYPE)
    return said.standing if is_begun else ()


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


def _closing(said: Said, standing: Standing, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """A stay that a rule closed, to those who know it and do not hold it for over. Opening it again is an update."""
    is_known_ = bool(steps) or said.status not in ("", "cancelled")
    is_over = said.status == "finished" and said.find(EncounterDischarged.TYPE) is None
    return (Step(EncounterClosed),) if standing.closed and is_known_ and not is_over else ()


def _to_registered(said: Said, standing: Standing) -> tuple[Step, ...]:
    """A withdrawn admission leaves the visit it came from: a correction, not a second registration.

    An admission that ended as a visit (A07) was one: it stays said.
    """
    registered, admitted = said.find(EncounterRegistered.TYPE), said.find(EncounterAdmitted.TYPE)
    if (admitted and standing.admitted) or (registered and not admitted):
        return ()
    return (Step(EncounterUpdated if registered else EncounterRegistered, (admitted,) if admitted else ()),)


def _agree(told: Content, now: Content) -> bool:
    """Dates are as precise as they were sent: one may be the beginning of the other."""
    pairs = zip(told, now, strict=False)
    return all(not before or before.startswith(after or "-") or after.startswith(before) for before, after in pairs)


def _date(when: When | None, zone: str) -> Content:
    if when is None:
        return ()
    return (when.instant.astimezone(ZoneInfo(zone)).strftime(_SHOWN.get(when.precision, "%Y-%m-%d")),)
