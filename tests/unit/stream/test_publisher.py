"""KafkaPublisher on stub producers: one that failed is ended once, by whom it failed, and takes nobody with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError, ProducerClosed

from shared.stream import kafka_producer
from shared.stream.kafka import Broker
from shared.stream.kafka_producer import KafkaPublisher
from shared.stream.outages import Away, OutputTooLarge
from shared.stream.records import Saying

SOON = 0.05
"""The time-out of a saying in these tests, in seconds."""
FAR = 30.0
A, B = (Saying("t", b"k", value, ()) for value in (b"a", b"b"))


class Producer:
    """What `send` gives stays open until the test confirms it."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, asyncio.Future[Any]]] = []
        self.closed = False
        self.too_large: tuple[bytes, ...] = ()
        self.waiting = 0
        self.room = asyncio.Event()
        self.room.set()

    async def send(self, _topic: str, *, value: bytes, **_more: Any) -> asyncio.Future[Any]:
        if self.closed:
            raise ProducerClosed
        if value in self.too_large:
            raise MessageSizeTooLargeError
        self.waiting += 1
        await self.room.wait()
        self.waiting -= 1
        self.sent.append((value, asyncio.get_running_loop().create_future()))
        return self.sent[-1][1]

    def confirm(self) -> None:
        for _, future in self.sent:
            if not future.done():
                future.set_result(None)


class Publisher(KafkaPublisher):
    """Starts stubs, and remembers them."""

    def __init__(self, seconds: float) -> None:
        super().__init__(Broker("nowhere", send_timeout=seconds))
        self.started: list[Producer] = []

    def patience(self, seconds: float) -> None:
        """The time-out of whoever begins to say from now on."""
        self._broker = replace(self._broker, send_timeout=seconds)

    async def _started(self) -> Any:
        self.started.append(Producer())
        return self.started[-1]


class Endings:
    """The ends of producers, each taking as long as the test lets it."""

    def __init__(self) -> None:
        self.begun: list[Producer] = []
        self.ended: list[Producer] = []
        self.may = asyncio.Event()
        self.may.set()

    async def end(self, producer: Any) -> None:
        producer.closed = True
        self.begun.append(producer)
        await self.may.wait()
        self.ended.append(producer)


@pytest.fixture
async def endings(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Endings]:
    endings = Endings()
    monkeypatch.setattr(kafka_producer, "_end", endings.end)
    yield endings
    endings.may.set()


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 (it watches what has no event of its own)
            await asyncio.sleep(0)


async def in_flight(publisher: Publisher, *sayings: Saying) -> asyncio.Task[None]:
    """A sayer whose record is on its way, on the producer of now."""
    before = sum(len(producer.sent) for producer in publisher.started)
    task = asyncio.create_task(publisher.say(sayings))
    await until(lambda: sum(len(producer.sent) for producer in publisher.started) == before + len(sayings))
    return task


async def test_say__returns_when_every_record_is_confirmed(endings: Endings) -> None:
    publisher = Publisher(FAR)
    task = await in_flight(publisher, A, B)
    [producer] = publisher.started
    producer.sent[0][1].set_result(None)
    await asyncio.sleep(0)
    assert not task.done()
    producer.confirm()
    await task
    assert [value for value, _ in producer.sent] == [b"a", b"b"]
    assert endings.begun == []


async def test_timed_out__whoever_else_is_in_flight_is_told_at_once(endings: Endings) -> None:
    """Of two on one producer one has long been waiting; the other would else wait its own time-out for nothing."""
    publisher = Publisher(SOON)
    first = await in_flight(publisher, A)
    publisher.patience(FAR)
    second = await in_flight(publisher, B)
    started = time.monotonic()
    told = await asyncio.gather(first, second, return_exceptions=True)
    assert time.monotonic() - started < FAR / 3
    assert [(type(one), getattr(one, "code", "")) for one in told] == [
        (Away, "TimeoutError"),
        (Away, "KafkaConnectionError"),
    ]
    assert endings.ended == publisher.started[:1]


