"""All lifecycle facts of an encounter to what stands: a pure function of the set, whatever order they came in.

A later word of one trigger is an amendment: the last recorded counts. A cancel takes back what was recorded before it;
where EVN-2 does not tell, what had occurred by then. A cancel whose target is not there yet waits in the set for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from services.admissions.domain.lifecycle import BEGINS, CANCELS, REVIEWED, Outcome, Stage, Trigger, step
from services.admissions.domain.model import LifecycleFact, Source

MOST_FACTS: Final = 200
TOO_MANY: Final = "too-many-facts"

Counting = dict[Trigger, LifecycleFact]


@dataclass(frozen=True)
class Standing:
    """What stands. The facts are those that count and were not taken back; `reviews` are codes."""

    stage: Stage
    registered: LifecycleFact | None = None
    admitted: LifecycleFact | None = None
    discharged: LifecycleFact | None = None
    outcomes: tuple[tuple[Source, Outcome], ...] = ()
    reviews: tuple[str, ...] = ()

    @property
    def unmanageable(self) -> bool:
        """More facts than a stay can have: nobody is told anything more."""
        return TOO_MANY in self.reviews


def fold(facts: Iterable[LifecycleFact]) -> Standing:
    """What stands of these facts."""
    ordered = sorted(facts, key=lambda fact: fact.order)
    counting = _counting(ordered)
    taken, outcomes = _pair(ordered, counting)
    outcomes |= {fact.source: Outcome.AMENDED for fact in ordered if _is_amended(fact, counting)}
    stage = _walk(ordered, counting, taken, outcomes)
    stands = {trigger: fact for trigger, fact in counting.items() if trigger not in taken}
    return Standing(
        stage,
        stands.get(Trigger.REGISTER),
        stands.get(Trigger.ADMIT),
        stands.get(Trigger.DISCHARGE),
        tuple((fact.source, outcomes[fact.source]) for fact in ordered),
        _reviews(ordered, outcomes),
    )


def remember(facts: tuple[LifecycleFact, ...], fact: LifecycleFact) -> tuple[LifecycleFact, ...]:
    """The facts with one more, bounded: one over the limit is enough to know that there were too many."""
    return tuple(sorted({*facts, fact}, key=lambda one: one.order)[: MOST_FACTS + 1])


def _counting(ordered: list[LifecycleFact]) -> Counting:
    """Of each trigger that is no cancel, the last recorded."""
    last: Counting = {}
    for fact in sorted(ordered, key=lambda one: (one.stamp, one.order)):
        if fact.trigger not in CANCELS:
            last[fact.trigger] = fact
    return last


def _is_amended(fact: LifecycleFact, counting: Counting) -> bool:
    return fact.trigger not in CANCELS and counting[fact.trigger] is not fact


def _pair(ordered: list[LifecycleFact], counting: Counting) -> tuple[Counting, dict[Source, Outcome]]:
    """Which cancel takes back the counting fact of which trigger, and what became of each cancel."""
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
    return taken, outcomes


def _target(cancel: LifecycleFact, ordered: list[LifecycleFact], counting: Counting, taken: Counting) -> Trigger | None:
    """The trigger whose time the cancel names exactly (the later one of two), else the latest that is not cancelled."""
    named = [fact.trigger for fact in ordered if fact.trigger in CANCELS[cancel.trigger] and _names(cancel, fact)]
    if named:
        return named[-1] if _undoes(cancel, counting[named[-1]]) else None
    open_ = [fact for trigger, fact in counting.items() if trigger in CANCELS[cancel.trigger] and trigger not in taken]
    found = [fact for fact in sorted(open_, key=lambda fact: fact.order) if _undoes(cancel, fact)]
    return found[-1].trigger if found else None


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


def _walk(ordered: list[LifecycleFact], counting: Counting, taken: Counting, outcomes: dict[Source, Outcome]) -> Stage:
    """Through the table, in order; a cancel directly behind its target."""
    stage = Stage.INFERRED
    for fact in sorted(counting.values(), key=lambda one: _place(one, ordered)):
        after, outcomes[fact.source] = step(stage, fact.trigger, stage)
        if cancel := taken.get(fact.trigger):
            after, outcomes[cancel.source] = step(after, cancel.trigger, stage)
            outcomes[fact.source] = Outcome.TAKEN_BACK
        stage = after
    return stage


def _place(fact: LifecycleFact, ordered: list[LifecycleFact]) -> tuple[object, ...]:
    """An amended begin stands where the first of its trigger stood."""
    if fact.trigger not in BEGINS:
        return fact.order
    return next(one.order for one in ordered if one.trigger is fact.trigger)


def _reviews(ordered: list[LifecycleFact], outcomes: dict[Source, Outcome]) -> tuple[str, ...]:
    codes = {outcome.value for outcome in outcomes.values() if outcome in REVIEWED}
    if len(ordered) > MOST_FACTS:
        codes.add(TOO_MANY)
    return tuple(sorted(codes))
