"""The alarm clock on the twins: nothing is overdue that is only queued, and what is said twice is one record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.alarm.fence import Fence
from shared.alarm.sweeper import Alarms, Limits, Sweeper
from shared.mongo.memory import MemoryDocuments
from shared.stream.codec import decode
from shared.stream.documents import Document
from shared.stream.ledger import Ledger
from shared.stream.memory import MemoryLog, MemoryPublisher
from shared.stream.outages import Away
from shared.stream.records import Heard, Saying
from tests.contracts_suite.counting import T0

INPUT, OTHER, TIMERS = "care.transitions.v1", "care.commands.v1", "followup.timers.v1"
HOUR = timedelta(hours=1)
LIMITS = Limits(lease=30.0)
CONTEXT = {"tenant": "tenant-1", "feed": "north", "mode": "shadow", "label": "restricted"}


@dataclass
class Fetches:
    """The inputs as a consumer's fetches saw them: {(topic, partition): (end, Unix seconds)}."""

    seen: dict[tuple[str, int], tuple[int, float] | None]

    def assignment(self) -> list[tuple[str, int]]:
        return sorted(self.seen)

    def high_watermark(self, topic: str, partition: int) -> tuple[int, float] | None:
        return self.seen.get((topic, partition))


A, B = (INPUT, 0), (OTHER, 0)


def looked(fence: Fence, committed: dict[tuple[str, int], int], *fetches: tuple[int, float]) -> bool:
    passed = False
    for fetch in fetches:
        passed = fence.passed(Fetches({A: fetch}), committed)
    return passed


def test_fence__passes_when_all_that_was_there_is_committed() -> None:
    assert looked(Fence(T0, 100.0, (A,)), {A: 7}, (7, 101.0), (7, 102.0))
    assert not looked(Fence(T0, 100.0, (A,)), {A: 6}, (7, 101.0), (7, 102.0))


def test_fence__takes_the_end_of_the_second_fetch_only() -> None:
    """The first answer after t may be to a request from before it: what came in between is not in it."""
    assert not looked(Fence(T0, 100.0, (A,)), {A: 7}, (7, 101.0))
    assert not looked(Fence(T0, 100.0, (A,)), {A: 7}, (7, 101.0), (7, 101.0))
    assert not looked(Fence(T0, 100.0, (A,)), {A: 7}, (7, 101.0), (9, 102.0))


def test_fence__a_fetch_of_before_counts_for_nothing() -> None:
    assert not looked(Fence(T0, 100.0, (A,)), {A: 7}, (7, 98.0), (7, 99.0), (7, 100.0), (7, 101.0))


def test_fence__new_traffic_does_not_move_it() -> None:
    fence = Fence(T0, 100.0, (A,))
    assert not looked(fence, {A: 3}, (7, 101.0), (7, 102.0))
    assert looked(fence, {A: 7}, (5_000, 103.0))


def test_fence__waits_for_every_partition() -> None:
    fence = Fence(T0, 100.0, (A, B))
    for at in (101.0, 102.0, 103.0):
        assert not fence.passed(Fetches({A: (0, at), B: None}), {})
    for at in (104.0, 105.0):
        passed = fence.passed(Fetches({A: (0, at), B: (0, at)}), {})
    assert passed


