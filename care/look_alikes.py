"""Which patients look alike, for `care identity review`: pairs of two persons, by our ids and the names of rules.

Admissions keeps of each patient what it may look like another by, as keyed hashes (`services.admissions.domain.looks`).
Those that stand more than once are found in an index; of the documents in which they stand it is computed who is one
person already, and of whom it was decided that they are two. Nothing is joined here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import combinations
from typing import Final, NamedTuple

from rich.table import Table

from care.profiles import place_of, profiles_at
from care.session import Session
from services.admissions.domain import journal
from services.admissions.domain.looks import RULES
from services.admissions.domain.model import Patient
from services.admissions.domain.persons import Person, persons
from services.admissions.domain.repairs import DIFFERENT
from services.admissions.handlers import COLLECTION
from services.admissions.store import shared_looks
from shared.feeds import FeedProfile
from shared.mongo.client import away

MOST_ALIKE: Final = 10
"""What more numbers than these share is no sign of anything: a birth date that somebody types for whoever has none."""
_AT_ONCE: Final = 5_000
_TIMEOUT_S: Final = 300.0  # 2 s for each 100,000 patients, on one core
_READ: Final = {f"state.{name}": 1 for name in ("patient_id", "tenant", "processing_id", "records", "repairs")}


class Sighting(NamedTuple):
    """A key that others share as well, and the id of the person who has it. `apart`: who was decided to be another."""

    look: str
    patient_id: str
    apart: frozenset[str]


class Alike(NamedTuple):
    """Two patient ids, of two persons as far as is known, and the rules by which they look alike."""

    one: str
    other: str
    rules: tuple[str, ...]


class LookAlikes(NamedTuple):
    """The pairs that a person should look at, and how many keys too many share for them to mean anything."""

    pairs: tuple[Alike, ...] = ()
    too_common: int = 0


async def look_alikes(here: Session) -> LookAlikes:
    """All that there are. Raises Away."""
    database = here.database("admissions", timeout=_TIMEOUT_S)
    patients = database[COLLECTION]
    shared = await shared_looks(database, MOST_ALIKE)
    telling = {one.look: one.documents for one in shared if one.times <= MOST_ALIKE}
    profiles = profiles_at(place_of(here.settings)).values() if telling else ()
    ids = sorted({id_ for documents in telling.values() for id_ in documents})
    seen: list[Sighting] = []
    for start in range(0, len(ids), _AT_ONCE):
        with away():
            async for row in patients.find({"_id": {"$in": ids[start : start + _AT_ONCE]}}, _READ):
                patient = Patient.model_validate(row["state"])
                seen += sightings(patient, telling, enterprise_of(patient.tenant, profiles))
    return LookAlikes(tuple(pairs_of(seen)), len(shared) - len(telling))


def enterprise_of(tenant: str, profiles: Iterable[FeedProfile]) -> frozenset[str]:
    """The authorities whose numbers are unique across the hospitals of a tenant."""
    mine = (profile for profile in profiles if profile.tenant == tenant)
    return frozenset(authority for profile in mine for authority in profile.enterprise_authorities)


def sightings(patient: Patient, looks: Collection[str], enterprise: frozenset[str]) -> Iterator[Sighting]:
    """Who of a document has which of these keys."""
    people = persons(patient, enterprise)
    verdicts = journal.verdicts(journal.standing(patient.repairs)).items()
    parted = [
        [people.of[number] for number in pair if number in people.of]
        for pair, verdict in verdicts
        if verdict == DIFFERENT
    ]
    for record in patient.records:
        person = people.of[record.key]
        apart = frozenset(_others(person, parted))
        yield from (Sighting(look, person.patient_id, apart) for look in record.looks if look in looks)


def _others(person: Person, parted: Iterable[list[Person]]) -> Iterator[str]:
    for pair in parted:
        ids = {one.patient_id for one in pair}
        yield from ids - {person.patient_id} if person.patient_id in ids else ()


def pairs_of(seen: Iterable[Sighting]) -> list[Alike]:
    """Each two persons who share a key and of whom nobody decided, in a fixed order."""
    by_look: dict[str, dict[str, frozenset[str]]] = {}
    for sighting in seen:
        by_look.setdefault(sighting.look, {})[sighting.patient_id] = sighting.apart
    rules: dict[tuple[str, str], set[str]] = {}
    for look, people in by_look.items():
        for one, other in combinations(sorted(people), 2):
            if other not in people[one]:
                rules.setdefault((one, other), set()).add(RULES[look[0]])
    return [Alike(*pair, tuple(sorted(names))) for pair, names in sorted(rules.items())]


def table_of(pairs: Iterable[Alike]) -> Table:
    """A line a pair."""
    table = Table("patient", "looks like", "by", box=None)
    for one in pairs:
        table.add_row(one.one, one.other, ", ".join(one.rules))
    return table


def lines_of(found: LookAlikes, limit: int) -> Iterator[str]:
    """What is said below the first `limit` pairs."""
    if len(found.pairs) > limit:
        yield f"the first {limit} of {len(found.pairs)} pairs"
    if found.pairs:
        yield "to decide: care identity same PATIENT PATIENT --reason CODE, or care identity different ..."
    if found.too_common:
        yield f"keys that more than {MOST_ALIKE} numbers share, which propose nothing: {found.too_common}"
