"""The sender's loop on a standing clock: leases, retries, limits, fairness, the breaker, corrections."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.notifier.channels.sender import Sender
from services.notifier.domain.delivery import NEVER, Delivery
from services.notifier.domain.retry import Kind, Result
from services.notifier.handlers import withdraw_all
from services.notifier.store import MemoryDeliveries
from tests.unit.notifier.givens import Clock, ScriptedChannel, a_correction, a_delivery, a_policy, until

SENT = Result(Kind.SENT, "smtp-250")
REFUSED = Result(Kind.UNREACHABLE, "lost-connect")


class Office:
    """A collection, a clock and one channel, with as many senders as asked for."""

    def __init__(self, *script: Result | Exception, **policy: Any) -> None:
        self.deliveries, self.clock = MemoryDeliveries(), Clock()
        self.channel = ScriptedChannel(*script)
        self.policy = a_policy(**policy)
        self.sender = self.another("sender-1")

    def another(self, owner: str, **ended: Callable[[Delivery], None]) -> Sender:
        channels, chance = [self.channel], (lambda: 0.999999)
        return Sender(self.deliveries, channels, self.policy, owner=owner, clock=self.clock, chance=chance, **ended)

    async def put(self, *deliveries: Delivery) -> None:
        await self.deliveries.insert_missing(deliveries)

    async def step(self, **forward: float) -> int:
        self.clock.forward(**forward)
        begun = await self.sender.step()
        await self.sender.drain()
        return begun

    async def one(self, id_: str = "delivery-1") -> Delivery:
        (found,) = await self.deliveries.load([id_])
        return found


class Gate(ScriptedChannel):
    """A channel that keeps its attempts waiting until it is opened, and notes how many there were at once."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.at_once = 0

    async def send(self, delivery: Delivery) -> Result:
        self.now[delivery.address] += 1
        self.most |= self.now
        self.at_once = max(self.at_once, self.now.total())
        await self.open.wait()
        self.now[delivery.address] -= 1
        return await super().send(delivery)


async def test_sent__once() -> None:
    office = Office(SENT)
    await office.put(a_delivery())
    assert await office.step() == 1
    assert await office.step(hours=1) == 0
    assert (await office.one()).status == "sent"
    assert office.channel.tried == ["delivery-1"]


async def test_ended__is_leased_and_handed_over_in_the_write_that_ends_it() -> None:
    office, ended = Office(SENT), list[Delivery]()
    await office.put(a_delivery())
    sender = office.another("sender-2", ended=ended.append)
    await sender.step()
    await sender.drain()
    assert ended == [await office.one()]
    assert ended[0].say_until == office.clock() + timedelta(seconds=office.policy.lease_seconds)
    assert await office.deliveries.unsaid(office.clock(), 10) == []


async def test_woken_for_new_ones__begins_them_without_a_look() -> None:
    office = Office(SENT)
    sender, looks = office.sender, list[str]()
    plain = office.deliveries.due

    async def counted(channel: str, *more: Any) -> list[Delivery]:
        looks.append(channel)
        return await plain(channel, *more)

    office.deliveries.due = counted  # type: ignore[method-assign,assignment]
    stop = asyncio.Event()
    running = asyncio.create_task(sender.run(stop, lambda error: None))
    await until(lambda: looks)
    before, new = len(looks), a_delivery()
    other = a_delivery("elsewhere", channel="pager")
    told = a_delivery("suppressed", status="suppressed")
    await office.put(new, other, told)
    sender.wake([new, other, told])
    await until(lambda: office.channel.tried)
    assert len(looks) == before
    stop.set()
    await running
    assert office.channel.tried == ["delivery-1"]


async def test_woken_for_what_is_further_by_now__does_not_send_it_again() -> None:
    office = Office(SENT)
    await office.put(a_delivery())
    await office.step()
    office.sender.wake([a_delivery()])
    assert await office.sender._begin_all() == 0
    assert office.channel.tried == ["delivery-1"]


async def test_not_ended__is_handed_to_nobody() -> None:
    office, ended = Office(Result(Kind.TRANSIENT, "smtp-451")), list[Delivery]()
    await office.put(a_delivery())
    sender = office.another("sender-2", ended=ended.append)
    await sender.step()
    await sender.drain()
    assert (ended, (await office.one()).say_until) == ([], NEVER)


