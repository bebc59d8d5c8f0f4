"""Which patient ids are one person to hearers, and what to say when that changes: once under each key in use.

A key in use is a patient id under which a stay was first told. Its stream is gapless in its partition, so that the
news of a person is said on each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from services.admissions.domain.carried import patient_state
from services.admissions.domain.message import Occasion
from services.admissions.domain.persons import Person
from services.admissions.domain.registers import value_of
from shared.schemas.envelope import derived_id
from shared.schemas.patients import PatientEvent, PatientMerged, PatientSeparated

Names = tuple[str, ...]
"""The id that leads, then the keys in use of that person, in order."""


class News(NamedTuple):
    """One event under one key."""

    id: str
    key: str
    data: PatientEvent
    restricted: bool


def names_of(people: Iterable[Person], keys: Iterable[str]) -> dict[str, Names]:
    """Of each key in use who it is; nothing of one that is still itself alone."""
    found: dict[str, Names] = {}
    in_use = {*keys}
    for person in people:
        mine = sorted(record.patient_id for record in person.records if record.patient_id in in_use)
        names = (person.patient_id, *mine)
        found |= {key: names for key in mine if names != (key, key)}
    return found


def news(
    before: Mapping[str, Names],
    after: Mapping[str, Names],
    people: Iterable[Person],
    occasion: Occasion,
    processing_id: str,
) -> list[News]:
    """What is to be said, key by key."""
    by_id = {record.patient_id: person for person in people for record in person.records}
    said: list[News] = []
    for key in sorted({*before, *after}):
        was, now = before.get(key, (key, key)), after.get(key, (key, key))
        if was == now:
            continue
        for type_, replaced in _changes(was, now):
            said.append(_news(type_, replaced, key, by_id[key], occasion, processing_id))
    return said


def _changes(was: Names, now: Names) -> Iterable[tuple[type[PatientEvent], Names]]:
    if {*was[1:]} - {*now[1:]}:
        yield PatientSeparated, (was[0],)
    if {*now[1:]} - {*was[1:]} or {*was[1:]} <= {*now[1:]}:
        yield PatientMerged, tuple(sorted({was[0], *now[1:]} - {now[0]}))


def _news(
    type_: type[PatientEvent], replaced: Names, key: str, person: Person, occasion: Occasion, processing_id: str
) -> News:
    data = type_(
        patient=patient_state(person),
        replaced=replaced,
        reason=occasion.reason,
        occurred_at=occasion.at,
        processing_id=processing_id,
    )
    is_protected = any(value_of(person.registers, name, False) for name in ("protected", "restrictions"))
    return News(derived_id(occasion.cause, type_.TYPE, key), key, data, is_protected)
