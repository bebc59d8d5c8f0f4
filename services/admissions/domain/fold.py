"""All lifecycle facts of an encounter to what stands: a pure function of the set, whatever order they came in.

Of begins, plans and the discharge the last recorded counts, an amendment; of all else each fact counts. A cancel takes
back what was recorded before it; where EVN-2 does not tell, what had occurred by then. A cancel whose target is not
there yet waits in the set for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.admissions.domain import bedded
from services.admissions.domain.codes import AS_SENT, CLASS, Codes
from services.admissions.domain.lifecycle import (
    BEGINS,
    CANCELS,
    INTERIM,
    PLANS,
    REVIEWED,
    SINGLE,
    WALKED,
    Outcome,
    Stage,
    Trigger,
    step,
)
from services.admissions.domain.model import LifecycleFact, Register, Source, Unit
from services.admissions.domain.registers import is_taken_out

MOST_FACTS: Final = 200
MOST_BEDS: Final = 100
TOO_MANY: Final = "too-many-facts"
_OF_BEDS: Final = frozenset({Trigger.TRANSFER, Trigger.CANCEL_TRANSFER, Trigger.SWAP})
_SERIES: Final = "R"  # HL7 table 0004: recurring patient
_NEVER_BEGUN: Final = frozenset({Stage.CANCELLED, Stage.PLANNED})

Counting = dict[Unit, LifecycleFact]


@dataclass(frozen=True)
class Standing:
    """What stands. The facts are those that count and were not taken back; `reviews` are codes.

    `holding`: the facts whose own fields hold. Of a stay that never was these are all, so that what is told of it when
    it is withdrawn is what was told before. `codes`: what its codes mean. `closed`: it goes on and was silent for
    too long at this time (`closing`).
    """

    stage: Stage
    registered: LifecycleFact | None = None
    admitted: LifecycleFact | None = None
    discharged: LifecycleFact | None = None
    on_leave: bool = False
    holding: tuple[LifecycleFact, ...] = ()
    outcomes: tuple[tuple[Source, Outcome], ...] = ()
    reviews: tuple[str, ...] = ()
    codes: Codes = AS_SENT
    closed: datetime | None = None

    @property
    def unmanageable(self) -> bool:
        """More facts than a stay can have: nobody is told anything more."""
        return TOO_MANY in self.reviews


_NO_GROUND: Final[Mapping[str, Register]] = {}


def fold(
    facts: Iterable[LifecycleFact],
    ground: Mapping[str, Register] = _NO_GROUND,
    *,
    a08: str = bedded.DESCRIBES,
    codes: Codes = AS_SENT,
) -> Standing:
    """What stands of these facts. `ground` are the stay's registers, asked where the feed's `a08` class moves it."""
    ordered = sorted(facts, key=lambda fact: fact.order)
    if not ordered and ground and all(is_taken_out(register.stamp) for register in ground.values()):
        return Standing(Stage.CANCELLED, codes=codes)  # all that was said of it is said of another one
    counting = _counting(ordered)
    taken, outcomes = _pair(ordered, counting)
    outcomes |= {fact.source: Outcome.AMENDED for fact in ordered if _is_amended(fact, counting)}
    interim = {fact.source for fact in counting.values() if _is_interim(fact, counting, codes)}
    stage = _walk(ordered, counting, taken, outcomes, interim)
    stands = sorted((fact for unit, fact in counting.items() if unit not in taken), key=lambda fact: fact.order)
    stage, stands = bedded.by_class(stage, stands, ground, a08, codes)
    return Standing(
        stage,
        _first(stands, Trigger.REGISTER, Trigger.MOVE_OUT),
        _first(stands, Trigger.ADMIT, Trigger.MOVE_IN),
        _first([fact for fact in stands if fact.source not in interim], Trigger.DISCHARGE),
        _is_on_leave(stage, stands),
        tuple(_holding(stage, ordered, taken, outcomes)),
        tuple((fact.source, outcomes[fact.source]) for fact in ordered),
        _reviews(ordered, outcomes),
        codes,
    )


def remember(facts: tuple[LifecycleFact, ...], fact: LifecycleFact) -> tuple[LifecycleFact, ...]:
    """The facts with one more, bounded: one over the limit is enough to know that there were too many.

    Of changes of bed the latest are kept: a long stay has many, and the early ones say nothing any more.
    """
    ordered = sorted({one.source: one for one in (*facts, fact)}.values(), key=lambda one: one.order)
    beds = [one for one in ordered if one.trigger in _OF_BEDS]
    others = [one for one in ordered if one.trigger not in _OF_BEDS][: MOST_FACTS + 1]
    return tuple(sorted([*others, *beds[-MOST_BEDS:]], key=lambda one: one.order)) if beds else tuple(others)


def _counting(ordered: list[LifecycleFact]) -> Counting:
    """Of each unit the last recorded. A cancel is none."""
    last: Counting = {}
    for fact in sorted(ordered, key=lambda one: (one.stamp, one.order)):
        if fact.trigger not in CANCELS:
            last[fact.unit] = fact
    return last


def _is_amended(fact: LifecycleFact, counting: Counting) -> bool:
    return fact.trigger not in CANCELS and counting[fact.unit] is not fact


def _pair(ordered: list[LifecycleFact], counting: Counting) -> tuple[dict[Unit, LifecycleFact], dict[Source, Outcome]]:
    """Which cancel takes back the counting fact of which unit, and what became of each cancel."""
    taken: Counting = {}
    outcomes: dict[Source, Outcome] = {}
    for cancel in (fact for fact in ordered if fact.trigger in CANCELS):
        target = _target(cancel, ordered, counting, taken)
        if target is None:
            outcomes[cancel.source] = Outcome.WAITING
        elif target in taken:
            outcomes[cancel.source] = Outcome.REPEATED
        else:
            taken[target] = cancel
            outcomes[cancel.source] = Outcome.FOUND
    return taken, outcomes


def _target(cancel: LifecycleFact, ordered: list[LifecycleFact], counting: Counting, taken: Counting) -> Unit | None:
    """The fact whose time the cancel names exactly (the later one of two), else the latest that is not cancelled."""
    named = _named(cancel, ordered)
    if named:
        unit = named[-1].unit
        return unit if _undoes(cancel, counting[unit]) else None
    open_ = [fact for unit, fact in counting.items() if fact.trigger in CANCELS[cancel.trigger] and unit not in taken]
    found = [fact for fact in sorted(open_, key=lambda fact: fact.order) if _undoes(cancel, fact)]
    return found[-1].unit if found else None


def _named(cancel: LifecycleFact, ordered: list[LifecycleFact]) -> list[LifecycleFact]:
    return [fact for fact in ordered if fact.trigger in CANCELS[cancel.trigger] and _names(cancel, fact)]


def _names(cancel: LifecycleFact, fact: LifecycleFact) -> bool:
    """EVN-6 of the cancel is the fact's time, as exactly as it was sent."""
    return cancel.occurred <= fact.occurred <= cancel.until


