"""From the door to the store to the topic, with drivers that go away in between."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from services.gateway.domain.message import Judge
from services.gateway.handlers.intake import Intake
from services.gateway.handlers.ports import Kept, Outages
from services.gateway.handlers.together import GroupCommit
from services.gateway.handlers.topic import TopicHearing
from services.gateway.handlers.voice import Relay, Voice
from shared.stream.memory import MemoryLog, MemoryPublisher
from shared.stream.outages import Away, OutputTooLarge
from shared.stream.records import Heard, Saying
from shared.telemetry import metrics, registry
from tests.unit.gateway.parts import (
    AT,
    BODY,
    BODY_ID,
    LIMIT,
    SECRET,
    HeldStore,
    House,
    a_body,
    a_feed,
    received,
    until,
)


def counted(outcome: str, feed: str = "north") -> float:
    return registry.get_sample_value("care_messages_received_total", {"feed": feed, "outcome": outcome}) or 0.0


def a_relay(house: House, most_unsaid: int = 1_000, batch: int = 100) -> Relay:
    return Relay(house.store, house.voice, house.outages, most_unsaid=most_unsaid, batch=batch)


async def test_take__is_stored_then_said_then_noted() -> None:
    house = House()
    outcome = await house.intake.take(BODY, a_feed())
    assert outcome.code == ""
    await until(lambda: house.store.rows[BODY_ID].said_at is not None, "noted as said")
    assert [(dict(r.headers)["ce_id"], r.value) for r in house.records] == [(BODY_ID.encode(), BODY)]


async def test_take__sent_again_is_accepted_and_said_once() -> None:
    house = House()
    for _ in range(3):
        assert (await house.intake.take(BODY, a_feed())).code == ""
    await house.voice.close()
    assert len(house.store.rows) == len(house.records) == 1


async def test_take__stored_without_answer_then_sent_again_is_one_message() -> None:
    """The gateway dies between store and answer: the sender comes again, and the relay says it once."""
    house = House()
    await house.store.add([received()])
    assert (await house.intake.take(BODY, a_feed())).code == ""
    house.clock.move(15)
    await a_relay(house).sweep()
    assert [dict(r.headers)["ce_id"] for r in house.records] == [BODY_ID.encode()]


async def test_take__a_used_control_id_is_counted_and_said() -> None:
    house, before = House(), counted("control-id-reused")
    await house.intake.take(BODY, a_feed())
    await house.intake.take(a_body("MSG1", "other"), a_feed())
    await house.voice.close()
    assert counted("control-id-reused") == before + 1
    assert len(house.records) == 2


async def test_take__refused_is_kept_before_it_is_told() -> None:
    house = House()
    outcome = await house.intake.take(b"PID|1", a_feed())
    assert outcome.code == "no-msh"
    assert [(copy.code, copy.body) for copy in house.store.refused.values()] == [("no-msh", b"PID|1")]
    assert house.records == []


async def test_take__refused_while_the_store_is_away_is_not_told() -> None:
    house = House()
    house.store.away = True
    with pytest.raises(Away):
        await house.intake.take(b"PID|1", a_feed())


async def test_take__the_store_away_is_away_and_counted_then_heals() -> None:
    house, before = House(), counted("unanswered")
    house.store.away = True
    with pytest.raises(Away):
        await house.intake.take(BODY, a_feed())
    assert (counted("unanswered"), house.outages.away) == (before + 1, {"mongodb"})
    house.store.away = False
    await house.intake.take(BODY, a_feed())
    assert house.outages.away == set()


async def test_take__too_much_unsaid_answers_nobody() -> None:
    house = House()
    house.full = True
    with pytest.raises(Away, match="backlog"):
        await house.intake.take(BODY, a_feed())
    assert house.store.rows == {}


class StumblingJudge(Judge):
    def er7(self, body: bytes, profile: Any, at: Any) -> Any:
        raise KeyError(body)


async def test_take__a_bug_of_ours_refuses_that_message_and_names_its_place_only() -> None:
    house = House()
    judge = StumblingJudge(SECRET, LIMIT)
    intake = Intake(house.store, house.voice, judge, house.clock, lambda: False, house.outages)
    outcome = await intake.take(BODY, a_feed())
    assert outcome.code.startswith("bug-KeyError-er7:")
    assert [copy.body for copy in house.store.refused.values()] == [BODY]


async def test_take__many_at_once_are_few_writes() -> None:
    house = House()
    house.store.gate.clear()
    first = asyncio.create_task(house.intake.take(a_body("first"), a_feed()))
    await house.store.asked.wait()
    others = [asyncio.create_task(house.intake.take(a_body(f"M{n}"), a_feed())) for n in range(63)]
    await asyncio.sleep(0)
    house.store.gate.set()
    await asyncio.gather(first, *others)
    assert house.store.writes == [1, 63]
    await house.voice.close()
    assert len(house.records) == 64


async def test_group_commit__a_write_holds_so_many_messages_and_bytes() -> None:
    store = HeldStore()
    together = GroupCommit(store, most=2, most_bytes=2 * len(a_body("M0")))
    found = await asyncio.gather(*(together.add(received(a_body(f"M{n}"))) for n in range(5)))
    assert (found, store.writes) == ([Kept.NEW] * 5, [2, 2, 1])
    small = GroupCommit(store, most_bytes=1)
    await asyncio.gather(small.add(received(a_body("A"))), small.add(received(a_body("B"))))
    assert store.writes[3:] == [1, 1]


async def test_group_commit__away_befalls_all_that_waited_and_nobody_after() -> None:
    store = HeldStore()
    store.away = True
    together = GroupCommit(store)
    ends = await asyncio.gather(*(together.add(received(a_body(f"M{n}"))) for n in range(3)), return_exceptions=True)
    assert [type(end) for end in ends] == [Away] * 3
    store.away = False
    assert await together.add(received()) is Kept.NEW


async def test_group_commit__a_sender_that_is_gone_disturbs_nobody() -> None:
    store = HeldStore()
    for away in (False, True):
        store.gate.clear()
        together = GroupCommit(store)
        gone = asyncio.create_task(together.add(received()))
        stays = asyncio.create_task(together.add(received(a_body(f"M{away}"))))
        await asyncio.sleep(0)
        gone.cancel()
        store.away = away
        store.gate.set()
        assert await asyncio.gather(stays, return_exceptions=True) != []
        assert stays.exception() is None or isinstance(stays.exception(), Away)
    assert BODY_ID in store.rows


async def test_relay__says_later_what_kafka_did_not_take_with_the_same_bytes() -> None:
    house = House()
    house.publisher.away = True
    await house.intake.take(BODY, a_feed())
    await house.voice.close()
    assert (house.publisher.tries, house.outages.away) == (1, {"kafka"})
    relay = a_relay(house)
    await relay.sweep()
    assert house.publisher.tries == 1, "the door's lease is not over"
    house.clock.move(15)
    await relay.sweep()
    assert house.records == []
    house.publisher.away = False
    house.clock.move(15)
    await relay.sweep()
    await relay.sweep()
    (record,) = house.records
    assert (record.value, dict(record.headers)["ce_time"]) == (BODY, b"2026-11-03T15:00:00.123000+00:00")
    assert (house.outages.away, await house.store.unsaid(9)) == (set(), 0)


async def test_relay__what_was_said_and_not_noted_is_said_again_byte_for_byte() -> None:
    house = House()

    async def lose(_ids: Sequence[str]) -> None:
        raise Away("mongodb", "AutoReconnect")

    noting, house.store.said = house.store.said, lose  # type: ignore[method-assign]
    await house.intake.take(BODY, a_feed())
    await house.voice.close()
    house.store.said = noting  # type: ignore[method-assign]
    house.clock.move(20)
    await a_relay(house).sweep()
    first, again = house.records
    assert (first.key, first.value, first.headers) == (again.key, again.value, again.headers)


async def test_relay__drains_in_batches_and_measures() -> None:
    house = House()
    await house.store.add([received(a_body(f"M{n}"), AT) for n in range(25)])
    house.clock.move(15)
    relay = a_relay(house, batch=10)
    await relay.sweep()
    assert (len(house.records), house.publisher.tries) == (25, 3)
    assert registry.get_sample_value("care_gateway_unsaid") == 25
    await relay.sweep()
    assert registry.get_sample_value("care_gateway_unsaid") == 0


async def test_relay__leaves_room_for_fresh_messages() -> None:
    """A sweep ends after so many batches; the next one goes on."""
    house = House()
    await house.store.add([received(a_body(f"M{n}"), AT) for n in range(51)])
    house.clock.move(15)
    relay = a_relay(house, batch=1)
    await relay.sweep()
    assert len(house.records) == 50
    await relay.sweep()
    assert len(house.records) == 51


async def test_relay__full_above_the_limit_until_it_has_shrunk() -> None:
    house = House()
    relay = a_relay(house, most_unsaid=2)
    await house.store.add([received(a_body(f"M{n}")) for n in range(2)])
    await relay.sweep()
    assert not relay.full
    await house.store.add([received(a_body("M3"))])
    await relay.sweep()
    assert relay.full
    house.clock.move(15)
    await relay.sweep()
    await relay.sweep()
    assert not relay.full


async def test_relay__the_store_away_is_waited_out() -> None:
    house = House()
    house.store.away = True
    await a_relay(house).sweep()
    assert house.outages.away == {"mongodb"}
    house.store.away = False
    await a_relay(house).sweep()
    assert house.outages.away == set()


class SmallTopic(MemoryPublisher):
    async def say(self, sayings: Sequence[Saying]) -> None:
        if any(len(saying.value) > 400 for saying in sayings):
            raise OutputTooLarge
        await super().say(sayings)


async def test_voice__one_that_the_topic_never_takes_stops_no_other() -> None:
    store, log = HeldStore(), MemoryLog()
    voice = Voice(store, SmallTopic(log), Outages())
    messages = [received(), received(a_body("BIG", "x" * 400)), received(a_body("MSG3"))]
    await store.add(messages)
    assert await voice.say(messages)
    assert sorted(r.value for r in log.all_of("adt.inbound.v1")) == sorted([BODY, a_body("MSG3")])
    assert store.rows[messages[1].id].set_aside == "output-too-large"
    assert await store.unsaid(9) == 0


async def test_voice__what_it_cannot_hold_is_left_to_the_relay() -> None:
    house = House()
    voice = Voice(house.store, house.publisher, house.outages, held=1)
    messages = [received(), received(a_body("MSG2"))]
    await house.store.add(messages)
    for message in messages:
        voice.hand(message)
    await voice.close()
    assert len(house.records) == 1
    house.clock.move(15)
    await a_relay(house).sweep()
    assert len(house.records) == 2


def a_record(value: bytes | None, offset: int = 0, topic: str = "north.adt") -> Heard:
    return Heard(topic, 0, offset, b"the hospital's own key: Canarybird", value, (("ce_id", b"theirs"),))


async def test_topic__records_are_stored_said_and_rekeyed() -> None:
    house = House()
    hearing = TopicHearing(house.intake, {"north.adt": a_feed(), "south.adt": a_feed(feed="south")})
    await hearing.hear([a_record(BODY), a_record(BODY, topic="south.adt"), a_record(a_body("MSG2"), 1)])
    told = {(dict(r.headers)["ce_feed"], dict(r.headers)["ce_id"]) for r in house.records}
    assert len(told) == 3
    assert (b"north", BODY_ID.encode()) in told
    assert {feed for feed, _ in told} == {b"north", b"south"}
    assert all(b"Canarybird" not in (r.key or b"") for r in house.records)
    assert house.store.writes == [3]
    assert await house.store.unsaid(9) == 0


async def test_topic__heard_again_is_not_said_again() -> None:
    house = House()
    hearing = TopicHearing(house.intake, {"north.adt": a_feed()})
    for _ in range(2):
        await hearing.hear([a_record(BODY)])
    assert len(house.records) == 1


async def test_topic__what_can_never_succeed_is_kept_with_its_reason_and_passed() -> None:
    house = House()
    hearing = TopicHearing(house.intake, {"north.adt": a_feed()})
    await hearing.hear([a_record(None), a_record(b"[]", 1), a_record(b"x" * (LIMIT + 1), 2), a_record(BODY, 3)])
    assert sorted(copy.code for copy in house.store.refused.values()) == ["empty", "json-no-object", "too-large"]
    assert len(house.records) == 1


async def test_topic__the_store_away_or_full_is_heard_again_by_the_loop() -> None:
    house = House()
    hearing = TopicHearing(house.intake, {"north.adt": a_feed()})
    house.store.away = True
    with pytest.raises(Away):
        await hearing.hear([a_record(BODY)])
    house.store.away, house.full = False, True
    with pytest.raises(Away):
        await hearing.hear([a_record(BODY)])
    assert house.records == []


async def test_topic__kafka_away_leaves_it_to_the_relay() -> None:
    house = House()
    house.publisher.away = True
    await TopicHearing(house.intake, {"north.adt": a_feed()}).hear([a_record(BODY)])
    house.publisher.away = False
    house.clock.move(15)
    await a_relay(house).sweep()
    assert len(house.records) == 1


async def test_topic__a_record_that_kills_its_hearer_is_kept_and_passed() -> None:
    house = House()
    await TopicHearing(house.intake, {"north.adt": a_feed()}).refuse(a_record(BODY), "crash-loop")
    assert [copy.code for copy in house.store.refused.values()] == ["crash-loop"]


def test_metrics__name_feeds_and_outcomes_only() -> None:
    assert metrics.messages._labelnames == ("feed", "outcome")
