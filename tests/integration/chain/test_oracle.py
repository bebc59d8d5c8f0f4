"""A simulated hospital with every fault through the running chain, and what became of it against the oracle.

The clock of the shared deployment is moved to the end at once, so what overtakes what is left to the machine; the
oracle then allows either. What stands in the end, each deadline and each correction owed is exact.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo.hospital import Faults, Harm, Note, Sending, Via, schedule
from demo.hospital.mllp_client import MllpClient
from demo.oracle.facts import Pace
from demo.oracle.following import followed
from demo.oracle.judging import judge
from shared.clock import set_clock
from shared.stream.kafka_producer import KafkaPublisher
from shared.stream.records import Saying
from tests.integration.chain.conftest import Chain

pytestmark = pytest.mark.integration
FAULTS = Faults(twice=0.1, overtaken=0.1, delayed=0.1, cut=0.05, mis_zoned=0.2, poisoned=0.03)
FRIDAY = datetime(2026, 10, 30, 4, 0, tzinfo=UTC)
"""Midnight in New York."""
PATIENTS, DAYS = 25, 8
AT_ONCE = timedelta(days=365)


@contextlib.contextmanager
def moved(clock: Path) -> Iterator[None]:
    """The business clock may be moved within; other tests find it as it was."""
    before = datetime.fromisoformat(clock.read_text())
    try:
        yield
    finally:
        set_clock(clock, before)


async def send_all(chain: Chain, sendings: list[Sending], clock: Path) -> None:
    """By the hospital's doors, each at its business time."""
    publisher = KafkaPublisher(chain.local.broker)
    clients = {f.feed: MllpClient("127.0.0.1", f.mllp_port or 0) for f in chain.local.feeds.values() if f.mllp_port}
    topics = {f.feed: f.kafka_topic for f in chain.local.feeds.values() if f.kafka_topic}
    for sending in sendings:
        set_clock(clock, sending.at)
        if sending.via is Via.TOPIC:
            await publisher.say([Saying(topics[sending.feed] or "", sending.control_id.encode(), sending.body, ())])
        else:
            answer = await clients[sending.feed].send(sending.body)
            assert answer.code in ("AA", "CA")
    for client in clients.values():
        await client.close()
    await publisher.close()


async def test_chain__comes_to_what_the_oracle_says(chain: Chain) -> None:
    """Over the change of clocks on 1 November 2026, with times that do not say their offset."""
    clock = Path(chain.local.wiring.environment["CARE_CLOCK_FILE"])
    sendings = schedule(533, PATIENTS, DAYS, FRIDAY, FAULTS)
    until = FRIDAY + timedelta(days=DAYS)
    with moved(clock):
        await send_all(chain, sendings, clock)
        set_clock(clock, until)
        seen = await followed(chain.local.broker, until, quiet=3.0, patience=90.0)
    for mail in chain.mails:
        seen.mail(mail)
    verdict = judge(sendings, seen, Pace(until, AT_ONCE))
    assert not verdict.differences, "\n".join(map(str, verdict.differences))
    assert {one.harm for one in sendings} == set(Harm), "the test must not pass on what was not sent"
    assert [one for one in sendings if b"|SUMMIT|" in one.body and b"^A03^" in one.body and one.harm is Harm.NO_OFFSETS]
    assert [one for one in sendings if one.note is Note.RETURNED], "nobody was admitted again"
    assert verdict.visits > 20
    assert verdict.tasks > 20
    assert verdict.tellings > 100
    assert verdict.dead_letters > 1
