"""One ADT message and the patient it is about, to the patient as it stands then and to what is to be said.

Merge the registers, keep the fact, fold, compare with what was said. A message that is known again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.admissions.domain import fields, fold, identity, registers, reviews, times
from services.admissions.domain.carried import Carried, carried, death_taken_back, deceased, died
from services.admissions.domain.difference import (
    Content,
    Step,
    contents,
    difference,
    is_known,
    standing_after,
    told_after,
    version_after,
    with_amendments,
)
from services.admissions.domain.lifecycle import Trigger, stamp_rank
from services.admissions.domain.model import Encounter, LifecycleFact, Patient, Said, Source
from services.admissions.domain.triggers import KEPT
from services.admissions.domain.visit import encounter_id_of, visit_of
from shared.feeds import FeedProfile
from shared.schemas.adt import AdtEvent
from shared.schemas.encounters import (
    EncounterAdmitted,
    EncounterDischarged,
    EncounterEvent,
    EncounterRegistered,
    EncounterUpdated,
    Withdrawal,
)
from shared.schemas.envelope import Mode, derived_id

DEATH_TAKEN_BACK: Final = "death-taken-back"
STILL_FOLLOWED: Final = timedelta(days=60)
"""For so long after a discharge a change of the patient (an address, a telephone) is news about that stay too."""


@dataclass(frozen=True)
class Message:
    """One message that acts. `cause` is the id of the record that brought it, `mode` its feed's when it came."""

    event: AdtEvent
    profile: FeedProfile
    source: Source
    cause: str
    mode: Mode = Mode.LIVE

    @property
    def stamp(self) -> str:
        """Its place among the writers of registers."""
        return registers.stamp(times.heard_at(self.event), stamp_rank(self.event.trigger), self.source)


@dataclass(frozen=True)
class Telling:
    """One event to say about one stay, under the stay's own key, feed and mode."""

    id: str
    encounter_id: str
    key: str
    feed: str
    mode: Mode
    data: EncounterEvent


def decide(known: Patient | None, message: Message, who: identity.Resolution) -> tuple[Patient, tuple[Telling, ...]]:
    """The patient after the message, and what to say."""
    before = known or _new_patient(message, who)
    visit = visit_of(message.event, message.profile)
    at_hand = encounter_id_of(before.patient_id, visit) if visit else ""
    if _is_known_again(before, at_hand, message):
        return before, ()
    write = fields.written(message.event, message.profile)
    patient = _described(before, message, who, write)
    folded: dict[str, fold.Standing] = {}
    if visit:
        encounter, folded[at_hand] = _encounter(patient, at_hand, visit, message, write)
        patient = _with_encounter(patient, encounter)
    return _told(patient, message, at_hand, folded, to_all=deceased(patient) != deceased(before))


def _new_patient(message: Message, who: identity.Resolution) -> Patient:
    processing_id = identity.processing_of(message.event.processing_id)
    return Patient(patient_id=who.patient_id, tenant=message.profile.tenant, processing_id=processing_id)


def _is_known_again(patient: Patient, at_hand: str, message: Message) -> bool:
    encounter = patient.encounters.get(at_hand)
    return encounter is not None and any(fact.source == message.source for fact in encounter.facts)


def _described(patient: Patient, message: Message, who: identity.Resolution, write: fields.Written) -> Patient:
    described = patient.model_copy(
        update={
            "claims": tuple(sorted({*patient.claims, *who.claims})),
            "registers": registers.merge(patient.registers, write.patient, message.stamp),
            **reviews.marks(patient, message.event.patient),
        }
    )
    return described.model_copy(update={"reviews": reviews.of_identity(described, who.others)})


def _encounter(
    patient: Patient, encounter_id: str, visit: tuple[str, ...], message: Message, write: fields.Written
) -> tuple[Encounter, fold.Standing]:
    before = patient.encounters.get(encounter_id) or Encounter(
        encounter_id=encounter_id, key=patient.patient_id, visit=visit
    )
    event, profile = message.event, message.profile
    after = before.model_copy(
        update={
            "facts": fold.remember(before.facts, _fact(message, write)) if event.trigger in KEPT else before.facts,
            "feed": profile.feed,
            "mode": message.mode,
            "a08": profile.a08_class,
            "registers": registers.merge(before.registers, write.encounter, message.stamp),
            "protected_unit": before.protected_unit or write.protected_unit,
        }
    )
    standing = _fold(after)
    return after.model_copy(update={"stage": standing.stage, "died": died(after, standing)}), standing


