"""What is to be said of each stay, message by message as they were let in (domain rules §1.2, §1.3, §1.8, §8.4).

Order of arrival decides only what is said in between; what stands is read from the hospital's own times. Of two words
of one trigger the last recorded counts; a cancel takes back what has the time it names, unless said anew since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from demo.oracle import calendar, stages
from demo.oracle.facts import Message
from demo.oracle.pathways import DEATHS

AT_HOME = ("01", "81", "06", "86", "07")
NOTICE = {one: f"encounter.{one}" for one in stages.TOLD}
DISCHARGED = NOTICE["discharged"]
DIED = "patient.died"


@dataclass
class Said:
    """One event that somebody may hear of. `taken_back` is when that was said, None while it stands."""

    notice: str
    n: int
    version: int
    at: datetime
    occurred: datetime
    message: Message
    taken_back: datetime | None = None


@dataclass(frozen=True)
class State:
    """What stands of a stay from `at` on. `said` when something was said then; `happened` is the time it tells.

    `back`: the patient has been admitted again since.
    """

    at: datetime
    status: str
    version: int
    class_: str
    admission_type: str
    disposition: str
    ended: datetime | None
    dead: bool
    happened: datetime
    back: bool = False


@dataclass
class Stay:
    """One visit: its messages, what was said of it, and how it stood after each of them."""

    messages: list[Message] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    status: str = ""
    version: int = 0
    known_dead: bool = False
    back: bool = False
    _counts: Counter[tuple[str, int]] = field(default_factory=Counter)

    def stage(self) -> str:
        """Where it stands by all that was said of it (`stages.stage`)."""
        return stages.stage(self.messages)

    def left(self) -> tuple[datetime | None, str]:
        """Time and disposition of the end, by the last word; a cancelled discharge leaves neither behind."""
        ended, disposition = None, ""
        for one in sorted(self.messages, key=lambda message: message.recorded):
            if one.trigger == "A13":
                ended, disposition = None, ""
            else:
                ended, disposition = one.ended or ended, one.disposition or disposition
        return ended, disposition

    def hear(self, at: datetime, message: Message, dead: bool) -> None:
        """Say the difference between what was said and what stands."""
        stage = self.stage()
        before = len(self.said)
        if stage in ("cancelled", "planned"):
            self._cancel(at)
        else:
            self._withdraw(at, stage)
            self._begin_or_end(at, stage, message, dead)
        self._note_death(at, message, dead, news=len(self.said) == before)
        self._remember(at, message, dead)

    def where(self) -> tuple[str, str, bool]:
        """Class and ward by the last word, and whether the patient is out for a while (A21) and not back (A22)."""
        last = max(self.messages, key=lambda one: one.recorded)
        leaves = sorted((m.occurred, m.trigger) for m in self.messages if m.trigger in ("A21", "A22"))
        away = bool(leaves) and leaves[-1][1] == "A21" and self.status == "in-progress"
        return last.class_, last.place, away

    @property
    def class_(self) -> str:
        """By the last word."""
        return max(self.messages, key=lambda one: one.recorded).class_

    def hear_of_death(self, at: datetime, message: Message, *, dead: bool) -> None:
        """Another stay's message, or a merge, says that the patient died, or did not: told to this stay's people."""
        if self.status not in ("", "cancelled"):
            mine = max(self.messages, key=lambda one: one.recorded)
            self._note_death(at, replace(mine, recorded=message.recorded), dead, news=True)
            self._remember(at, message, dead)

    def hear_of_return(self, at: datetime, *, back: bool) -> None:
        """Another stay's message says that the patient is in a bed again, or is not after all."""
        if back != self.back:
            self.back = back
            self.states += [replace(state, at=at, back=back) for state in self.states[-1:]]

    def begun(self) -> datetime:
        """When it began, as far as its messages tell: in a bed, if it came to that."""
        found = stages.standing(self.messages)[0]
        begins = [found[one].occurred for one in ("A01", "A04", "A06") if one in found]
        return begins[0] if begins else min(m.occurred for m in self.messages)

    def days_to(self, later: Stay) -> int:
        """From the local date of its end to that of the later one's begin; -1 while it goes on."""
        ended, zone = self.left()[0], self.messages[-1].zone
        if ended is None:
            return -1
        return (calendar.local_date(later.begun(), zone) - calendar.local_date(ended, zone)).days

    def is_index_of(self, later: Stay) -> bool:
        """May `later` be a return from it? It ended alive, before."""
        is_over = self is not later and self.stage() == "discharged" and self.class_ in ("I", "V", "S")
        alive = is_over and self.left()[1] not in DEATHS
        return alive and self.begun() < later.begun() and self.days_to(later) >= 0

    def _standing(self, notice: str) -> Said | None:
        return next((one for one in self.said if one.notice == notice and one.taken_back is None), None)

    def _cancel(self, at: datetime) -> None:
        for one in self.said:
            if one.notice in NOTICE.values() and one.taken_back is None:
                one.taken_back = at
        self.status = "cancelled" if self.status else ""

    def _withdraw(self, at: datetime, stage: str) -> None:
        discharged = self._standing(DISCHARGED)
        if discharged and stage != "discharged":
            discharged.taken_back = at
            self.status = "in-progress"

    def _begin_or_end(self, at: datetime, stage: str, message: Message, dead: bool) -> None:
        if stage not in NOTICE:
            return
        found = stages.standing(self.messages)[0]
        admitted = self._standing(NOTICE["admitted"])
        if stage == "registered" and admitted and not found.keys() & set(stages.TOLD["admitted"]):
            admitted.taken_back = at
        if not self._is_said(stage):
            self.version += stage == "discharged"
            happened = next(found[one].occurred for one in stages.TOLD[stage] if one in found)
            self._say(at, NOTICE[stage], happened, message)
            self.known_dead = dead
        self.status = "finished" if stage == "discharged" else "in-progress"

    def _is_said(self, stage: str) -> bool:
        """An admission that became a visit (A07) was one: that it goes on as a visit is told to nobody."""
        admitted = stage == "registered" and self._standing(NOTICE["admitted"])
        return bool(admitted) or self._standing(NOTICE[stage]) is not None

    def _note_death(self, at: datetime, message: Message, dead: bool, *, news: bool) -> None:
        """A death that comes with a begin or an end is told by that; alone it is told by itself."""
        if dead and news and not self.known_dead and self.status in ("in-progress", "finished"):
            self._say(at, DIED, message.recorded, message)
        told = self._standing(DIED)
        if told and not dead:
            told.taken_back = at
        if self.status:
            self.known_dead = dead

    def _say(self, at: datetime, notice: str, occurred: datetime, message: Message) -> None:
        version = self.version if notice == DISCHARGED else 0
        self._counts[notice, version] += 1
        self.said.append(Said(notice, self._counts[notice, version], version, at, occurred, message))

    def _remember(self, at: datetime, message: Message, dead: bool) -> None:
        ended, disposition = self.left()
        last = max(self.messages, key=lambda one: one.recorded)
        told = self.said[-1] if self.said and self.said[-1].at == at else None
        happened = told.occurred if told and told.message is message else message.recorded
        self.states.append(
            State(
                at,
                self.status,
                self.version,
                last.class_,
                last.admission_type,
                disposition,
                ended,
                dead,
                happened,
                self.back,
            )
        )


