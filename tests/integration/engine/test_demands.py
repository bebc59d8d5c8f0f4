"""A service starts only where its promises can be kept, and says what is missing where they cannot."""

from __future__ import annotations

from typing import Any

import pytest

from demo.stack import Kafka, Mongo
from shared.mongo.client import connect
from shared.settings import ServiceSettings
from shared.startup import NotReady, demand, tell
from shared.stream.administration import create, wanted
from shared.stream.demands import unmet
from shared.stream.kafka import Broker

pytestmark = pytest.mark.integration


def settings(kafka: Kafka, mongo: Mongo, deployment: Any) -> ServiceSettings:
    return ServiceSettings(deployment=deployment, kafka_bootstrap=kafka.bootstrap, mongo_url=mongo.uri)


async def test_demand__of_a_test_deployment_is_met_by_one_broker(kafka: Kafka, mongo: Mongo) -> None:
    broker = Broker(kafka.bootstrap)
    await create(broker, 1)
    client = connect(mongo.uri)
    await demand(settings(kafka, mongo, "test"), client, broker)
    client.close()


async def test_demand__of_a_live_deployment_refuses_one_replica(
    kafka: Kafka, mongo: Mongo, capsys: pytest.CaptureFixture[str]
) -> None:
    broker = Broker(kafka.bootstrap)
    await create(broker, 1)
    client = connect(mongo.uri)
    with pytest.raises(NotReady) as refused:
        await demand(settings(kafka, mongo, "live"), client, broker)
    client.close()
    found = {(each.topic, each.code) for each in refused.value.findings}
    assert {("care.encounters.v1", "replicas"), ("care.encounters.v1", "min-insync")} <= found
    assert {topic for topic, _ in found} == {topic.name for topic in wanted()}
    tell(refused.value)
    assert "care.encounters.v1: replicas 1, not 3" in capsys.readouterr().err


async def test_unmet__reads_what_topics_are_set_to(kafka: Kafka) -> None:
    broker = Broker(kafka.bootstrap)
    await create(broker, 1)
    codes = {each.code for each in await unmet(broker)}
    assert codes == {"replicas", "min-insync"}, "unclean elections and message size are set by `care topics create`"
