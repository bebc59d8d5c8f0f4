"""Which of the numbers that told nobody are unknown to this day."""

from __future__ import annotations

from typing import Any

from care.providers import Unmapped, still_unknown
from services.notifier.domain.audience import provider_of
from services.notifier.domain.directory import Directory
from shared.schemas.identifiers import Identifier
from tests.unit.notifier.givens import primary

KNOWN = {"tenant-1": Directory((primary(),))}  # P1 of NORTH


def a_row(recipient: str, deliveries: int = 1, **changes: Any) -> dict[str, Any]:
    key = {"tenant": "tenant-1", "feed": "north", "recipient": recipient} | changes
    return {"_id": key, "roles": ["PCP"], "deliveries": deliveries, "stays": ["e-1"], "last": "2026-11-03T15:00:00Z"}


def test_provider_of__what_the_hospital_sent() -> None:
    assert provider_of("provider:NORTH|D 7|x") == Identifier(value="D 7|x", assigner="NORTH")
    assert provider_of("provider:|D7") == Identifier(value="D7")
    assert provider_of("provider:unidentified-PCP") is None
    assert provider_of("role:coordinator") is None
    assert provider_of("entry|7") is None


def test_unknown__is_of_that_assigner_and_tenant_and_the_most_missed_comes_first() -> None:
    rows = [
        a_row("provider:NORTH|P1"),
        a_row("provider:SOUTH|P1", 2),
        a_row("provider:NORTH|P1", 3, tenant="tenant-2"),
        a_row("provider:unidentified-PCP", 4),
        a_row("provider:|P1", 5),
    ]
    last = "2026-11-03T15:00:00Z"
    assert still_unknown(rows, KNOWN) == [
        Unmapped("north", "", "P1", ("PCP",), 5, 1, last),
        Unmapped("north", "NORTH", "P1", ("PCP",), 3, 1, last),
        Unmapped("north", "SOUTH", "P1", ("PCP",), 2, 1, last),
    ]


def test_unknown__one_that_two_entries_hold_is_known() -> None:
    two = {"tenant-1": Directory((primary(), primary(entry_id="twin")))}
    assert still_unknown([a_row("provider:NORTH|P1")], two) == []
