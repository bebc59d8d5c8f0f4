"""`POST /adt` and batches on the running chain: every form becomes an encounter, and a dead store loses nothing."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from demo.stack import Mongo
from services.admissions.adt import FeedFacts, read_adt
from shared.hl7.er7 import parse
from shared.schemas.adt import AdtEvent
from shared.schemas.topics import ADT_INBOUND, ENCOUNTERS
from tests.integration.chain.conftest import PATIENCE, Chain
from tests.integration.chain.messages import adt
from tests.integration.test_gateway_doors import asked

pytestmark = pytest.mark.integration
FEED = FeedFacts(name="north", zone="America/New_York", default_authority="NORTH")


def admission(n: int) -> bytes:
    return adt("A01", f"POST{n}", visit=f"VPOST{n}X", mrn=f"7708{n:02}")


def batch(name: str, *numbers: int) -> bytes:
    header = f"BHS|^~\\&|ADT|NORTH|CARE|CARE|20261102004000-0500||||{name}\r".encode()
    return header + b"".join(map(admission, numbers)) + f"BTS|{len(numbers)}\r".encode()


def acknowledged(answer: bytes) -> list[str]:
    return [line.decode() for line in answer.split(b"\r") if line.startswith(b"MSA")]


async def encounters_of(chain: Chain, numbers: list[int]) -> None:
    def found() -> set[int]:
        said = [record.value or b"" for record in chain.records if record.topic == ENCOUNTERS.name]
        return {n for n in numbers if any(f"VPOST{n}X".encode() in value for value in said)}

    await chain.until(lambda: found() == set(numbers), f"encounters of {numbers}")


async def test_posts__of_every_form_and_a_batch_over_mllp_become_encounters(chain: Chain) -> None:
    status, answer = await chain.post(admission(1))
    assert (status, acknowledged(answer)) == (200, ["MSA|AA|POST1"])

    event = read_adt(parse(admission(2)), feed=FEED)
    assert isinstance(event, AdtEvent)
    status, answer = await chain.post(event.model_dump_json(by_alias=True).encode(), "application/json")
    told = json.loads(answer)
    assert (status, told["status"]) == (200, "stored")

    status, answer = await chain.post(batch("B1", 3, 4))
    assert (status, acknowledged(answer)) == (200, ["MSA|AA|POST3", "MSA|AA|POST4"])
    assert answer.split(b"\r")[0].endswith(b"|B1")

    (answer,) = await asked(chain.local.feeds["north"].mllp_port or 0, [batch("B2", 5, 6)])
    assert acknowledged(answer) == ["MSA|AA|POST5", "MSA|AA|POST6"]

    await encounters_of(chain, [1, 2, 3, 4, 5, 6])
    (inbound,) = [
        r for r in chain.records if r.topic == ADT_INBOUND.name and r.header("ce_id") == told["message_ids"][0]
    ]
    assert inbound.header("content-type") == "application/json"


async def test_posts__that_nobody_may_or_can_keep_are_told_so(chain: Chain) -> None:
    status, answer = await chain.post(b"PID|1||770899")
    assert (status, json.loads(answer)["code"]) == (422, "no-msh")
    status, answer = await chain.post(b"{}", "application/json")
    assert (status, json.loads(answer)["faults"][0]) == (422, "control_id: missing")


async def test_posts__while_the_store_is_killed_are_503_and_none_is_lost(chain: Chain, mongo: Mongo) -> None:
    if mongo.controls is None:
        pytest.skip("this MongoDB was given: it is not ours to kill")
    numbers = list(range(20, 32))
    statuses: list[int] = []

    async def persistent(mine: list[int]) -> None:
        """As a sender is told to be: the same body again until it is 200."""
        deadline = time.monotonic() + PATIENCE
        for n in mine:
            while (status := (await chain.post(admission(n)))[0]) != 200:
                statuses.append(status)
                assert time.monotonic() < deadline, f"POST{n} was never taken: {statuses}"

    await persistent(numbers[:2])
    await asyncio.to_thread(mongo.kill)
    senders = [asyncio.create_task(persistent(numbers[n::4])) for n in range(4)]
    try:
        deadline = time.monotonic() + PATIENCE
        while not statuses:
            assert time.monotonic() < deadline, "no answer while the store is away"
            await asyncio.sleep(0.1)
        status, answer = await chain.post(batch("B3", 40, 41))
        assert (status, json.loads(answer)["code"]) == (503, "mongodb-away")
    finally:
        await asyncio.to_thread(mongo.restart)
    await asyncio.gather(*senders)
    assert set(statuses) == {503}
    await encounters_of(chain, numbers)
    said = b"".join(record.value or b"" for record in chain.records)
    assert b"VPOST40X" not in said, "what was answered 503 before the store was back was kept by nobody"
