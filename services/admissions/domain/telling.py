"""What is said of a document: of each stay the difference between what was said and what stands, to those it is news.

The stay at hand comes first. Of the others those are looked at that are still followed; a death, or its taking back,
concerns all stays of the person.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, NamedTuple

from services.admissions.domain import diagnoses, encounters, fold, journal, reviews
from services.admissions.domain.carried import Carried, carried, death_taken_back, deceased, died
from services.admissions.domain.closing import laid
from services.admissions.domain.difference import Step, contents, difference, is_known, version_after, with_amendments
from services.admissions.domain.known_as import Names, names_of, news
from services.admissions.domain.living import dead, with_deaths
from services.admissions.domain.message import Occasion
from services.admissions.domain.model import Encounter, Patient
from services.admissions.domain.persons import Person, persons
from services.admissions.domain.related import brief_of, related
from services.admissions.domain.returns import Brief
from services.admissions.domain.said import Saying, uttered
from services.admissions.domain.stays import Stay, is_plain, stays
from services.admissions.domain.values import unmapped
from services.admissions.domain.world import Telling, World
from shared.schemas.encounters import (
    EncounterCancelled,
    EncounterEvent,
    EncounterMerged,
    EncounterMoved,
    EncounterUpdated,
)

DEATH_TAKEN_BACK: Final = "death-taken-back"
CANCELLED: Final = {"status": "cancelled", "closed_by": ""}
STILL_FOLLOWED: Final = timedelta(days=60)
"""For so long after a discharge a change of the patient (an address, a telephone) is news about that stay too."""


def told(
    before: Patient, patient: Patient, occasion: Occasion, at_hand: str, world: World
) -> tuple[Patient, tuple[Telling, ...]]:
    """The document with its stays folded anew, and what is to be said. `at_hand` is a visit's id, "" if there is none.

    `before` is the document as it was, to see who died since.
    """
    round_ = _Round(before, patient, occasion, world)
    round_.tell(at_hand)
    return round_.patient(), tuple(round_.tellings)


class _Now(NamedTuple):
    """One stay as it stands, with the steps to it from what was said."""

    stay: Stay
    standing: fold.Standing
    steps: tuple[Step, ...]
    state: Carried


@dataclass
class _Round:
    """One document on its way from what was put into it to what is said of it."""

    before: Patient
    after: Patient
    occasion: Occasion
    world: World
    tellings: list[Telling] = field(default_factory=list)
    folded: dict[str, fold.Standing] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.people = persons(self.after, self.world.enterprise)
        self.known = encounters.known(self.after, stays(self.after, self.people, self.world.near))
        self.encounters: dict[str, Encounter] = dict(self.known.encounters)
        current = {stay.encounter_id for stay in self.known.stays}  # not one that was moved or merged: it says nothing
        self.reviews = tuple(one for one in self.after.reviews if one.ref in current)
        self.living: dict[str, Person] = {}
        self.names: dict[str, Names] = {}

    def patient(self) -> Patient:
        """The document as it stands now."""
        found = reviews.bounded(
            [*reviews.of_document(self.after, self.encounters.values()), *self.people.reviews, *self.reviews],
            journal.settled(journal.standing(self.after.repairs)),
        )
        current = (self.encounters[stay.encounter_id] for stay in self.known.stays)
        unknown = self.world.codes.still(code for one in current for code in one.unmapped)
        told_ = {"encounters": self._with_its_alarms_only(), "names": self.names}
        return self.after.model_copy(update={**told_, "reviews": found, "unmapped": unknown})

    def _with_its_alarms_only(self) -> dict[str, Encounter]:
        """An encounter that is no stay any more waits for nothing."""
        current = {stay.encounter_id for stay in self.known.stays}
        gone = [one for id_, one in self.encounters.items() if id_ not in current and one.closes_at]
        return {**self.encounters, **{one.encounter_id: one.model_copy(update={"closes_at": None}) for one in gone}}

    def tell(self, at_hand: str) -> None:
        """Fold what may have changed, then say what is new."""
        is_single = is_plain(self.after, self.world.near)
        first = [stay for stay in [self.known.of_visit(at_hand)] if stay] if at_hand else []
        others = [stay for stay in self.known.stays if stay not in first]
        for stay in first if is_single and not self.occasion.anew else [*first, *others]:
            self._fold(stay)
        newly = self._died_or_not()
        self._take_back()
        news_ = [*first, *(one for one in others if self._is_news(one, newly, is_single=is_single))]
        for now in [now for stay in news_ if (now := self._now(stay))]:
            self._say(now)
        self._name()

    def _fold(self, stay: Stay) -> fold.Standing:
        if stay.encounter_id not in self.folded:
            open_ = fold.fold(stay.facts, stay.registers, a08=stay.a08, codes=self.world.codes)
            standing, closes_at = laid(open_, stay, self.world.closing)
            unknown = unmapped(stay.registers, standing)
            found = {"stage": standing.stage, "died": died(stay, standing), "unmapped": unknown, "closes_at": closes_at}
            self.folded[stay.encounter_id] = standing
            self._keep(self.encounters[stay.encounter_id].model_copy(update=found))
        return self.folded[stay.encounter_id]

    def _keep(self, encounter: Encounter) -> None:
        self.encounters[encounter.encounter_id] = encounter

    def _take_back(self) -> None:
        """What was told twice, and what was told of somebody else: of the person as told, and never of another."""
        visits = {visit.visit_id: visit for visit in self.after.visits}
        for id_, into in self.known.merged.items():
            self._retract(EncounterMerged, replace(into, encounter=self.encounters[id_]), into.encounter_id)
        for id_ in self.known.moved:
            encounter = self.encounters[id_]
            person = self.people.of[encounter.said.record]
            self._retract(EncounterMoved, Stay(person, (visits[encounter.anchor],), (), encounter))

    def _retract(self, model: type[EncounterEvent], stay: Stay, into: str = "") -> None:
        standing = fold.fold(stay.facts, stay.registers, a08=stay.a08, codes=self.world.codes)
        said = stay.encounter.said
        state = carried(stay.person, stay, standing, said.discharge_version)
        ended = {"status": "cancelled", "merged_into": into}
        state = replace(state, encounter=state.encounter.model_copy(update=ended))
        self._tell(Saying(stay, standing, (Step(model, said.standing),), state, {}, said.record))

    def _name(self) -> None:
        """Who is whom now, under each key in use."""
        people = tuple(self.living.values())
        keys = (one.key for one in self.encounters.values() if one.said.status)
        self.names = names_of(people, keys)
        for one in news(self.before.names, self.names, people, self.occasion, self.after.processing_id):
            feed, mode = self.occasion.feed, self.occasion.mode
            self.tellings.append(Telling(one.id, one.key, one.key, feed, mode, one.data, one.restricted))

    def _died_or_not(self) -> frozenset[str]:
        """The leads of those who are dead now and were not, or the other way round; from here on that is known."""
        stamps = [(stay.person.lead.key, self.encounters[stay.encounter_id].died) for stay in self.known.stays]
        self.living = with_deaths(self.people, stamps)
        before = dead(self.before, self.world.enterprise)
        return frozenset(key for key, person in self.living.items() if deceased(person) != (key in before))

    def _is_news(self, stay: Stay, newly: frozenset[str], *, is_single: bool) -> bool:
        said = stay.encounter.said
        if is_single and not said.status:
            return False
        followed = said.ended is None or self.occasion.at - said.ended <= STILL_FOLLOWED
        return followed or stay.person.lead.key in newly

    def _now(self, stay: Stay) -> _Now | None:
        """How one stay stands, and its brief for the others; None where there is too much of it to tell."""
        standing = self._fold(stay)
        encounter = self.encounters[stay.encounter_id]
        stay = replace(stay, person=self.living[stay.person.lead.key], encounter=encounter)
        codes = (*standing.reviews, *([DEATH_TAKEN_BACK] if death_taken_back(stay.person, stay) else ()))
        self.reviews = reviews.with_fold(self.reviews, stay.encounter_id, codes)
        if standing.unmanageable:
            return None
        steps = difference(encounter.said, standing)
        state = carried(stay.person, stay, standing, version_after(encounter.said, steps))
        if any(step.model is EncounterCancelled for step in steps):
            state = replace(state, encounter=state.encounter.model_copy(update=CANCELLED))
        coded = diagnoses.standing(stay.registers)
        encounter = encounter.model_copy(update={"brief": brief_of(state.encounter, standing, coded)})
        self._keep(encounter)
        return _Now(replace(stay, encounter=encounter), standing, steps, state)

    def _say(self, now: _Now) -> None:
        """What is new about one stay. A changed state without a change of status is an update, and only then one."""
        stay, standing, said = now.stay, now.standing, now.stay.encounter.said
        encounter = related(now.state.encounter, stay.encounter.brief, self._others(stay), self.world.lace)
        state = replace(now.state, encounter=encounter)
        content = contents(state.encounter, standing)
        steps = with_amendments(said, now.steps, content)
        if not steps and is_known(said, standing.stage) and state.digest != said.digest:
            steps = (Step(EncounterUpdated),)
        if steps:
            self._tell(Saying(stay, standing, steps, state, content, stay.person.lead.key))

    def _others(self, stay: Stay) -> list[Brief]:
        """What is known of the person's other stays."""
        mine = (one for one in self.known.stays if one.person.lead.key == stay.person.lead.key)
        ids = (one.encounter_id for one in mine if one.encounter_id != stay.encounter_id)
        return [brief for id_ in ids if (brief := self.encounters[id_].brief) is not None]

    def _tell(self, one: Saying) -> None:
        encounter, tellings = uttered(one, self.occasion, self.after.processing_id)
        self._keep(encounter)
        self.tellings += tellings
