"""Who is one person: computed from all records of a document, at each decision, and never kept.

Named together: a number that never was anybody's own and stands beside one record only is that record's (HL7 v2.5.1
ch. 3.4.2.3, PID-3). Two records are one person if they stood with the same enterprise-wide number, or if one house
sent both numbers as the patient's own, unless birth date or sex disagree as they stand now: then they are two, and a
person looks. It ends by itself when either is corrected. A number of a merely trusted authority joins nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Final

from services.admissions.domain import registers, reviews
from services.admissions.domain.groups import Groups
from services.admissions.domain.model import Patient, Record, Registers, Review

ENTERPRISE_DISAGREES: Final = "enterprise-disagrees"
HOUSE_DISAGREES: Final = "same-house-disagrees"
CLAIMED_BY_ANOTHER: Final = "claimed-by-another"


@dataclass(frozen=True)
class Person:
    """One person of a document. `lead` is the record after whose number the person is called.

    `numbers`: those that lead to this person, whether a record's own or not. `died`: the stamps of the stays that say
    expired. `disputed`: birth date and sex both disagree within what may be one person.
    """

    lead: Record
    records: tuple[Record, ...]
    numbers: frozenset[str]
    disputed: bool = False
    died: tuple[str, ...] = ()

    @property
    def patient_id(self) -> str:
        """The id that is told."""
        return self.lead.patient_id

    @cached_property
    def registers(self) -> Registers:
        """The last word on each field among the records."""
        return registers.merged(record.registers for record in self.records)

    @property
    def also_known_as(self) -> tuple[str, ...]:
        """The ids of the other records."""
        return tuple(sorted(record.patient_id for record in self.records if record is not self.lead))


@dataclass(frozen=True)
class Persons:
    """All persons of a document, by number; `reviews` are what a person should look at."""

    of: Mapping[str, Person]
    reviews: tuple[Review, ...] = ()

    @property
    def all(self) -> tuple[Person, ...]:
        """Each once."""
        return tuple({person.lead.key: person for person in self.of.values()}.values())


def persons(patient: Patient, enterprise: frozenset[str]) -> Persons:
    """The persons of a document. `enterprise`: the authorities whose numbers are unique across hospitals."""
    if len(patient.records) == 1:
        return _only(patient.records[0])
    return _Several(patient, enterprise).persons()


def _only(record: Record) -> Persons:
    person = Person(record, (record,), frozenset({record.key, *record.beside}), reviews.is_disputed(record))
    return Persons(dict.fromkeys(person.numbers, person), reviews.of_record(record))


@dataclass
class _Several:
    """Several records, on their way to persons."""

    patient: Patient
    enterprise: frozenset[str]
    found: list[Review] = field(default_factory=list)
    disputed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.records = {record.key: record for record in self.patient.records}
        self.holders: dict[str, list[str]] = {key: [key] for key in self.records}
        for record in self.patient.records:
            for number in record.beside:
                self.holders.setdefault(number, []).append(record.key)
        self.groups = Groups(self.holders)

    def persons(self) -> Persons:
        self._join_named()
        self._join_unless_they_disagree(list(self._doubtful()))
        self._review_shared_numbers()
        people = [self._person(group) for group in self.groups.all()]
        of = {number: person for person in people if person is not None for number in person.numbers}
        own = (review for record in self.patient.records for review in reviews.of_record(record))
        return Persons(of, reviews.bounded([*own, *self.found]))

    def _join_named(self) -> None:
        for number, holders in self.holders.items():
            if number not in self.records and len(holders) == 1:
                self.groups.join(number, holders[0])

    def _doubtful(self) -> Iterable[tuple[str, str, str]]:
        """Pairs that a rule would join: its review's code and the two records."""
        for number, holders in sorted(self.holders.items()):
            if authority_of(number) in self.enterprise:
                yield from ((ENTERPRISE_DISAGREES, holders[0], other) for other in holders[1:])
            elif number in self.records:
                house = [one for one in holders if authority_of(one) == authority_of(number)]
                yield from ((HOUSE_DISAGREES, number, other) for other in house if other != number)

    def _join_unless_they_disagree(self, pairs: list[tuple[str, str, str]]) -> None:
        """What these rules would bring together is one person only if all of it agrees."""
        would = Groups(self.holders)
        for code, one, other in [*pairs, *self._joined()]:
            del code
            would.join(one, other)
        for group in would.all():
            rules = [pair for pair in pairs if pair[1] in group]
            if rules and not self._disagrees(group):
                for _, one, other in rules:
                    self.groups.join(one, other)
            elif rules:
                self._review(rules)
        self._join_enterprise_numbers()

    def _joined(self) -> Iterable[tuple[str, str, str]]:
        for group in self.groups.all():
            first, *others = sorted(group)
            yield from (("", first, other) for other in others)

    def _disagrees(self, group: frozenset[str]) -> bool:
        found = False
        for one, other in combinations(sorted(key for key in group if key in self.records), 2):
            if self.groups.together(one, other):
                continue
            born, sex = reviews.disagreement(self.records[one], self.records[other])
            found = found or born or sex
            if born and sex:
                self.disputed |= {one, other}
        return found

    def _review(self, rules: list[tuple[str, str, str]]) -> None:
        for code, one, other in rules:
            ids = self.records[one].patient_id, self.records[other].patient_id
            self.found += [Review(code=code, ref=ref) for ref in ids]

    def _join_enterprise_numbers(self) -> None:
        """A shared number is the person's whom it joined, and nobody's where it joined nobody."""
        for number, holders in self.holders.items():
            if number not in self.records and all(self.groups.together(holders[0], other) for other in holders):
                self.groups.join(number, holders[0])

    def _review_shared_numbers(self) -> None:
        reviewed = {review.ref for review in self.found}
        for holders in self.holders.values():
            for one, other in combinations(holders, 2):
                ids = {self.records[one].patient_id, self.records[other].patient_id}
                if not self.groups.together(one, other) and not ids <= reviewed:
                    self.found += [Review(code=CLAIMED_BY_ANOTHER, ref=ref) for ref in ids]

    def _person(self, group: frozenset[str]) -> Person | None:
        records = tuple(self.records[key] for key in sorted(group) if key in self.records)
        if not records:
            return None
        lead = min(records, key=lambda record: (record.rank, record.first, record.key))
        disputed = any(record.key in self.disputed or reviews.is_disputed(record) for record in records)
        return Person(lead, records, group, disputed)


def authority_of(claim: str) -> str:
    """The authority of a claim."""
    return claim.split("|")[1] if "|" in claim else ""
