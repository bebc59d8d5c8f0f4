"""A record that kills its hearer after its save: what it decided is said by the next touch, though its offset is
committed; and a topic that takes too little loses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from shared.mongo.memory import MemoryAttempts
from shared.schemas.envelope import Event
from shared.stream.batch import BatchHearing
from shared.stream.codec import encode
from shared.stream.decisions import Fact
from shared.stream.kafka import lane_of
from shared.stream.ledger import Ledger
from shared.stream.loop import Loop
from shared.stream.memory import MemoryConsumer, MemoryLog, MemoryPublisher, crash
from shared.stream.outages import Away, OutputTooLarge
from shared.stream.records import Heard, Saying
from shared.stream.suspects import LIMIT, Suspects
from tests.builders import a_discharge, an_envelope
from tests.contracts_suite.counting import HEARD, SAID, CountingHandler, a_poke, heard, heard_all
from tests.unit.stream.office import Faults, FaultyDocuments, Office, summary
from tests.unit.stream.test_loop import GROUP, PACE, Died, committed, poke, until

CRASHES = "crash-loop"


async def saved_and_unsaid(*records: Heard) -> Office:
    """An office whose process ended between save and say."""
    office = Office(saying=Faults(before=1))
    with pytest.raises(Away):
        await office.hear(records)
    assert office.said() == []
    return office


def reasons(office: Office) -> list[str]:
    return [letter.header("dl_reason") for letter in office.letters()]


async def test_refused__what_it_saved_is_said_with_the_next_touch_though_it_is_committed() -> None:
    record = heard(a_poke("a", 1))
    after = (await saved_and_unsaid(record)).another()
    await after.hearing.refuse(record, CRASHES)
    assert after.said() == []
    after.ledger.note(HEARD, 0, 1)
    await after.hear([heard(a_poke("a", 2), 1)])
    assert summary(after.said()) == [("a", "1.1", "a-1.1"), ("a", "1.2", "a-1.2")]
    assert after.counter().state == {"total": 2}


async def refused_and_unsaid() -> tuple[Office, Heard]:
    """An office whose document keeps an entry that no commit settles, its record being in the dead letters."""
    record = heard(a_poke("a", 1))
    after = (await saved_and_unsaid(record)).another()
    await after.hearing.refuse(record, CRASHES)
    after.ledger.note(HEARD, 0, 1)
    return after, record


async def test_refused__what_was_said_at_last_is_settled() -> None:
    after, _ = await refused_and_unsaid()
    for n in (2, 3):
        await after.hear([heard(a_poke("a", n), n - 1)])
        after.ledger.note(HEARD, 0, n)
    assert summary(after.said()) == [("a", f"1.{n}", f"a-1.{n}") for n in (1, 2, 3)]


async def test_refused__a_repeat_that_says_it_settles_it_too() -> None:
    after, record = await refused_and_unsaid()
    await after.hear([replace(record, offset=7)])
    await after.hear([replace(record, offset=8)])
    assert summary(after.said()) == [("a", "1.1", "a-1.1")]
    assert after.counter().outbox == []


async def test_refused__what_kafka_did_not_confirm_is_not_settled() -> None:
    after, _ = await refused_and_unsaid()
    after.saying.after = 1
    with pytest.raises(Away):
        await after.hear([heard(a_poke("a", 2), 1)])
    await after.hear([heard(a_poke("a", 2), 1)])
    assert summary(after.said()).count(("a", "1.1", "a-1.1")) == 2


async def test_refused__what_was_not_projected_is_not_settled() -> None:
    after, record = await refused_and_unsaid()
    projected: list[str] = []

    async def project(private: Sequence[tuple[Event, dict[str, Any]]]) -> None:
        projected.append("tried")
        raise Away("mongodb", "Planted")

    after.project = project
    entry = after.counter().outbox[0]
    after.counter().outbox[0] = replace(entry, private={"address": "there"}, saying=a_private_saying())
    with pytest.raises(Away):
        await after.hear([replace(record, offset=7)])
    assert projected == ["tried"]
    assert len(after.counter().outbox) == 1


async def test_refused__settling_that_loses_its_race_leaves_what_the_other_wrote() -> None:
    after, _ = await refused_and_unsaid()
    rival = after.another()
    after.documents.rivals = [nothing, lambda: rival.hear([heard(a_poke("a", 3), 0, partition=1)])]
    await after.hear([heard(a_poke("a", 2), 1)])
    assert after.counter().state == {"total": 3}
    assert len(set(summary(after.said()))) == 3


def a_private_saying() -> Saying:
    return encode(Event(an_envelope(a_discharge()), a_discharge()), "care.encounters.v1")


async def nothing() -> None:
    """No rival this time."""


async def test_refused__its_replay_says_what_was_saved_and_decides_nothing() -> None:
    record = heard(a_poke("a", 1))
    after = (await saved_and_unsaid(record)).another()
    await after.hearing.refuse(record, CRASHES)
    after.ledger.note(HEARD, 0, 1)
    await after.hear([heard(a_poke("a", 1), 7)])
    assert summary(after.said()) == [("a", "1.1", "a-1.1")]
    assert after.handler.decided == []


async def test_refused__is_dead_lettered_once_and_what_others_caused_is_settled_by_their_commits() -> None:
    first, deadly = heard_all([a_poke("a", 1), a_poke("a", 2)])
    after = (await saved_and_unsaid(first, deadly)).another()
    await after.hearing.refuse(deadly, CRASHES)
    assert reasons(after) == [CRASHES]
    after.ledger.note(HEARD, 0, 2)
    await after.hear([heard(a_poke("a", 3), 2)])
    assert summary(after.said()) == [("a", "1.2", "a-1.2"), ("a", "1.3", "a-1.3")]


async def test_refused__a_record_that_left_nothing_unsaid_changes_no_document() -> None:
    office = Office()
    await office.hear([heard(a_poke("a", 1))])
    before = office.counter().version
    await office.hearing.refuse(heard(a_poke("a", 2), 1), CRASHES)
    await office.hearing.refuse(heard(a_poke("nobody", 1), 2), CRASHES)
    assert office.counter().version == before
    assert len(office.letters()) == 2


@pytest.mark.parametrize("do", ["bug-in-read", "not-ours"])
async def test_refused__a_record_that_names_nothing_is_simply_dead_lettered(do: str) -> None:
    office = Office()
    await office.hearing.refuse(heard(a_poke("a", 1, do=do)), CRASHES)
    assert reasons(office) == [CRASHES]
    assert office.documents.loads == 0


async def test_refused__a_record_that_cannot_be_decoded_is_simply_dead_lettered() -> None:
    office = Office()
    await office.hearing.refuse(Heard(HEARD, 0, 3, b"k", b"\x00not an event", ()), CRASHES)
    [letter] = office.letters()
    assert letter.value == b"\x00not an event"
    assert office.documents.loads == 0


async def test_refused__a_lost_race_is_decided_again_and_nothing_of_the_other_is_lost() -> None:
    record = heard(a_poke("a", 1))
    after = (await saved_and_unsaid(record)).another()
    rival = after.another()
    after.documents.rivals = [lambda: rival.hear([heard(a_poke("a", 2), 0, partition=1)])]
    await after.hearing.refuse(record, CRASHES)
    after.ledger.note(HEARD, 0, 1)
    after.ledger.note(HEARD, 1, 1)
    await after.hear([heard(a_poke("a", 3), 1)])
    assert after.counter().state == {"total": 3}
    firsts = list(dict.fromkeys(summary(after.said())))
    assert firsts == [("a", f"1.{n}", f"a-1.{n}") for n in (1, 2, 3)]
    assert summary(after.said())[-2:] == [("a", "1.1", "a-1.1"), ("a", "1.3", "a-1.3")]


async def test_refused__every_race_lost_waits_and_dead_letters_nothing() -> None:
    record = heard(a_poke("a", 1))
    after = (await saved_and_unsaid(record)).another()

    async def rival() -> None:
        after.counter().version += 1

    after.documents.rivals = [rival] * 50
    with pytest.raises(Away, match="lost-every-race"):
        await after.hearing.refuse(record, CRASHES)
    assert after.letters() == []


async def test_refused__kafka_away_for_its_letter_is_tried_again_without_harm() -> None:
    record = heard(a_poke("a", 1))
    after = (await saved_and_unsaid(record)).another()
    after.saying.before = 1
    with pytest.raises(Away):
        await after.hearing.refuse(record, CRASHES)
    await after.hearing.refuse(record, CRASHES)
    after.ledger.note(HEARD, 0, 1)
    await after.hear([heard(a_poke("a", 2), 1)])
    assert len(after.letters()) == 1
    assert summary(after.said()) == [("a", "1.1", "a-1.1"), ("a", "1.2", "a-1.2")]


class Narrow(MemoryPublisher):
    """A topic takes less than its contract says, until it is mended."""

    def __init__(self, log: MemoryLog, topic: str) -> None:
        super().__init__(log)
        self.topic, self.narrow = topic, True

    async def say(self, sayings: Sequence[Saying]) -> None:
        if self.narrow and any(saying.topic == self.topic for saying in sayings):
            raise OutputTooLarge
        await super().say(sayings)


def through(office: Office, publisher: MemoryPublisher) -> BatchHearing:
    return BatchHearing("counter", {HEARD: office.handler}, office.documents, publisher, office.ledger, lane_of)


async def test_topic_that_takes_too_little__waits_and_loses_nothing() -> None:
    office = Office()
    publisher = Narrow(office.log, SAID)
    records = heard_all([a_poke("a", 1), a_poke("b", 1, do="refuse"), a_poke("a", 2)])
    for _ in range(3):
        with pytest.raises(Away, match="topic-takes-too-little") as away:
            await through(office, publisher).hear(records)
    assert away.value.what == "kafka"
    assert (office.said(), office.letters()) == ([], [])
    publisher.narrow = False
    await through(office, publisher).hear(records)
    assert summary(office.said()) == [("a", "1.1", "a-1.1"), ("a", "1.2", "a-1.2")]
    assert reasons(office) == ["not-counted"]
    assert office.handler.decided.count("a-1.1") == 1


async def test_dead_letter_topic_that_takes_too_little__waits_too() -> None:
    """Ending the process would count as one more crash, for ever."""
    office = Office()
    publisher = Narrow(office.log, f"{HEARD}.counter.dlq")
    record = heard(a_poke("a", 1))
    with pytest.raises(Away, match="topic-takes-too-little"):
        await through(office, publisher).refuse(record, CRASHES)
    publisher.narrow = False
    await through(office, publisher).refuse(record, CRASHES)
    assert reasons(office) == [CRASHES]


@dataclass
class Ward:
    """The process on the real loop, started anew whenever it ends; `deadly` says of a step whether it kills now."""

    log: MemoryLog
    deadly: Callable[[str], bool]
    handler: CountingHandler = field(default_factory=CountingHandler)
    attempts: MemoryAttempts = field(default_factory=MemoryAttempts)
    deaths: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.documents = FaultyDocuments(Faults())
        self.office = Office(self.log, documents=self.documents)

    def a_hearing(self, ledger: Ledger) -> BatchHearing:
        ward = self

        class Deadly(MemoryPublisher):
            async def say(self, sayings: Sequence[Saying]) -> None:
                if any(saying.topic == SAID for saying in sayings) and ward.deadly("say"):
                    raise Died("say")
                await super().say(sayings)

        class Reading(CountingHandler):
            def read(self, record: Heard) -> Fact | None:
                if record.offset == 1 and ward.deadly("read"):
                    raise Died("read")
                return super().read(record)

        return BatchHearing("counter", {HEARD: Reading()}, self.documents, Deadly(self.log), ledger, lane_of)

    async def live(self, name: str, done: Callable[[], Any]) -> None:
        """One life: until it is done or the process ended."""
        deaths: list[str] = []

        def die(code: str) -> None:
            deaths.append(code)
            raise Died(code)

        ledger = Ledger()
        hearing = self.a_hearing(ledger)
        consumer = MemoryConsumer(self.log, GROUP, [HEARD])
        suspects = Suspects(self.attempts.another(name), hearing.refuse, PACE.batch)
        loop = Loop(consumer, hearing, ledger, suspects, die, PACE)
        task = asyncio.create_task(loop.run())
        await until(lambda: deaths or done())
        if not deaths:
            await loop.stop()
        await asyncio.wait({task}, timeout=30)
        if deaths:
            assert isinstance(task.exception(), Died)
            await crash(consumer)()  # type: ignore[misc]
        self.deaths += deaths

    async def until(self, done: Callable[[], Any], most: int) -> None:
        for life in range(most):
            await self.live(f"life {life}", done)
            if done():
                return
        pytest.fail("the record killed every process")


async def test_loop__a_saying_that_kills_is_said_after_all() -> None:
    """Five lives end in saying it; once that is mended, the next record about the same patient says both."""
    log = MemoryLog()
    broken = [True]
    ward = Ward(log, lambda step: step == "say" and broken[0])
    await poke(log, 1)
    await ward.until(lambda: committed(log) == 1, most=LIMIT + 4)
    assert reasons(ward.office) == ["crash-loop"]
    assert LIMIT <= len(ward.deaths) <= LIMIT + 3
    assert ward.office.said() == []
    broken[0] = False
    await log.append(a_poke("a", 2), 0)
    await ward.live("mended", lambda: committed(log) == 2)
    assert list(dict.fromkeys(summary(ward.office.said()))) == [("a", "1.1", "a-1.1"), ("a", "1.2", "a-1.2")]
    assert ward.office.counter().state == {"total": 2}


async def test_loop__a_record_whose_reading_kills_goes_to_the_dead_letters_unread() -> None:
    """What it may have left unsaid is looked for by reading it; that must not kill for ever."""
    log = MemoryLog()
    ward = Ward(log, lambda step: step == "read")
    await poke(log, 3)
    await ward.until(lambda: committed(log) == 3, most=2 * LIMIT + 5)
    assert reasons(ward.office) == ["crash-loop-unread"]
    assert ward.attempts.tried == {}
    assert [cause for _, _, cause in summary(ward.office.said())] == ["a-1.1", "a-1.3"]