def _undoes(cancel: LifecycleFact, fact: LifecycleFact) -> bool:
    """What was recorded after a cancel was done anew. A cancel whose EVN-2 only copies its EVN-6 tells no order."""
    if cancel.recorded is None or fact.recorded is None or cancel.recorded == fact.recorded:
        return fact.occurred <= cancel.until
    if _names(cancel, fact) and cancel.recorded <= cancel.occurred:
        return True
    return cancel.recorded > fact.recorded


def _walk(
    ordered: list[LifecycleFact],
    counting: Counting,
    taken: Counting,
    outcomes: dict[Source, Outcome],
    interim: set[Source],
) -> Stage:
    """Through the table, in order; a cancel directly behind its target. What moves no stage is applied where it is."""
    stage = Stage.INFERRED
    for unit, fact in sorted(counting.items(), key=lambda one: _place(one[1], ordered)):
        after, outcomes[fact.source] = stage, Outcome.APPLIED
        if fact.trigger in WALKED:
            trigger = INTERIM if fact.source in interim else fact.trigger
            after, outcomes[fact.source] = step(stage, trigger, stage)
        if cancel := taken.get(unit):
            if fact.trigger in WALKED:
                after, outcomes[cancel.source] = step(after, cancel.trigger, stage)
            outcomes[fact.source] = Outcome.TAKEN_BACK
        stage = after
    return stage


def _place(fact: LifecycleFact, ordered: list[LifecycleFact]) -> tuple[object, ...]:
    """An amended begin or plan stands where the first of its trigger stood."""
    if fact.trigger not in BEGINS and fact.trigger not in PLANS:
        return fact.order
    return next(one.order for one in ordered if one.trigger is fact.trigger)


def _is_interim(fact: LifecycleFact, counting: Counting, codes: Codes) -> bool:
    """The class of the discharge itself; where it says none, of the stay's begin."""
    if fact.trigger is not Trigger.DISCHARGE:
        return False
    said = (fact, *(counting.get((begin,)) for begin in BEGINS))
    first = next((one for one in said if one and one.class_), None)
    return first is not None and codes.meaning(CLASS, first.source[0], first.class_) == _SERIES


def _first(stands: list[LifecycleFact], *triggers: Trigger) -> LifecycleFact | None:
    """The first fact of the first of these triggers that has any."""
    return next((fact for trigger in triggers for fact in stands if fact.trigger is trigger), None)


def _is_on_leave(stage: Stage, stands: list[LifecycleFact]) -> bool:
    """Out and not back again, of a stay that goes on."""
    leaves = [fact.trigger for fact in stands if fact.trigger in (Trigger.LEAVE, Trigger.RETURN)]
    return bool(leaves) and leaves[-1] is Trigger.LEAVE and stage in (Stage.REGISTERED, Stage.ADMITTED)


def _holding(
    stage: Stage, ordered: list[LifecycleFact], taken: Counting, outcomes: dict[Source, Outcome]
) -> Iterable[LifecycleFact]:
    """An amended fact holds with the one that amends it, unless it was taken back before that."""
    waiting = [fact for fact in ordered if outcomes[fact.source] is Outcome.WAITING]
    for fact in ordered:
        if not fact.own or outcomes[fact.source] is Outcome.INTERIM:
            continue
        gone = fact.unit in taken or any(_took_back(cancel, fact, ordered) for cancel in waiting)
        if not gone or stage in _NEVER_BEGUN:
            yield fact


def _took_back(cancel: LifecycleFact, fact: LifecycleFact, ordered: list[LifecycleFact]) -> bool:
    """Did a cancel that found nothing that still counts take back what this fact said at the time?"""
    named = _named(cancel, ordered)
    reached = {one.trigger for one in named} or set(CANCELS[cancel.trigger])
    return fact.trigger in reached and fact.trigger in SINGLE and _undoes(cancel, fact)


def _reviews(ordered: list[LifecycleFact], outcomes: dict[Source, Outcome]) -> tuple[str, ...]:
    codes = {outcome.value for outcome in outcomes.values() if outcome in REVIEWED}
    if sum(fact.trigger not in _OF_BEDS for fact in ordered) > MOST_FACTS:
        codes.add(TOO_MANY)
    return tuple(sorted(codes))
