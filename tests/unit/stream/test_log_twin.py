"""The in-memory log under the suite that the real brokers pass."""

from __future__ import annotations

import pytest

from shared.stream.memory import MemoryConsumer, MemoryLog, MemoryPublisher
from tests.contracts_suite.streams import Bus, BusContract

TOPICS = ("one", "two")


class TestMemoryLog(BusContract):
    @pytest.fixture
    def bus(self) -> Bus:
        log = MemoryLog()
        return Bus(TOPICS, "group", MemoryPublisher(log), lambda: MemoryConsumer(log, "group", TOPICS))
