"""SMTP connections: kept, used again, given up, and judged when they do not agree."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from services.notifier.channels import connections
from services.notifier.domain.retry import Kind, Result
from tests.integration.mail import Relay, a_channel, a_server
from tests.unit.notifier.givens import a_delivery

pytestmark = pytest.mark.usefixtures("channels_closed")
NOW = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)


async def test_connection__is_used_again_after_a_clean_reply() -> None:
    relay = Relay()
    async with a_server(relay.talk) as port:
        channel = a_channel(port)
        for n in range(3):
            assert (await channel.send(a_delivery(f"delivery-{n}"))).kind is Kind.SENT
    assert relay.heard == [[b"EHLO", *[b"MAIL", b"RCPT", b"DATA"] * 3]]


async def test_connection__each_of_two_at_once_has_its_own() -> None:
    relay = Relay()
    async with a_server(relay.talk) as port:
        channel = a_channel(port)
        await asyncio.gather(*(channel.send(a_delivery(f"delivery-{n}")) for n in range(2)))
        await asyncio.gather(*(channel.send(a_delivery(f"delivery-{n}")) for n in range(2)))
    assert relay.mails == [2, 2]


@pytest.mark.parametrize("answer", [b"", b"421 idle for too long", b"451 one mail a connection", b"503 confused"])
async def test_connection__a_kept_one_that_does_not_agree_costs_no_attempt(answer: bytes) -> None:
    relay = Relay(lambda connection, n, verb: answer if (connection, n, verb) == (1, 2, b"MAIL") else None)
    async with a_server(relay.talk) as port:
        channel = a_channel(port)
        results = [await channel.send(a_delivery(f"delivery-{n}")) for n in range(3)]
    assert results == [Result(Kind.SENT, "smtp-250")] * 3
    assert relay.mails == [1, 2]


@pytest.mark.parametrize(
    ("verb", "answer", "result"),
    [
        (b"RCPT", b"550 unknown", Result(Kind.PERMANENT, "smtp-550")),
        (b"RCPT", b"", Result(Kind.TRANSIENT, "lost-envelope")),
        (b"DATA", b"451 later", Result(Kind.TRANSIENT, "smtp-451")),
        (b".", b"451 later", Result(Kind.TRANSIENT, "smtp-451")),
        (b".", b"", Result(Kind.UNKNOWN, "lost-data")),
    ],
)
async def test_connection__a_kept_one_is_judged_as_any_and_not_kept_when_it_refuses(
    verb: bytes, answer: bytes, result: Result
) -> None:
    """After a refusal or a loss nobody knows what the server holds: the next message has a connection of its own."""
    relay = Relay(lambda connection, n, asked: answer if (connection, n, asked) == (1, 2, verb) else None)
    async with a_server(relay.talk) as port:
        channel = a_channel(port)
        results = [await channel.send(a_delivery(f"delivery-{n}")) for n in range(3)]
    assert results == [Result(Kind.SENT, "smtp-250"), result, Result(Kind.SENT, "smtp-250")]
    assert len(relay.heard) == 2


async def test_connection__is_not_used_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_MESSAGES", 2)
    relay = Relay()
    async with a_server(relay.talk) as port:
        channel = a_channel(port)
        for n in range(5):
            await channel.send(a_delivery(f"delivery-{n}"))
    assert relay.mails == [2, 2, 1]


async def test_connection__that_idles_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.0)
    relay = Relay()
    async with a_server(relay.talk) as port:
        channel = a_channel(port)
        for n in range(2):
            await channel.send(a_delivery(f"delivery-{n}"))
    assert relay.mails == [1, 1]


async def test_connection__a_relay_that_went_away_is_known_as_unreachable() -> None:
    relay = Relay()
    async with a_server(relay.talk) as port:
        channel = a_channel(port)
        assert (await channel.send(a_delivery())).kind is Kind.SENT
    assert await channel.send(a_delivery("delivery-2")) == Result(Kind.UNREACHABLE, "lost-connect")
