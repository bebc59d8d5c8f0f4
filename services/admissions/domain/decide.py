"""One ADT message and the documents that it names, to the document as it stands then and to what is to be said.

Documents that it names together become one, the message is put into it, and what was said is compared with what stands.
A message that is known again changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.admissions.domain import identity
from services.admissions.domain.closing import CLOSE, ring
from services.admissions.domain.message import Message, Occasion
from services.admissions.domain.model import Patient
from services.admissions.domain.put import is_known_again, put
from services.admissions.domain.reread import not_beside, swept, taken_out
from services.admissions.domain.telling import told
from services.admissions.domain.unite import gathered, tombstone
from services.admissions.domain.world import Telling, World


@dataclass(frozen=True)
class Decided:
    """The document after the message, the one before it (None: a new one), what to say, and what was taken in."""

    patient: Patient
    before: Patient | None
    tellings: tuple[Telling, ...] = ()
    absorbs: tuple[Patient, ...] = ()

    @property
    def changes_nothing(self) -> bool:
        """Was it known again, or no news at all?"""
        return not self.absorbs and self.patient == self.before


def decide(holders: Sequence[Patient], message: Message, world: World) -> Decided:
    """The document after the message. `holders` are those that hold one of the numbers that it names."""
    before, absorbs, denied = gathered(holders, message)
    stood = before if before.records else None
    if not absorbs and not message.reread and is_known_again(before, message):
        return Decided(before, stood)
    after, at_hand = _reread(before, message, denied) if message.reread else put(before, message, denied)
    if message.reread and not absorbs and after == before:
        return Decided(before, stood)
    after, tellings = told(before, after, message.occasion, at_hand, world)
    return Decided(after, stood, tellings, tuple(tombstone(one, after.patient_id) for one in absorbs))


def _reread(before: Patient, message: Message, denied: frozenset[str]) -> tuple[Patient, str]:
    nobodys = identity.placeholders(message.event.patient, message.profile, before.processing_id)
    after, at_hand = put(taken_out(before, message.source), message, denied)
    return swept(not_beside(after, message.record, nobodys)), at_hand


def elsewhere(holder: Patient, message: Message, world: World) -> Decided:
    """A document to which today's reading of the message does not lead any more, without what it has of it."""
    after = swept(taken_out(holder, message.source))
    if after == holder:
        return Decided(holder, holder)
    after, tellings = told(holder, after, message.occasion, "", world)
    return Decided(after, holder, tellings)


def again(patient: Patient, alarm: str, occasion: Occasion, world: World) -> Decided | None:
    """The document as it is decided without a message, because of an alarm; None where that does not stand any more.

    It rings for a stay that is silent for too long (`close:`), or because profiles know a code of it now (`codes:`).
    """
    if patient.alias_of:
        return None
    if alarm.startswith(CLOSE):
        rung = ring(patient, alarm, occasion.at)
    else:
        rung = (patient, "") if any(world.codes.has_learnt(one.code) for one in patient.unmapped) else None
    if rung is None:
        return None
    after, tellings = told(patient, rung[0], occasion, rung[1], world)
    return Decided(after, patient, tellings)
