"""The twin keeps the store's promises."""

from __future__ import annotations

import pytest

from services.gateway.domain.message import refusal
from services.gateway.store import MemoryRawMessages
from tests.unit.gateway.parts import AT, Hands, a_feed
from tests.unit.gateway.store_suite import RawMessagesSuite


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def raw(clock: Hands) -> MemoryRawMessages:
    return MemoryRawMessages(clock=clock)


class TestTwin(RawMessagesSuite):
    async def test_keep_refused__keeps_the_first_copy(self, raw: MemoryRawMessages) -> None:
        copy = refusal(b"x", "no-msh", a_feed(), AT)
        await raw.keep_refused([copy, copy])
        assert raw.refused == {copy.id: copy}
