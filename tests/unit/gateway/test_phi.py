"""A planted patient goes through every path of the gateway, and is found nowhere but in the bodies."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from services.gateway.domain.message import Judge
from services.gateway.handlers.intake import Intake
from services.gateway.handlers.topic import TopicHearing
from services.gateway.handlers.voice import Relay
from shared.stream.outages import Away
from shared.stream.records import Heard
from shared.telemetry import registry
from tests.unit.gateway.parts import BODY, CANARY, LIMIT, SECRET, House, a_body, a_feed, a_sender, a_server, framed
from tests.unit.gateway.test_batches import BHS
from tests.unit.gateway.test_http import a_door

PLANTED = (CANARY, "19410506", "100200")


class Stumbling(Judge):
    def er7(self, body: bytes, profile: Any, at: Any) -> Any:
        raise ValueError(f"cannot read {body!r}")


async def every_path(house: House) -> None:
    pid = BODY[BODY.index(b"PID") :]
    async with a_server(house, message=2000) as server, a_sender(server) as sender:
        for payload in (BODY, BODY, a_body("MSG1", CANARY), pid, b"MSH" + pid, BODY + b"x" * 3000):
            await sender.send(framed(payload))
            await sender.answer()
        await sender.send(framed(pid + b"x" * 3000))
        assert await sender.rest() == b""
        house.store.away = True
        async with a_sender(server) as other:
            await other.send(framed(BODY))
            assert await other.rest() == b""
        house.store.away = False
    async with a_door(house, message=2000) as client:
        for payload in (BODY, pid, BHS + pid + BODY + b"BTS|7\r", BODY + b"x" * 3000):
            answer = (await client.post(payload)).body
            assert not any(planted.encode() in answer for planted in PLANTED)
        wrong = b'{"control_id": 7, "patient": {"Canarybird": "19410506", "sex": "Canarybird"}}'
        assert CANARY.encode() not in (await client.post(wrong, "application/json")).body
    hearing = TopicHearing(house.intake, {"t": a_feed()})
    json = b'{"control_id": "7", "patient": {"identifiers": [{"value": "100200", "type": "MR"}]}}'
    values = [json, b'{"name": "Canarybird"', BODY.replace(b"Ada", b"\x81"), pid]
    await hearing.hear(
        [Heard("t", 0, n, CANARY.encode(), value, (("n", b"Canarybird"),)) for n, value in enumerate(values)]
    )
    await hearing.refuse(Heard("t", 0, 9, None, BODY), "crash-loop")
    stumbling = Intake(house.store, house.voice, Stumbling(SECRET, LIMIT), house.clock, lambda: False, house.outages)
    await stumbling.take(BODY, a_feed())


async def test_phi__is_in_no_log_metric_key_header_or_reason() -> None:
    house = House(limit=2000)
    with capture_logs() as logs:
        await every_path(house)
        house.publisher.away = True
        await house.intake.take(a_body("MSG9"), a_feed())
        await house.voice.close()
        house.publisher.away = False
        house.clock.move(20)
        await Relay(house.store, house.voice, house.outages, most_unsaid=0).sweep()
    assert {entry["event"] for entry in logs} >= {
        "message_refused",
        "batch_counts_differ",
        "control_id_reused",
        "connection_closed",
        "driver_away",
        "driver_back",
        "backlog_full",
    }
    told = [repr(logs), generate_latest(registry).decode()]
    told += [repr((r.topic, r.key, r.headers)) for r in house.records]
    told += [repr((c.id, c.code, c.feed)) for c in house.store.refused.values()]
    assert len(house.records) >= 5
    assert {c.code.split(":")[0] for c in house.store.refused.values()} == {
        "no-msh",
        "bad-separators",
        "too-large",
        "json-no-object",
        "json-no-adt-event",
        "crash-loop",
        "bug-ValueError-er7",
    }
    assert [text for text in told if any(planted in text for planted in PLANTED)] == []


async def test_phi__is_in_no_text_of_what_a_sender_that_is_turned_away_raises() -> None:
    house = House()
    house.store.away = True
    with pytest.raises(Away) as raised:
        await house.intake.take(BODY, a_feed())
    assert not any(planted in str(raised.value) for planted in PLANTED)
