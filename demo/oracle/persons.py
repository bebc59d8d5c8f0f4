"""Whose each stay is: persons by the hospitals' numbers, what merges (A40) made one, and what was moved (A43 to A45).

A stay that was filed under another's number is two: the one that was told of that other, which is taken back when the
move is heard, and the one that it really is (HL7 v2.5.1 ch. 3.3.43 to .45). To it belongs what comes there later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from demo.oracle.facts import Message, filed_wrongly
from demo.oracle.pathways import DEATHS
from demo.oracle.stays import AT_HOME, Move, Stay


@dataclass
class Patient:
    """Everything of one person, as far as the hospitals' numbers tell. `shielded`: the hospital protects all stays.

    `is_crossed`: what is known comes under several numbers, by ways on which one may overtake the other.
    """

    stays: dict[str, Stay] = field(default_factory=dict)
    dead: bool = False
    called: dict[str, tuple[datetime, frozenset[str]]] = field(default_factory=dict)
    moved: dict[str, tuple[Patient, Move]] = field(default_factory=dict)
    emptied: list[tuple[Patient, Move]] = field(default_factory=list)
    shielded: bool = False
    is_crossed: bool = False
    led_into: dict[str, str] = field(default_factory=dict)

    @property
    def numbers(self) -> frozenset[str]:
        """What the hospitals call the patient: of each the last word."""
        return frozenset(number for _, numbers in self.called.values() for number in numbers)

    def take(self, at: datetime, message: Message, other: Patient) -> None:
        """That one is this one (HL7 v2.5.1 ch. 3.3.40): all of its stays are this patient's, and so is a death."""
        self.is_crossed = True
        self.shielded = self.shielded or other.shielded or message.shields_patient
        believed = [(stay, one.dead) for one in (self, other) for stay in one.stays.values()]
        self.stays |= other.stays
        self.dead = self._is_dead()
        for stay, dead in believed:
            if dead != self.dead:
                stay.hear_of_death(at, message, dead=self.dead)
        self._note_returns(at)
        self._note_shields(at)
        for authority, called in other.called.items():
            self._call(authority, *called)
        self._call(message.authority, message.recorded, message.numbers)

    def take_stays(self, move: Move, other: Patient) -> None:
        """The stay that the move names, or all that had begun there by then, with what was and will be said of it."""
        message, self.is_crossed = move.message, True
        self.shielded = self.shielded or message.shields_patient
        self._call(message.authority, message.recorded, message.numbers)
        if not message.visit:
            other.emptied.append((self, move))
        for visit in [message.visit] if message.visit else [*other.stays]:
            if visit not in other.moved and (message.visit or move.reaches(other.stays[visit])):
                self._take_stay(visit, move, other)
        self._note_shields(move.at)

    def _take_stay(self, visit: str, move: Move, other: Patient) -> None:
        message = move.message
        other.moved[visit] = self, move
        heard = other.stays.get(visit, Stay())
        heard.taken_away = move
        mine = [move.as_its(one) for one in heard.messages] + ([message] if message.trigger == "A45" else [])
        if mine:
            stay = self.stays.setdefault(visit, Stay())
            stay.messages += mine
            stay.moved_here(move, told_before=bool(heard.said), heard=heard.heard)
            stay.back = self._is_back(stay)
            stay.hear(move.at, message, self.dead)
            self._note_returns(move.at)

    def pass_on(self, at: datetime, message: Message) -> None:
        """What comes under the wrong number after the move."""
        stay = self._stay(message)
        for owner, move in self.emptied:
            if message.visit not in self.moved and move.reaches(stay):
                self.moved[message.visit] = owner, move
        if message.visit not in self.moved:
            return
        owner, move = self.moved[message.visit]
        stay.taken_away = move
        owner.hear(at, move.as_its(message))
        owner.stays[message.visit].moved_here(move, told_before=False, heard=[(at, message)])

    def _call(self, of: str, recorded: datetime, numbers: frozenset[str]) -> None:
        if of not in self.called or self.called[of][0] <= recorded:
            self.called[of] = (recorded, numbers)

    def hear(self, at: datetime, message: Message) -> None:
        """One message more."""
        stay = self._stay(message)
        self.shielded = self.shielded or message.shields_patient
        stay.messages.append(message)
        stay.heard.append((at, message))
        self._call(message.authority, message.recorded, message.numbers)
        before, self.dead = self.dead, self._is_dead()
        stay.back = self._is_back(stay)
        stay.hear(at, message, self.dead)
        for other in self.stays.values() if self.dead != before else ():
            if other is not stay:
                other.hear_of_death(at, message, dead=self.dead)
        self._note_returns(at)
        self._note_shields(at)

    def _note_shields(self, at: datetime) -> None:
        for stay in self.stays.values():
            stay.note_shield(at, by_patient=self.shielded)

    def _stay(self, message: Message) -> Stay:
        """The stay that a message is about. A visit that led into another one is that one (ch. 3.3.6): who was told of
        it, and of what, stays told.
        """
        visit = self.led_into.get(message.visit, message.visit)
        if message.prior and message.prior not in self.led_into:
            self.led_into[message.prior] = visit
            before = self.stays.pop(message.prior, Stay())
            after = self.stays.pop(visit, Stay())
            lives, other = (before, after) if before.said else (after, before)
            lives.messages += other.messages
            self.stays[visit] = lives
        return self.stays.setdefault(visit, Stay())

    def _note_returns(self, at: datetime) -> None:
        for stay in self.stays.values():
            stay.hear_of_return(at, back=self._is_back(stay))

    def _is_back(self, stay: Stay) -> bool:
        """Was the patient admitted again (§8.3), to whichever hospital? Until the next day it is a transfer, but of
        whoever was sent home; and one who was handed on returns, if ever, from where that leads.
        """
        later = [other for other in self.stays.values() if other is not stay and self._index_of(other) is stay]
        if not later:
            return False
        least = 0 if stay.left()[1] in AT_HOME else 2
        return stay.days_to(min(later, key=lambda one: one.begun())) >= least

    def _index_of(self, later: Stay) -> Stay | None:
        """The stay that a later one in a bed, as its class says, returns from: the last that ended alive, up to 30
        local days before.
        """
        if later.stage() not in ("registered", "admitted", "discharged") or later.class_ != "I":
            return None
        before = [one for one in self.stays.values() if one.is_index_of(later)]
        index = max(before, key=lambda one: one.left()[0] or later.begun(), default=None)
        return index if index and index.days_to(later) <= 30 else None

    def _is_dead(self) -> bool:
        """By the last word on it: PID-30, or a disposition that says so of a stay that is over."""
        words = [(one.recorded, one.died) for stay in self.stays.values() for one in stay.messages if one.says_of_death]
        for stay in self.stays.values():
            if stay.stage() == "discharged" and stay.left()[1] in DEATHS:
                words += [(one.recorded, True) for one in stay.messages if one.disposition in DEATHS]
        return max(words, default=(None, False))[1]


def hear_all(arrived: Iterable[tuple[datetime, Message]]) -> dict[str, tuple[Stay, Patient]]:
    """Every stay by visit number, and whose it is, after all messages in order of arrival; repeats change nothing."""
    people: dict[str, Patient] = {}
    known: set[str] = set()
    for at, message in arrived:
        if message.control_id not in known:
            known.add(message.control_id)
            _hear(people, at, message)
            if message.beside is not None:
                _hear(people, at, message.beside).is_crossed = True
    return {
        filed_wrongly(visit) if stay.messages[0].mistaken else visit: (stay, patient)
        for patient in people.values()
        for visit, stay in patient.stays.items()
    }


def _hear(people: dict[str, Patient], at: datetime, message: Message) -> Patient:
    patient = people.setdefault(message.patient, Patient())
    if message.moves:
        patient.take_stays(Move(at, message), people.setdefault(message.moves, Patient()))
        return patient
    if not message.retires:
        patient.hear(at, message)
        patient.pass_on(at, message)
        return patient
    retired = people.setdefault(message.retires, Patient())
    if retired is not patient:
        patient.take(at, message, retired)
        people.update({name: patient for name, one in people.items() if one is retired})
    return patient
