"""A batch through a door: every message by itself, in one write, and one answer; worked by hand from ch. 2.10.3."""

from __future__ import annotations

import pytest

from services.gateway.domain.batches import holds_several, messages_of
from services.gateway.domain.kinds import set_aside_kind
from services.gateway.doors.answers import batch_answer
from services.gateway.handlers.topic import TopicHearing
from shared.hl7.batch import read_batch
from shared.hl7.er7 import parse
from shared.stream.outages import Away
from shared.stream.records import Heard
from shared.telemetry import registry
from tests.unit.gateway.parts import BODY, BODY_ID, House, a_body, a_feed, a_sender, a_server, framed

BHS = b"BHS|^~\\&|ADT|NORTH|CARE|HUB|20261103100000||||B1\r"
BATCH = BHS + BODY + a_body("MSG2") + b"BTS|2\r"
# theirs and ours change places, BHS-12 is their BHS-11; each MSA-2 is a message's MSH-10 (ch. 2.10.3, 2.14.2)
ANSWER = (
    b"\x0bBHS|^~\\&|CARE|HUB|ADT|NORTH|20261103150000.123+0000||||OURS3|B1\r"
    b"MSH|^~\\&|CARE|HUB|ADT|NORTH|20261103150000.123+0000||ACK^A03^ACK|OURS1|P|2.5.1\rMSA|AA|MSG1\r"
    b"MSH|^~\\&|CARE|HUB|ADT|NORTH|20261103150000.123+0000||ACK^A03^ACK|OURS2|P|2.5.1\rMSA|AA|MSG2\r"
    b"BTS|2\r\x1c\r"
)


def counted(name: str, **labels: str) -> float:
    return registry.get_sample_value(name, labels) or 0.0


def batches(counts: str) -> float:
    return counted("care_batches_received_total", feed="north", counts=counts)


async def test_batch__is_stored_in_one_write_and_answered_with_one_batch() -> None:
    house, agree = House(), batches("agree")
    async with a_server(house) as server, a_sender(server) as sender:
        await sender.send(framed(BATCH))
        assert await sender.answer() == ANSWER
    await house.voice.close()
    assert house.store.writes == [2]
    assert [row.message.body for row in house.store.rows.values()] == [BODY, a_body("MSG2")]
    assert sorted(record.value or b"" for record in house.records) == [BODY, a_body("MSG2")]
    assert batches("agree") == agree + 1


async def test_batch__sent_again_or_alone_is_known_again() -> None:
    house = House()
    async with a_server(house) as server, a_sender(server) as sender:
        for payload in (BATCH, BATCH, BODY):
            await sender.send(framed(payload))
            assert b"MSA|AA|MSG1\r" in await sender.answer()
    await house.voice.close()
    assert [BODY_ID in house.store.rows, len(house.store.rows), len(house.records)] == [True, 2, 2]


async def test_batch__a_piece_that_cannot_be_read_is_refused_alone() -> None:
    house = House()
    async with a_server(house) as server, a_sender(server) as sender:
        await sender.send(framed(BHS + b"PID|1||7\r" + BODY + b"MSH\rBTS|3\r"))
        answer = await sender.answer()
    assert [line[:11] for line in answer.split(b"\r") if line.startswith(b"MSA")] == [
        b"MSA|AR",
        b"MSA|AA|MSG1",
        b"MSA|AR",
    ]
    assert answer.endswith(b"BTS|3\r\x1c\r")
    assert list(house.store.rows) == [BODY_ID]
    kept = sorted((copy.code, copy.body) for copy in house.store.refused.values())
    assert kept == [("bad-separators", b"MSH\r"), ("no-msh", b"PID|1||7")]


@pytest.mark.parametrize("end", [b"BTS|3\r", b""])
async def test_batch__of_which_more_was_promised_is_stored_and_counted(end: bytes) -> None:
    house, differ = House(), batches("differ")
    found = await house.intake.take_batch(BHS + BODY + a_body("MSG2") + end, a_feed())
    assert [outcome.code for outcome in found.outcomes] == ["", ""]
    assert (len(house.store.rows), batches("differ")) == (2, differ + 1)
    await house.voice.close()


