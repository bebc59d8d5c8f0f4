"""The short form of `make chaos`: everything struck at least once, the same accounting, and faults planted in its end.

On Apache Kafka only: the demo's broker keeps nothing over a kill.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pymongo import MongoClient

from demo.deployment import Deployment
from demo.stack.jars import java_and_maven
from shared.stream.kafka_producer import KafkaPublisher
from shared.stream.records import Saying
from tests.chaos.accounting import Account, account
from tests.chaos.mails import Mail, Mailbook
from tests.chaos.play import Plan, chaos
from tests.chaos.report import written
from tests.chaos.run import Played
from tests.chaos.strikes import SHARES, Kind
from tests.integration.servers import in_ci

SEED, MESSAGES, PATIENTS, KILLS = 3, 600, 165, 14


@pytest.mark.integration
@pytest.mark.timeout(600)
def test_chaos__loses_nothing_doubles_nothing_and_would_say_so(tmp_path: Path) -> None:
    """Six hundred messages under some twenty strikes."""
    if not java_and_maven() and not in_ci(os.environ):
        pytest.skip("no JDK with Maven: Apache Kafka cannot be had, and no other broker here survives a kill")
    plan = Plan(SEED, MESSAGES, PATIENTS, KILLS, tmp_path / "logs")
    planted: list[Account] = []

    async def plant(local: Deployment, played: Played, book: Mailbook) -> None:
        await spoil(local, book)
        planted.append(await account(local, played, book))

    outcome = chaos(plan, print, plant)
    assert outcome.account.clean, written(plan, outcome)
    assert len(outcome.played.sent) == MESSAGES
    assert {one.strike.target for one in outcome.played.struck} == set(SHARES)
    assert sum(one.strike.kind is Kind.KILL for one in outcome.played.struck) == KILLS
    assert outcome.account.figures["redeliveries suppressed"] > 0
    assert outcome.account.verdict.tellings > MESSAGES
    assert outcome.account.verdict.dead_letters > 0
    assert_seen(planted[0])


async def spoil(local: Deployment, book: Mailbook) -> None:
    """One fault in each place that is held to account."""
    with MongoClient[dict[str, object]](local.stack.mongo.uri) as client:
        client["care_gateway"]["raw"].delete_one({})
        client["care_admissions"]["patients"].delete_one({})
        client["care_discharge"]["encounters"].update_one({}, {"$set": {"streams.0.2": 99}})
        client["care_followup"]["transitions"].update_one(
            {"state.tasks.0": {"$exists": True}}, {"$set": {"state.tasks.0.task.business_status": "lost"}}
        )
        client["care_notifier"]["deliveries"].delete_one({"status": "sent"})
    book.mails.append(Mail("nobody's", "<m>", "a@example.org", "a@example.org", repeat=False, at=0.0, names=True))
    headers = (("ce_id", b"planted"), ("ce_subject", b"planted"), ("ce_sequence", b"1.2"))
    publisher = KafkaPublisher(local.broker)
    letters = "care.tasks.v1.notifier.dlq"
    await publisher.say([Saying("care.notifications.v1", b"k", b"{}", headers), Saying(letters, b"k", b"{}", headers)])
    await publisher.close()


def assert_seen(spoilt: Account) -> None:
    """Everything that was spoilt is a difference, each where it belongs."""
    named = {
        "the topics": "planted says 1.2 after 1.0",
        "dead letters": "care.tasks.v1.notifier.dlq planted was not planted",
        "gateway's database": "is not stored",
        "admissions' database": "has no effect",
        "discharge's database": "up to 99",
        "followup's database": "is lost, and on the topic",
        "notifier's database": "the topic, not in the database",
        "the mailbox": "mail of no delivery: nobody's",
    }
    for place, sentence in named.items():
        assert any(sentence in one for one in spoilt.differences[place]), f"{place}: {spoilt.differences[place]}"
