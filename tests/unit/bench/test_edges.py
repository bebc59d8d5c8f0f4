"""What the chain's figures rest on: traffic by the clock in each patient's order, and what counts as keeping up."""

from __future__ import annotations

import asyncio
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

import pytest

from bench.edges.phase import Phase, percentile
from bench.edges.sink import Connection
from bench.edges.traffic import WARM_UP, traffic
from bench.edges.watch import Watch

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_traffic__comes_at_its_rate_in_order_and_again_the_same() -> None:
    messages = traffic(7, 30.0, 30.0, NOW)
    assert 0.85 * 900 < len(messages) < 1.15 * 900
    assert [one.at for one in messages] == sorted(one.at for one in messages)
    assert messages[-1].at < 30.0
    assert messages == traffic(7, 30.0, 30.0, NOW)


def test_traffic__each_stay_is_told_in_its_order_on_one_lane() -> None:
    told: dict[tuple[str, int], list[int]] = defaultdict(list)
    for one in traffic(7, 30.0, 30.0, NOW):
        control_id = re.findall(rb"\|(B007\d{7,})\|", one.frame)[0]
        told[one.feed, one.lane].append(int(control_id[10:]))
    firsts = [list(dict.fromkeys(numbers)) for numbers in told.values()]
    # a message that is sent twice may come again behind its next one, never before itself
    assert all(numbers == sorted(numbers) for numbers in firsts)
    assert sum(map(len, firsts)) > 500


def test_traffic__is_a_hospitals_mix_once_warm() -> None:
    warm = [one for one in traffic(7, 30.0, 45.0, NOW) if one.at > WARM_UP]
    kinds = Counter(re.findall(rb"ADT\^(A\d\d)", one.frame)[0].decode() for one in warm)
    shares = {kind: count / len(warm) for kind, count in kinds.items()}
    assert set(shares) >= {"A01", "A02", "A03", "A04", "A08", "A11", "A13"}
    assert 0.15 < shares["A03"] < 0.25, "about one message in five ends a stay"


def test_percentile__is_a_value_that_was_there() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert [percentile(values, share) for share in (0.5, 0.99, 1.0)] == [51.0, 100.0, 100.0]
    assert percentile([], 0.5) == 0.0


@pytest.mark.parametrize(
    ("behind", "growth"),
    [([10.0, 10.0, 10.0], 0.0), ([0.0, 20.0, 40.0], 10.0), ([40.0, 20.0, 0.0], -10.0), ([5.0], 0.0)],
)
def test_growth__is_the_slope_of_all_that_waits(behind: list[float], growth: float) -> None:
    looks = [
        {"at": 100.0 + 2 * n, "admissions": 0.25 * waits, "notifier": 0.75 * waits} for n, waits in enumerate(behind)
    ]
    assert Watch(behind=looks).growth() == pytest.approx(growth)


@pytest.mark.parametrize(
    ("changes", "sustained"),
    [({}, True), ({"growth": 3.0}, False), ({"drain": 20.0}, False), ({"left": {"notifier": 1.0}}, False)],
)
def test_sustained__neither_growing_nor_left_over_nor_late(changes: dict[str, Any], *, sustained: bool) -> None:
    assert Phase(rate=100.0, seconds=60.0, **changes).sustained is sustained


class Wire(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: Any) -> None:
        self.written += bytes(data)


def test_sink__takes_mails_however_they_are_cut_and_notes_whose_they_are() -> None:
    taken: list[tuple[float, bytes]] = []
    connection, wire = Connection(taken), Wire()
    connection.connection_made(wire)
    mail = b"Subject: x\r\nX-Care-Delivery: d-1\r\n\r\ntext\r\n.\r\n"
    for byte in b"EHLO us\r\nMAIL FROM:<a>\r\nRCPT TO:<b>\r\nDATA\r\n" + mail + mail.replace(b"d-1", b"d-2"):
        connection.data_received(bytes([byte]))
    assert [delivery for _, delivery in taken] == [b"d-1"]
    connection.data_received(b"DATA\r\n" + mail.replace(b"d-1", b"d-3"))
    assert [delivery for _, delivery in taken] == [b"d-1", b"d-3"]
    assert wire.written.count(b"354 go on") == 2