async def test_timed_out__the_one_who_is_told_late_leaves_the_new_producer_alone(endings: Endings) -> None:
    publisher = Publisher(SOON)
    endings.may.clear()
    first = await in_flight(publisher, A)
    publisher.patience(FAR)
    second = await in_flight(publisher, B)
    await until(lambda: endings.begun)
    third = await in_flight(publisher, A)  # on the replacement, while the old one still ends and `second` learns of it
    endings.may.set()
    told = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(one) for one in told] == [Away, Away]
    old, new = publisher.started
    assert not third.done()
    new.confirm()
    await third
    assert (old.closed, new.closed) == (True, False)
    assert endings.ended == [old]
    again = await in_flight(publisher, B)
    new.confirm()
    await again
    assert len(publisher.started) == 2


async def test_timed_out__the_late_time_out_of_the_old_does_not_end_the_new(endings: Endings) -> None:
    """Two who time out one after the other, and one between them who is well on the new producer."""
    publisher = Publisher(FAR)
    old = await publisher._ready()
    await publisher._replace(old)
    third = await in_flight(publisher, A)
    await publisher._replace(old)
    await publisher._replace(None)
    assert not third.done()
    publisher.started[1].confirm()
    await third
    assert endings.begun == publisher.started[:1]


@pytest.mark.parametrize("error", [KafkaConnectionError(), OSError("no route")], ids=["kafka", "os"])
async def test_failed__is_away_and_the_producer_is_replaced(endings: Endings, error: Exception) -> None:
    publisher = Publisher(FAR)
    task = await in_flight(publisher, A)
    publisher.started[0].sent[0][1].set_exception(error)
    with pytest.raises(Away, match=f"^kafka: {type(error).__name__}$"):
        await task
    assert endings.ended == publisher.started
    task = await in_flight(publisher, A)
    publisher.started[1].confirm()
    await task


async def test_too_large__replaces_nothing_and_disturbs_nobody(endings: Endings) -> None:
    publisher = Publisher(FAR)
    other = await in_flight(publisher, A)
    [producer] = publisher.started
    producer.too_large = (b"b",)
    with pytest.raises(OutputTooLarge):
        await publisher.say([A, B])
    assert not other.done()
    producer.confirm()
    await other
    assert endings.begun == []


async def test_cancelled__the_ending_goes_on_and_close_waits_for_it(endings: Endings) -> None:
    """A revoke cancels the batch in the middle of it; a sender left behind would say it all again, for ever."""
    publisher = Publisher(SOON)
    endings.may.clear()
    task = await in_flight(publisher, A)
    await until(lambda: endings.begun)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert endings.ended == []
    closing = asyncio.create_task(publisher.close())
    await asyncio.sleep(0.01)
    assert not closing.done()
    endings.may.set()
    await closing
    assert endings.ended == publisher.started


async def test_cancelled__while_it_waits_for_confirmation_leaves_the_others_and_the_producer(endings: Endings) -> None:
    publisher = Publisher(FAR)
    first, second = await in_flight(publisher, A), await in_flight(publisher, B)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    [producer] = publisher.started
    assert [future.cancelled() for _, future in producer.sent] == [True, False]
    assert publisher._pending == {producer: {producer.sent[1][1]}}
    producer.confirm()
    await second
    assert endings.begun == []


async def test_close__ends_the_producer_once_and_may_be_repeated(endings: Endings) -> None:
    publisher = Publisher(FAR)
    await publisher.close()
    task = await in_flight(publisher, A)
    publisher.started[0].confirm()
    await task
    await publisher.close()
    await publisher.close()
    assert endings.ended == publisher.started
    assert publisher._pending == {}


async def test_still_sending__when_its_producer_is_ended_is_told_at_once(endings: Endings) -> None:
    """aiokafka takes a record into the buffer of a producer that was ended while `send` waited; nobody empties it."""
    publisher = Publisher(SOON)
    first = await in_flight(publisher, A)
    [producer] = publisher.started
    publisher.patience(FAR)
    producer.room.clear()
    second = asyncio.create_task(publisher.say([B]))
    await until(lambda: producer.waiting)
    with pytest.raises(Away, match="TimeoutError"):
        await first
    producer.room.set()
    with pytest.raises(Away, match="KafkaConnectionError"):
        await asyncio.wait_for(second, FAR / 3)
    assert endings.ended == [producer]
    assert publisher._pending == {}


async def test_pending__nothing_is_kept_of_producers_that_are_gone(endings: Endings) -> None:
    publisher = Publisher(SOON)
    for _ in range(3):
        with pytest.raises(Away):
            await publisher.say([A])
    assert endings.ended == publisher.started
    assert len(publisher.started) == 3
    assert publisher._pending == {}
    assert publisher._ending == set()
