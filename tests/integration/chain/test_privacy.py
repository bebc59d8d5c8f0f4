"""A planted patient goes every path and error path; the marks turn up where patient data may be, nowhere else."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request

import pytest

from shared.schemas.topics import NOTIFICATIONS
from shared.stream.records import Heard
from tests.integration.chain.conftest import Chain
from tests.integration.chain.messages import adt

pytestmark = pytest.mark.integration

MARKS = ("Zzyzxmark", "Qxvplanted", "19031131", "1903-11-31", "87654321987")
"""Family name, given name, birth date (one that cannot be, as sent and as we would write it) and record number."""

PLANTED = {"family": MARKS[0], "given": MARKS[1], "birth": MARKS[2], "mrn": MARKS[4], "visit": "VPLANT1"}

GOOD = [
    adt("A04", "PL-A04", **{**PLANTED, "class": "E"}),
    adt("A01", "PL-A01", **PLANTED),
    adt("A08", "PL-A08", **PLANTED),
    adt("A03", "PL-A03", **PLANTED),
    adt("A13", "PL-A13", **PLANTED),
    adt("A03", "PL-A03B", **{**PLANTED, "disposition": "20"}),
    adt("A11", "PL-A11", **{**PLANTED, "visit": "VPLANT2"}),
    adt("A03", "PL-T", **{**PLANTED, "processing": "T", "visit": "VPLANT3"}),
    adt("A01", "PL-A01").replace(b"A01", b"A99"),
]
BAD = [
    adt("A03", "PL-NOTIME", **{**PLANTED, "discharged": "garbage", "recorded": "garbage", "admitted": ""}),
    adt("A03", "PL-NOBODY", **PLANTED).replace(b"PID|", b"PXD|"),
    b"PID|1||87654321987^^^NORTH^MR||Zzyzxmark^Qxvplanted||19031131\r",
    adt("A03", "PL-BIG", **PLANTED) + b"NTE|1||" + b"Zzyzxmark " * 120_000 + b"\r",
    b"MSH|^~\\&|ADT|NORTH|||20261102||ADT^A03|PL-CHAR|P|2.5.1||||||ASCII\rPID|1||87654321987||Zzyzxmark\xff^Qxvplanted\r",
]


def marks_in(*texts: bytes | str) -> list[str]:
    joined = "\n".join(text.decode("utf-8", "replace") if isinstance(text, bytes) else text for text in texts)
    return [mark for mark in MARKS if mark in joined]


def outside_of(record: Heard) -> list[bytes | str]:
    """All of a record but its value."""
    return [record.topic, record.key or b"", *(part for pair in record.headers for part in pair)]


async def pages_of(port: int) -> list[str]:
    def get(path: str) -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=15) as answer:
                return str(answer.read().decode()) + str(answer.headers)
        except urllib.error.HTTPError as error:
            return error.read().decode() + str(error.headers)

    paths = ("/livez", "/readyz", "/startupz", "/metrics", f"/nothing/{MARKS[0]}")
    return [await asyncio.to_thread(get, path) for path in paths]


async def test_planted_patient__is_in_no_log_metric_key_header_reason_or_page(chain: Chain) -> None:
    answers = [await chain.send(body) for body in GOOD]
    refused = [await chain.send(body) for body in BAD]
    assert answers == ["AA"] * len(GOOD)
    assert "AR" in refused or "AE" in refused, "at least one of the bad ones can never succeed"

    def told_and_dead_lettered() -> bool:
        by_topic = {record.topic for record in chain.records}
        values = [r.value or b"" for r in chain.records if r.topic.endswith(".dlq")]
        died = [r for r in chain.records if b"PL-A03B" in (r.value or b"") or r.topic == NOTIFICATIONS.name]
        return any(b"PL-NOBODY" in v for v in values) and len(died) > 5 and len(by_topic) > 5

    await chain.until(told_and_dead_lettered, "dead letters and notifications of the planted patient")
    carried = [r for r in chain.records if marks_in(r.value or b"")]
    assert {r.topic for r in carried} >= {"adt.inbound.v1", "care.encounters.v1"}, "the test must not pass on nothing"

    for record in chain.records:
        assert not marks_in(*outside_of(record)), record.topic
        if record.topic == NOTIFICATIONS.name:
            assert not marks_in(record.value or b""), "notifications hold ids and codes only"
    for file in chain.logs:
        assert not marks_in(file.read_bytes()), file.name
    for port in chain.local.wiring.admin_ports.values():
        pages = await pages_of(port)
        assert "care_records_heard" in pages[3]
        assert not marks_in(*pages[:4])
        assert not marks_in(pages[4]), "an error page must not repeat what was asked"
