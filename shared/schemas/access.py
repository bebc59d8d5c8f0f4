"""`care.audit.v1`: who looked at patient data, said and confirmed before anything is shown. Ids and codes only.

Kept for six years: 45 CFR 164.316(b)(2)(i), documentation of an activity; 164.312(b), audit controls.
"""

from __future__ import annotations

from typing import ClassVar

from shared.schemas.envelope import EventData
from shared.schemas.identifiers import Identifier


class PhiShown(EventData):
    """`actor` is about to see patient data by `command`; the envelope's time says when.

    `place` says where it lies (topic, partition and offset, or a service's collection), never by a patient's number.
    `shown` are the ids of what is shown, as far as they are known before. `reason` is the code the actor gave.
    """

    TYPE: ClassVar[str] = "access.phi-shown.v1"
    TOPIC: ClassVar[str] = "care.audit.v1"
    actor: Identifier
    command: str
    place: str
    reason: str
    shown: tuple[str, ...] = ()
