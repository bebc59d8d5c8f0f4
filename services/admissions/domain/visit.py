"""Which stay a message is about. A visit number is unique only inside its authority and patient (HL7 v2.5.1 ch. 3.3).

The key is, in this order: PV1-19 with its authority; PID-18, the account; for a message that begins or ends a stay,
the visit's start (PV1-44 to the minute) or else the day it happened, both as sent. A message that only describes and
has neither number nor start is about the patient alone.
"""

from __future__ import annotations

from typing import Final

from services.admissions.domain.lifecycle import UPDATE
from shared.feeds import FeedProfile
from shared.schemas.adt import AdtEvent
from shared.schemas.envelope import derived_id
from shared.schemas.identifiers import Identifier

_TO_THE_MINUTE: Final = 12
_TO_THE_DAY: Final = 8
_NO_VISIT: Final = "N"


def visit_of(event: AdtEvent, profile: FeedProfile) -> tuple[str, ...] | None:
    """The visit key, or None where the message is about the patient alone."""
    encounter = event.encounter
    for kind, number in (("visit", encounter.visit_number), ("account", encounter.account_number)):
        if number is not None and number.value.strip():
            return kind, *_place(number, profile)
    if event.trigger == UPDATE and profile.class_of(encounter.class_ or "") == _NO_VISIT:
        return None
    if encounter.admitted_at is not None:
        return "unnumbered", encounter.admitted_at.text[:_TO_THE_MINUTE]
    return None if event.trigger == UPDATE else ("unnumbered", event.occurred_at.text[:_TO_THE_DAY])


def encounter_id_of(patient_id: str, visit: tuple[str, ...]) -> str:
    """The id of a patient's visit."""
    return derived_id("encounter", patient_id, *visit)


def _place(number: Identifier, profile: FeedProfile) -> tuple[str, str]:
    return number.assigner.strip().upper() or profile.default_authority, number.value.strip().upper()
