"""How a stay moves: the transition table is data. An illegal move is a named outcome, never an error.

Sources: HL7 v2.5.1 ch. 3.3.1 (A01), 3.3.3 (A03), 3.3.4 (A04), 3.3.8 (A08), 3.3.11 (A11), 3.3.13 (A13). A cancel is
walked directly behind the fact that it takes back, and only then; BACK is the stage before that fact.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class Trigger(StrEnum):
    """The triggers that act. A08 only describes: it moves nothing and leaves no fact."""

    REGISTER = "A04"
    ADMIT = "A01"
    DISCHARGE = "A03"
    CANCEL_BEGIN = "A11"
    CANCEL_DISCHARGE = "A13"

    @property
    def rank(self) -> int:
        """Order of facts of the same instant: a begin before its end, a fact before its cancel."""
        return _RANKS[self]


_RANKS: Final = {trigger: rank for rank, trigger in enumerate(Trigger)}
UPDATE: Final = "A08"
ACTING: Final = frozenset({UPDATE, *Trigger})
BEGINS: Final = (Trigger.REGISTER, Trigger.ADMIT)
CANCELS: Final = {
    Trigger.CANCEL_BEGIN: BEGINS,
    Trigger.CANCEL_DISCHARGE: (Trigger.DISCHARGE,),
}


class Stage(StrEnum):
    """Where a stay stands. INFERRED: known only by mention; nothing is said of it."""

    INFERRED = "inferred"
    REGISTERED = "registered"
    ADMITTED = "admitted"
    DISCHARGED = "discharged"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What became of a fact."""

    APPLIED = "applied"
    TAKEN_BACK = "taken-back"  # a cancel found it
    AMENDED = "amended"  # a later word of the same trigger replaced it
    FOUND = "found"  # a cancel took its target back
    REPEATED = "repeated"  # a cancel of what is cancelled
    WAITING = "waiting"  # a cancel whose target is not known, or was done again since
    ALREADY_ADMITTED = "already-admitted"
    BEGUN_AFTER_DISCHARGE = "begun-after-discharge"
    CANCELLED_YET_DISCHARGED = "cancelled-yet-discharged"


REVIEWED: Final = frozenset({Outcome.BEGUN_AFTER_DISCHARGE, Outcome.CANCELLED_YET_DISCHARGED})
"""Illegal moves that a person should see."""


class Move(NamedTuple):
    """Where to, and what to call it. `stage` None is BACK."""

    stage: Stage | None
    outcome: Outcome = Outcome.APPLIED


BACK: Final = Move(None, Outcome.FOUND)

TRANSITIONS: Final[dict[tuple[Stage, Trigger], Move]] = {
    (Stage.INFERRED, Trigger.REGISTER): Move(Stage.REGISTERED),
    (Stage.INFERRED, Trigger.ADMIT): Move(Stage.ADMITTED),
    (Stage.INFERRED, Trigger.DISCHARGE): Move(Stage.DISCHARGED),
    (Stage.REGISTERED, Trigger.ADMIT): Move(Stage.ADMITTED),
    (Stage.REGISTERED, Trigger.DISCHARGE): Move(Stage.DISCHARGED),
    (Stage.REGISTERED, Trigger.CANCEL_BEGIN): BACK,
    (Stage.ADMITTED, Trigger.REGISTER): Move(Stage.ADMITTED, Outcome.ALREADY_ADMITTED),
    (Stage.ADMITTED, Trigger.DISCHARGE): Move(Stage.DISCHARGED),
    (Stage.ADMITTED, Trigger.CANCEL_BEGIN): BACK,
    (Stage.DISCHARGED, Trigger.REGISTER): Move(Stage.DISCHARGED, Outcome.BEGUN_AFTER_DISCHARGE),
    (Stage.DISCHARGED, Trigger.ADMIT): Move(Stage.DISCHARGED, Outcome.BEGUN_AFTER_DISCHARGE),
    (Stage.DISCHARGED, Trigger.CANCEL_BEGIN): BACK,
    (Stage.DISCHARGED, Trigger.CANCEL_DISCHARGE): BACK,
    (Stage.CANCELLED, Trigger.REGISTER): Move(Stage.REGISTERED),
    (Stage.CANCELLED, Trigger.ADMIT): Move(Stage.ADMITTED),
    (Stage.CANCELLED, Trigger.DISCHARGE): Move(Stage.DISCHARGED, Outcome.CANCELLED_YET_DISCHARGED),
}
"""One fact of each trigger counts (see `fold`), so that what is not here cannot be met."""


def step(stage: Stage, trigger: Trigger, before: Stage) -> tuple[Stage, Outcome]:
    """One move of the table; for a cancel `before` is the stage before its target. What never began is cancelled."""
    move = TRANSITIONS[stage, trigger]
    if move.stage is not None:
        return move.stage, move.outcome
    never_was = before is Stage.INFERRED and trigger is Trigger.CANCEL_BEGIN
    return (Stage.CANCELLED if never_was else before), move.outcome
