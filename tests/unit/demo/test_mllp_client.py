from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from demo.hospital.mllp_answers import Answers
from demo.hospital.mllp_client import Failure, MllpClient, MllpError, Patience, Sent, send_files
from demo.hospital.mllp_lanes import MllpLanes
from shared.hl7.mllp import frame
from tests.unit.demo.receiver import ACCEPT, DROP, GARBAGE, OTHER, REFUSE, SILENCE, a_receiver

LOOPBACK = "127.0.0.1"
QUICK = Patience(connect=2, answer=0.2, between=0.01, altogether=10)
NO_SECOND_TRY = Patience(connect=2, answer=0.2, between=1, altogether=0.5)


def a_message(control_id: str, *, conditions: str = "") -> bytes:
    return f"MSH|^~\\&|S|NORTH|R|F|20261102120000-0500||ADT^A01|{control_id}|P|2.5.1|||{conditions}\rPID|1\r".encode()


def a_port_nobody_listens_on() -> int:
    with socket.socket() as held:
        held.bind((LOOPBACK, 0))
        return int(held.getsockname()[1])


async def the_failure(port: int, body: bytes, patience: Patience) -> Failure:
    async with MllpClient(LOOPBACK, port, patience=patience) as client:
        with pytest.raises(MllpError) as failed:
            await client.send(body)
    assert str(failed.value) == failed.value.code.value
    return failed.value.code


async def test_send__original_mode() -> None:
    async with a_receiver() as receiver, MllpClient(LOOPBACK, receiver.port) as client:
        answer = await client.send(a_message("C1"))
    assert (answer.code, answer.control_id, answer.positive) == ("AA", "C1", True)
    assert answer.raw.startswith(b"MSH|^~\\&|R|F|S|NORTH|")
    assert receiver.heard == [a_message("C1")]


async def test_send__enhanced_mode() -> None:
    async with a_receiver() as receiver, MllpClient(LOOPBACK, receiver.port) as client:
        answer = await client.send(a_message("C1", conditions="AL|NE"))
    assert (answer.code, answer.positive) == ("CA", True)


async def test_send__refused_is_an_answer_and_is_not_sent_again() -> None:
    async with a_receiver(REFUSE) as receiver, MllpClient(LOOPBACK, receiver.port) as client:
        answer = await client.send(a_message("C1"))
    assert (answer.code, answer.positive) == ("AE", False)
    assert answer.text == "207 Application internal error"
    assert len(receiver.heard) == 1


async def test_send__what_has_no_header_is_sent_all_the_same_and_refused() -> None:
    async with a_receiver() as receiver, MllpClient(LOOPBACK, receiver.port) as client:
        answer = await client.send(b"PID|1\r")
    assert (answer.code, answer.control_id, answer.text) == ("AR", "", "100 Segment sequence error")
    assert receiver.heard == [b"PID|1\r"]


async def test_send__no_answer_wanted_returns_when_it_is_written() -> None:
    async with a_receiver() as receiver, MllpClient(LOOPBACK, receiver.port, patience=QUICK) as client:
        answer = await client.send(a_message("C1", conditions="NE|NE"))
        await client.send(a_message("C2"))
    assert (answer.code, answer.control_id) == ("", "C1")
    assert len(receiver.heard) == 2


@pytest.mark.parametrize("mishap", [DROP, SILENCE, OTHER, GARBAGE])
async def test_send__without_its_answer_is_sent_again_over_a_new_connection(mishap: str) -> None:
    async with a_receiver(mishap, mishap) as receiver, MllpClient(LOOPBACK, receiver.port, patience=QUICK) as client:
        answer = await client.send(a_message("C1"))
    assert answer.control_id == "C1"
    assert receiver.heard == [a_message("C1")] * 3
    assert (receiver.connections, client.resent) == (3, 2)


@pytest.mark.parametrize(
    ("mishap", "failure"),
    [
        (DROP, Failure.CONNECTION_LOST),
        (SILENCE, Failure.NO_ANSWER),
        (OTHER, Failure.OTHER_ANSWER),
        (GARBAGE, Failure.UNREADABLE_ANSWER),
    ],
)
async def test_send__past_the_deadline_says_the_last_failure(mishap: str, failure: Failure) -> None:
    async with a_receiver(mishap) as receiver:
        assert await the_failure(receiver.port, a_message("C1"), NO_SECOND_TRY) is failure


async def test_send__nobody_listens() -> None:
    port = a_port_nobody_listens_on()
    assert await the_failure(port, a_message("C1"), NO_SECOND_TRY) is Failure.UNREACHABLE


async def test_send__receiver_comes_later() -> None:
    port = a_port_nobody_listens_on()
    async with MllpClient(LOOPBACK, port, patience=QUICK) as client:
        sending = asyncio.create_task(client.send(a_message("C1")))
        await asyncio.sleep(0.05)
        async with a_receiver() as receiver:
            server = await asyncio.start_server(receiver.serve, LOOPBACK, port)
            answer = await sending
            server.close()
    assert answer.positive
    assert client.resent == 0


async def test_send__cancelled_leaves_no_answer_for_the_next() -> None:
    async with a_receiver(SILENCE) as receiver, MllpClient(LOOPBACK, receiver.port) as client:
        heard = asyncio.Event()
        receiver.on_heard = lambda _: heard.set()
        sending = asyncio.create_task(client.send(a_message("C1")))
        await heard.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert (await client.send(a_message("C2"))).control_id == "C2"
    assert receiver.connections == 2


