"""What is to be said of each stay, message by message as they were let in (domain rules §1.2, §1.3, §1.8, §8.4).

Order of arrival decides only what is said in between; what stands is read from the hospital's own times. Of two words
of one trigger the last recorded counts; a cancel takes back what has the time it names, unless said anew since.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

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


class Move(NamedTuple):
    """A stay that was filed under another's number is the one's whom the message names, as was heard at that time."""

    at: datetime
    message: Message

    def as_its(self, other: Message) -> Message:
        """The message as it would have been had nobody been mistaken."""
        mine = self.message
        return replace(
            other, patient=mine.patient, numbers=mine.numbers, team=mine.team, mistaken=False, shields_patient=False
        )

    def reaches(self, stay: Stay) -> bool:
        """Had it begun when everything was moved (A43)?"""
        return min(one.recorded for one in stay.messages) <= self.message.recorded


@dataclass
class Stay:
    """One visit: its messages, what was said of it, and how it stood after each of them.

    `heard`: what came under its own patient's number, and when. `taken_away`: it was somebody else's all the time;
    `moved`: it was told of somebody else, or might have been, and `filed` is when what was filed there was heard.
    `rebuilt`: it was surely told there first. `shielded`: when it was heard first that nothing may be told of it.
    """

    messages: list[Message] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    status: str = ""
    version: int = 0
    known_dead: bool = False
    back: bool = False
    heard: list[tuple[datetime, Message]] = field(default_factory=list)
    taken_away: Move | None = None
    moved: Move | None = None
    filed: list[tuple[datetime, Message]] = field(default_factory=list)
    rebuilt: bool = False
    shielded: datetime | None = None
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

    def note_shield(self, at: datetime, *, by_patient: bool) -> None:
        """Once protected, for ever."""
        if self.shielded is None and (by_patient or any(one.unit or one.shields_visit for one in self.messages)):
            self.shielded = at

    def moved_here(self, move: Move, *, told_before: bool, heard: list[tuple[datetime, Message]]) -> None:
        """So much of it was filed under the wrong number."""
        self.moved, self.filed = move, [*self.filed, *heard]
        self.rebuilt = self.rebuilt or (told_before and not self.said)

    def is_near_its_move(self, step: timedelta) -> bool:
        """May what began it have come on either side of the move?"""
        begins = (at for at, message in self.filed if message.trigger in stages.BEGINNING)
        return self.moved is not None and any(abs(at - self.moved.at) <= step for at in begins)

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
