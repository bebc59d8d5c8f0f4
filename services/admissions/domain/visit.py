"""Which stay a message is about. A visit number is unique only inside its authority and patient (HL7 v2.5.1 ch. 3.3).

The key is, in this order: PV1-19 with its authority; PID-18, the account; for a message that begins or ends a stay,
the visit's start (PV1-44 to the minute) or else the day it happened, both as sent. Any other message that has neither
number nor start is about the patient alone, and so is one that describes the person (A28, A31). What repairs an
identity describes a stay only where it names the visit.
"""

from __future__ import annotations

from typing import Final

from services.admissions.domain.lifecycle import BEGINS, CANCELS, MOVES, UPDATE, Trigger
from services.admissions.domain.triggers import TRIGGERS, Effect
from shared.feeds import FeedProfile
from shared.schemas.adt import AdtEvent
from shared.schemas.envelope import derived_id
from shared.schemas.identifiers import Identifier

_TO_THE_MINUTE: Final = 12
_TO_THE_DAY: Final = 8
_NO_VISIT: Final = "N"
_BEGINS_OR_ENDS: Final = frozenset({*BEGINS, *MOVES, Trigger.DISCHARGE})
_BEGINS_ANEW: Final = frozenset({Trigger.ADMIT, *MOVES})
_BY_ITS_DAY: Final = _BEGINS_OR_ENDS | {cancel for cancel, found in CANCELS.items() if _BEGINS_OR_ENDS & {*found}}


def visit_of(event: AdtEvent, profile: FeedProfile) -> tuple[str, ...] | None:
    """The visit key, or None where the message is about the patient alone."""
    encounter = event.encounter
    if TRIGGERS[event.trigger].effect is Effect.DESCRIBE_PERSON:
        return None
    effect = TRIGGERS[event.trigger].effect
    for kind, number in (("visit", encounter.visit_number), ("account", encounter.account_number)):
        if number is not None and number.value.strip():
            return kind, *_place(number, profile)
        if effect is Effect.REPAIR:
            return None
    if event.trigger == UPDATE and profile.class_of(encounter.class_ or "") == _NO_VISIT:
        return None
    if encounter.admitted_at is not None:
        return "unnumbered", encounter.admitted_at.text[:_TO_THE_MINUTE]
    return ("unnumbered", event.occurred_at.text[:_TO_THE_DAY]) if event.trigger in _BY_ITS_DAY else None


def prior_of(event: AdtEvent, profile: FeedProfile) -> tuple[tuple[str, ...], ...]:
    """The visit that led into this one: MRG-5, else MRG-3, of a begin (HL7 v2.5.1 ch. 3.3.6: no merge)."""
    if event.trigger not in _BEGINS_ANEW:
        return ()
    sent = ("visit", event.encounter.prior_visit_number), ("account", event.encounter.prior_account_number)
    numbers = ((kind, *_place(number, profile)) for kind, number in sent if number is not None and number.value.strip())
    return tuple(numbers)[:1]


def encounter_id_of(patient_id: str, visit: tuple[str, ...]) -> str:
    """The id of a patient's visit."""
    return derived_id("encounter", patient_id, *visit)


def _place(number: Identifier, profile: FeedProfile) -> tuple[str, str]:
    return number.assigner.strip().upper() or profile.default_authority, number.value.strip().upper()
