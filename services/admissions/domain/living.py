"""Who of a document is dead, by what is said of the person and by the stays that say expired."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from services.admissions.domain.carried import deceased
from services.admissions.domain.model import Patient
from services.admissions.domain.persons import Person, Persons, persons

_NOBODY: Final[frozenset[str]] = frozenset()
_OF_DEATH: Final = frozenset({"died_at", "death_indicator"})


def with_deaths(people: Persons, stamps: Iterable[tuple[str, str]]) -> dict[str, Person]:
    """The persons by their leads, each with its own of these: the lead's key, and when a stay said expired ("")."""
    of: dict[str, list[str]] = {}
    for key, stamp in stamps:
        if stamp:
            of.setdefault(key, []).append(stamp)
    every = {person.lead.key: person for person in people.all}
    return {key: replace(one, died=tuple(of[key])) if key in of else one for key, one in every.items()}


def dead(patient: Patient, enterprise: frozenset[str]) -> frozenset[str]:
    """All numbers of those who are dead in a document as it was told last."""
    told = [(one.anchor, one.died) for one in patient.encounters.values() if one.died]
    if not told and not any(record.registers.keys() & _OF_DEATH for record in patient.records):
        return _NOBODY
    people = persons(patient, enterprise)
    owner = {visit.visit_id: people.of[visit.record].lead.key for visit in patient.visits}
    living = with_deaths(people, [(owner[anchor], stamp) for anchor, stamp in told])
    return frozenset(number for person in living.values() if deceased(person) for number in person.numbers)
