"""The in-memory twin of the deliveries."""

from __future__ import annotations

import pytest

from services.notifier.store import MemoryDeliveries
from tests.unit.notifier.deliveries_suite import DeliveriesSuite


class TestMemoryDeliveries(DeliveriesSuite):
    @pytest.fixture
    def deliveries(self) -> MemoryDeliveries:
        return MemoryDeliveries()
