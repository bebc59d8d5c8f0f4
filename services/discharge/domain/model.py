"""What discharge remembers of one encounter: every transition it opened, and why it opened none."""

from __future__ import annotations

from dataclasses import dataclass

from services.discharge.domain.deadlines import Calendar
from services.discharge.domain.pathways import Pathways
from shared.schemas.encounters import Withdrawal
from shared.schemas.identifiers import Contract
from shared.schemas.transitions import TransitionEvent, TransitionState


@dataclass(frozen=True, slots=True)
class Policy:
    """What decides besides the event: the table and the calendar."""

    pathways: Pathways
    calendar: Calendar


class TransitionRecord(Contract):
    """One transition as last said. `opened` and `closed` name the said events a withdrawal takes back.

    `fingerprint` is of the whole content last said, so that a copy of the patient need not be kept to see a change.
    """

    transition: TransitionState
    fingerprint: str
    opened: Withdrawal
    closed: Withdrawal | None = None


class NotOpened(Contract):
    """A discharge that opens nothing, and the code that says why."""

    discharge_version: int
    pathway: str
    reason: str


class EncounterDocument(Contract):
    """The state of one encounter, its transitions in the order of their discharge versions."""

    encounter_id: str
    transitions: tuple[TransitionRecord, ...] = ()
    not_opened: NotOpened | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """An event to be said and the id it will have."""

    data: TransitionEvent
    id: str
