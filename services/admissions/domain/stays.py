"""What is one stay: visits of one person that a rule joins (`joins`), computed at each decision and never kept.

A visit is its record's person's, unless a standing move says whose it really is: then what comes under the wrong number
later follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from services.admissions.domain import journal, registers
from services.admissions.domain.codes import CLASS, OBSERVED
from services.admissions.domain.groups import Groups
from services.admissions.domain.joins import account_of, joins, led_in, text_of
from services.admissions.domain.lifecycle import Trigger
from services.admissions.domain.model import Encounter, LifecycleFact, Patient, Registers, Visit
from services.admissions.domain.nearness import Near
from services.admissions.domain.persons import Person, Persons
from services.admissions.domain.put import DOOR
from services.admissions.domain.registers import value_of
from services.admissions.domain.repairs import ACCOUNT, VISIT, Repair
from shared.schemas.envelope import Mode
from shared.schemas.identifiers import Identifier

ENDS: Final = frozenset({Trigger.DISCHARGE, Trigger.CANCEL_DISCHARGE})
_NUMBERS: Final = ("visit_number", "account_number")
_WHERE: Final = (CLASS, OBSERVED, "location")
VISIT_ITSELF: Final = "visit"
"""The label of a stay that is protected as such, whatever unit it is in."""
_UNKNOWN: Final = Encounter(encounter_id="", key="", anchor="")


@dataclass(frozen=True)
class Stay:
    """Visits of a person that are one stay. `joined_by`: the rules that joined them; `led`: which led into another.

    `encounter` is what it is to its hearers, once that is known (`encounters`).
    """

    person: Person
    visits: tuple[Visit, ...]
    joined_by: tuple[str, ...] = ()
    encounter: Encounter = _UNKNOWN
    led: frozenset[str] = frozenset()

    @cached_property
    def facts(self) -> tuple[LifecycleFact, ...]:
        """All that is kept of it. The end of a visit that led into another one ended nothing."""
        return tuple(
            fact
            for visit in self.visits
            for fact in visit.facts
            if visit.visit_id not in self.led or fact.trigger not in ENDS
        )

    @cached_property
    def registers(self) -> Registers:
        """The last word on each field; numbers, class and bed are those of the visit that the others led into.

        The emergency department closes its visit when the patient is in a bed by then, and says class E once more.
        """
        if len(self.visits) == 1:
            return self.visits[0].registers
        last = registers.merged(visit.registers for visit in self.visits if visit.visit_id not in self.led)
        every = registers.merged(visit.registers for visit in self.visits)
        kept = {name: said for name, said in every.items() if name not in _WHERE}
        return kept | {name: last[name] for name in (*_NUMBERS, *_WHERE) if name in last}

    @property
    def other_numbers(self) -> tuple[Identifier, ...]:
        """Further visit numbers of the same stay."""
        own = value_of(self.registers, "visit_number", {}).get("value", "").strip().upper()
        sent = sorted({visit.key[1:] for visit in self.visits if visit.key[0] == VISIT and visit.key[2] != own})
        return tuple(Identifier(value=value, assigner=assigner, type="VN") for assigner, value in sent)

    @property
    def encounter_id(self) -> str:
        """The id that is told."""
        return self.encounter.encounter_id

    @property
    def unit_labels(self) -> set[str]:
        """By which laws the units that it was ever in protect it."""
        labels = {label for visit in self.visits for label in visit.unit_labels}
        return labels | {VISIT_ITSELF for visit in self.visits if visit.protected_unit}

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


def stays(patient: Patient, people: Persons, near: Near | None = None) -> tuple[Stay, ...]:
    """The stays of a document, in the order of their visits. `near`: the rules that go by times, if any is on."""
    if is_plain(patient, near):
        person = people.of[patient.records[0].key]
        return tuple(Stay(person, (visit,)) for visit in patient.visits)
    repairs = journal.standing(patient.repairs)
    owned: dict[str, list[Visit]] = {}
    for visit in patient.visits:
        owned.setdefault(_owner(visit, people, repairs).lead.key, []).append(visit)
    return tuple(stay for key, visits in owned.items() for stay in joined(people.of[key], visits, repairs, near))


def is_plain(patient: Patient, near: Near | None) -> bool:
    """One number and numbered visits, as most patients have: nothing there can be joined, moved or parted."""
    is_told_of_once = len(patient.records) == 1 and not patient.repairs and (near is None or len(patient.visits) == 1)
    return is_told_of_once and not any(visit.prior or visit.key[0] == ACCOUNT for visit in patient.visits)


def _owner(visit: Visit, people: Persons, repairs: Sequence[Repair]) -> Person:
    """Whose it is: the person's under whose number it came, unless it was moved away from there, and so on."""
    owner = people.of[visit.record]
    for move in journal.moves(repairs):
        source, target = people.of.get(move.record), people.of.get(move.into)
        if source and target and source.lead.key == owner.lead.key and _is_moved(visit, move):
            owner = target
    return owner


def _is_moved(visit: Visit, move: Repair) -> bool:
    """A45 moves a visit, A44 an account with its visits, A43 what the patient had by then (ch. 3.3.43 to .45)."""
    if move.level == VISIT:
        return text_of(visit.key) in move.sources
    if move.level == ACCOUNT:
        return account_of(visit) in move.sources
    return visit.record in move.sources and visit.first <= move.stamp


def joined(person: Person, visits: Sequence[Visit], repairs: Sequence[Repair], near: Near | None) -> Iterable[Stay]:
    """The visits of one person as stays."""
    if len(visits) == 1:
        return (Stay(person, (visits[0],)),)
    by_id = {visit.visit_id: visit for visit in visits}
    groups = Groups(by_id)
    rules: dict[str, set[str]] = {}
    by_time = near.joins(visits) if near else []
    for rule, one, other in (*joins(visits, repairs), *by_time):
        if not groups.together(one, other):
            rules.setdefault(one, set()).add(rule)
        groups.join(one, other)
    found = []
    for group in groups.all():
        names = {rule for id_ in group for rule in rules.get(id_, ())}
        mine = tuple(by_id[id_] for id_ in sorted(group))
        led = led_in(mine, by_time) if len(mine) > 1 else frozenset()
        found.append(Stay(person, mine, tuple(sorted(names)), led=led))
    return found
