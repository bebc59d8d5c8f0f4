"""One ADT message and the documents that it names, to the document as it stands then and to what is to be said.

Documents that it names together become one, the message is put into it, and what was said is compared with what stands.
A message that is known again changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.admissions.domain.closing import CLOSE, ring
from services.admissions.domain.message import Message, Occasion
from services.admissions.domain.model import Patient
from services.admissions.domain.put import is_known_again, put
from services.admissions.domain.telling import Telling, World, told
from services.admissions.domain.unite import gathered, tombstone


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
    if not absorbs and is_known_again(before, message):
        return Decided(before, stood)
    after, at_hand = put(before, message, denied)
    after, tellings = told(before, after, message.occasion, at_hand, world)
    return Decided(after, stood, tellings, tuple(tombstone(one, after.patient_id) for one in absorbs))


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
