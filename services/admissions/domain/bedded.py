"""A change of class that was sent as an update: the stay follows it where the feed's profile says so.

HL7 v2.5.1 ch. 3.3.6 and 3.3.7 have A06 and A07 for it; some senders only send A08 with another PV1-2. No fact is kept:
the class is the register's, and whoever sends another one later takes the move back with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from services.admissions.domain.codes import CLASS, Codes, feed_of, is_observed
from services.admissions.domain.lifecycle import BEGINS, MOVES, Stage, Trigger, stamp_rank
from services.admissions.domain.model import LifecycleFact, Register

DESCRIBES: Final = "describes"
MOVES_STAY: Final = "moves"
BEDDED: Final = frozenset({"I", "B"})  # HL7 table 0004: inpatient, obstetrics
_OF_A_CANCEL: Final = str(stamp_rank(Trigger.CANCEL_BEGIN))
_STARTS: Final = (*BEGINS, *MOVES)


def by_class(
    stage: Stage, stands: list[LifecycleFact], ground: Mapping[str, Register], a08: str, codes: Codes
) -> tuple[Stage, list[LifecycleFact]]:
    """The stage and the standing facts after the class that was sent last, later than any begin or move."""
    said = ground.get(CLASS) if a08 == MOVES_STAY else None
    if said is None or not _counts(said, stands) or not _says(said, ground, codes):
        return stage, stands
    is_bedded = codes.of(CLASS, said) in BEDDED and not is_observed(ground)
    if stage is Stage.REGISTERED and is_bedded:
        return Stage.ADMITTED, [*stands, _moved_in(said)]
    if stage is Stage.ADMITTED and not is_bedded:
        return Stage.REGISTERED, stands
    return stage, stands


def _says(said: Register, ground: Mapping[str, Register], codes: Codes) -> bool:
    """A class that nobody knows moves nothing; once it is known it does."""
    return is_observed(ground) or (bool(said.value) and codes.knows(CLASS, feed_of(said.stamp), said.value))


def _counts(said: Register, stands: list[LifecycleFact]) -> bool:
    """A cancel of the begin repeats the class of what it cancels: that moves nothing."""
    is_later = all(fact.stamp < said.stamp for fact in stands if fact.trigger in _STARTS)
    return is_later and said.stamp.split("|")[1] != _OF_A_CANCEL


def _moved_in(said: Register) -> LifecycleFact:
    """The A06 that was not sent, at the time when the class was recorded."""
    instant, _, feed, control, digest = said.stamp.split("|")
    at = datetime.fromisoformat(instant)
    return LifecycleFact(
        trigger=Trigger.MOVE_IN, source=(feed, control, digest), occurred=at, until=at, recorded=at, stamp=said.stamp
    )
