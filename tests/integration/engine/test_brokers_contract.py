"""Our consumer and publisher on Apache Kafka and on Tansu, under the suite that the twin passes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from demo.stack import Kafka
from tests.contracts_suite.streams import Bus, BusContract, BusCore
from tests.integration.engine.conftest import a_bus

pytestmark = pytest.mark.integration


def _never(code: str) -> None:
    pytest.fail(f"the process would have ended: {code}")


class TestKafka(BusContract):
    @pytest.fixture
    async def bus(self, kafka: Kafka, unique: str) -> AsyncIterator[Bus]:
        async with a_bus(kafka, unique, _never) as bus:
            yield bus


class TestTansu(BusCore):
    """Only the core: each joining takes Tansu three seconds; all of the suite passes (docs/reliability.md)."""

    @pytest.fixture
    async def bus(self, tansu: Kafka, unique: str) -> AsyncIterator[Bus]:
        async with a_bus(tansu, unique, _never) as bus:
            yield bus
