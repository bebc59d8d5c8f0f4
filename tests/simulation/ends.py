"""What must hold when nothing is left to do: liveness, and every document against the sequential model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from services.notifier.domain.delivery import Delivery
from shared.schemas.encounters import AboutEncounter, EncounterEvent
from shared.schemas.topics import ADT_INBOUND, ENCOUNTERS, NOTIFICATIONS, TASKS, TRANSITIONS, heard_by
from shared.stream.codec import decode
from shared.stream.deadletters import PLACE
from shared.stream.documents import Document
from tests.simulation.er7 import phone_of
from tests.simulation.hospital import Stay, Truth, truth_of
from tests.simulation.identity import encounter_of, of_identities, patient_id
from tests.simulation.readmissions import is_back, of_readmissions
from tests.simulation.staff import PCP

if TYPE_CHECKING:
    from tests.simulation.world import World

DAY = timedelta(hours=24)
Windows = dict[str, tuple[datetime, datetime]]
FINAL = frozenset({"sent", "failed", "withdrawn", "suppressed"})


def unfinished(world: World) -> str:
    """What is still to be done, or ""."""
    if any(row.lease_until is not None for row in world.raw.rows.values()):
        return "gateway holds unsaid messages"
    for service in ("admissions", "discharge", "followup", "notifier"):
        if behind := _behind(world, service):
            return behind
    documents = [d for service in ("admissions", "followup") for d in world.documents[service].stored.values()]
    due = [d for d in documents if d.next_alarm_at and d.next_alarm_at <= world.business]
    if due:
        return f"{len(due)} alarms due and not decided"
    open_ = [row for row in world.deliveries._docs.values() if not row["said"] or not _is_final(row)]
    return f"{len(open_)} deliveries not ended or not said" if open_ else ""


def _behind(world: World, service: str) -> str:
    commits, topics = world.log.commits[service], {topic.name for topic in heard_by(service)}
    for place, records in world.log.records.items():
        if place[0] in topics and commits.get(place, 0) < len(records):
            return f"{service} is at {commits.get(place, 0)} of {len(records)} on {place}"
    return ""


def _is_final(row: dict[str, Any]) -> bool:
    return row["status"] in FINAL or (row["status"] == "unknown" and row["reason"] == "withdrawn")


def differences(world: World) -> Iterator[str]:
    """Everything that is not as it must be."""
    yield from _messages(world)
    yield from _poison(world)
    yield from _commands(world)
    for stay in world.stays:
        yield from _stay(world, stay)
    yield from of_identities(world, _events(world, ENCOUNTERS.name))
    yield from _heard(world)
    yield from _decided(world)
    yield from _told(world)
    yield from _amended(world)


def _messages(world: World) -> Iterator[str]:
    said = {record.header("ce_id") for record in world.log.all_of(ADT_INBOUND.name)}
    for id_, row in world.raw.rows.items():
        if row.said_at is None or id_ not in said:
            yield f"stored and never said: {row.message.control_id}"


def _heard(world: World) -> Iterator[str]:
    """Every number of every stream was heard by each that hears it, the replayed ones too."""
    for service, documents in world.documents.items():
        for document in documents.stored.values():
            for name, stream in document.streams.items():
                topic, _, subject = name.partition("|")
                if stream.missing or stream.last != len(world.safety.said.get((topic, subject), ())):
                    yield f"{service} heard {stream.last} of {name} and misses {stream.missing}"


def _poison(world: World) -> Iterator[str]:
    letters = {(letter.header("dl_service"), letter.header(PLACE)) for letter in world.safety.letters}
    for topic, lane in list(world.log.records):
        for record in world.log.records[(topic, lane)] if not topic.endswith(".dlq") else ():
            if record.value in world.poison:
                hearers = {"adt.inbound.v1": ["admissions"], "care.encounters.v1": ["discharge", "notifier"]}
                for service in hearers.get(topic, ["followup", "notifier"]):
                    if (service, f"{topic}/{lane}/{record.offset}") not in letters:
                        yield f"no dead letter of the poison at {topic}/{lane}/{record.offset} by {service}"
    for place in world.stumbled - letters:
        yield f"stumbled over and lost: {place}"


def _commands(world: World) -> Iterator[str]:
    letters = {
        letter.header("ce_id")
        for letter in world.safety.letters
        if letter.header("dl_reason").startswith(("task-", "performed-"))
    }
    for id_, command in world.commands.items():
        document = world.documents["followup"].stored.get(("transitions", command.transition_id))
        obeyed = document is not None and id_ in document.state["commands"]
        if obeyed == (id_ in letters):
            yield f"command {id_}: obeyed {obeyed}, refused {id_ in letters}"


def _stay(world: World, stay: Stay) -> Iterator[str]:
    person = world.people.owner(stay)
    truth = truth_of(stay, dead=world.people.is_dead(person))
    found = encounter_of(world, stay, _events(world, ENCOUNTERS.name))
    if isinstance(found, str):
        yield f"stay {stay.number}: {found}"
        return
    id_, said = found["encounter_id"], found["said"]
    if not (said["status"] == truth.status or (said["status"] == "" and truth.status == "cancelled")):
        yield f"stay {stay.number}: {said['status']!r} and not {truth.status!r}"
    if truth.discharged_at and said["discharge_version"] < 1:
        yield f"stay {stay.number}: discharged in version {said['discharge_version']}"
    yield from _carried(world, stay, id_, truth, said["status"])
    if is_back(stay, [one for one in world.stays if world.people.owner(one) == person]):
        truth = replace(truth, tasks={})
    yield from _work(world, stay, id_, truth, said["discharge_version"])
    yield from of_readmissions(world, stay, id_)


def _events(world: World, topic: str) -> list[Any]:
    """Its events, each once. At the end nothing is said any more."""
    if topic not in world.told:
        world.told[topic] = _decoded(world, topic)
    return world.told[topic]


def _decoded(world: World, topic: str) -> list[Any]:
    first: dict[tuple[str, Any], Any] = {}
    for record in world.log.all_of(topic):
        if record.header("ce_id"):
            event = decode(record)
            first.setdefault((event.envelope.subject, event.envelope.sequence), event)
    return list(first.values())


def _carried(world: World, stay: Stay, id_: str, truth: Truth, status: str) -> Iterator[str]:
    """What was said last is what stands, and the primary care provider was told of a discharge that stands."""
    events = [event for event in _events(world, ENCOUNTERS.name) if event.envelope.subject == id_]
    events.sort(key=lambda event: event.envelope.sequence)
    last: EncounterEvent | None = events[-1].data if events else None
    if (last.encounter.status if last else "") != status:
        yield f"stay {stay.number}: what was said last does not stand"
    if status in ("in-progress", "finished") and last is not None:
        yield from _of_whom(world, stay, last)
        if (last.encounter.location.point_of_care, bool(last.encounter.closed_by)) != (truth.ward, truth.closed):
            yield f"stay {stay.number}: in {last.encounter.location}, closed by {last.encounter.closed_by!r}"
    if truth.discharged_at is None or last is None:
        return
    if last.encounter.discharged_at is None or last.encounter.discharged_at.instant != truth.discharged_at:
        yield f"stay {stay.number}: discharged at another time"
    withdrawn = {one.event_id for event in events for one in event.data.withdraws}
    standing = [
        e.envelope.id for e in events if e.data.TYPE == "encounter.discharged.v1" and e.envelope.id not in withdrawn
    ]
    told = [d for d in _deliveries(world) if d.recipient == PCP and d.cause in standing]
    # a stay said anew of the right patient is no old news
    news = [e for e in events if e.envelope.id in standing and not e.data.encounter.rebuilt]
    too_old = [e.envelope.time - e.data.occurred_at > DAY for e in news]
    wanted = ("suppressed",) if any(too_old) else ("sent", "failed")
    if len(standing) != 1 or len(told) != 1 or told[0].status not in wanted:
        yield f"stay {stay.number}: {len(standing)} discharges stand, told {[(d.status, d.reason) for d in told]}"


def _of_whom(world: World, stay: Stay, last: EncounterEvent) -> Iterator[str]:
    """The right person, called after the number that leads, with the phone that was recorded last."""
    person = world.people.owner(stay)
    phones = [telecom.value for telecom in last.patient.telecoms]
    if phones != [phone_of(world.people.last_word(person))]:
        yield f"stay {stay.number}: the phone of {phones} is not the one recorded last"
    if last.patient.patient_id != patient_id(world, world.people.lead(person)):
        yield f"stay {stay.number}: told of another patient"


def _work(world: World, stay: Stay, id_: str, truth: Truth, version: int) -> Iterator[str]:
    """The tasks that are open or done are those of the discharge that stands, with the windows worked by hand."""
    for document in world.documents["followup"].stored.values():
        transition = document.state["transition"]
        if transition["encounter_id"] != id_:
            continue
        stands = truth.discharged_at is not None and transition["discharge_version"] == version
        yield from _tasks(stay, document, truth.tasks if stands else {})
    standing = [
        d
        for d in world.documents["followup"].stored.values()
        if d.state["transition"]["encounter_id"] == id_ and d.state["transition"]["status"] != "withdrawn"
    ]
    if len(standing) != (truth.discharged_at is not None):
        yield f"stay {stay.number}: {len(standing)} transitions stand"


def _tasks(stay: Stay, document: Document, wanted: Windows) -> Iterator[str]:
    kept = {record["task"]["code"]: record["task"] for record in document.state["tasks"]}
    for code, task in kept.items():
        if task["status"] == "requested" and code not in wanted:
            yield f"stay {stay.number}: {code} is open and not wanted"
    for code, window in wanted.items():
        if code not in kept or kept[code]["status"] == "cancelled":
            yield f"stay {stay.number}: {code} is wanted and not there"
        elif kept[code]["status"] == "requested":
            yield from _open(stay, kept[code], window)


def _open(stay: Stay, task: dict[str, Any], window: tuple[datetime, datetime]) -> Iterator[str]:
    """An open task has its window, and after so long a time has climbed its ladder to the end."""
    if (_at(task["opens_at"]), _at(task["due_at"])) != window:
        yield f"stay {stay.number}: {task['code']} is due {task['due_at']} and not {window[1]}"
    if task["business_status"] != "escalated":
        yield f"stay {stay.number}: {task['code']} is {task['business_status']} long after its ladder"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _deliveries(world: World) -> list[Delivery]:
    return world.deliveries._all()  # read from their rows as they are read for senders


def _decided(world: World) -> Iterator[str]:
    """What the ledgers decided is stored, said, and ended with a reason; nobody is decided upon twice for one cause."""
    said = {(e.envelope.subject, e.envelope.sequence.n) for e in _events(world, NOTIFICATIONS.name)}
    stored = {one.delivery_id: one for one in _deliveries(world)}
    ledgers = [d.state["ledger"] for (c, _), d in world.documents["notifier"].stored.items() if c == "subjects"]
    decided = {id_: told for ledger in ledgers for id_, told in ledger.items()}
    if set(decided) != set(stored):
        yield f"decided {len(decided)}, stored {len(stored)}"
    causes = [(o.cause, o.recipient, o.channel, o.corrects and o.notice, o.withdraws) for o in stored.values()]
    if len(set(causes)) != len(causes):
        yield "somebody was decided upon twice for one cause"
    for id_, one in stored.items():
        numbers = {n for subject, n in said if subject == id_}
        if numbers != set(range(1, len(one.outcomes) + 2)):
            yield f"delivery {id_}: said {sorted(numbers)} of {len(one.outcomes) + 1}"
        if one.status in ("suppressed", "failed", "withdrawn") and not one.reason:
            yield f"delivery {id_}: {one.status} without a reason"
        if one.status == "sent" and not world.safety.accepted[id_]:
            yield f"delivery {id_}: sent, and nobody got it"
        if one.status in ("suppressed", "withdrawn") and world.safety.accepted[id_]:
            yield f"delivery {id_}: {one.status}, and somebody got it"


def _is_of_content(correction: Delivery) -> bool:
    """An amendment, which may be heard late and then only says that the earlier message does not stand."""
    return not correction.notice.startswith("patient.")


def _amended(world: World) -> Iterator[str]:
    """Whoever was told of what stands with another content hears of each such change once, after it.

    Not of a dead letter that was replayed after its content had been amended: it is told as it was, and no more.
    """
    replayed = {letter.header("ce_id") for letter in world.safety.letters}
    topics = (ENCOUNTERS.name, TRANSITIONS.name)
    said = [event for topic in topics for event in _events(world, topic)]
    events = [event for event in said if isinstance(event.data, AboutEncounter)]
    withdrawn = {w.event_id for event in events for w in event.data.withdraws}
    amends = Counter(amended.event_id for event in events for amended in event.data.amends)
    deliveries = _deliveries(world)
    for one in deliveries:
        if one.corrects or one.cause in withdrawn | replayed or not world.safety.accepted[one.delivery_id]:
            continue
        heard = [c for c in deliveries if one.delivery_id in c.corrects and not c.withdraws and _is_of_content(c)]
        if len(heard) != amends[one.cause] or any(c.status not in ("sent", "failed") for c in heard):
            yield f"told of {one.tells}, amended {amends[one.cause]} times: corrections {[c.status for c in heard]}"


def _told(world: World) -> Iterator[str]:
    """Whoever was told of what was withdrawn since gets exactly one correction."""
    topics = (ENCOUNTERS.name, TRANSITIONS.name, TASKS.name)
    withdrawn = {
        w.event_id for topic in topics for event in _events(world, topic) for w in getattr(event.data, "withdraws", ())
    }
    deliveries = _deliveries(world)
    for one in deliveries:
        corrections = [c for c in deliveries if one.delivery_id in c.corrects and c.withdraws]
        if one.cause in withdrawn and world.safety.accepted[one.delivery_id]:
            ended = [c.status for c in corrections]
            if len(ended) != 1 or ended[0] not in ("sent", "failed"):
                yield f"told of {one.tells}, which was withdrawn: corrections {ended}"
        elif one.cause not in withdrawn and corrections and not one.corrects:
            yield f"a correction of what stands: {one.tells}"