async def test_batch__without_messages_is_answered_with_none() -> None:
    house = House()
    async with a_server(house) as server, a_sender(server) as sender:
        await sender.send(framed(BHS + b"BTS|0\r"))
        answer = b"BHS|^~\\&|CARE|HUB|ADT|NORTH|20261103150000.123+0000||||OURS1|B1\rBTS|0\r"
        assert await sender.answer() == framed(answer)
    assert house.store.writes == []


async def test_batch__whose_messages_want_no_answer_gets_an_empty_one() -> None:
    house = House()
    quiet = BODY.replace(b"|P|2.5.1", b"|P|2.5.1|||NE|NE")
    async with a_server(house) as server, a_sender(server) as sender:
        await sender.send(framed(BHS + quiet + b"BTS|1\r"))
        assert (await sender.answer()).endswith(b"|OURS2|B1\rBTS|0\r\x1c\r")
    assert len(house.store.rows) == 1


async def test_batch__the_store_away_is_not_answered_and_nothing_of_it_kept() -> None:
    house = House()
    house.store.away = True
    async with a_server(house) as server, a_sender(server) as sender:
        await sender.send(framed(BATCH))
        assert await sender.rest() == b""
    assert house.store.rows == {}


async def test_batch__refusals_that_cannot_be_kept_leave_it_unanswered() -> None:
    house = House()
    house.store.away = True
    with pytest.raises(Away):
        await house.intake.take_batch(BHS + b"PID|1\rBTS|1\r", a_feed())


async def test_batch__above_the_limit_is_refused_whole() -> None:
    house = House(limit=1000)
    async with a_server(house, message=1000) as server, a_sender(server) as sender:
        await sender.send(framed(BHS + BODY * 9 + b"BTS|9\r"))
        answer = await sender.answer()
        await sender.send(framed(BODY))
        assert b"MSA|AA|MSG1\r" in await sender.answer()
    assert (answer.count(b"MSA|AR"), answer.count(b"MSA|AA"), b"|B1\r" in answer) == (1, 0, True)
    assert [copy.code for copy in house.store.refused.values()] == ["too-large"]


async def test_batch__on_a_hospitals_own_topic_is_taken_apart_too() -> None:
    house = House()
    hearing = TopicHearing(house.intake, {"t": a_feed()})
    await hearing.hear([Heard("t", 0, 0, None, BATCH, ()), Heard("t", 0, 1, None, a_body("MSG3"), ())])
    assert house.store.writes == [3]
    assert [record.value for record in house.records] == [BODY, a_body("MSG2"), a_body("MSG3")]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_messages_of__keep_the_line_end_of_their_last_segment(end: bytes) -> None:
    one, two = (end.join([b"MSH|^~\\&|" + name, b"PID|1"]) + end for name in (b"A", b"B"))
    body = b"BHS|^~\\&" + end + one + end + two + b"BTS|2"
    assert messages_of(body, read_batch(body)) == [one, two]


def test_messages_of__one_cut_off_has_no_line_end() -> None:
    body = b"BHS|^~\\&\rMSH|^~\\&|A\rPID|1"
    assert messages_of(body, read_batch(body)) == [b"MSH|^~\\&|A\rPID|1"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("ADT^A01", ""), ("adt", ""), ("", ""), ("ORU^R01", "ORU"), ("siu", "SIU"), ("ZZZ^Z01", "other")],
)
def test_set_aside_kind__is_a_word_of_the_list(kind: str, expected: str) -> None:
    assert set_aside_kind(parse(f"MSH|^~\\&|A|B|C|D|20261103||{kind}|1|P|2.5.1\r".encode())) == expected


async def test_set_aside__is_counted_by_feed_and_kind_once() -> None:
    house, name = House(), "care_messages_set_aside_total"
    before = counted(name, feed="north", kind="ORU")
    lab = BODY.replace(b"ADT^A03^ADT_A03", b"ORU^R01^ORU_R01")
    for body in (lab, lab, BODY):
        await house.intake.take(body, a_feed())
    await house.intake.take_batch(BHS + lab + b"BTS|1\r", a_feed())
    assert counted(name, feed="north", kind="ORU") == before + 1
    await house.voice.close()


