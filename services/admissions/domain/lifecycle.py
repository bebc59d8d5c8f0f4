"""How a stay moves: the transition table is data. An illegal move is a named outcome, never an error.

Sources: HL7 v2.5.1 ch. 3.3, a section a trigger (see `triggers`); class R: ch. 3.4.3.2. A cancel is walked directly
behind the fact that it takes back, and only then; BACK is the stage before that fact. What only says where the patient
lies, who looks after him or that he is on leave moves no stage and is not in the table.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from services.admissions.domain import triggers
from services.admissions.domain.triggers import TRIGGERS, WITHOUT_FACT, Effect

ACTING: Final = triggers.ACTING


class Trigger(StrEnum):
    """The triggers that leave a fact."""

    REGISTER = "A04"
    ADMIT = "A01"
    DISCHARGE = "A03"
    CANCEL_BEGIN = "A11"
    CANCEL_DISCHARGE = "A13"
    PRE_ADMIT = "A05"
    CANCEL_PRE_ADMIT = "A38"
    PEND_ADMIT = "A14"
    CANCEL_PENDING_ADMIT = "A27"
    MOVE_IN = "A06"
    MOVE_OUT = "A07"
    TRANSFER = "A02"
    CANCEL_TRANSFER = "A12"
    LEAVE = "A21"
    CANCEL_LEAVE = "A52"
    RETURN = "A22"
    CANCEL_RETURN = "A53"
    PEND_TRANSFER = "A15"
    CANCEL_PENDING_TRANSFER = "A26"
    PEND_DISCHARGE = "A16"
    CANCEL_PENDING_DISCHARGE = "A25"
    ATTENDING = "A54"
    CANCEL_ATTENDING = "A55"
    CONSULTING = "A61"
    CANCEL_CONSULTING = "A62"
    SWAP = "A17"

    @property
    def rank(self) -> int:
        """Order of facts of the same instant: a begin before its end, a fact before its cancel."""
        return _RANKS[self]


UPDATE: Final = "A08"
INTERIM: Final = "A03 of class R"
"""A series of visits is reported by the month: its A03 ends the month's bill and not the series."""

BEGINS: Final = (Trigger.REGISTER, Trigger.ADMIT)
PLANS: Final = (Trigger.PRE_ADMIT, Trigger.PEND_ADMIT)
MOVES: Final = (Trigger.MOVE_IN, Trigger.MOVE_OUT)
SINGLE: Final = frozenset({*BEGINS, *PLANS, Trigger.DISCHARGE})
"""Of these a later word is an amendment of the same fact; of every other trigger each fact is one of its own."""
WALKED: Final = frozenset({*SINGLE, *MOVES})
CANCELS: Final = {
    trigger: tuple(Trigger(one) for one in TRIGGERS[trigger].cancels)
    for trigger in Trigger
    if TRIGGERS[trigger].effect is Effect.CANCEL
}

_ORDER: Final = (
    *PLANS,
    *BEGINS,
    *MOVES,
    Trigger.LEAVE,
    Trigger.RETURN,
    Trigger.DISCHARGE,
    Trigger.CANCEL_BEGIN,
    Trigger.CANCEL_DISCHARGE,
)
_RANKS: Final = {one: _ORDER.index(one) if one in _ORDER else len(_ORDER) + (one in CANCELS) for one in Trigger}

_FIRST_WRITERS: Final = {trigger: rank for rank, trigger in enumerate((*Trigger,)[:5])}
_CANCEL_WRITES, _OTHER_WRITES, _DESCRIBES = 6, 5, 9


def stamp_rank(trigger: str) -> int:
    """The place of a trigger among writers of the same instant, one digit; what only describes has the last word.

    The first five are as in documents that were kept before there were others.
    """
    if trigger in _FIRST_WRITERS:
        return _FIRST_WRITERS[Trigger(trigger)]
    row = TRIGGERS[trigger]
    if row.effect in WITHOUT_FACT:
        return _DESCRIBES
    return _CANCEL_WRITES if row.effect is Effect.CANCEL else _OTHER_WRITES


class Stage(StrEnum):
    """Where a stay stands. INFERRED: known only by mention; nothing is said of it, nor of one that is PLANNED."""

    INFERRED = "inferred"
    PLANNED = "planned"
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
    ALREADY_SO = "already-so"
    PLANNED_AFTER_BEGIN = "planned-after-begin"  # a plan that came late
    INTERIM = "interim"
    BEGUN_AFTER_DISCHARGE = "begun-after-discharge"
    CANCELLED_YET_DISCHARGED = "cancelled-yet-discharged"


REVIEWED: Final = frozenset({Outcome.BEGUN_AFTER_DISCHARGE, Outcome.CANCELLED_YET_DISCHARGED})
"""Illegal moves that a person should see."""


class Move(NamedTuple):
    """Where to, and what to call it. `stage` None is BACK."""

    stage: Stage | None
    outcome: Outcome = Outcome.APPLIED


BACK: Final = Move(None, Outcome.FOUND)
_NOT_OVER: Final = tuple(stage for stage in Stage if stage is not Stage.DISCHARGED)


def _plans(move: dict[Stage, Move]) -> dict[tuple[Stage, str], Move]:
    """A05 and A14 move alike, and so do their cancels."""
    cancels = (Trigger.CANCEL_PRE_ADMIT, Trigger.CANCEL_PENDING_ADMIT)
    rows: dict[tuple[Stage, str], Move] = {(stage, plan): then for stage, then in move.items() for plan in PLANS}
    for then in (one.stage for one in move.values() if one.stage):
        rows |= {(then, cancel): BACK for cancel in cancels}
    return rows