async def test_transient__is_tried_again_after_its_wait() -> None:
    office = Office(Result(Kind.TRANSIENT, "smtp-451"), SENT)
    await office.put(a_delivery())
    await office.step()
    assert (await office.one()).status == "pending"
    assert await office.step(seconds=0.9) == 0
    assert await office.step(seconds=0.1) == 1
    one = await office.one()
    assert (one.status, one.attempts, one.outcomes[0].attempts) == ("sent", 2, 2)


async def test_retries__are_used_up_visibly() -> None:
    office = Office(Result(Kind.TRANSIENT, "smtp-451"), retry_seconds=(1.0, 5.0))
    await office.put(a_delivery())
    for _ in range(5):
        await office.step(seconds=10)
    one = await office.one()
    assert (one.status, one.reason, one.attempts, one.last_code) == ("failed", "exhausted", 3, "smtp-451")


async def test_unknown__is_sent_again_as_a_possible_repeat() -> None:
    office = Office(Result(Kind.UNKNOWN, "timeout-data"), SENT)
    await office.put(a_delivery())
    await office.step()
    assert (await office.one()).status == "unknown"
    await office.step(seconds=1)
    assert office.channel.repeats == [False, True]
    assert len(set(office.channel.took)) == 1
    assert (await office.one()).status == "sent"


async def test_sender_dead_between_claim_and_outcome__another_sends_it_again() -> None:
    office = Office(SENT)
    gate = Gate()
    dead = Sender(office.deliveries, [gate], office.policy, owner="dead", clock=office.clock, chance=lambda: 0.0)
    await office.put(a_delivery())
    assert await dead.step() == 1
    assert (await office.one()).owner == "dead"
    assert await office.step(seconds=59) == 0
    assert await office.step(seconds=1) == 1
    one = await office.one()
    assert (one.status, one.attempts, one.fence, one.maybe_told) == ("sent", 2, 2, True)
    assert office.channel.repeats == [True]
    gate.open.set()
    await dead.drain()
    assert await office.one() == one


async def test_late_answer__of_a_stalled_sender_moves_forward_only() -> None:
    office = Office(Result(Kind.PERMANENT, "smtp-550"))
    gate = Gate()
    stalled = Sender(office.deliveries, [gate], office.policy, owner="stalled", clock=office.clock, chance=lambda: 0.0)
    await office.put(a_delivery())
    await stalled.step()
    await asyncio.sleep(0)
    await office.step(seconds=60)
    assert (await office.one()).status == "failed"
    office.clock.forward(seconds=-30)  # its own clock had not seen its lease end
    gate.open.set()
    await stalled.drain()
    assert [outcome.status for outcome in (await office.one()).outcomes] == ["failed", "sent"]


async def test_two_senders__one_claims() -> None:
    office = Office(SENT, endpoint_limit=50, recipient_limit=50)
    await office.put(*(a_delivery(f"delivery-{n}") for n in range(40)))
    other = office.another("sender-2")
    begun = await asyncio.gather(office.sender.step(), other.step())
    await asyncio.gather(office.sender.drain(), other.drain())
    assert sum(begun) == 40
    assert sorted(office.channel.tried) == sorted(f"delivery-{n}" for n in range(40))


async def test_limits__per_endpoint_and_per_recipient() -> None:
    office = Office(endpoint_limit=5, recipient_limit=2)
    gate = Gate()
    sender = Sender(office.deliveries, [gate], office.policy, owner="s", clock=office.clock, chance=lambda: 0.0)
    await office.put(*(a_delivery(f"busy-{n}", address="busy@example.org") for n in range(300)))
    await office.put(*(a_delivery(f"other-{n}", address=f"other-{n}@example.org") for n in range(9)))
    assert await sender.step() == 5
    assert await sender.step() == 0
    await asyncio.sleep(0)
    assert gate.most["busy@example.org"] == 2
    assert gate.at_once == 5
    gate.open.set()
    await sender.drain()
    for _ in range(3):
        await sender.step()
        await sender.drain()
    assert len([name for name in gate.tried if name.startswith("other")]) == 9
    assert gate.at_once == 5


async def test_breaker__spares_those_who_wait() -> None:
    office = Office(REFUSED, REFUSED, SENT, breaker_failures=2, breaker_seconds=30.0, endpoint_limit=2)
    await office.put(*(a_delivery(f"delivery-{n}", address=f"a{n}@example.org") for n in range(6)))
    assert await office.step() == 2
    assert await office.step(seconds=29) == 0
    assert [(await office.one(f"delivery-{n}")).attempts for n in range(6)] == [1, 1, 0, 0, 0, 0]
    assert await office.step(seconds=1) == 1
    assert await office.step() == 2


