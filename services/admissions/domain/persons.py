"""Who is one person: computed from all records of a document, at each decision, and never kept.

Named together: a number that never was anybody's own and stands beside one record only is that record's (HL7 v2.5.1
ch. 3.4.2.3, PID-3). Two records are one person if they stood with the same enterprise-wide number, or if one house
sent both numbers as the patient's own, unless birth date or sex disagree as they stand now: then they are two, and a
person looks. It ends by itself when either is corrected. A number of a merely trusted authority joins nobody. What was
merged or renamed (ch. 3.3.18, .30, .34, .36, .39, .40, .46, .47) is one person whatever the birth dates say, and what a
person decided outweighs all. Of numbers that gave way to each other the last word's leads: no cycle can be followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Final, NamedTuple

from services.admissions.domain import journal, registers, reviews
from services.admissions.domain.groups import Groups
from services.admissions.domain.model import IDENTIFIERS, Patient, Record, Registers, Review
from services.admissions.domain.repairs import DIFFERENT, SAME

ENTERPRISE_DISAGREES: Final = "enterprise-disagrees"
HOUSE_DISAGREES: Final = "same-house-disagrees"
CLAIMED_BY_ANOTHER: Final = "claimed-by-another"
MERGED_YET_DISAGREE: Final = "merged-yet-disagree"
RETIRED_NUMBER_USED: Final = "retired-number-used"


@dataclass(frozen=True)
class Person:
    """One person of a document. `lead` is the record after whose number the person is called.

    `numbers`: those that lead to this person, whether a record's own or not; `retired`: those that gave way to another
    (HL7 v2.5.1 ch. 3.3.40: not to be used again). `died`: the stamps of the stays that say expired. `disputed`: birth
    date and sex both disagree within what may be one person.
    """

    lead: Record
    records: tuple[Record, ...]
    numbers: frozenset[str]
    disputed: bool = False
    died: tuple[str, ...] = ()
    retired: frozenset[str] = frozenset()

    @property
    def patient_id(self) -> str:
        """The id that is told."""
        return self.lead.patient_id

    @cached_property
    def registers(self) -> Registers:
        """The last word on each field among the records; on what the patient is called, of those that are in use."""
        every = registers.merged(record.registers for record in self.records)
        if not self.retired:
            return every
        in_use = [record.registers for record in self.records if record.key not in self.retired]
        numbers = registers.merged(in_use or [every])
        return every | {name: said for name, said in numbers.items() if name.startswith(IDENTIFIERS)}

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
    if len(patient.records) == 1 and not patient.repairs:
        return _only(patient.records[0])
    return _Several(patient, enterprise).persons()


def _only(record: Record) -> Persons:
    person = Person(record, (record,), frozenset({record.key, *record.beside}), reviews.is_disputed(record))
    return Persons(dict.fromkeys(person.numbers, person), reviews.of_record(record))


class _Rule(NamedTuple):
    """Two records that a rule would join unless they disagree, and the review that opens then."""

    code: str
    one: str
    other: str


@dataclass
class _Several:
    """Several records, on their way to persons. `holders`: the records with which each number stood."""

    patient: Patient
    enterprise: frozenset[str]
    found: list[Review] = field(default_factory=list)
    disputed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.repairs = journal.standing(self.patient.repairs)
        self.verdicts = journal.verdicts(self.repairs)
        self.records = {record.key: record for record in self.patient.records}
        self.holders = _holders(self.patient, journal.cuts(self.repairs))
        self.settled = journal.settled(self.repairs)
        apart = [pair for pair, verdict in self.verdicts.items() if verdict == DIFFERENT]
        self.groups = Groups(self.holders, apart)

    def persons(self) -> Persons:
        self._join_told()
        self._join_unless_they_disagree(list(self._doubtful()))
        self._join_shared_numbers()
        self._review_shared_numbers()
        people = [self._person(group) for group in self.groups.all()]
        of = {number: person for person in people if person is not None for number in person.numbers}
        own = (review for record in self.patient.records for review in reviews.of_record(record, self.settled))
        return Persons(of, reviews.bounded([*own, *self.found], self.settled))

    def _join_told(self) -> None:
        """What somebody said: a person's verdict first, then merges and renames, then a number of one's own."""
        for pair, verdict in self.verdicts.items():
            if verdict == SAME and len(pair) == 2:
                self.groups.join(*sorted(pair))
        self.retired: dict[str, str] = {}
        for repair, (source, target) in journal.merges(self.repairs):
            if self.groups.join(source, target):
                self.retired[source] = repair.stamp
                self.retired.pop(target, None)
                self._review_merge(source, target)
        for number, holders in self.holders.items():
            if number not in self.records and len(holders) == 1:
                self.groups.join(number, holders[0])

    def _review_merge(self, source: str, target: str) -> None:
        one, other = self.records.get(source), self.records.get(target)
        if one and other and any(reviews.disagreement(one, other)):
            self.found.append(Review(code=MERGED_YET_DISAGREE, ref=one.patient_id))
        if one and max((register.stamp for register in one.registers.values()), default="") > self.retired[source]:
            self.found.append(Review(code=RETIRED_NUMBER_USED, ref=one.patient_id))

    def _doubtful(self) -> Iterable[_Rule]:
        for number, holders in sorted(self.holders.items()):
            if authority_of(number) in self.enterprise:
                yield from (_Rule(ENTERPRISE_DISAGREES, holders[0], other) for other in holders[1:])
            elif number in self.records:
                house = [one for one in holders if authority_of(one) == authority_of(number)]
                yield from (_Rule(HOUSE_DISAGREES, number, other) for other in house if other != number)

    def _join_unless_they_disagree(self, rules: list[_Rule]) -> None:
        """What these rules would bring together is one person only if all of it agrees."""
        would = Groups(self.holders)
        for group in self.groups.all():
            would.join_all(group)
        for rule in rules:
            would.join(rule.one, rule.other)
        for group in would.all():
            of_group = [rule for rule in rules if rule.one in group and not self.groups.together(rule.one, rule.other)]
            if of_group and not self._disagrees(group):
                for rule in of_group:
                    self.groups.join(rule.one, rule.other)

    def _disagrees(self, group: frozenset[str]) -> bool:
        """Whether any two of them are not one person; those about whom nobody decided are reviewed."""
        apart = False
        for one, other in combinations(sorted(key for key in group if key in self.records), 2):
            if self.groups.together(one, other):
                continue
            decided = self.verdicts.get(frozenset({one, other})) == DIFFERENT
            born, sex = reviews.disagreement(self.records[one], self.records[other])
            apart = apart or decided or born or sex
            if (born or sex) and not decided:
                self._review(one, other, is_disputed=born and sex)
        return apart

    def _review(self, one: str, other: str, *, is_disputed: bool) -> None:
        same_house = authority_of(one) == authority_of(other)
        code = HOUSE_DISAGREES if same_house and not self._share(one, other) else ENTERPRISE_DISAGREES
        found = [Review(code=code, ref=self.records[key].patient_id) for key in (one, other)]
        self.found += found
        if is_disputed and any((review.code, review.ref) not in self.settled for review in found):
            self.disputed |= {one, other}

    def _share(self, one: str, other: str) -> bool:
        """Did they stand with the same enterprise-wide number?"""
        both = (number for number, holders in self.holders.items() if {one, other} <= {*holders})
        return any(authority_of(number) in self.enterprise for number in both)

    def _join_shared_numbers(self) -> None:
        """A shared number is the person's whom it joined, and nobody's where it joined nobody."""
        for number, holders in self.holders.items():
            if holders and number not in self.records and len({self.groups.of(one) for one in holders}) == 1:
                self.groups.join(number, holders[0])

    def _review_shared_numbers(self) -> None:
        reviewed = {review.ref for review in self.found}
        for holders in self.holders.values():
            for one, other in combinations(holders, 2):
                ids = {self.records[one].patient_id, self.records[other].patient_id}
                is_decided = frozenset({one, other}) in self.verdicts
                if not self.groups.together(one, other) and not is_decided and not ids <= reviewed:
                    self.found += [Review(code=CLAIMED_BY_ANOTHER, ref=ref) for ref in ids]

    def _person(self, group: frozenset[str]) -> Person | None:
        records = tuple(self.records[key] for key in sorted(group) if key in self.records)
        if not records:
            return None
        lead = min(records, key=lambda record: (record.key in self.retired, record.rank, record.first, record.key))
        disputed = any(record.key in self.disputed or reviews.is_disputed(record, self.settled) for record in records)
        return Person(lead, records, group, disputed, retired=frozenset(self.retired) & group)


def _holders(patient: Patient, cuts: frozenset[tuple[str, str]]) -> dict[str, list[str]]:
    """Of every number the records with which it stood, its own first; `cuts` say with which it does not any more."""
    holders: dict[str, list[str]] = {record.key: [record.key] for record in patient.records}
    for record in patient.records:
        for number in record.beside:
            stood = holders.setdefault(number, [])
            if (record.key, number) not in cuts:
                stood.append(record.key)
    for repair in patient.repairs:
        for number in sorted(journal.numbers_of(repair)):
            holders.setdefault(number, [])
    return holders


def authority_of(claim: str) -> str:
    """The authority of a claim."""
    return claim.split("|")[1] if "|" in claim else ""