TWO = BODY + a_body("MSG2")
# one acknowledgement, as for the first of them: their MSH-3 to 6 change places, MSA-2 is its MSH-10 (ch. 2.9.2)
ONE_ANSWER = framed(b"MSH|^~\\&|CARE|HUB|ADT|NORTH|20261103150000.123+0000||ACK^A03^ACK|OURS1|P|2.5.1\rMSA|AA|MSG1\r")


async def test_several__in_one_frame_without_a_batch_are_stored_each_and_answered_once() -> None:
    house, without = House(), batches("none")
    async with a_server(house) as server, a_sender(server) as sender:
        await sender.send(framed(TWO))
        assert await sender.answer() == ONE_ANSWER
        await sender.send(framed(a_body("MSG2")))
        assert b"MSA|AA|MSG2\r" in await sender.answer()
    await house.voice.close()
    assert house.store.writes == [2, 1]
    assert [row.message.body for row in house.store.rows.values()] == [BODY, a_body("MSG2")]
    assert sorted(record.value or b"" for record in house.records) == [BODY, a_body("MSG2")]
    assert batches("none") == without + 1


async def test_several__of_which_one_is_refused_are_answered_with_a_refusal_and_the_others_are_kept() -> None:
    house = House()
    lab = a_body("MSG2").replace(b"ADT^A03^ADT_A03", b"ORU^R01^ORU_R01")
    strict = a_feed(acknowledgement={"not_adt": "reject"})
    found = await house.intake.take_batch(BODY + lab + a_body("MSG3"), strict)
    told = batch_answer(found, strict, house.clock(), lambda: "OURS1")
    assert told is not None
    assert told.split(b"\r")[1] == b"MSA|AR|MSG1"
    assert [row.message.control_id for row in house.store.rows.values()] == ["MSG1", "MSG3"]
    assert [(copy.code, copy.body) for copy in house.store.refused.values()] == [("not-adt", lab)]
    await house.voice.close()


async def test_several__on_a_hospitals_own_topic_are_taken_apart_too() -> None:
    house = House()
    await TopicHearing(house.intake, {"t": a_feed()}).hear([Heard("t", 0, 0, None, TWO, ())])
    assert [record.value for record in house.records] == [BODY, a_body("MSG2")]


@pytest.mark.parametrize(
    ("body", "several"),
    [
        (BODY, False),
        (TWO, True),
        (BATCH, True),
        (TWO.replace(b"\r", b"\n"), True),
        (TWO.replace(b"\r", b"\r\n"), True),
        (BODY + b"\n\nMSH|^~\\&|A", True),
        (b"\xef\xbb\xbf\r\n" + TWO, True),
        (framed(BODY) + framed(BODY), True),
        (BODY + b"  MSH|^~\\&|A", True),
        (BODY + b"MSH|", True),
        (BODY + b"BTS|1\r", False),
        (BODY + b"NTE|1||as in MSH|2\r", False),
        (BODY + b"MSH#^~\\&#A\r", False),
        (TWO + b"MSH#^~\\&#A\r", False),
        (BODY + b"NTE|1||they sent\nMSH|^~\\&|A\r", False),
        (BODY + b"NTE|1||they sent\n \nMSH|^~\\&|A\r", False),
        (b"PID|1\r" + TWO, False),
        (b"MSHMSHMSHX\rMSHM", False),
        (b"", False),
    ],
)
def test_holds_several__only_where_it_is_certain_where_each_begins(body: bytes, several: bool) -> None:
    assert holds_several(body) is several


def test_set_aside_kind__of_a_damaged_code_is_none_where_the_event_is_of_adt() -> None:
    """Whoever hears it cannot read it: a dead letter, and not one of the others' messages."""
    head = "MSH|^~\\&|A|B|C|D|20261103||ADT_A03|1|P|2.5.1\rEVN|"
    assert [set_aside_kind(parse(f"{head}{trigger}\r".encode())) for trigger in ("A03", "R01")] == ["", "other"]
