"""Outcomes are said until they are confirmed, as the same events, in their order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from services.notifier.channels.relay import Relay
from services.notifier.domain.delivery import Delivery, Outcome
from services.notifier.handlers import withdraw_all
from services.notifier.store import MemoryDeliveries
from shared.schemas.envelope import derived_id
from shared.schemas.notifications import (
    NotificationFailed,
    NotificationSent,
    NotificationSuppressed,
    NotificationWithdrawn,
)
from shared.stream.codec import decode
from shared.stream.records import Heard, Saying
from tests.builders import T0
from tests.unit.notifier.givens import Clock, a_delivery, a_policy, until


class Broker:
    """Keeps what it confirmed; fails as often as told, before or after it took the records."""

    def __init__(self) -> None:
        self.took: list[Saying] = []
        self.lost_answers = 0
        self.before: Any = None

    async def say(self, sayings: Sequence[Saying]) -> None:
        if self.before:
            await self.before()
        self.took.extend(sayings)
        if self.lost_answers:
            self.lost_answers -= 1
            raise TimeoutError("no answer")

    def events(self) -> list[Any]:
        return [decode(Heard(one.topic, 0, n, one.key, one.value, one.headers)) for n, one in enumerate(self.took)]


class Room:
    def __init__(self) -> None:
        self.deliveries, self.clock, self.broker = MemoryDeliveries(), Clock(), Broker()
        self.relay = self.another()

    def another(self) -> Relay:
        policy = a_policy(poll_seconds=0.01)
        return Relay(self.deliveries, self.broker, policy, source="notifier", clock=self.clock)

    async def put(self, delivery_id: str, *outcomes: Outcome, **changes: Any) -> None:
        one = a_delivery(delivery_id, outcomes=outcomes, said=not outcomes, key="patient-key-1", **changes)
        await self.deliveries.insert_missing([one])


def an_outcome(status: Any, n: int = 2, **changes: Any) -> Outcome:
    return Outcome(n=n, status=status, attempts=1, at=T0).model_copy(update=changes)


async def test_outcomes__each_as_its_own_event() -> None:
    room = Room()
    await room.put("a", an_outcome("sent"), tenant="tenant-1", feed="north", epoch=2)
    await room.put("b", an_outcome("failed", reason="smtp-550"))
    await room.put("c", an_outcome("unknown", reason="withdrawn"))
    await room.put("d", an_outcome("withdrawn", reason="withdrawn", attempts=0))
    await room.put("e", an_outcome("suppressed", reason="never-told", attempts=0), corrects=("x", "y"))
    await room.put("f")
    assert await room.relay.step() == 5
    events = room.broker.events()
    assert [type(event.data) for event in events] == [
        NotificationSent,
        NotificationFailed,
        NotificationFailed,
        NotificationWithdrawn,
        NotificationSuppressed,
    ]
    sent, failed, unknown, withdrawn, suppressed = events
    assert sent.envelope.id == derived_id("notification", "a", 2)
    assert (sent.envelope.subject, str(sent.envelope.sequence), sent.envelope.key) == ("a", "2.2", "patient-key-1")
    assert (sent.envelope.tenant, sent.envelope.feed, sent.envelope.source) == ("tenant-1", "north", "notifier")
    assert sent.data.delivery.message_id == "<a@care.example.org>"
    assert (failed.data.delivery.reason, unknown.data.delivery.status) == ("smtp-550", "unknown")
    assert withdrawn.data.delivery.message_id == ""
    assert suppressed.data.delivery.corrects == ("x", "y")
    assert await room.relay.step() == 0
    text = b"".join(one.value for one in room.broker.took)
    assert b"Testperson" not in text
    assert b"primary@" not in text


async def test_answer_lost__the_same_bytes_are_said_again_when_the_lease_ends() -> None:
    room = Room()
    room.broker.lost_answers = 1
    await room.put("a", an_outcome("sent"))
    stop, errors = asyncio.Event(), list[Exception]()
    running = asyncio.create_task(room.relay.run(stop, errors.append))
    await until(lambda: errors)
    room.clock.forward(seconds=60)
    await until(lambda: len(room.broker.took) == 2)
    stop.set()
    await running
    first, second = room.broker.took
    assert first == second
    assert await room.another().step() == 0


async def test_handed_over__is_said_without_a_look_and_noted() -> None:
    room = Room()
    await room.put("a", an_outcome("sent"), say_until=T0 + timedelta(seconds=60))
    (ended,) = await room.deliveries.load(["a"])
    assert await room.another().step() == 0
    room.relay.take(ended)
    assert await room.relay.step() == 1
    assert [str(event.envelope.sequence) for event in room.broker.events()] == ["1.2"]
    assert await room.relay.step() == 0
    room.clock.forward(seconds=60)
    assert await room.another().step() == 0


async def test_handed_over__what_was_lost_on_the_way_is_found_when_its_lease_ends() -> None:
    room = Room()
    await room.put("a", an_outcome("sent"), say_until=T0 + timedelta(seconds=60))
    room.relay.take((await room.deliveries.load(["a"]))[0])
    room.clock.forward(seconds=60)
    assert await room.another().step() == 1
    assert len(room.broker.took) == 1


async def test_handed_over_twice__both_outcomes_are_said_and_noted() -> None:
    room = Room()
    await room.put("a", an_outcome("failed"), say_until=T0 + timedelta(seconds=60))
    (ended,) = await room.deliveries.load(["a"])
    room.relay.take(ended)
    later = await room.deliveries.save(ended.but(status="sent", outcomes=(*ended.outcomes, an_outcome("sent", 3))))
    assert later is not None
    room.relay.take(later)
    await room.relay.step()
    assert {str(event.envelope.sequence) for event in room.broker.events()} == {"1.2", "1.3"}
    (noted,) = await room.deliveries.load(["a"])
    assert (noted.said, noted.said_n) == (True, 3)


async def test_two_relays__one_says_it() -> None:
    room = Room()
    await room.put("a", an_outcome("sent"))
    assert sorted(await asyncio.gather(room.relay.step(), room.another().step())) == [0, 1]
    assert len(room.broker.took) == 1


async def test_changed_while_it_is_said__only_what_was_confirmed_is_noted() -> None:
    room = Room()
    await room.put("a", an_outcome("failed"))

    async def a_late_answer() -> None:
        (one,) = await room.deliveries.load(["a"])
        later = one.but(status="sent", outcomes=(*one.outcomes, an_outcome("sent", 3)), said=False)
        room.broker.before = None
        await room.deliveries.save(later)

    room.broker.before = a_late_answer
    assert await room.relay.step() == 1
    room.clock.forward(seconds=60)
    assert await room.relay.step() == 1
    assert [str(event.envelope.sequence) for event in room.broker.events()] == ["1.2", "1.3"]


async def test_noted_by_two_writers__looks_again() -> None:
    room = Room()
    await room.put("a", an_outcome("failed"))
    await room.put("b", an_outcome("sent"))
    plain = room.deliveries.save_all

    async def lose(deliveries: Sequence[Delivery]) -> list[Delivery]:
        if all(one.said for one in deliveries):
            room.deliveries.save_all = plain  # type: ignore[method-assign]
            (one,) = await room.deliveries.load(["a"])
            await room.deliveries.save(one.but(last_code="touched"))
        return await plain(deliveries)

    room.deliveries.save_all = lose  # type: ignore[method-assign]
    assert await room.relay.step() == 2
    touched, other = await room.deliveries.load(["a", "b"])
    assert (touched.said, touched.last_code) == (True, "touched")
    assert (other.said, other.last_code) == (True, "")


async def test_run__a_full_batch_is_followed_at_once() -> None:
    room = Room()
    room.relay = Relay(room.deliveries, room.broker, a_policy(poll_seconds=30.0), source="notifier", clock=room.clock)
    for n in range(101):
        await room.put(f"delivery-{n}", an_outcome("sent"))
    stop = asyncio.Event()
    running = asyncio.create_task(room.relay.run(stop, lambda error: None))
    await until(lambda: len(room.broker.took) == 101)
    stop.set()
    await running


async def test_stop__says_what_is_left_first() -> None:
    room = Room()
    stop = asyncio.Event()
    stop.set()
    await room.put("a", an_outcome("sent"))
    await room.relay.run(stop, lambda error: None)
    assert len(room.broker.took) == 1


async def test_withdrawn__is_said() -> None:
    room = Room()
    await room.put("a")
    await withdraw_all(room.deliveries, ["a"], "correction-1", T0)
    assert await room.relay.step() == 1
    assert room.broker.events()[0].data.delivery.reason == "withdrawn"