def _fold(encounter: Encounter) -> fold.Standing:
    return fold.fold(encounter.facts, encounter.registers, a08=encounter.a08)


def _fact(message: Message, write: fields.Written) -> LifecycleFact:
    event = message.event
    happened = times.occurred(event)
    return LifecycleFact(
        trigger=Trigger(event.trigger),
        source=message.source,
        occurred=happened,
        until=happened + times.reach(event.occurred_at),
        recorded=times.recorded(event),
        stamp=message.stamp,
        class_=message.profile.class_of(event.encounter.class_ or ""),
        own=write.own,
    )


def _with_encounter(patient: Patient, encounter: Encounter) -> Patient:
    return patient.model_copy(update={"encounters": {**patient.encounters, encounter.encounter_id: encounter}})


def _told(
    patient: Patient, message: Message, at_hand: str, folded: Mapping[str, fold.Standing], *, to_all: bool
) -> tuple[Patient, tuple[Telling, ...]]:
    """Every stay that this message is news about, the one at hand first. `folded`: those whose fold is known."""
    now = times.heard_at(message.event)
    told: list[Telling] = []
    for encounter in list(_concerned(patient, at_hand, now, to_all=to_all)):
        standing = folded.get(encounter.encounter_id) or _fold(encounter)
        codes = (*standing.reviews, *([DEATH_TAKEN_BACK] if death_taken_back(patient, encounter) else ()))
        patient = reviews.with_fold(patient, encounter.encounter_id, codes)
        if not standing.unmanageable:
            said, tellings = _say(patient, encounter, standing, message)
            if said is not encounter.said:
                patient = _with_encounter(patient, encounter.model_copy(update={"said": said}))
            told += tellings
    return patient, tuple(told)


def _concerned(patient: Patient, at_hand: str, now: datetime, *, to_all: bool) -> Iterable[Encounter]:
    """The stay at hand, and those said ones that are still followed; a death, or its taking back, concerns all."""
    if at_hand:
        yield patient.encounters[at_hand]
    for encounter in patient.encounters.values():
        followed = encounter.said.ended is None or now - encounter.said.ended <= STILL_FOLLOWED
        if encounter.encounter_id != at_hand and encounter.said.status and (to_all or followed):
            yield encounter


def _say(
    patient: Patient, encounter: Encounter, standing: fold.Standing, message: Message
) -> tuple[Said, tuple[Telling, ...]]:
    """What is new about one stay. A changed state without a change of status is an update, and only then one."""
    said = encounter.said
    steps = difference(said, standing)
    version = version_after(said, steps)
    state = carried(patient, encounter, standing, version)
    now = contents(state.encounter, standing)
    steps = with_amendments(said, steps, now)
    if not steps and is_known(said, standing.stage) and state.digest != said.digest:
        steps = (Step(EncounterUpdated),)
    if not steps:
        return said, ()
    tellings = tuple(_telling(patient, encounter, standing, message, step, state) for step in steps)
    pairs = zip(steps, (telling.id for telling in tellings), strict=True)
    stands = standing_after(said, pairs)
    return _said(said, state, stands, told_after(said, steps, stands, now)), tellings


def _said(before: Said, state: Carried, standing: tuple[Withdrawal, ...], told: Mapping[str, Content]) -> Said:
    ended = state.encounter.discharged_at
    return before.model_copy(
        update={
            "status": state.encounter.status,
            "discharge_version": state.encounter.discharge_version,
            "standing": standing,
            "digest": state.digest,
            "ended": ended.instant if ended else None,
            "told": dict(told),
        }
    )


def _telling(
    patient: Patient, encounter: Encounter, standing: fold.Standing, message: Message, step: Step, state: Carried
) -> Telling:
    data = step.model(
        patient=state.patient,
        encounter=state.encounter,
        care_team=state.care_team,
        occurred_at=_happened(step, standing, message),
        processing_id=patient.processing_id,
        withdraws=step.withdraws,
        amends=step.amends,
    )
    id_ = derived_id(message.cause, step.model.TYPE, encounter.encounter_id)
    return Telling(id_, encounter.encounter_id, encounter.key, encounter.feed, encounter.mode, data)


def _happened(step: Step, standing: fold.Standing, message: Message) -> datetime:
    """A begin or an end happened when its fact says; a correction or an update when the hospital said it."""
    facts = {
        EncounterRegistered: standing.registered,
        EncounterAdmitted: standing.admitted,
        EncounterDischarged: standing.discharged,
    }
    fact = facts.get(step.model)
    return fact.occurred if fact else times.heard_at(message.event)
