"""Which encounter a stay is to its hearers: the one that was told of it, for as long as it is the same person's.

A stay of which nothing was said has the id of its first visit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from services.admissions.domain.model import Encounter, Patient
from services.admissions.domain.stays import Stay
from shared.schemas.envelope import derived_id


@dataclass(frozen=True)
class Known:
    """The stays of a document, each with the encounter that it is; those that were said, and these, by id.

    `merged`: encounters that were said and turned out to be another, by id. `moved`: those that were said of somebody
    else. Both are to be taken back.
    """

    stays: tuple[Stay, ...]
    encounters: Mapping[str, Encounter]
    merged: Mapping[str, Stay]
    moved: tuple[str, ...]

    def of_visit(self, visit_id: str) -> Stay | None:
        """The stay that a visit is part of."""
        has = (stay for stay in self.stays if any(one.visit_id == visit_id for one in stay.visits))
        return next(has, None)


def known(patient: Patient, of: Iterable[Stay]) -> Known:
    """What hearers know of each stay."""
    kept = {id_: one for id_, one in patient.encounters.items() if one.said.status}
    by_anchor: dict[str, list[Encounter]] = {}
    for one in kept.values():
        by_anchor.setdefault(one.anchor, []).append(one)
    found: list[Stay] = []
    merged: dict[str, Stay] = {}
    for stay in of:
        lives, *others = _told_of(stay, by_anchor) or [_new(stay, patient, by_anchor)]
        found.append(replace(stay, encounter=lives))
        kept[lives.encounter_id] = lives
        merged |= {one.encounter_id: found[-1] for one in others if stands(one)}
    current = {stay.encounter_id for stay in found} | {*merged}
    moved = tuple(id_ for id_, one in kept.items() if id_ not in current and stands(one))
    return Known(tuple(found), kept, merged, moved)


def stands(one: Encounter) -> bool:
    """Do hearers hold it for true?"""
    return one.said.status not in ("", "cancelled")


def _told_of(stay: Stay, by_anchor: Mapping[str, list[Encounter]]) -> list[Encounter]:
    """The encounters that were told of this stay and this person, the one that lives on first."""
    told = (one for visit in stay.visits for one in by_anchor.get(visit.visit_id, ()))
    mine = [one for one in told if one.said.record in stay.person.numbers]
    return sorted(mine, key=lambda one: (not stands(one), one.encounter_id))


def _new(stay: Stay, patient: Patient, by_anchor: Mapping[str, list[Encounter]]) -> Encounter:
    """An encounter of which nothing was said. If the stay was told of somebody else, it is not that one's."""
    first, lead = stay.first, stay.person.patient_id
    taken = {one.encounter_id for told in by_anchor.values() for one in told}
    ids = (derived_id("encounter", lead, *first.key, str(n)) for n in range(1, len(taken) + 2))
    id_ = next(one for one in (first.visit_id, *ids) if one not in taken)
    before = patient.encounters.get(id_)
    if before is not None and (before.anchor, before.key) == (first.visit_id, lead):
        return before
    rebuilt = any(by_anchor.get(visit.visit_id) for visit in stay.visits)
    return Encounter(encounter_id=id_, key=lead, anchor=first.visit_id, rebuilt=rebuilt)
