"""What would come of messages if they were heard again: today's rules and profiles on copies, and nothing said.

The services' own handlers and engine run on an in-memory log until it is quiet. Documents are copied from the four
databases when a handler asks for them; nothing is written there. No alarm rings: what only time brings is not shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from services.admissions.handlers import COLLECTION as PATIENTS
from services.discharge.handlers import COLLECTION as ENCOUNTERS
from services.followup.handlers import COLLECTION as TRANSITIONS
from shared.mongo.memory import MemoryDocuments
from shared.schemas.notifications import DeliveryState, NotificationDecided
from shared.schemas.topics import NOTIFICATIONS, replay_topic
from shared.stream.batch import BatchHearing
from shared.stream.codec import decode
from shared.stream.deadletters import REASON, SERVICE
from shared.stream.decisions import Handler, Refs, SetAside, State
from shared.stream.documents import Document, Documents
from shared.stream.kafka import lane_of
from shared.stream.ledger import Ledger
from shared.stream.memory import MemoryLog, MemoryPublisher
from shared.stream.records import Heard, Saying
from shared.telemetry import without_logs

Place = tuple[str, str]


class Change(NamedTuple):
    """`what` (patient, encounter, transition, task) and its id, as it stands and as it would; "" is not there."""

    what: str
    id: str
    before: str
    after: str


@dataclass(frozen=True)
class Outcome:
    """What a replay would come to: no name, no number, no text.

    `documents`: how many would be written, by service. `unheard`: dead letters by hearer and reason. `set_aside`: the
    messages that the first service has no use for, by code.
    """

    changes: tuple[Change, ...]
    deliveries: tuple[DeliveryState, ...]
    documents: Mapping[str, int]
    unheard: Mapping[tuple[str, str], int]
    set_aside: Mapping[str, int] = field(default_factory=dict)


class Copies(MemoryDocuments):
    """The documents of one service: each is copied when it is first asked for; what is saved is saved here alone."""

    def __init__(self, real: Documents) -> None:
        super().__init__()
        self._real = real
        self.before: dict[Place, State] = {}

    async def load(self, refs: Sequence[Refs]) -> list[Document]:
        """As in `Documents`. What a copy has not said yet is its own service's to say."""
        for document in await self._real.load(refs):
            place = (document.collection, document.id)
            if place not in self.stored:
                self.before[place] = document.state
                await self.save([replace(document, version=0, outbox=[])])
        return await super().load(refs)

    def changed(self) -> Iterator[tuple[Place, State, State]]:
        """Those whose state is another than it was: before ({}: not there), and now."""
        for place, document in self.stored.items():
            if document.state != (before := self.before.get(place, {})):
                yield place, before, document.state


@dataclass
class Stage:
    """One service on copies, and how far it has heard."""

    name: str
    handlers: Mapping[str, Handler]
    log: MemoryLog
    documents: Copies
    ledger: Ledger = field(default_factory=Ledger)
    heard: dict[tuple[str, int], int] = field(default_factory=dict)

    def _new(self) -> list[Heard]:
        topics = {*self.handlers, *(replay_topic(topic, self.name) for topic in self.handlers)}
        places = [place for place in sorted(self.log.records) if place[0] in topics]
        return [record for place in places for record in self.log.records[place][self.heard.get(place, 0) :]]

    async def hear(self) -> bool:
        """Everything that is there; whether there was anything."""
        new, publisher = self._new(), MemoryPublisher(self.log)
        if new:
            hearing = BatchHearing(self.name, self.handlers, self.documents, publisher, self.ledger, lane_of)
            await hearing.hear(new)
        for record in new:
            self.heard[(record.topic, record.partition)] = record.offset + 1
            self.ledger.note(record.topic, record.partition, record.offset + 1)
        return bool(new)


async def rehearse(
    sayings: Sequence[Saying], handlers: Mapping[str, Mapping[str, Handler]], real: Mapping[str, Documents]
) -> Outcome:
    """What would come of saying these. `handlers` and `real`: by service, in the order of the chain. Raises Away."""
    log = MemoryLog()
    stages = [Stage(name, heard, log, Copies(real[name])) for name, heard in handlers.items()]
    records = [await log.append(saying) for saying in sayings]
    with without_logs():
        while any([await stage.hear() for stage in stages]):
            pass
    return Outcome(
        tuple(change for stage in stages for change in changes_of(stage)),
        tuple(_deliveries(log)),
        {stage.name: n for stage in stages if (n := len(list(stage.documents.changed())))},
        Counter(_unheard(log)),
        Counter(code for record in records if (code := _set_aside(stages[0].handlers[record.origin], record))),
    )


def _set_aside(handler: Handler, record: Heard) -> str:
    """The code, "" for what is heard and for what cannot be: that is a dead letter. Reading is pure."""
    try:
        handler.read(record)
    except SetAside as aside:
        return aside.code
    except Exception:  # noqa: BLE001 - as the engine, to which it is a dead letter
        return ""
    return ""


def changes_of(stage: Stage) -> Iterator[Change]:
    """What stands differently, over all documents: what one gives up another may have taken."""
    was: dict[tuple[str, str], str] = {}
    now: dict[tuple[str, str], str] = {}
    for (collection, _), before, after in stage.documents.changed():
        for what, standing in _STANDING.get(collection, ()):
            was |= {(what, id_): words for id_, words in standing(before).items()}
            now |= {(what, id_): words for id_, words in standing(after).items()}
    for key in dict.fromkeys([*was, *now]):
        if was.get(key, "") != now.get(key, ""):
            yield Change(*key, was.get(key, ""), now.get(key, ""))


def _patients(state: State) -> dict[str, str]:
    whole = f"part of {state['alias_of']}" if state.get("alias_of") else "known"
    return {state["patient_id"]: whole} if state else {}


def _encounters(state: State) -> dict[str, str]:
    return {id_: one["said"]["status"] or "nothing said" for id_, one in state.get("encounters", {}).items()}


def _transitions(state: State) -> dict[str, str]:
    every = [record["transition"] for record in state.get("transitions", ())]
    return {one["transition_id"]: _words(one["pathway"], one["status"], one["reason"]) for one in every}


def _tasks(state: State) -> dict[str, str]:
    every = [record["task"] for record in state.get("tasks", ())]
    return {one["task_id"]: _words(one["code"], one["business_status"], one["reason"]) for one in every}


def _words(*parts: Any) -> str:
    return " ".join(str(part) for part in parts if part)


_STANDING: Final[Mapping[str, tuple[tuple[str, Callable[[State], dict[str, str]]], ...]]] = {
    PATIENTS: (("patient", _patients), ("encounter", _encounters)),
    ENCOUNTERS: (("transition", _transitions),),
    TRANSITIONS: (("task", _tasks),),
}
"""By collection what is shown of its documents, `{}` being none: ids, and how each of them stands in a word or two."""


def _deliveries(log: MemoryLog) -> Iterator[DeliveryState]:
    for record in log.all_of(NOTIFICATIONS.name):
        data = decode(record).data
        if isinstance(data, NotificationDecided):
            yield data.delivery


def _unheard(log: MemoryLog) -> Iterator[tuple[str, str]]:
    for topic in sorted({topic for topic, _ in log.records}):
        if topic.endswith(".dlq"):
            yield from ((record.header(SERVICE), record.header(REASON)) for record in log.all_of(topic))
