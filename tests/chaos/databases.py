"""The five databases in the end, held to what was acknowledged and to what is on the topics. Reads; changes nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pymongo import MongoClient

from demo.hospital import Sending
from demo.oracle.facts import Message
from shared.schemas.topics import ENCOUNTERS, NOTIFICATIONS, TASKS, TRANSITIONS
from tests.chaos.mails import Told
from tests.chaos.topics import TopicAudit

LIFECYCLE = frozenset(f"A{n:02d}" for n in (1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 17, 21, 22, 38))
SHOWN = 200
TOLD_OF_ANOTHER = "told-of-another"
Document = dict[str, Any]


def wrong_reviews(found: Counter[str], moves: int) -> Iterator[str]:
    """Somebody must look at a stay that was told of another; at nothing else that this hospital sends."""
    for code, count in found.items():
        if code != TOLD_OF_ANOTHER or count > moves:
            yield f"admissions: {count} reviews {code}, and {moves} stays were moved"


class Databases:
    """Each check yields its differences as sentences of ids and codes."""

    def __init__(self, mongo_uri: str, audit: TopicAudit, until: Any) -> None:
        self._client: MongoClient[Document] = MongoClient(mongo_uri, tz_aware=True)
        self._audit, self._until = audit, until
        self.counts: Counter[str] = Counter()

    def close(self) -> None:
        self._client.close()

    def _all(self, service: str, collection: str, *fields: str) -> Iterator[Document]:
        """Every document, of it these fields."""
        for document in self._client[f"care_{service}"][collection].find({}, dict.fromkeys(fields, 1)):
            self.counts[f"{service}.{collection}"] += 1
            yield document

    def gateway(self, sent: Iterable[Sending]) -> Iterator[str]:
        """Each acknowledged message is stored once, and was said; nothing else is."""
        wanted = {(one.feed, one.control_id, hashlib.sha256(one.body).hexdigest()) for one in sent}
        found: Counter[tuple[str, str, str]] = Counter()
        for row in self._all("gateway", "raw", "feed", "control_id", "sha256", "said_at", "lease_until", "set_aside"):
            found[row["feed"], row["control_id"], row["sha256"]] += 1
            if row["said_at"] is None or "lease_until" in row or "set_aside" in row:
                yield f"gateway: {row['control_id']} is stored and not said"
            if self._audit.let_in.get(row["_id"]) != row["sha256"]:
                yield f"gateway: {row['control_id']} is not on adt.inbound with its own bytes"
        yield from (f"gateway: {one[1]} was acknowledged and is not stored" for one in sorted(wanted - set(found)))
        yield from (f"gateway: {one[1]} is stored and was not sent" for one in sorted(set(found) - wanted))
        yield from (f"gateway: {one[1]} is stored {n} times" for one, n in found.items() if n > 1)
        if len(self._audit.let_in) != len(wanted):
            yield f"adt.inbound: {len(self._audit.let_in)} messages of {len(wanted)}"
        yield from (f"gateway: refused {row['code']}" for row in self._all("gateway", "refused", "code"))

    def admissions(self, sent: Iterable[Sending], meant: Mapping[str, Message]) -> Iterator[str]:
        """Each lifecycle message that can be read is one fact of one patient; each number led to its patient."""
        readable = {one.control_id: one for one in sent if one.control_id in meant}
        wanted = {_source(one) for one in readable.values() if meant[one.control_id].trigger in LIFECYCLE}
        wanted |= {_of_second(_source(one)) for one in readable.values() if meant[one.control_id].beside}
        found: Counter[tuple[str, str, str]] = Counter()
        patients, said, reviews = 0, {}, Counter[str]()
        fields = ("counters", "state.visits.facts.source", "state.reviews", "state.alias_of")
        for document in self._all("admissions", "patients", *fields):
            if document["state"]["alias_of"]:
                continue  # what it had said is counted on where it is now
            patients += 1
            said.update(_numbers(document["counters"], ENCOUNTERS.name))
            for visit in document["state"].get("visits", ()):
                found.update(tuple(fact["source"]) for fact in visit["facts"])
            reviews.update(one["code"] for one in document["state"]["reviews"])
        yield from (f"admissions: {one[1]} has no effect" for one in sorted(wanted - set(found)))
        yield from (f"admissions: {one[1]} was not sent as lifecycle" for one in sorted(set(found) - wanted))
        yield from (f"admissions: {one[1]} has {n} effects" for one, n in found.items() if n > 1)
        understood = [one for id_, one in meant.items() if id_ in readable]
        understood += [one.beside for one in understood if one.beside]
        yield from wrong_reviews(reviews, sum(bool(one.moves) for one in understood))
        named = {name for one in understood for name in (one.patient, one.retires, one.moves) if name}
        known = len(named - {one.retires for one in understood} - {one.moves for one in understood})
        if patients != known:
            yield f"admissions: {patients} patients, not {known}"
        yield from self._counters("admissions", said, ENCOUNTERS.name)

    def discharge(self) -> Iterator[str]:
        """Every event of every encounter was heard once, and each transition said as often as it is on the topic."""
        heard, said = {}, {}
        for document in self._all("discharge", "encounters", "counters", "streams"):
            heard.update(_streams(document["streams"]))
            said.update(_numbers(document["counters"], TRANSITIONS.name))
        yield from self._hears("discharge", heard, ENCOUNTERS.name)
        yield from self._counters("discharge", said, TRANSITIONS.name)

    def followup(self, statuses: Mapping[str, str]) -> Iterator[str]:
        """The same for transitions and tasks, no alarm left; `statuses`: task → business status by its last event."""
        heard, said, left = {}, {}, dict(statuses)
        fields = ("counters", "streams", "next_alarm_at", "state.tasks.task")
        for document in self._all("followup", "transitions", *fields):
            heard.update(_streams(document["streams"]))
            said.update(_numbers(document["counters"], TASKS.name))
            if document["next_alarm_at"] is not None and document["next_alarm_at"] <= self._until:
                yield f"followup: an alarm of {document['_id']} did not ring"
            for task in (record["task"] for record in document["state"]["tasks"]):
                stands = left.pop(task["task_id"], "never told of")
                if stands != task["business_status"]:
                    yield f"followup: task {task['task_id']} is {task['business_status']}, and on the topic {stands}"
        yield from (f"followup: task {one} is on the topic only" for one in left)
        yield from self._hears("followup", heard, TRANSITIONS.name)
        yield from self._counters("followup", said, TASKS.name)

    def notifier(self, statuses: Mapping[str, str]) -> Iterator[str]:
        """The same for all that notifier hears; `statuses`: delivery → status by its last event."""
        heard, ledger = {}, Counter[str]()
        for document in self._all("notifier", "subjects", "streams", "state.ledger"):
            heard.update(_streams(document["streams"]))
            ledger.update(list(document["state"]["ledger"]))
        for topic in (ENCOUNTERS.name, TRANSITIONS.name, TASKS.name):
            yield from self._hears("notifier", heard, topic)
        yield from (f"notifier: delivery {one} is in {n} ledgers" for one, n in ledger.items() if n > 1)
        yield from _same("notifier: delivery {} stands in {}", set(ledger), set(statuses), "the ledger", "the topic")
        yield from self._deliveries(statuses)

    def _deliveries(self, statuses: Mapping[str, str]) -> Iterator[str]:
        numbers, found = self._audit.streams(NOTIFICATIONS.name), set()
        for row in self._all("notifier", "deliveries", "status", "outcomes.n", "said"):
            found.add(row["_id"])
            stands = statuses.get(row["_id"], "never told of")
            if (row["status"], row["said"]) != (stands, True):
                yield f"notifier: delivery {row['_id']} is {row['status']}, and on the topic {stands}"
            if len(row["outcomes"]) + 1 != numbers.get(row["_id"], 0):
                yield f"notifier: delivery {row['_id']} has {len(row['outcomes'])} outcomes, the topic other numbers"
        yield from _same("notifier: delivery {} is in {}", found, set(statuses), "the database", "the topic")

    def told(self) -> dict[str, Told]:
        """Every delivery that was to be sent, by its id."""
        rows = self._all("notifier", "deliveries", "recipient", "status", "attempts", "maybe_told")
        return {row["_id"]: Told(row["recipient"], row["status"], row["attempts"], row["maybe_told"]) for row in rows}

    def _hears(self, service: str, heard: Mapping[tuple[str, str], tuple[int, list[int]]], topic: str) -> Iterator[str]:
        """Each stream of the topic to its end, without a gap."""
        streams = {subject: at for (of, subject), at in heard.items() if of == topic}
        for subject, n in self._audit.streams(topic).items():
            last, missing = streams.pop(subject, (0, []))
            if subject in self._audit.persons:
                continue
            if last != n or missing:
                yield f"{service}: heard {subject} of {topic} up to {last} without {missing}, of {n}"
        yield from (f"{service}: heard {subject} of {topic}, which is not there" for subject in streams)

    def _counters(self, service: str, said: Mapping[str, int], topic: str) -> Iterator[str]:
        """What it counts as said is on the topic, and nothing else is."""
        numbers = self._audit.streams(topic)
        for subject in sorted({*said, *numbers}):
            if said.get(subject, 0) != numbers.get(subject, 0):
                yield (
                    f"{service}: says that it said {subject} up to {said.get(subject, 0)},"
                    f" {topic} has it up to {numbers.get(subject, 0)}"
                )


def _of_second(source: tuple[str, str, str]) -> tuple[str, str, str]:
    """What a message says of its second patient."""
    return (*source[:2], f"{source[2]}.1")


def _source(one: Sending) -> tuple[str, str, str]:
    return one.feed, one.control_id, hashlib.sha256(one.body).hexdigest()[:16]


def _numbers(counters: Iterable[Iterable[Any]], topic: str) -> dict[str, int]:
    """Subject → n, of the counters of one topic as they are stored."""
    named = ((str(name).partition("|"), int(n)) for name, n in counters)
    return {subject: n for (of, _, subject), n in named if of == topic}


def _streams(streams: Iterable[Any]) -> dict[tuple[str, str], tuple[int, list[int]]]:
    """(topic, subject) → (last number, missing ones), as they are stored."""
    named = ((str(name).partition("|"), int(last), list(missing)) for name, _epoch, last, missing in streams)
    return {(of, subject): (last, missing) for (of, _, subject), last, missing in named}


def _same(sentence: str, ours: set[str], theirs: set[str], here: str, there: str) -> Iterator[str]:
    yield from (sentence.format(one, f"{here}, not in {there}") for one in sorted(ours - theirs))
    yield from (sentence.format(one, f"{there}, not in {here}") for one in sorted(theirs - ours))
