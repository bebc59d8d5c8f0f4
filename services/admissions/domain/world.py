"""What is known beside a document when it is decided, and one event that is to be said of it."""

from __future__ import annotations

from dataclasses import dataclass

from services.admissions.domain.closing import Closing
from services.admissions.domain.codes import AS_SENT, Codes
from services.admissions.domain.nearness import Near
from services.admissions.domain.risk import Lace
from shared.schemas.encounters import EncounterEvent
from shared.schemas.envelope import Mode
from shared.schemas.patients import PatientEvent


@dataclass(frozen=True)
class World:
    """What is known beside the document: the tenant's authorities whose numbers are unique across hospitals, what the
    codes of all feeds mean now, the weights of the risk score (None: none is given), and the rules that join stays by
    their times (None: no feed of the tenant has one).
    """

    enterprise: frozenset[str] = frozenset()
    codes: Codes = AS_SENT
    lace: Lace | None = None
    closing: Closing | None = None
    near: Near | None = None


@dataclass(frozen=True)
class Telling:
    """One event to say, under its own key, feed and mode. `subject` is what its stream counts in."""

    id: str
    subject: str
    key: str
    feed: str
    mode: Mode | None
    data: EncounterEvent | PatientEvent
    restricted: bool = False