async def test_correction__of_what_was_not_sent_is_not_sent_either() -> None:
    office = Office(SENT)
    await office.put(a_delivery())
    await withdraw_all(office.deliveries, ["delivery-1"], "correction-1", office.clock())
    await office.put(a_correction("delivery-1"))
    assert await office.step() == 0
    assert (await office.one("correction-1")).reason == "never-told"
    assert office.channel.tried == []


async def test_correction__of_what_was_sent_is_sent() -> None:
    office = Office(SENT)
    await office.put(a_delivery())
    await office.step()
    await office.put(a_correction("delivery-1"))
    assert await office.step() == 1
    assert office.channel.tried == ["delivery-1", "correction-1"]


async def test_correction__waits_for_the_attempt_under_way_and_follows_it() -> None:
    office = Office(SENT)
    gate = Gate()
    slow = Sender(office.deliveries, [gate], office.policy, owner="slow", clock=office.clock, chance=lambda: 0.0)
    await office.put(a_delivery())
    await slow.step()
    await office.put(a_correction("delivery-1"))
    assert await office.step() == 0
    gate.open.set()
    await slow.drain()
    assert await office.step() == 0
    assert await office.step(seconds=2) == 1
    assert (await office.one("correction-1")).status == "sent"


async def test_correction__of_what_was_under_way_and_certainly_not_taken() -> None:
    """No attempt is claimed after the withdrawal is saved: there is no retry, and nothing to correct."""
    office = Office(SENT)
    gate = Gate()
    gate.script = [Result(Kind.TRANSIENT, "smtp-451")]
    slow = Sender(office.deliveries, [gate], office.policy, owner="slow", clock=office.clock, chance=lambda: 0.0)
    await office.put(a_delivery())
    await slow.step()
    await office.put(a_correction("delivery-1"))
    await office.step()
    gate.open.set()
    await slow.drain()
    assert (await office.one()).status == "withdrawn"
    await office.step(hours=1)
    assert (await office.one("correction-1")).reason == "never-told"
    assert office.channel.tried == []


async def test_correction__of_what_was_under_way_when_its_sender_died() -> None:
    office = Office(SENT)
    await office.put(a_delivery(status="sending", owner="dead", fence=1, attempts=1, lease_until=office.clock()))
    await withdraw_all(office.deliveries, ["delivery-1"], "correction-1", office.clock())
    await office.put(a_correction("delivery-1"))
    await office.step()
    await office.step(hours=1)
    one = await office.one()
    assert (one.status, one.attempts, one.reason) == ("unknown", 1, "withdrawn")
    assert office.channel.tried == ["correction-1"]


async def test_correction__of_a_death_beside_a_fact_follows_the_message_that_said_it() -> None:
    office = Office(Result(Kind.TRANSIENT, "smtp-451"), SENT)
    await office.put(a_delivery(), a_correction("delivery-1", withdraws=False))
    assert await office.step() == 1
    assert await office.step(seconds=3) == 1
    assert await office.step(seconds=3) == 1
    assert office.channel.tried == ["delivery-1", "delivery-1", "correction-1"]


async def test_channel_that_breaks__leaves_it_unknown() -> None:
    office = Office(RuntimeError("Marked-Name"))
    await office.put(a_delivery())
    await office.step()
    one = await office.one()
    assert (one.status, one.last_code) == ("unknown", "channel-broke")


class Flaky(MemoryDeliveries):
    """Fails as often as told, once an attempt is under way."""

    failures = 0

    def strike(self) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("away")

    async def load(self, ids: Any) -> list[Delivery]:
        self.strike()
        return await super().load(ids)

    async def save(self, delivery: Delivery) -> Delivery | None:
        if delivery.status != "sending":
            self.strike()
        return await super().save(delivery)


class LosesAnswers(MemoryDeliveries):
    """The first outcome is written, and its writer does not get to know."""

    lost = False

    async def save(self, delivery: Delivery) -> Delivery | None:
        after = await super().save(delivery)
        if delivery.status != "sending" and not self.lost:
            self.lost = True
            raise ConnectionError("no answer")
        return after


async def test_answer_of_the_database_lost__the_outcome_is_one() -> None:
    office = Office(Result(Kind.TRANSIENT, "smtp-451"), poll_seconds=0.01)
    office.deliveries = LosesAnswers()
    office.sender = office.another("sender-1")
    await office.put(a_delivery())
    await office.step()
    one = await office.one()
    assert (one.status, one.attempts, one.revision) == ("pending", 1, 2)