TRANSITIONS: Final[dict[tuple[Stage, str], Move]] = {
    (Stage.INFERRED, Trigger.REGISTER): Move(Stage.REGISTERED),
    (Stage.INFERRED, Trigger.ADMIT): Move(Stage.ADMITTED),
    (Stage.INFERRED, Trigger.MOVE_IN): Move(Stage.ADMITTED),
    (Stage.INFERRED, Trigger.MOVE_OUT): Move(Stage.REGISTERED),
    (Stage.INFERRED, Trigger.DISCHARGE): Move(Stage.DISCHARGED),
    (Stage.PLANNED, Trigger.REGISTER): Move(Stage.REGISTERED),
    (Stage.PLANNED, Trigger.ADMIT): Move(Stage.ADMITTED),
    (Stage.PLANNED, Trigger.MOVE_IN): Move(Stage.ADMITTED),
    (Stage.PLANNED, Trigger.MOVE_OUT): Move(Stage.REGISTERED),
    (Stage.PLANNED, Trigger.DISCHARGE): Move(Stage.DISCHARGED),
    (Stage.REGISTERED, Trigger.REGISTER): Move(Stage.REGISTERED, Outcome.ALREADY_SO),
    (Stage.REGISTERED, Trigger.ADMIT): Move(Stage.ADMITTED),
    (Stage.REGISTERED, Trigger.MOVE_IN): Move(Stage.ADMITTED),
    (Stage.REGISTERED, Trigger.MOVE_OUT): Move(Stage.REGISTERED, Outcome.ALREADY_SO),
    (Stage.REGISTERED, Trigger.DISCHARGE): Move(Stage.DISCHARGED),
    (Stage.REGISTERED, Trigger.CANCEL_BEGIN): BACK,
    (Stage.ADMITTED, Trigger.REGISTER): Move(Stage.ADMITTED, Outcome.ALREADY_ADMITTED),
    (Stage.ADMITTED, Trigger.ADMIT): Move(Stage.ADMITTED, Outcome.ALREADY_SO),
    (Stage.ADMITTED, Trigger.MOVE_IN): Move(Stage.ADMITTED, Outcome.ALREADY_SO),
    (Stage.ADMITTED, Trigger.MOVE_OUT): Move(Stage.REGISTERED),
    (Stage.ADMITTED, Trigger.DISCHARGE): Move(Stage.DISCHARGED),
    (Stage.ADMITTED, Trigger.CANCEL_BEGIN): BACK,
    (Stage.DISCHARGED, Trigger.REGISTER): Move(Stage.DISCHARGED, Outcome.BEGUN_AFTER_DISCHARGE),
    (Stage.DISCHARGED, Trigger.ADMIT): Move(Stage.DISCHARGED, Outcome.BEGUN_AFTER_DISCHARGE),
    (Stage.DISCHARGED, Trigger.MOVE_IN): Move(Stage.DISCHARGED, Outcome.BEGUN_AFTER_DISCHARGE),
    (Stage.DISCHARGED, Trigger.MOVE_OUT): Move(Stage.DISCHARGED, Outcome.BEGUN_AFTER_DISCHARGE),
    (Stage.DISCHARGED, Trigger.CANCEL_BEGIN): BACK,
    (Stage.DISCHARGED, Trigger.CANCEL_DISCHARGE): BACK,
    (Stage.CANCELLED, Trigger.REGISTER): Move(Stage.REGISTERED),
    (Stage.CANCELLED, Trigger.ADMIT): Move(Stage.ADMITTED),
    (Stage.CANCELLED, Trigger.MOVE_IN): Move(Stage.ADMITTED),
    (Stage.CANCELLED, Trigger.MOVE_OUT): Move(Stage.REGISTERED),
    (Stage.CANCELLED, Trigger.DISCHARGE): Move(Stage.DISCHARGED, Outcome.CANCELLED_YET_DISCHARGED),
    **_plans(
        {
            Stage.INFERRED: Move(Stage.PLANNED),
            Stage.PLANNED: Move(Stage.PLANNED, Outcome.ALREADY_SO),
            Stage.REGISTERED: Move(Stage.REGISTERED, Outcome.PLANNED_AFTER_BEGIN),
            Stage.ADMITTED: Move(Stage.ADMITTED, Outcome.PLANNED_AFTER_BEGIN),
            Stage.DISCHARGED: Move(Stage.DISCHARGED, Outcome.PLANNED_AFTER_BEGIN),
            Stage.CANCELLED: Move(Stage.PLANNED),
        }
    ),
    **{(stage, INTERIM): Move(stage, Outcome.INTERIM) for stage in _NOT_OVER},
    **{(stage, Trigger.CANCEL_DISCHARGE): BACK for stage in _NOT_OVER},
}
"""Of begins, plans and the discharge one counts (see `fold`), so that what is not here cannot be met.

An A13 meets a stage that is not over where it takes back an interim end.
"""

_NEVER_WAS: Final = frozenset({Trigger.CANCEL_BEGIN, Trigger.CANCEL_PRE_ADMIT, Trigger.CANCEL_PENDING_ADMIT})


def step(stage: Stage, trigger: str, before: Stage) -> tuple[Stage, Outcome]:
    """One move of the table; for a cancel `before` is the stage before its target. What never began is cancelled."""
    move = TRANSITIONS[stage, trigger]
    if move.stage is not None:
        return move.stage, move.outcome
    never_was = before is Stage.INFERRED and trigger in _NEVER_WAS
    return (Stage.CANCELLED if never_was else before), move.outcome
