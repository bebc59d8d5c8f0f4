"""The engine where it is easily almost right. Each test here kills a mutant that the others let live."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from shared.mongo.memory import MemoryAttempts, MemoryDocuments
from shared.schemas.envelope import Event, Label, Mode, derived_id
from shared.stream.batch import BatchHearing
from shared.stream.codec import decode, envelope_of
from shared.stream.deadletters import dead_letter, replayed
from shared.stream.decisions import Decision, Desk, Fact, Refs, Say, Standing
from shared.stream.desk import BatchDesk
from shared.stream.documents import MAX_MISSING, Document, Stream
from shared.stream.kafka import lane_of
from shared.stream.ledger import Ledger
from shared.stream.memory import MemoryConsumer, MemoryLog, MemoryPublisher
from shared.stream.outages import Away
from shared.stream.records import Cause, Heard
from shared.stream.suspects import CRASH_LOOP, LIMIT, UNREAD, Suspects
from tests.builders import a_discharge
from tests.contracts_suite.counting import COUNTERS, HEARD, Counted, CountingHandler, Poked, a_poke, heard
from tests.unit.stream.test_loop import GROUP, Ear, Instance, committed, poke, running, until

SERVICE = "counter"


def a_fact(subject: str = "a", n: int | None = 1, *, offset: int = 0, stream: bool = True) -> Fact:
    record = heard(a_poke(subject, n), offset)
    return Fact(record, envelope_of(record), Poked(), (Refs(COUNTERS, (subject,)),), stream)


def counted(total: int = 1) -> Counted:
    return Counted(total=total, cause="c")


async def a_desk(*facts: Fact, stored: Sequence[Document] = ()) -> BatchDesk:
    desk, documents = BatchDesk(SERVICE, lane_of, Ledger()), MemoryDocuments()
    documents.stored.update({(document.collection, document.id): document for document in stored})
    await desk.load(documents, facts)
    return desk


def apply(desk: BatchDesk, fact: Fact, *say: Say, state: dict[str, Any] | None = None, **more: Any) -> Document:
    assert not desk.repeats(fact)
    desk.apply(fact, Decision(COUNTERS, fact.refs[0].ids[0], state=state, say=say, **more))
    (document,) = [one for one in desk.touched() if one.id == fact.refs[0].ids[0]]
    return document


async def test_said__id_is_of_service_cause_type_subject_and_ordinal() -> None:
    fact = a_fact()
    document = apply(
        await a_desk(fact), fact, Say(counted(), "a"), Say(counted(), "b"), Say(counted(), "a"), state={"x": 1}
    )
    envelopes = [envelope_of(heard(entry.saying)) for entry in document.outbox]
    assert [envelope.id for envelope in envelopes] == [
        derived_id(SERVICE, "a-1.1", "test.counted.v1", subject, ordinal) for ordinal, subject in enumerate("aba")
    ]


async def test_said__each_subject_counts_for_itself() -> None:
    fact = a_fact()
    document = apply(
        await a_desk(fact), fact, Say(counted(), "a"), Say(counted(), "b"), Say(counted(), "a"), state={"x": 1}
    )
    envelopes = [envelope_of(heard(entry.saying)) for entry in document.outbox]
    assert [(envelope.subject, str(envelope.sequence)) for envelope in envelopes] == [
        ("a", "1.1"),
        ("b", "1.1"),
        ("a", "1.2"),
    ]


async def test_said__is_restricted_where_the_decision_says_so_and_hands_the_trace_on() -> None:
    fact = a_fact()
    fact = replace(fact, envelope=replace(fact.envelope, traceparent="00-trace-span-01"))
    document = apply(
        await a_desk(fact), fact, Say(counted(), "a", restricted=True), Say(counted(), "a"), state={"x": 1}
    )
    restricted, normal = (envelope_of(heard(entry.saying)) for entry in document.outbox)
    assert (restricted.label, normal.label) == (Label.RESTRICTED, Label.NORMAL)
    assert restricted.traceparent == "00-trace-span-01"


async def test_document__keeps_the_key_it_began_with_and_the_lane_of_it() -> None:
    first, second = a_fact(n=1), a_fact(n=2, offset=1)
    second = replace(second, envelope=replace(second.envelope, key="another"))
    desk = await a_desk(first)
    assert apply(desk, first, state={"x": 1}).key == "a"
    document = apply(desk, second, Say(counted(), "a"), state={"x": 2}, key="a-third")
    assert (document.key, document.lane, document.outbox[0].saying.key) == ("a", lane_of("a"), b"a")


async def test_numbered_fact__that_changes_nothing_is_remembered_all_the_same() -> None:
    fact = a_fact(n=1)
    desk = await a_desk(fact)
    assert apply(desk, fact).streams == {f"{HEARD}|a": Stream(1, 1, [])}
    assert [document.id for document in desk.changed()] == ["a"]
    assert desk.repeats(fact)


@pytest.mark.parametrize(("n", "stream"), [(1, False), (None, True)])
async def test_fact__that_its_handler_or_its_sender_does_not_number_is_never_a_repeat(
    n: int | None, stream: bool
) -> None:
    fact = a_fact(n=n, stream=stream)
    desk = await a_desk(fact)
    assert apply(desk, fact, state={"x": 1}).streams == {}
    assert not desk.repeats(fact)


async def test_fact__that_is_not_numbered_may_be_decided_upon_another_document() -> None:
    fact = a_fact(stream=False)
    desk = await a_desk(fact)
    assert desk.apply(fact, Decision(COUNTERS, "elsewhere", state={"x": 1})) == (COUNTERS, "elsewhere")


@pytest.mark.parametrize(
    ("epoch", "n", "late"), [(1, 3, True), (1, 6, False), (2, 1, False)], ids=["skipped", "next", "new-epoch"]
)
async def test_standing__tells_key_and_whether_the_fact_is_older_than_what_was_applied(
    epoch: int, n: int, late: bool
) -> None:
    stored = Document(
        COUNTERS, "a", key="its-key", version=1, state={"x": 1}, streams={f"{HEARD}|a": Stream(1, 5, [3])}
    )
    record = heard(a_poke("a", n, epoch=epoch))
    fact = replace(a_fact(), record=record, envelope=envelope_of(record))
    desk = await a_desk(fact, stored=[stored])
    assert not desk.repeats(fact)
    assert desk.by_id(COUNTERS, "a") == Standing("a", {"x": 1}, "its-key", late)
    unnumbered = a_fact(n=None)
    assert not desk.repeats(unnumbered)
    assert desk.by_id(COUNTERS, "a") == Standing("a", {"x": 1}, "its-key", False), "lateness is the fact's own"


async def test_saved__raises_the_version_that_was_loaded() -> None:
    fact = a_fact()
    desk = await a_desk(fact, stored=[Document(COUNTERS, "a", key="a", version=5, state={"x": 1})])
    assert apply(desk, fact, state={"x": 2}).version == 5
    desk.saved(set())
    assert [document.version for document in desk.touched()] == [6]


async def test_saved__who_lost_gives_up_its_claims_and_nobody_else() -> None:
    one, two = a_fact("a"), a_fact("b", offset=1)
    desk = await a_desk(one, two)
    apply(desk, one, state={"x": 1}, claims=("mine",))
    apply(desk, two, state={"x": 1}, claims=("yours",))
    desk.saved({(COUNTERS, "b")})
    found = desk.by_claim(COUNTERS, "mine")
    assert found is not None
    assert found.id == "a"
    assert desk.by_claim(COUNTERS, "yours") is None
    assert [document.id for document in desk.touched()] == ["a"]


def bare(**headers: bytes) -> Heard:
    """A record with the headers that CloudEvents demands, and no others."""
    record = heard(a_poke())
    demanded = {name: value for name, value in record.headers if name in ("ce_id", "ce_source", "ce_type", "ce_time")}
    return replace(record, key=None, headers=tuple({**demanded, **headers}.items()))


def test_envelope__what_a_sender_leaves_out_has_its_plain_value() -> None:
    envelope = envelope_of(bare())
    assert (envelope.subject, envelope.key, envelope.tenant, envelope.feed, envelope.traceparent) == ("",) * 5
    assert (envelope.mode, envelope.label, envelope.sequence) == (Mode.LIVE, Label.NORMAL, None)


def test_header__bytes_that_are_no_text_are_escaped() -> None:
    assert bare(note=b"a\xffb").header("note") == "a\\xffb"
    assert bare(note=b"one").header("missing") == ""


def test_dead_letter__of_a_record_without_key_and_value_has_neither() -> None:
    letter = dead_letter(replace(heard(a_poke(), 7), key=None, value=None), SERVICE, "bug")
    assert (letter.key, letter.value) == (b"", b"")
    again = replayed(Heard(letter.topic, 0, 0, None, None, letter.headers))
    assert (again.key, again.value, again.topic) == (b"", b"", f"{HEARD}.{SERVICE}.replay")


class Unclean(MemoryAttempts):
    """Whoever had any partition before ended uncleanly, and each record was tried `times` times."""

    times = 0

    async def open(self, committed: dict[tuple[str, int], int]) -> set[tuple[str, int]]:
        return set(committed)

    async def attempt(self, cause: Cause) -> int:
        return self.times


async def under_suspicion(span: int, refused: list[str], tried: int = 1) -> Suspects:
    async def refuse(_record: Heard, reason: str) -> None:
        refused.append(reason)

    attempts = Unclean()
    attempts.times = tried
    suspects = Suspects(attempts, refuse, span)
    await suspects.open({(HEARD, 0): 0})
    return suspects


async def test_suspicion__ends_when_as_many_records_as_a_batch_may_hold_are_through() -> None:
    suspects = await under_suspicion(3, [])
    records = [heard(a_poke(n=n + 1), n) for n in range(5)]
    sizes = []
    for record in records[:3]:
        sizes.append(len(suspects.parts(records)))
        await suspects.through([record])
    assert sizes == [5, 5, 5], "one at a time"
    assert suspects.parts(records) == [records], "trusted again"


@pytest.mark.parametrize(
    ("tried", "reasons"),
    [
        (LIMIT, []),
        (LIMIT + 1, [CRASH_LOOP]),
        (2 * LIMIT, [CRASH_LOOP]),
        (2 * LIMIT + 1, [UNREAD]),
    ],
)
async def test_suspicion__a_record_is_heard_refused_or_refused_unread_by_how_often_it_was_tried(
    tried: int, reasons: list[str]
) -> None:
    refused: list[str] = []
    suspects = await under_suspicion(3, refused, tried)
    assert await suspects.admits([heard(a_poke())]) == (not reasons)
    assert refused == reasons


@dataclass
class Private(CountingHandler):
    """Says a discharge with something private beside it."""

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        return replace(super().decide(fact, desk), say=(Say(a_discharge(), "encounter-1", private={"n": 1}),))


async def test_project__is_given_the_event_as_it_was_said() -> None:
    seen: list[tuple[Event, dict[str, Any]]] = []

    async def project(entries: Sequence[tuple[Event, dict[str, Any]]]) -> None:
        seen.extend(entries)

    log = MemoryLog()
    hearing = BatchHearing(
        SERVICE, {HEARD: Private()}, MemoryDocuments(), MemoryPublisher(log), Ledger(), lane_of, project
    )
    await hearing.hear([heard(a_poke())])
    ((event, private),) = seen
    assert (event, private) == (decode(log.all_of("care.encounters.v1")[0]), {"n": 1})
    assert event.envelope.key == "a"


class Unlucky(MemoryDocuments):
    """Loses every race."""

    async def save(self, documents: Sequence[Document]) -> set[tuple[str, str]]:
        return {(document.collection, document.id) for document in documents}


async def test_hear__that_loses_every_race_says_that_mongodb_is_what_it_waits_for() -> None:
    documents = Unlucky()
    hearing = BatchHearing(
        SERVICE, {HEARD: CountingHandler()}, documents, MemoryPublisher(MemoryLog()), Ledger(), lane_of
    )
    with pytest.raises(Away) as away:
        await hearing.hear([heard(a_poke())])
    assert (away.value.what, away.value.code) == ("mongodb", "lost-every-race")


class Early(MemoryConsumer):
    """Undoes the pause at each poll: fetches go on giving records while a batch is heard."""

    def pause(self) -> None:
        """A rebalance undid it."""


async def test_loop__keeps_everything_that_came_while_a_batch_was_heard() -> None:
    log, polls = MemoryLog(), asyncio.Event()

    async def slow(records: Sequence[Heard]) -> None:
        if records[0].offset == 0:
            await polls.wait()

    await poke(log, 1)
    ear = Ear(slow)
    async with running(log, ear, consumer=Early(log, GROUP, (HEARD,))) as instance:
        await until(lambda: instance.loop._batch is not None)
        await poke(log, 4)
        await until(lambda: len(instance.loop._early) >= 3)
        polls.set()
        await until(lambda: committed(log) == 5)
    assert [cause.offset for cause in ear.heard] == [0, 1, 2, 3, 4]


@dataclass
class Flaky:
    """Makes the next polls of the group fail."""

    left: int = 3
    polls: list[int] = field(default_factory=list)


class FlakyConsumer(MemoryConsumer):
    flaky: Flaky

    async def fetch(self, limit: int, seconds: float) -> list[Heard]:
        if seconds == 0.0 and self.flaky.left:
            self.flaky.left -= 1
            raise Away("kafka", "Planted")
        return await super().fetch(limit, seconds)


async def test_loop__a_poll_that_fails_while_a_batch_is_heard_is_noted_and_survived() -> None:
    log, done = MemoryLog(), asyncio.Event()

    async def slow(_records: Sequence[Heard]) -> None:
        await done.wait()

    await poke(log, 1)
    consumer = FlakyConsumer(log, GROUP, (HEARD,))
    consumer.flaky = Flaky()
    async with running(log, Ear(slow), consumer=consumer) as instance:
        await until(lambda: consumer.flaky.left == 0)
        assert instance.loop.away == "kafka"
        done.set()
        await until(lambda: committed(log) == 1)
        await until(lambda: instance.loop.away == "")
        assert instance.deaths == []
        assert time.monotonic() - instance.loop.progress_at < 10


async def test_loop__is_not_ready_once_its_partitions_were_revoked() -> None:
    async with running(MemoryLog(), Ear()) as instance:
        await until(lambda: instance.loop.ready)
        await instance.loop.revoked([(HEARD, 0)])
        assert not instance.loop.ready


async def test_loop__whose_partitions_are_revoked_before_any_were_assigned_lives() -> None:
    log = MemoryLog()
    instance = Instance(log, Ear())
    instance.loop._taking = None
    await instance.loop.revoked([(HEARD, 0)])
    await instance.stop()
    assert instance.deaths == []


async def test_loop__a_fetch_that_fails_is_noted_and_no_longer_when_the_next_one_works() -> None:
    log = MemoryLog()

    class Failing(MemoryConsumer):
        fails = False

        async def fetch(self, limit: int, seconds: float) -> list[Heard]:
            if self.fails:
                raise Away("kafka", "Planted")
            return await super().fetch(limit, seconds)

    consumer = Failing(log, GROUP, (HEARD,))
    async with running(log, Ear(), consumer=consumer) as instance:
        await until(lambda: instance.loop.ready)
        began = time.monotonic()
        await until(lambda: instance.loop.progress_at > began)
        consumer.fails = True
        await until(lambda: instance.loop.away == "kafka")
        consumer.fails = False
        await until(lambda: instance.loop.away == "")
        assert instance.deaths == []


async def test_loop__that_is_stopped_while_a_driver_stays_away_ends_with_its_code() -> None:
    async def away(_records: Sequence[Heard]) -> None:
        raise Away("mongodb", "Planted")

    log = MemoryLog()
    await poke(log, 1)
    instance = Instance(log, Ear(away))
    await until(lambda: instance.loop.away == "mongodb")
    await instance.stop()
    assert instance.deaths[0] == "stopping-while-away"
    assert committed(log) is None


class Broken(MemoryAttempts):
    async def open(self, committed: dict[tuple[str, int], int]) -> set[tuple[str, int]]:
        raise LookupError


async def test_loop__that_cannot_take_its_partitions_ends_with_what_and_where() -> None:
    instance = Instance(MemoryLog(), Ear(), attempts=Broken())
    await until(lambda: instance.deaths)
    assert instance.deaths[0].startswith("assigned-LookupError-")
    await instance.stop()


async def test_loop__marks_its_partitions_at_the_offsets_that_the_group_committed() -> None:
    opened: list[dict[tuple[str, int], int]] = []

    class Noting(MemoryAttempts):
        async def open(self, committed: dict[tuple[str, int], int]) -> set[tuple[str, int]]:
            opened.append(committed)
            return await super().open(committed)

    log = MemoryLog()
    await poke(log, 7)
    async with running(log, Ear()):
        await until(lambda: committed(log) == 7)
    async with running(log, Ear(), attempts=Noting()):
        await until(lambda: opened)
    assert opened[0][(HEARD, 0)] == 7


def test_ledger__a_group_that_committed_nothing_settles_nothing() -> None:
    ledger = Ledger()
    ledger.note(HEARD, 0, 0)
    assert not ledger.settled(Cause(HEARD, 0, 0))
    ledger.note(HEARD, 0, 1)
    assert ledger.settled(Cause(HEARD, 0, 0))
    assert not ledger.settled(Cause(HEARD, 0, 1))


def test_limit__five_may_die_of_a_record_and_a_thousand_may_be_missing() -> None:
    assert (LIMIT, MAX_MISSING) == (5, 1_000)


def test_size__is_all_that_is_sent_and_a_little_more() -> None:
    saying = a_poke()
    sent = len(saying.key) + len(saying.value) + sum(len(name) + len(value) for name, value in saying.headers)
    assert sent + 8 * len(saying.headers) <= saying.size <= sent + 8 * len(saying.headers) + 100
