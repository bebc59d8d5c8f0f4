"""What was observed, in the shape of what is expected: read from the topics and the mailbox, as any stranger could.

No service's database is asked. Repeats of a record are removed by its id, as every hearer does. Of what was read only
the little is kept that is compared.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import Message as Mail
from itertools import accumulate
from pathlib import Path

from demo.oracle.facts import Account, Arrival, Done, Task, Telling, Transition, Visit, filed_wrongly
from demo.oracle.kept import KeptStay, KeptTask, KeptTransition
from shared.schemas.commands import CompleteTask
from shared.schemas.encounters import AboutEncounter, EncounterEvent, EncounterUpdated
from shared.schemas.envelope import Event
from shared.schemas.notifications import DeliveryState, NotificationDecided, NotificationEvent
from shared.schemas.tasks import TaskEvent
from shared.schemas.topics import ADMISSIONS_TIMERS, ADT_INBOUND, COMMANDS, DIRECTORY, FOLLOWUP_TIMERS
from shared.schemas.transitions import TransitionEvent
from shared.stream.codec import Undecodable, decode, envelope_of
from shared.stream.records import Heard

REPEAT = "X-Care-Possible-Repeat"
TWICE = frozenset({"told-twice"})
_A_NAME = re.compile(r"\bTest[^\W\d_]")
"""Every family name that the simulated hospital knows begins so."""
_TELLS_NOTHING = frozenset({DIRECTORY.name, FOLLOWUP_TIMERS.name, ADMISSIONS_TIMERS.name})


@dataclass
class Observed:
    """Everything that was said. Feed it with `hear`, then ask.

    `naming`: the deliveries of mails that name somebody. `corrected`: the encounter of each correction, and when what
    brought it came.
    """

    arrived: dict[int, list[Arrival]] = field(default_factory=lambda: defaultdict(list))
    dead_letters: set[str] = field(default_factory=set)
    mails: Counter[str] = field(default_factory=Counter)
    repeats: Counter[str] = field(default_factory=Counter)
    naming: set[str] = field(default_factory=set)
    corrected: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _encounters: dict[str, KeptStay] = field(default_factory=dict)
    _transitions: dict[str, KeptTransition] = field(default_factory=dict)
    _tasks: dict[str, KeptTask] = field(default_factory=dict)
    _commands: list[CompleteTask] = field(default_factory=list)
    _amending: set[str] = field(default_factory=set)
    _causes: dict[str, tuple[str, str, int, int]] = field(default_factory=dict)
    _counts: Counter[tuple[str, str, str, int]] = field(default_factory=Counter)
    _decided: dict[str, DeliveryState] = field(default_factory=dict)
    _deliveries: dict[str, DeliveryState] = field(default_factory=dict)

    def hear(self, record: Heard) -> None:
        """One record of any topic; of one partition in order."""
        if record.topic.endswith(".dlq"):
            self._hear_dead_letter(record)
        elif record.topic not in _TELLS_NOTHING and record.header("ce_id") not in self._seen:
            self._seen.add(record.header("ce_id"))
            if record.topic == ADT_INBOUND.name:
                arrival = Arrival(control_id_of(record.value or b""), envelope_of(record).time)
                self.arrived[record.partition].append(arrival)
            else:
                self._hear_event(record)

    def mail(self, message: Mail) -> None:
        """One mail; a repeat that says so is counted apart."""
        delivery = str(message.get("X-Care-Delivery", ""))
        (self.repeats if message.get(REPEAT) else self.mails)[delivery] += 1
        if names_somebody(message):
            self.naming.add(delivery)

    def is_settled(self, until: datetime) -> bool:
        """Whether every delivery has an outcome and every alarm up to `until` was said."""
        pending = any(one.status == "pending" for one in self._deliveries.values())
        return not pending and not any(one.rings(until) for one in self._tasks.values())

    def arrivals(self) -> list[Arrival]:
        """In an order that every partition keeps; between partitions by the time at the door."""
        rows: list[tuple[object, int, int, Arrival]] = []
        for partition, arrivals in self.arrived.items():
            latest = accumulate((one.at for one in arrivals), max)
            rows += [(at, partition, n, one) for n, (at, one) in enumerate(zip(latest, arrivals, strict=True))]
        return [row[3] for row in sorted(rows, key=lambda row: row[:3])]

    def done(self) -> list[Done]:
        """What people said they did, of tasks that are known; of one task the first word."""
        found: dict[str, Done] = {}
        for command in self._commands:
            task = self._tasks.get(command.task_id)
            if task is not None:
                version = self._version(task.transition_id, task.version)
                found.setdefault(command.task_id, Done(task.visit, version, task.code, command.performed_at))
        return list(found.values())

    def account(
        self, visits: Iterable[str], control_ids: Iterable[str], wrong: frozenset[str] = frozenset()
    ) -> Account:
        """What became of these visits and messages. `wrong`: numbers under which visits of others were filed."""
        wanted = set(visits)
        found = {
            filed_wrongly(one.visit) if one.numbers & wrong else one.visit: one
            for one in self._encounters.values()
            if one.visit in wanted
        }
        told, corrections = self._told()
        transitions = self._ends_of_transitions()
        ends = {visit: _end(stay, transitions, told, corrections) for visit, stay in found.items()}
        return Account(ends, frozenset(self.dead_letters & set(control_ids)))

    def deliveries(self, visits: Iterable[str]) -> dict[str, DeliveryState]:
        """The last word of each delivery about one of these visits."""
        wanted = set(visits)
        about = {one.encounter_id for one in self._encounters.values() if one.visit in wanted}
        return {id_: one for id_, one in self._deliveries.items() if one.encounter_id in about}

    def statuses(self) -> tuple[dict[str, str], dict[str, str]]:
        """The last word on everything, by id: business status of each task, status of each delivery."""
        tasks = {id_: task.business_status for id_, task in self._tasks.items()}
        return tasks, {id_: delivery.status for id_, delivery in self._deliveries.items()}

    def visit_of(self, encounter_id: str) -> str:
        """The visit's number of an encounter, or ""."""
        stay = self._encounters.get(encounter_id)
        return stay.visit if stay else ""

    def _hear_dead_letter(self, record: Heard) -> None:
        if record.topic.startswith(ADT_INBOUND.name):
            self.dead_letters.add(control_id_of(record.value or b""))
        elif not record.topic.startswith(COMMANDS.name):
            self.dead_letters.add(f"{record.topic} {record.header('ce_id')}")

    def _hear_event(self, record: Heard) -> None:
        try:
            event = decode(record)
        except Undecodable:
            return
        match event.data:
            case TransitionEvent() as data:
                self._transitions[data.transition.transition_id] = KeptTransition.of(data)
                self._note_cause(event, data, data.transition.transition_id, data.transition.discharge_version)
            case TaskEvent() as data:
                self._tasks[data.task.task_id] = task = KeptTask.of(data)
                self._note_cause(event, data, task.code, self._version(task.transition_id, task.version))
            case EncounterEvent() as data:
                self._encounters[data.encounter.encounter_id] = KeptStay.of(data)
                version = data.encounter.discharge_version if data.TYPE == "encounter.discharged.v1" else 0
                self._note_cause(event, data, "", version)
            case NotificationEvent() as data:
                self._hear_delivery(data, event.envelope.time)
            case CompleteTask() as data:
                self._commands.append(data)

    def _version(self, transition_id: str, otherwise: int) -> int:
        known = self._transitions.get(transition_id)
        return known.version if known else otherwise

    def _note_cause(self, event: Event, data: AboutEncounter, code: str, version: int) -> None:
        died = isinstance(data, EncounterUpdated)
        notice = "patient.died" if died else data.TYPE.removesuffix(".v1")
        named = code if isinstance(data, TaskEvent) else ""
        place = (data.encounter.encounter_id, notice, named, version)
        self._counts[place] += 1
        self._causes[event.envelope.id] = (notice, named, version, self._counts[place])
        if data.amends and not data.withdraws:
            self._amending.add(event.envelope.id)

    def _hear_delivery(self, data: NotificationEvent, at: datetime) -> None:
        if isinstance(data, NotificationDecided):
            if data.delivery.corrects:
                self.corrected[data.delivery.delivery_id] = data.delivery.encounter_id, at
            self._decided[data.delivery.delivery_id] = data.delivery
            self._deliveries.setdefault(data.delivery.delivery_id, data.delivery)
        else:
            self._deliveries[data.delivery.delivery_id] = data.delivery

    def _told(self) -> tuple[dict[str, dict[Telling, frozenset[str]]], dict[str, dict[Telling, frozenset[str]]]]:
        """By encounter: what became of each telling, and of the correction that takes it back."""
        told: dict[str, dict[Telling, frozenset[str]]] = defaultdict(dict)
        corrections: dict[str, dict[Telling, frozenset[str]]] = defaultdict(dict)
        for id_, decided in self._decided.items():
            outcome = frozenset({_outcome(self._deliveries[id_])})
            if not decided.corrects:
                before = told[decided.encounter_id].get(self._telling(decided))
                told[decided.encounter_id][self._telling(decided)] = outcome | TWICE if before else outcome
            for corrected in self._takes_back(decided):
                corrections[decided.encounter_id][self._telling(self._decided[corrected])] = outcome
        return told, corrections

    def _takes_back(self, decided: DeliveryState) -> list[str]:
        """The messages that a correction takes back: not what an amendment leaves standing, nor an amendment itself."""
        if decided.cause in self._amending:
            return []
        known = ((id_, self._decided.get(id_)) for id_ in decided.corrects)
        return [id_ for id_, one in known if one is not None and not one.corrects]

    def _telling(self, decided: DeliveryState) -> Telling:
        notice, code, version, n = self._causes.get(decided.cause, (decided.tells.removesuffix(".v1"), "", 0, 0))
        if notice == "patient.died":
            n = 1
        return Telling(notice, code, version, n, decided.recipient)

    def _ends_of_transitions(self) -> dict[str, dict[int, Transition]]:
        """By encounter and discharge version."""
        tasks: dict[str, dict[str, Task]] = defaultdict(dict)
        for one in self._tasks.values():
            tasks[one.transition_id][one.code] = Task(one.opens_at, one.due_at, frozenset({one.business_status}))
        found: dict[str, dict[int, Transition]] = defaultdict(dict)
        for id_, opened in self._transitions.items():
            found[opened.encounter_id][opened.version] = Transition(opened.status, opened.pathway, tasks.get(id_, {}))
        return found


