"""What is one stay: visits of one person that a rule joins, computed at each decision and never kept.

`same-number`: the same visit or account number under two numbers of the patient (HL7 v2.5.1 ch. 3.4.3.19: unique
within its authority and patient), or, of unnumbered visits, the same start at the same house.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from services.admissions.domain import registers
from services.admissions.domain.groups import Groups
from services.admissions.domain.model import Encounter, LifecycleFact, Patient, Registers, Visit
from services.admissions.domain.persons import Person, Persons, authority_of
from services.admissions.domain.put import DOOR
from shared.schemas.envelope import Mode

SAME_NUMBER: Final = "same-number"
_UNNUMBERED: Final = "unnumbered"
_UNKNOWN: Final = Encounter(encounter_id="", key="", anchor="")


@dataclass(frozen=True)
class Stay:
    """Visits of a person that are one stay. `joined_by`: the rules that joined them.

    `encounter` is what it is to its hearers, once that is known (`encounters`).
    """

    person: Person
    visits: tuple[Visit, ...]
    joined_by: tuple[str, ...] = ()
    encounter: Encounter = _UNKNOWN

    @cached_property
    def facts(self) -> tuple[LifecycleFact, ...]:
        """All that is kept of it."""
        return tuple(fact for visit in self.visits for fact in visit.facts)

    @cached_property
    def registers(self) -> Registers:
        """The last word on each field."""
        if len(self.visits) == 1:
            return self.visits[0].registers
        return registers.merged(visit.registers for visit in self.visits)

    @property
    def encounter_id(self) -> str:
        """The id that is told."""
        return self.encounter.encounter_id

    @property
    def protected_unit(self) -> bool:
        """Was it ever in a protected unit?"""
        return any(visit.protected_unit for visit in self.visits)

    @property
    def first(self) -> Visit:
        """The visit that was heard of earliest, by the hospitals' own clocks."""
        return min(self.visits, key=lambda visit: (visit.first, visit.visit_id))

    @property
    def feed(self) -> str:
        """Whose news it is: the feed of its last message."""
        return str(self._door["feed"])

    @property
    def mode(self) -> Mode:
        """That feed's mode when it came."""
        return Mode(self._door["mode"])

    @property
    def a08(self) -> str:
        """What a class in an update does, in that feed."""
        return str(self._door["a08"])

    @property
    def _door(self) -> dict[str, Any]:
        door: dict[str, Any] = self.registers[DOOR].value
        return door


def stays(patient: Patient, people: Persons) -> tuple[Stay, ...]:
    """The stays of a document, in the order of their visits."""
    if len(patient.records) == 1:
        person = people.of[patient.records[0].key]
        return tuple(Stay(person, (visit,)) for visit in patient.visits)
    owned: dict[str, list[Visit]] = {}
    for visit in patient.visits:
        owned.setdefault(people.of[visit.record].lead.key, []).append(visit)
    return tuple(stay for key, visits in owned.items() for stay in _Joining(people.of[key], visits).stays())


@dataclass
class _Joining:
    """The visits of one person, on their way to stays."""

    person: Person
    visits: list[Visit]
    rules: dict[str, set[str]] = field(default_factory=dict)

    def stays(self) -> Iterable[Stay]:
        by_id = {visit.visit_id: visit for visit in self.visits}
        groups = Groups(by_id)
        for rule, one, other in self._pairs():
            groups.join(one, other)
            self.rules.setdefault(one, set()).add(rule)
        for group in groups.all():
            rules = {rule for id_ in group for rule in self.rules.get(id_, ())}
            yield Stay(self.person, tuple(by_id[id_] for id_ in sorted(group)), tuple(sorted(rules)))

    def _pairs(self) -> Iterable[tuple[str, str, str]]:
        """A rule and the two visits that it joins."""
        first: dict[tuple[str, ...], str] = {}
        for visit in self.visits:
            known = first.setdefault(_number(visit), visit.visit_id)
            if known != visit.visit_id:
                yield SAME_NUMBER, known, visit.visit_id


def _number(visit: Visit) -> tuple[str, ...]:
    """The visit's key; an unnumbered one is told apart by its house as well."""
    return (*visit.key, authority_of(visit.record)) if visit.key[0] == _UNNUMBERED else visit.key
