"""What is said of a transition is the difference between what stood and what stands.

What stands is a pure function of the encounter's carried state (`assess`), never of the way it came about; the table
`SAYS` names the event for each pair. A death always stands as `closed` with the reason `deceased` and one deadline for
a human (bereavement): said as opened when it is known with the discharge, as closed when it is learnt later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final, Literal

from services.discharge.domain.clocks import ClockError
from services.discharge.domain.deadlines import PROVENANCE, plan
from services.discharge.domain.model import EncounterDocument, NotOpened, Policy, Told, TransitionRecord
from services.discharge.domain.pathways import Clock, Pathways
from shared.schemas.assessments import Return
from shared.schemas.encounters import (
    EncounterDischarged,
    EncounterEvent,
    EncounterMerged,
    EncounterMoved,
    EncounterState,
    Withdrawal,
)
from shared.schemas.envelope import TYPE_PREFIX, derived_id
from shared.schemas.transitions import (
    TransitionClosed,
    TransitionEvent,
    TransitionOpened,
    TransitionState,
    TransitionUpdated,
    TransitionWithdrawn,
)

Status = Literal["none", "open", "closed", "withdrawn"]

SAYS: Final[Mapping[tuple[Status, Status], type[TransitionEvent]]] = {
    ("none", "open"): TransitionOpened,
    ("none", "closed"): TransitionOpened,
    ("withdrawn", "open"): TransitionOpened,
    ("withdrawn", "closed"): TransitionOpened,
    ("open", "open"): TransitionUpdated,
    ("open", "closed"): TransitionClosed,
    ("closed", "open"): TransitionUpdated,
    ("closed", "closed"): TransitionUpdated,
    ("open", "withdrawn"): TransitionWithdrawn,
    ("closed", "withdrawn"): TransitionWithdrawn,
}
"""(what stood, what stands) → what is said. A pair that is not here says nothing."""


READMITTED: Final = "readmitted"
WITHHELD: Final = "withheld"
"""Of a return to a stay that is protected (42 CFR Part 2, behavioural health): the reason would tell of it."""
"""Why a transition stands open with no deadlines."""

AT_HOME: Final = frozenset({"home", "home-health", "against-advice"})
"""Destinations where whoever does the work would find the patient."""

REPAIRED: Final[Mapping[type[EncounterEvent], str]] = {
    EncounterMerged: "encounter-merged",
    EncounterMoved: "encounter-moved",
}
"""Event of a repaired identity → why what it withdraws does not stand. Any other: see `_why`."""


class Unhearable(Exception):
    """The event can never be decided upon. `code` says why, without a word of the patient."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def transition_id(encounter: EncounterState) -> str:
    """One id for each discharge that was said of an encounter."""
    return derived_id("transition", encounter.encounter_id, encounter.discharge_version)


def assess(event: EncounterEvent, policy: Policy) -> TransitionState | NotOpened | None:
    """What stands because of this encounter: a transition, a discharge that opens none, or no discharge.

    A stay that a rule closed was not discharged, though an earlier discharge of it may have left its number.
    Raises Unhearable (`discharge-time-missing`, `zone-unknown`).
    """
    encounter, table = event.encounter, policy.pathways
    if encounter.status != "finished" or encounter.discharge_version < 1 or encounter.closed_by:
        return None
    name = table.choose(
        encounter.class_, encounter.admission_type, encounter.disposition, deceased=event.patient.deceased
    )
    if table.pathways[name].not_opened:
        return NotOpened(
            discharge_version=encounter.discharge_version, pathway=name, reason=table.pathways[name].not_opened
        )
    return _standing(encounter, *table.gated(name, encounter.risk), policy)


def _standing(encounter: EncounterState, name: str, clocks: tuple[Clock, ...], policy: Policy) -> TransitionState:
    table, at = policy.pathways, encounter.discharged_at
    if at is None:
        raise Unhearable("discharge-time-missing")
    closed = table.pathways[name].closed
    back = None if closed else _back_in_hospital(encounter, table)
    try:
        deadlines = () if back else plan(clocks, encounter, at, policy.calendar)
    except ClockError as refused:
        raise Unhearable(refused.code) from None
    return TransitionState(
        transition_id=transition_id(encounter),
        encounter_id=encounter.encounter_id,
        discharge_version=encounter.discharge_version,
        status="closed" if closed else "open",
        pathway=name,
        pathway_version=table.version,
        discharged_at=at,
        deadlines=deadlines,
        reason=closed or _reason_of(back),
    )