@dataclass
class Ward:
    """One service's alarm clock on twins. `now` is the business clock; `fetched` moves the fetches on."""

    now: datetime = T0
    lanes: Sequence[int] = (0,)
    limits: Limits = LIMITS
    log: MemoryLog = field(default_factory=MemoryLog)
    ledger: Ledger = field(default_factory=Ledger)
    wall: datetime = T0
    documents: MemoryDocuments = None  # type: ignore[assignment] # made below
    inputs: Fetches = None  # type: ignore[assignment]
    sweeper: Sweeper = None  # type: ignore[assignment]
    fetches: int = 0

    def __post_init__(self) -> None:
        self.documents = self.documents or MemoryDocuments(lambda: self.wall)
        self.inputs = Fetches({(INPUT, lane): None for lane in self.lanes})
        self.sweeper = self.a_sweeper()

    def a_sweeper(self, publisher: Any = None) -> Sweeper:
        alarms = Alarms("followup", TIMERS, "transitions", due_in)
        publisher = publisher or MemoryPublisher(self.log)
        return Sweeper(alarms, self.documents, publisher, self.inputs, self.ledger, lambda: self.now, self.limits)

    async def keep(self, id_: str, due: datetime, lane: int = 0) -> None:
        state = {"due": due.isoformat()}
        document = Document("transitions", id_, "key-1", lane, state=state, next_alarm_at=due, context=dict(CONTEXT))
        stored = self.documents.stored.get(("transitions", id_))
        document.version = stored.version if stored else 0
        assert await self.documents.save([document]) == set()

    def fetched(self, end: int = 0) -> None:
        """One more fetch of every input, later than anything taken so far."""
        self.fetches += 1
        self.inputs.seen = dict.fromkeys(self.inputs.seen, (end, 4000000000.0 + self.fetches))

    async def pass_a_fence(self) -> int:
        """Sweep until the fence of now is through; returns how many were said."""
        said = await self.sweeper.sweep()
        for _ in range(4):
            self.fetched(end=self.ledger.committed(INPUT, self.lanes[0]))
            said += await self.sweeper.sweep()
        return said

    def said(self) -> list[Heard]:
        return self.log.all_of(TIMERS)


def due_in(state: dict[str, Any], until: datetime) -> list[tuple[str, datetime]]:
    due = datetime.fromisoformat(state["due"])
    return [("visit", due)] if due <= until else []


async def test_sweep__says_what_is_due_and_nothing_else() -> None:
    ward = Ward()
    await ward.keep("past", T0 - HOUR)
    await ward.keep("now", T0)
    await ward.keep("future", T0 + timedelta(seconds=1))
    assert await ward.pass_a_fence() == 2
    assert sorted(r.header("ce_subject") for r in ward.said()) == ["now", "past"]


async def test_sweep__a_timer_carries_the_context_of_its_aggregate() -> None:
    ward = Ward()
    await ward.keep("one", T0 - HOUR)
    await ward.pass_a_fence()
    [record] = ward.said()
    event = decode(record)
    assert (event.envelope.key, event.envelope.tenant, event.envelope.feed) == ("key-1", "tenant-1", "north")
    assert (event.envelope.mode.value, event.envelope.label.value) == ("shadow", "restricted")
    assert event.envelope.time == T0 - HOUR
    assert event.envelope.sequence is None
    assert event.data.model_dump() == {"aggregate": "one", "alarm": "visit", "due": T0 - HOUR, "unfenced": False}


async def test_sweep__says_nothing_before_its_inputs_are_heard() -> None:
    ward = Ward()
    await ward.keep("one", T0 - HOUR)
    assert await ward.sweeper.sweep() == 0
    for _ in range(5):
        ward.fetched(end=3)
        assert await ward.sweeper.sweep() == 0
    ward.ledger.note(INPUT, 0, 3)
    assert await ward.sweeper.sweep() == 1


async def test_sweep__says_only_what_was_due_when_the_fence_was_taken() -> None:
    """What falls due while the fence waits may be undone by what is queued behind it."""
    ward = Ward()
    await ward.keep("later", T0 + HOUR)
    await ward.sweeper.sweep()
    ward.fetched(end=1)
    await ward.sweeper.sweep()
    ward.fetched(end=1)
    ward.now = T0 + 2 * HOUR
    ward.ledger.note(INPUT, 0, 1)
    assert await ward.sweeper.sweep() == 0
    assert await ward.pass_a_fence() == 1


async def test_sweep__only_the_lanes_that_are_ours() -> None:
    ward = Ward(lanes=(2, 3))
    for lane in range(5):
        await ward.keep(f"lane-{lane}", T0 - HOUR, lane)
    assert await ward.pass_a_fence() == 2
    assert sorted(r.header("ce_subject") for r in ward.said()) == ["lane-2", "lane-3"]