async def test_send__from_many_tasks_takes_turns_on_one_connection() -> None:
    names = [f"C{n}" for n in range(20)]
    async with a_receiver() as receiver, MllpClient(LOOPBACK, receiver.port) as client:
        answers = await asyncio.gather(*(client.send(a_message(name)) for name in names))
    assert [answer.control_id for answer in answers] == names
    assert receiver.connections == 1


def test_answers__a_refusal_that_echoes_nothing_is_ours() -> None:
    nak = b"MSH|^~\\&|||||20261102||ACK|R1|P|2.5.1\rMSA|AR|\rERR|||100^Segment sequence error^HL70357|E\r"
    found = Answers("C1").feed(frame(nak))
    assert found is not None
    assert (found.code, found.text) == ("AR", "100 Segment sequence error")


def test_answers__an_acceptance_that_echoes_nothing_is_not_ours() -> None:
    answers = Answers("C1")
    assert answers.feed(frame(b"MSH|^~\\&|||||20261102||ACK|R1|P|2.5.1\rMSA|AA\r")) is None
    assert answers.others == 1


def test_answers__behind_one_for_another_and_in_pieces() -> None:
    other, ours = (frame(f"MSH|^~\\&\rMSA|AA|{name}|thanks\r".encode()) for name in ("C0", "C1"))
    answers = Answers("C1")
    found = [answers.feed(bytes([byte])) for byte in other + ours]
    assert [each.text for each in found if each] == ["thanks"]
    assert found[-1] is not None


def test_answers__error_of_version_2_4() -> None:
    found = Answers("C1").feed(frame(b"MSH|^~\\&\rMSA|AE|C1\rERR|^^^101&Required field missing&HL70357\r"))
    assert found is not None
    assert found.text == "101"


@pytest.mark.parametrize("payload", [b"", b"MSH|^~\\&|S\rPID|1\r", b"MSH|^~\\&\rMSA||C1\r", b"x" * 1_048_577])
def test_answers__unreadable(payload: bytes) -> None:
    with pytest.raises(MllpError) as failed:
        Answers("C1").feed(frame(payload))
    assert failed.value.code is Failure.UNREADABLE_ANSWER


async def sent_of(*paths: Path, port: int, patience: Patience = QUICK) -> list[Sent]:
    return [sent async for sent in send_files(paths, LOOPBACK, port, patience=patience)]


async def test_send_files__one_and_many_and_batch(tmp_path: Path) -> None:
    one, many = tmp_path / "one.hl7", tmp_path / "many.hl7"
    one.write_bytes(a_message("C1"))
    many.write_bytes(b"FHS|^~\\&\r" + a_message("C2").replace(b"\r", b"\r\n") + a_message("C3") + b"FTS|2\r")
    async with a_receiver(ACCEPT, REFUSE) as receiver:
        results = await sent_of(one, many, port=receiver.port)
    assert [(sent.path, sent.number, sent.accepted) for sent in results] == [
        (one, 1, True),
        (many, 1, False),
        (many, 2, True),
    ]
    assert [sent.acknowledgement.control_id for sent in results if sent.acknowledgement] == ["C1", "C2", "C3"]
    assert receiver.heard == [a_message("C1"), a_message("C2"), a_message("C3")]
    assert receiver.connections == 1


async def test_send_files__utf16_is_not_touched(tmp_path: Path) -> None:
    wide = tmp_path / "wide.hl7"
    wide.write_bytes(a_message("C1").decode().encode("utf-16"))
    async with a_receiver() as receiver:
        results = await sent_of(wide, port=receiver.port)
    assert results[0].accepted
    assert receiver.heard == [wide.read_bytes()]


async def test_send_files__unreadable_and_empty_files_do_not_stop_the_others(tmp_path: Path) -> None:
    empty, good = tmp_path / "empty.hl7", tmp_path / "good.hl7"
    empty.write_bytes(b"\r\n")
    good.write_bytes(a_message("C1"))
    async with a_receiver() as receiver:
        results = await sent_of(tmp_path / "none.hl7", empty, good, port=receiver.port)
    assert [sent.failure for sent in results] == [Failure.UNREADABLE_FILE, Failure.NO_MESSAGE, None]
    assert results[2].accepted


async def test_send_files__nothing_overtakes_what_was_not_acknowledged(tmp_path: Path) -> None:
    first, second = tmp_path / "1.hl7", tmp_path / "2.hl7"
    first.write_bytes(a_message("C1") + a_message("C2") + a_message("C3"))
    second.write_bytes(a_message("C4"))
    async with a_receiver(ACCEPT, SILENCE) as receiver:
        results = await sent_of(first, second, port=receiver.port, patience=NO_SECOND_TRY)
    assert [sent.failure for sent in results] == [None, Failure.NO_ANSWER, Failure.NOT_SENT, Failure.NOT_SENT]
    assert receiver.heard == [a_message("C1"), a_message("C2")]


def a_client(port: int) -> Callable[[], MllpClient]:
    return lambda: MllpClient(LOOPBACK, port, patience=NO_SECOND_TRY)


async def test_lanes__a_connection_for_each_receiver_and_lane() -> None:
    async with a_receiver(REFUSE) as north, a_receiver() as prairie:
        ports = {"north": north.port, "prairie": prairie.port, "nobody": a_port_nobody_listens_on()}
        lanes = MllpLanes({name: a_client(port) for name, port in ports.items()})
        assert await lanes.send("north", 0, a_message("C1")) is False
        assert await lanes.send("north", 1, a_message("C2")) is True
        assert await lanes.send("north", 1, a_message("C3")) is True
        assert await lanes.send("prairie", 1, a_message("C4")) is True
        assert await lanes.send("nobody", 0, a_message("C5")) is None
        await lanes.close()
    assert (north.connections, prairie.connections) == (2, 1)