async def test_withdrawn_while_under_way__the_outcome_is_decided_upon_what_stands() -> None:
    office = Office()
    gate = Gate()
    gate.script = [Result(Kind.TRANSIENT, "smtp-451")]
    sender = Sender(office.deliveries, [gate], office.policy, owner="s", clock=office.clock, chance=lambda: 0.0)
    await office.put(a_delivery())
    await sender.step()
    await withdraw_all(office.deliveries, ["delivery-1"], "correction-1", office.clock())
    gate.open.set()
    await sender.drain()
    assert (await office.one()).status == "withdrawn"


async def test_claimed_together__who_was_changed_meanwhile_is_not_sent() -> None:
    office = Office(SENT)
    await office.put(a_delivery("a", address="a@example.org"), a_delivery("b", address="b@example.org"))
    plain = office.deliveries.save_all

    async def withdrawn_first(deliveries: Any) -> list[Delivery]:
        office.deliveries.save_all = plain  # type: ignore[method-assign]
        await withdraw_all(office.deliveries, ["a"], "correction-1", office.clock())
        return await plain(deliveries)

    office.deliveries.save_all = withdrawn_first  # type: ignore[method-assign]
    assert await office.step() == 1
    assert office.channel.tried == ["b"]


async def test_database_away__the_outcome_is_kept_until_it_is_back() -> None:
    office = Office(SENT, poll_seconds=0.01)
    office.deliveries = flaky = Flaky()
    office.sender = office.another("sender-1")
    await office.put(a_delivery())
    flaky.failures = 3
    await office.step()
    assert (await office.one()).status == "sent"


async def test_database_away_beyond_the_lease__the_lease_speaks() -> None:
    office = Office(SENT, poll_seconds=0.01)
    office.deliveries = flaky = Flaky()
    office.sender = office.another("sender-1")
    await office.put(a_delivery())
    flaky.failures = 1_000_000
    await office.sender.step()
    await asyncio.sleep(0)
    office.clock.forward(seconds=60)
    await office.sender.drain()
    flaky.failures = 0
    assert (await office.one()).status == "sending"
    await office.step()
    assert len(office.channel.took) == 2
    assert len(set(office.channel.took)) == 1


async def test_delivery_that_is_gone__ends_the_attempt() -> None:
    office = Office(SENT)
    gate = Gate()
    sender = Sender(office.deliveries, [gate], office.policy, owner="s", clock=office.clock, chance=lambda: 0.0)
    await office.put(a_delivery())
    await sender.step()
    office.deliveries._docs.clear()
    gate.open.set()
    await sender.drain()
    assert gate.tried == ["delivery-1"]


async def test_run__survives_errors_wakes_at_once_and_finishes_what_is_under_way() -> None:
    office = Office(SENT, poll_seconds=30.0)
    office.deliveries = Flaky()
    office.sender = office.another("sender-1")
    failing = office.sender.step
    stop, errors = asyncio.Event(), list[Exception]()

    async def step_once_broken() -> int:
        office.sender.step = failing  # type: ignore[method-assign]
        raise ConnectionError("away")

    office.sender.step = step_once_broken  # type: ignore[method-assign]
    running = asyncio.create_task(office.sender.run(stop, errors.append))
    await until(lambda: errors)
    await office.put(a_delivery())
    office.sender.wake()
    await until(lambda: office.channel.took)
    stop.set()
    office.sender.wake()
    await running
    assert (await office.one()).status == "sent"
    assert [str(error) for error in errors] == ["away"]


async def test_run__ends_leases_though_it_is_woken_all_the_time() -> None:
    office = Office(SENT, poll_seconds=0.01)
    stop = asyncio.Event()
    running = asyncio.create_task(office.sender.run(stop, lambda error: None))
    await asyncio.sleep(0)
    await office.put(a_delivery(status="sending", owner="dead", fence=1, attempts=1, lease_until=office.clock()))

    def told() -> bool:
        office.sender.wake()
        return bool(office.channel.took)

    await until(told)
    stop.set()
    await running
    assert (await office.one()).attempts == 2


async def test_run__looks_again_by_itself() -> None:
    office = Office(SENT, poll_seconds=0.01)
    stop, errors = asyncio.Event(), list[Exception]()
    running = asyncio.create_task(office.sender.run(stop, errors.append))
    await asyncio.sleep(0)
    await office.put(a_delivery())
    await until(lambda: office.channel.took)
    stop.set()
    await running
    assert errors == []
