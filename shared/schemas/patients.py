"""What of `care.encounters.v1` is about a person and not about one stay: numbers that turned out to be one, or two.

Said once under each key in use, so that every stream is gapless in its partition. Subject of the stream: that key.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime

from shared.schemas.encounters import PatientState
from shared.schemas.envelope import EventData


class PatientEvent(EventData):
    """An event about a person. `patient` is as it stands after it; `replaced` are patient ids told of until then.

    `reason` is a code: the trigger (A40 ...), or the rule or verdict that joined or parted them. `occurred_at` is when,
    by the hospital's word; `processing_id` is MSH-11.
    """

    TOPIC: ClassVar[str] = "care.encounters.v1"
    patient: PatientState
    replaced: tuple[str, ...] = ()
    reason: str
    occurred_at: AwareDatetime
    processing_id: str = "P"


class PatientMerged(PatientEvent):
    """Several patients that were told of are one; `replaced` are the ids that lead no longer."""

    TYPE: ClassVar[str] = "patient.merged.v1"


class PatientSeparated(PatientEvent):
    """One patient that was told of is several; `replaced` is the id that was told of all of them."""

    TYPE: ClassVar[str] = "patient.separated.v1"
