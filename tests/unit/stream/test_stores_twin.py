"""The in-memory stores under the suite that the real ones pass."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.mongo.memory import MemoryAttempts, MemoryDocuments
from shared.stream.documents import Attempts
from tests.contracts_suite.attempts import AttemptsContract, an_owner
from tests.contracts_suite.stores import DocumentsContract


class TestMemoryDocuments(DocumentsContract):
    @pytest.fixture
    def documents(self) -> MemoryDocuments:
        return MemoryDocuments()


class TestMemoryAttempts(AttemptsContract):
    @pytest.fixture
    def process(self) -> Callable[[], Attempts]:
        shared = MemoryAttempts()
        return lambda: shared.another(an_owner())