@dataclass
class Patient:
    """Everything of one person, as far as the hospitals' numbers tell."""

    stays: dict[str, Stay] = field(default_factory=dict)
    dead: bool = False
    called: dict[str, tuple[datetime, frozenset[str]]] = field(default_factory=dict)

    @property
    def numbers(self) -> frozenset[str]:
        """What the hospitals call the patient: of each the last word."""
        return frozenset(number for _, numbers in self.called.values() for number in numbers)

    def take(self, at: datetime, message: Message, other: Patient) -> None:
        """That one is this one (HL7 v2.5.1 ch. 3.3.40): all of its stays are this patient's, and so is a death."""
        believed = [(stay, one.dead) for one in (self, other) for stay in one.stays.values()]
        self.stays |= other.stays
        self.dead = self._is_dead()
        for stay, dead in believed:
            if dead != self.dead:
                stay.hear_of_death(at, message, dead=self.dead)
        self._note_returns(at)
        for authority, called in other.called.items():
            self._call(authority, *called)
        self._call(message.authority, message.recorded, message.numbers)

    def _call(self, of: str, recorded: datetime, numbers: frozenset[str]) -> None:
        if of not in self.called or self.called[of][0] <= recorded:
            self.called[of] = (recorded, numbers)

    def hear(self, at: datetime, message: Message) -> None:
        """One message more."""
        stay = self.stays.setdefault(message.visit, Stay())
        stay.messages.append(message)
        self._call(message.authority, message.recorded, message.numbers)
        before, self.dead = self.dead, self._is_dead()
        stay.back = self._is_back(stay)
        stay.hear(at, message, self.dead)
        for other in self.stays.values() if self.dead != before else ():
            if other is not stay:
                other.hear_of_death(at, message, dead=self.dead)
        self._note_returns(at)

    def _note_returns(self, at: datetime) -> None:
        for stay in self.stays.values():
            stay.hear_of_return(at, back=self._is_back(stay))

    def _is_back(self, stay: Stay) -> bool:
        """Was the patient admitted again (§8.3), to whichever hospital? Until the next day it is a transfer, but of
        whoever was sent home.
        """
        return any(self._index_of(other) is stay for other in self.stays.values() if other is not stay)

    def _index_of(self, later: Stay) -> Stay | None:
        """The stay that a later one in a bed, as its class says, returns from: the last that ended alive, up to 30
        local days before.
        """
        if later.stage() not in ("registered", "admitted", "discharged") or later.class_ != "I":
            return None
        before = [one for one in self.stays.values() if one.is_index_of(later)]
        index = max(before, key=lambda one: one.left()[0] or later.begun(), default=None)
        days = index.days_to(later) if index else -1
        least = 0 if index and index.left()[1] in AT_HOME else 2
        return index if least <= days <= 30 else None

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
    return {visit: (stay, patient) for patient in people.values() for visit, stay in patient.stays.items()}


def _hear(people: dict[str, Patient], at: datetime, message: Message) -> None:
    patient = people.setdefault(message.patient, Patient())
    if not message.retires:
        patient.hear(at, message)
        return
    retired = people.setdefault(message.retires, Patient())
    if retired is not patient:
        patient.take(at, message, retired)
        people.update({name: patient for name, one in people.items() if one is retired})
