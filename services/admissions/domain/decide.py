"""One ADT message and the documents that it names, to the document as it stands then and to what is to be said.

The message is put into the document, and what was said is compared with what stands. One that is known again changes
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.admissions.domain.message import Message
from services.admissions.domain.model import Patient
from services.admissions.domain.put import is_known_again, new_patient, put
from services.admissions.domain.telling import Telling, World, told


@dataclass(frozen=True)
class Decided:
    """The document after the message, and what to say."""

    patient: Patient
    tellings: tuple[Telling, ...] = ()


def decide(holders: Sequence[Patient], message: Message, world: World) -> Decided:
    """The document after the message. `holders` are those that hold one of its numbers, the best number's first."""
    before = holders[0] if holders else new_patient(message)
    if is_known_again(before, message):
        return Decided(before)
    after, at_hand = put(before, message)
    return Decided(*told(before, after, message.occasion, at_hand, world))
