"""One message that acts, with whom and what it names, and the occasion on which something is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from services.admissions.domain import registers, times
from services.admissions.domain.journal import numbers_of
from services.admissions.domain.lifecycle import stamp_rank
from services.admissions.domain.model import Source
from services.admissions.domain.repairs import Repair
from services.admissions.domain.triggers import TRIGGERS, Effect
from shared.feeds import FeedProfile
from shared.schemas.adt import AdtEvent
from shared.schemas.envelope import Mode

_OF_THE_FIRST: Final = ("roles", "diagnoses", "coverage")
_OF_SEVERAL: Final = frozenset({Effect.REPAIR, Effect.SWAP})


@dataclass(frozen=True)
class Occasion:
    """Why something is said: the id of what brought it, when that was said, by whose feed, in which mode.

    `reason` is a code: the trigger, or what a person's word was, which is of no feed and of no mode. `anew`: no message
    came, each stay is to be looked at.
    """

    cause: str
    at: datetime
    reason: str
    feed: str
    mode: Mode | None
    anew: bool = False


@dataclass(frozen=True)
class Message:
    """One message that acts. `cause` is the id of the record that brought it, `mode` its feed's when it came.

    `numbers` are the patient's usable numbers as claims, best first; `rank` is the place of the best one's type in the
    profile, `patient_id` is derived from it, or from the message itself where there is none. `repairs` is what it
    says of identities. `reread`: it was heard before, and is read anew.
    """

    event: AdtEvent
    profile: FeedProfile
    source: Source
    cause: str
    patient_id: str
    numbers: tuple[str, ...] = ()
    rank: int = 0
    repairs: tuple[Repair, ...] = ()
    mode: Mode = Mode.LIVE
    reread: bool = False

    @cached_property
    def stamp(self) -> str:
        """Its place among the writers of registers."""
        return stamp_of(self.event, self.source)

    @property
    def record(self) -> str:
        """The key of the record that it writes: the best number, "" where it has none."""
        return self.numbers[0] if self.numbers else ""

    @property
    def claims(self) -> tuple[str, ...]:
        """Every number of a patient that it names, the best one of its own first."""
        repaired = (number for repair in self.repairs for number in sorted(numbers_of(repair)))
        return tuple(dict.fromkeys([*self.numbers, *repaired]))

    @property
    def occasion(self) -> Occasion:
        """What it causes to be said is said on this occasion."""
        at, feed = times.heard_at(self.event), self.profile.feed
        return Occasion(self.cause, at, self.event.trigger, feed, self.mode, anew=self.reread)


def stamp_of(event: AdtEvent, source: Source) -> str:
    """The place of a message among the writers of registers."""
    return registers.stamp(times.heard_at(event), stamp_rank(event.trigger), source)


def parts_of(event: AdtEvent) -> tuple[AdtEvent, ...]:
    """A swap and a repair are about each of their patients; of any other message the first one counts.

    Roles, diagnoses and coverage are the first one's alone, and so is what of them was cleared.
    """
    if TRIGGERS[event.trigger].effect not in _OF_SEVERAL:
        return (event,)
    alone = event.model_copy(update={"other_patients": ()})
    others = ({"patient": one.patient, "encounter": one.encounter} for one in event.other_patients)
    its_own = alone.model_copy(update=dict.fromkeys(_OF_THE_FIRST) | {"cleared": ()})
    return (alone, *(its_own.model_copy(update=other) for other in others))
