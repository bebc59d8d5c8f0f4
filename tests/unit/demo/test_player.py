from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice

import pytest

from demo.hospital import Note, Sending, Via, schedule
from demo.hospital.mllp_client import MllpClient, Patience
from demo.hospital.mllp_lanes import MllpLanes
from demo.hospital.player import Progress, at_rate, lane_of, play
from shared.hl7.er7 import parse
from tests.unit.demo.receiver import ACCEPT, DROP, SILENCE, a_receiver

START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def sendings(patients: int, each: int) -> list[Sending]:
    """In turns: p0 p1 p2 ... p0 p1 p2 ..."""
    one = Sending(START, "north", b"", "", Note.DETAILS, Via.MLLP, "")
    return [
        replace(one, at=START + timedelta(minutes=n), patient=f"p{patient}", control_id=f"p{patient}-{n}")
        for n in range(each)
        for patient in range(patients)
    ]


def by_patient(told: list[Sending]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for sending in told:
        found[sending.patient].append(sending.control_id)
    return found


async def test_play__keeps_the_order_of_each_patient_and_never_two_of_one_at_once() -> None:
    planned, begun, running = sendings(7, 20), [], set()

    async def send(_: int, sending: Sending) -> bool:
        assert sending.patient not in running
        running.add(sending.patient)
        begun.append(sending)
        for _turn in range(len(begun) % 5):
            await asyncio.sleep(0)
        running.remove(sending.patient)
        return True

    progress = await play(planned, send=send, connections=3)
    assert by_patient(begun) == by_patient(planned)
    assert (progress.sent, progress.acknowledged, progress.finished) == (140, 140, True)


async def test_play__lanes_run_side_by_side() -> None:
    first, second = "p0", next(f"p{n}" for n in range(1, 50) if lane_of(f"p{n}", 2) != lane_of("p0", 2))
    both = asyncio.Barrier(2)

    async def send(_: int, __: Sending) -> bool:
        await both.wait()
        return True

    planned = [replace(sendings(1, 1)[0], patient=patient, control_id=patient) for patient in (first, second)]
    assert (await asyncio.wait_for(play(planned, send=send, connections=2), 5)).acknowledged == 2


async def test_play__counts_and_tells() -> None:
    told: list[tuple[int, int, int]] = []
    verdicts = iter([True, False, True])

    async def send(_: int, __: Sending) -> bool:
        return next(verdicts)

    def tell(progress: Progress) -> None:
        told.append((progress.sent, progress.acknowledged, progress.negative))

    progress = await play(sendings(1, 3), send=send, connections=1, tell=tell)
    assert told == [(1, 0, 0), (1, 1, 0), (2, 1, 0), (2, 1, 1), (3, 1, 1), (3, 2, 1), (3, 2, 1)]
    assert (progress.total, progress.finished, list(progress.unacknowledged)) == (3, True, [])


async def test_play__what_nobody_acknowledged_holds_its_lane_and_no_other() -> None:
    planned = sendings(2, 3)
    assert lane_of("p0", 5) != lane_of("p1", 5)

    async def send(_: int, sending: Sending) -> bool | None:
        return None if sending.control_id == "p0-1" else True

    progress = await play(planned, send=send, connections=5)
    assert list(progress.unacknowledged) == ["p0-1", "p0-2"]
    assert (progress.sent, progress.acknowledged, progress.finished) == (5, 4, False)


async def test_play__stopped_finishes_what_is_under_way_and_begins_nothing_new() -> None:
    stop, under_way, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def send(_: int, __: Sending) -> bool:
        under_way.set()
        await go_on.wait()
        return True

    playing = asyncio.create_task(play(sendings(1, 200), send=send, connections=1, stop=stop))
    await under_way.wait()
    stop.set()
    go_on.set()
    progress = await asyncio.wait_for(playing, 30)
    assert (progress.sent, progress.acknowledged, list(progress.unacknowledged)) == (1, 1, [])


async def test_play__stopped_while_it_waits_for_the_next_time() -> None:
    stop = asyncio.Event()

    async def send(_: int, __: Sending) -> bool:
        stop.set()
        return True

    async def pace(sending: Sending) -> None:
        if sending.control_id != "p0-0":
            await asyncio.Event().wait()

    progress = await asyncio.wait_for(play(sendings(1, 3), send=send, pace=pace, stop=stop), 30)
    assert (progress.sent, progress.acknowledged) == (1, 1)


async def test_play__cancelled_tells_what_was_not_acknowledged() -> None:
    last: list[Progress] = []
    under_way = asyncio.Event()

    async def send(_: int, __: Sending) -> bool:
        under_way.set()
        await asyncio.Event().wait()
        return True

    playing = asyncio.create_task(play(sendings(1, 3), send=send, tell=last.append))
    await under_way.wait()
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    assert list(last[-1].unacknowledged) == ["p0-0"]


@pytest.mark.parametrize("where", ["send", "pace"])
async def test_play__an_error_ends_it(where: str) -> None:
    async def send(_: int, __: Sending) -> bool:
        if where == "send":
            raise RuntimeError(where)
        return True

    async def pace(_: Sending) -> None:
        if where == "pace":
            raise RuntimeError(where)

    with pytest.RaisesGroup(RuntimeError):
        await asyncio.wait_for(play(sendings(2, 300), send=send, pace=pace), 30)


async def test_at_rate__not_faster_than_the_rate() -> None:
    times: list[float] = []

    async def send(_: int, __: Sending) -> bool:
        times.append(asyncio.get_running_loop().time())
        return True

    await play(sendings(5, 4), send=send, pace=at_rate(200))
    assert times[-1] - times[0] >= 19 / 200 - 0.005


async def test_play__real_schedule_over_sockets_to_a_receiver_that_drops_connections() -> None:
    """Every 7th message is heard and its connection dropped, every 31st is never answered: all arrive, in order."""
    planned = [sending for sending in schedule(7, 25, 9, START) if sending.via is Via.MLLP]
    patience = Patience(answer=0.3, between=0.01, altogether=30)
    pattern = [DROP if n % 7 == 0 else SILENCE if n % 31 == 0 else ACCEPT for n in range(1, 200)]
    async with a_receiver(*islice(cycle(pattern), 2000)) as receiver:
        connect = lambda: MllpClient("127.0.0.1", receiver.port, patience=patience)  # noqa: E731
        lanes = MllpLanes({"north": connect, "prairie": connect})

        async def send(lane: int, sending: Sending) -> bool | None:
            return await lanes.send(sending.feed, lane, sending.body)

        progress = await play(planned, send=send, connections=3)
        await lanes.close()
    assert (progress.acknowledged, progress.finished) == (len(planned), True)
    assert receiver.connections > 6
    assert _first_arrivals(receiver.heard, planned) == by_patient(_each_once(planned))


def _each_once(planned: list[Sending]) -> list[Sending]:
    return list({sending.control_id: sending for sending in reversed(planned)}.values())[::-1]


def _first_arrivals(heard: list[bytes], planned: list[Sending]) -> dict[str, list[str]]:
    patients = {sending.control_id: sending.patient for sending in planned}
    found: dict[str, list[str]] = defaultdict(list)
    for control_id in dict.fromkeys(parse(body).control_id for body in heard):
        found[patients[control_id]].append(control_id)
    return found
