"""A person's word about who is who: a verdict on two numbers, a review that is settled, a repair that does not count.

It is put into the document as a fact among the others, by when it was said: the last word about a pair counts, and what
is sent again after it was undone stands again. Heard twice it changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.admissions.domain import journal, registers, reviews
from services.admissions.domain.decide import Decided
from services.admissions.domain.message import Occasion
from services.admissions.domain.model import Patient
from services.admissions.domain.repairs import PATIENT, SETTLED, UNDO, Repair
from services.admissions.domain.telling import told
from services.admissions.domain.unite import together, tombstone
from services.admissions.domain.world import World
from shared.schemas.commands import DecideIdentity, IdentityCommand, SettleReview, UndoRepair
from shared.schemas.envelope import derived_id

_LAST: int = 9
"""The place among the writers of one instant: a person's word is the last one."""


class NotObeyed(Exception):
    """The command cannot be obeyed; `code` says why and holds nothing of a patient."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def obey(holders: Sequence[Patient], command: IdentityCommand, cause: str, at: datetime, world: World) -> Decided:
    """The document after the command. `holders` are the documents that it names or that hold its numbers.

    Raises NotObeyed: `document-unknown`, `record-unknown`, `repair-unknown`, `review-unknown`, `too-many-numbers`.
    """
    if not holders:
        raise NotObeyed("document-unknown")
    gathered = together(holders)
    if gathered is None:
        raise NotObeyed("too-many-numbers")
    before = gathered.patient
    repair = _repair(before, command, at)
    after = before.model_copy(update={"repairs": journal.remember(before.repairs, [repair])})
    if after == before and not gathered.absorbs:
        return Decided(before, before)
    occasion = Occasion(cause, at, repair.trigger or repair.kind, "", None)
    after, tellings = told(before, after, occasion, _at_hand(before, repair), world)
    return Decided(after, before, tellings, tuple(tombstone(one, after.patient_id) for one in gathered.absorbs))


def _at_hand(patient: Patient, repair: Repair) -> str:
    """The visit of a stay whose review is settled or open again: it is looked at however long ago it ended."""
    settles = SETTLED in (repair.kind, repair.trigger)
    stay = patient.encounters.get(repair.sources[0]) if settles else None
    return stay.anchor if stay else ""


def _repair(patient: Patient, command: IdentityCommand, at: datetime) -> Repair:
    if isinstance(command, DecideIdentity):
        return _verdict(patient, command, at)
    if isinstance(command, SettleReview):
        return _settled(patient, command, at)
    assert isinstance(command, UndoRepair)  # noqa: S101 - there are three
    return _undo(patient, command, at)


def _verdict(patient: Patient, command: DecideIdentity, at: datetime) -> Repair:
    one, other = command.records
    if not {one, other} <= {*patient.claims}:
        raise NotObeyed("record-unknown")
    return Repair(
        repair_id=derived_id("repair", command.command_id),
        kind=command.verdict,
        level=PATIENT,
        sources=(one,),
        targets=(other,),
        record=one,
        into=other,
        stamp=_stamp(command, at),
        occurred=at,
        by=command.actor.value,
    )


def _settled(patient: Patient, command: SettleReview, at: datetime) -> Repair:
    """Nobody can have seen more than is known here, nor a review that never was open."""
    place = (command.code, command.about)
    was_open = place in {(one.code, one.ref) for one in patient.reviews} or place in journal.settled(patient.repairs)
    if not was_open or command.seen > reviews.evidence(patient, *place):
        raise NotObeyed("review-unknown")
    return Repair(
        repair_id=derived_id("repair", command.command_id),
        kind=SETTLED,
        level=command.code,
        sources=(command.about,),
        targets=(str(command.seen),),
        stamp=_stamp(command, at),
        occurred=at,
        by=command.actor.value,
    )


def _undo(patient: Patient, command: UndoRepair, at: datetime) -> Repair:
    found = next((one for one in patient.repairs if one.repair_id == command.repair_id and one.kind != UNDO), None)
    if found is None:
        raise NotObeyed("repair-unknown")
    return found.model_copy(
        update={
            "repair_id": derived_id("repair", command.command_id),
            "kind": UNDO,
            "trigger": found.kind,
            "stamp": _stamp(command, at),
            "occurred": at,
            "by": command.actor.value,
        }
    )


def _stamp(command: IdentityCommand, at: datetime) -> str:
    return registers.stamp(at, _LAST, ("", command.command_id, ""))
