"""One message that acts, with whom and what it names, and the occasion on which something is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from services.admissions.domain import registers, times
from services.admissions.domain.lifecycle import stamp_rank
from services.admissions.domain.model import Source
from shared.feeds import FeedProfile
from shared.schemas.adt import AdtEvent
from shared.schemas.envelope import Mode


@dataclass(frozen=True)
class Occasion:
    """Why something is said: the id of what brought it, when that was said, by whose feed, in which mode.

    `reason` is a code: the trigger, or what a person's word was. `anew`: no message came, each stay is to be looked at.
    """

    cause: str
    at: datetime
    reason: str
    feed: str
    mode: Mode
    anew: bool = False


@dataclass(frozen=True)
class Message:
    """One message that acts. `cause` is the id of the record that brought it, `mode` its feed's when it came.

    `numbers` are the patient's usable numbers as claims, best first; `rank` is the place of the best one's type in the
    profile, `patient_id` is derived from it, or from the message itself where there is none.
    """

    event: AdtEvent
    profile: FeedProfile
    source: Source
    cause: str
    patient_id: str
    numbers: tuple[str, ...] = ()
    rank: int = 0
    mode: Mode = Mode.LIVE

    @cached_property
    def stamp(self) -> str:
        """Its place among the writers of registers."""
        return registers.stamp(times.heard_at(self.event), stamp_rank(self.event.trigger), self.source)

    @property
    def record(self) -> str:
        """The key of the record that it writes: the best number, "" where it has none."""
        return self.numbers[0] if self.numbers else ""

    @property
    def occasion(self) -> Occasion:
        """What it causes to be said is said on this occasion."""
        return Occasion(self.cause, times.heard_at(self.event), self.event.trigger, self.profile.feed, self.mode)
