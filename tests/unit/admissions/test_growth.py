"""What an update costs does not grow with how many there were: counted in bytes written, which no machine changes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.admissions.house import House
from tests.unit.admissions.messages import adt
from tests.unit.admissions.stories import ADMIT

FIRST = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)


def updates(many: int) -> list[bytes]:
    """One a minute, each with another telephone number."""
    at = (FIRST + timedelta(minutes=n) for n in range(many))
    return [
        adt("A08", f"{moment:%d %H%M}", control=f"u{n}", phone=f"518555{n:05d}^PRN^PH") for n, moment in enumerate(at)
    ]


@pytest.mark.parametrize(("mrn", "many"), [("", 2_000), ("~9^^^STATE^PE", 400)], ids=["one-number", "two-numbers"])
def test_update__the_last_hundred_cost_what_the_first_did(mrn: str, many: int) -> None:
    house = House().hear_all(ADMIT)
    written = []
    for message in updates(many):
        decision = house.hear(message.replace(b"100200^^^NORTH^MR", b"100200^^^NORTH^MR" + mrn.encode()))
        assert decision is not None
        house.said.clear()
        written.append(len(json.dumps(decision.state)))
    assert sum(written[-100:]) <= 1.01 * sum(written[:100])