def _end(
    stay: KeptStay,
    transitions: Mapping[str, Mapping[int, Transition]],
    told: Mapping[str, Mapping[Telling, frozenset[str]]],
    corrections: Mapping[str, Mapping[Telling, frozenset[str]]],
) -> Visit:
    of = stay.encounter_id
    numbers = stay.numbers if stay.status != "cancelled" else frozenset()
    said = (stay.status, stay.ended, stay.disposition, numbers)
    where = (stay.class_, stay.place, stay.on_leave) if stay.status != "cancelled" else ("", "", False)
    return Visit(*said, *where, transitions.get(of, {}), told.get(of, {}), corrections.get(of, {}))


def control_id_of(body: bytes) -> str:
    """MSH-10 of a raw message, "" if it has none."""
    fields = body.split(b"\r", 1)[0].split(b"|")
    return fields[9].decode("ascii", "replace") if len(fields) > 9 else ""


def names_somebody(message: Mail) -> bool:
    """Does its text name a patient or a practitioner?"""
    parts = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
    return any(isinstance(part, bytes) and _A_NAME.search(part.decode("utf-8", "replace")) for part in parts)


def kept_mails(directory: Path) -> Iterator[Mail]:
    """The mails that a local mailbox kept as files."""
    for file in sorted(directory.glob("*.eml")):
        yield message_from_bytes(file.read_bytes())


def _outcome(delivery: DeliveryState) -> str:
    return f"suppressed:{delivery.reason}" if delivery.status == "suppressed" else delivery.status