async def test_sweep__without_partitions_says_nothing() -> None:
    ward = Ward()
    ward.inputs.seen = {}
    await ward.keep("one", T0 - HOUR)
    assert sum([await ward.sweeper.sweep() for _ in range(5)]) == 0


async def test_sweep__a_rebalance_starts_the_fence_anew_over_the_new_partitions() -> None:
    ward = Ward()
    await ward.pass_a_fence()
    await ward.keep("theirs", T0 - HOUR, lane=0)
    await ward.keep("ours", T0 - HOUR, lane=1)
    ward.lanes = (1,)
    ward.inputs.seen = {(INPUT, 1): None}
    assert await ward.sweeper.sweep() == 0
    assert await ward.pass_a_fence() == 1
    assert [r.header("ce_subject") for r in ward.said()] == ["ours"]


async def test_sweep__the_lease_keeps_a_second_sweeper_quiet_until_it_ends() -> None:
    ward = Ward()
    await ward.keep("one", T0 - HOUR)
    assert await ward.pass_a_fence() == 1
    assert await ward.pass_a_fence() == 0
    ward.wall += timedelta(seconds=29)
    assert await ward.pass_a_fence() == 0
    ward.wall += timedelta(seconds=2)
    assert await ward.pass_a_fence() == 1


async def test_sweep__what_is_said_twice_is_byte_for_byte_the_same() -> None:
    ward = Ward()
    await ward.keep("one", T0 - HOUR)
    await ward.pass_a_fence()
    ward.wall += timedelta(minutes=1)
    ward.now += 3 * HOUR
    ward.sweeper = ward.a_sweeper()
    await ward.pass_a_fence()
    first, second = ward.said()
    assert (first.key, first.value, first.headers) == (second.key, second.value, second.headers)


async def test_sweep__a_changed_alarm_is_free_of_the_old_ones_lease() -> None:
    ward = Ward()
    await ward.keep("one", T0 - 2 * HOUR)
    await ward.pass_a_fence()
    await ward.keep("one", T0 - HOUR)
    assert await ward.pass_a_fence() == 1
    assert len({r.header("ce_id") for r in ward.said()}) == 2


class AwayOnce(MemoryPublisher):
    gone = True

    async def say(self, sayings: Sequence[Saying]) -> None:
        if self.gone:
            self.gone = False
            raise Away("kafka", "Planted")
        await super().say(sayings)


async def test_sweep__kafka_away_says_it_when_the_lease_is_over() -> None:
    ward = Ward()
    await ward.keep("one", T0 - HOUR)
    ward.sweeper = ward.a_sweeper(AwayOnce(ward.log))
    assert await ward.pass_a_fence() == 0
    ward.wall += timedelta(seconds=31)
    assert await ward.pass_a_fence() == 1


async def test_sweep__no_more_than_its_rows_at_once_and_the_rest_at_the_next() -> None:
    ward = Ward(limits=Limits(rows=2))
    for n in range(5):
        await ward.keep(f"n{n}", T0 - HOUR)
    await ward.pass_a_fence()
    await ward.pass_a_fence()
    assert len({r.header("ce_id") for r in ward.said()}) == 5


@pytest.mark.parametrize(("unfenced_after", "said"), [(3_600.0, 0), (-1.0, 1)])
async def test_sweep__past_the_limit_says_it_marked_unfenced(unfenced_after: float, said: int) -> None:
    """A late alarm is worse than one that a queued message may overtake; -1: the fence is older than that at once."""
    ward = Ward(limits=Limits(unfenced_after=unfenced_after))
    await ward.keep("one", T0 - HOUR)
    assert await ward.sweeper.sweep() == said
    assert [decode(r).data.model_dump()["unfenced"] for r in ward.said()] == [True] * said


async def test_sweep__a_partition_whose_records_retention_took_holds_nothing_up() -> None:
    """A new group on an old, empty partition commits nothing there, yet its end is not 0."""
    ward = Ward()
    await ward.keep("one", T0 - HOUR)
    ward.ledger.begins(INPUT, 0, 100)
    await ward.sweeper.sweep()
    for _ in range(2):
        ward.fetched(end=100)
        said = await ward.sweeper.sweep()
    assert said == 1