def _back_in_hospital(encounter: EncounterState, table: Pathways) -> Return | None:
    """The return of a patient who was admitted again: the work of this discharge waits for the next one's.

    A visit to the emergency department or an observation leaves it as it is. So does a transfer, which has a pathway of
    its own; but whoever was sent home and is in a bed again by the next day was handed on to nobody.
    """
    found = encounter.returned
    if found is None:
        return None
    sent_home = table.dispositions.get(encounter.disposition) in AT_HOME
    counts = found.kind in ("unplanned", "planned") or (found.kind == "transfer" and sent_home)
    return found if counts else None


def _reason_of(back: Return | None) -> str:
    if back is None:
        return ""
    return READMITTED if back.encounter_id else WITHHELD


def decide(
    document: EncounterDocument | None, event: EncounterEvent, cause: str, policy: Policy
) -> tuple[EncounterDocument, tuple[Told, ...]]:
    """The new state and what is to be said; `cause` is the id of the event heard. Raises Unhearable.

    Before: the event is no older than any that was decided. If repeated: the same state, and nothing is said.
    """
    document = document or EncounterDocument(encounter_id=event.encounter.encounter_id)
    stands = assess(event, policy)
    wanted = stands if isinstance(stands, TransitionState) else None
    records = {record.transition.transition_id: record for record in document.transitions}
    told: list[Told] = []
    for id_, record in records.items():
        if record.transition.status != "withdrawn" and (wanted is None or id_ != wanted.transition_id):
            void = record.transition.model_copy(update={"status": "withdrawn", "reason": _why(event, stands)})
            records[id_] = _say(record, void, event, cause, told)
    if wanted is not None:
        records[wanted.transition_id] = _say(records.get(wanted.transition_id), wanted, event, cause, told)
    not_opened = stands if isinstance(stands, NotOpened) else None
    return document.model_copy(update={"transitions": tuple(records.values()), "not_opened": not_opened}), tuple(told)


def _why(event: EncounterEvent, stands: TransitionState | NotOpened | None) -> str:
    if isinstance(stands, NotOpened):
        return stands.reason
    default = "encounter-cancelled" if event.encounter.status == "cancelled" else "discharge-withdrawn"
    return REPAIRED.get(type(event), default)


def _say(
    record: TransitionRecord | None, now: TransitionState, event: EncounterEvent, cause: str, told: list[Told]
) -> TransitionRecord:
    """Tell the difference, if there is one, and remember it."""
    before: Status = record.transition.status if record else "none"
    type_ = SAYS[(before, now.status)]
    data = type_(
        patient=event.patient,
        encounter=event.encounter,
        care_team=event.care_team,
        occurred_at=event.occurred_at,
        processing_id=event.processing_id,
        withdraws=_taken_back(record, now),
        amends=_amended(record, now, event),
        transition=now,
    )
    fingerprint = _fingerprint(data)
    if record is not None and fingerprint == record.fingerprint:
        return record
    said = Withdrawal(
        event_id=derived_id("discharge", cause, type_.TYPE, now.transition_id), type=TYPE_PREFIX + type_.TYPE
    )
    told.append(Told(data, said.event_id))
    opened = record.opened if record and type_ is not TransitionOpened else said
    return TransitionRecord(transition=now, fingerprint=fingerprint, opened=opened, closed=_closed(record, said, now))


def _taken_back(record: TransitionRecord | None, now: TransitionState) -> tuple[Withdrawal, ...]:
    if record is None or record.transition.status == "withdrawn":
        return ()
    closed = (record.closed,) if record.closed else ()
    if now.status == "withdrawn":
        return (record.opened, *closed)
    return closed if now.status == "open" else ()


def _amended(record: TransitionRecord | None, now: TransitionState, event: EncounterEvent) -> tuple[Withdrawal, ...]:
    """The opening, which stands, of a discharge that was told otherwise: where to, or on which day."""
    if record is None or not record.transition.status == now.status == "open":
        return ()
    return (record.opened,) if any(one.type == EncounterDischarged.TYPE for one in event.amends) else ()


def _closed(record: TransitionRecord | None, said: Withdrawal, now: TransitionState) -> Withdrawal | None:
    """The closing event that stands, if one was said."""
    if said.type == TYPE_PREFIX + TransitionClosed.TYPE:
        return said
    return record.closed if record and now.status == record.transition.status == "closed" else None


def _fingerprint(data: TransitionEvent) -> str:
    """A digest of all that is said but its time, what it withdraws or amends, and the editions of calendars."""
    content = data.model_dump(mode="json", by_alias=True, exclude={"occurred_at", "withdraws", "amends"})
    for deadline in content["transition"]["deadlines"]:
        deadline["inputs"] = {k: v for k, v in deadline["inputs"].items() if k not in PROVENANCE}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
