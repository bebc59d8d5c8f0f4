"""What is taken, what is refused, and what it is called."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from services.gateway.domain.faults import json_faults
from services.gateway.domain.message import Arrival, Judge, Received, Refusal, refusal
from services.gateway.domain.saying import saying_of
from shared.schemas.envelope import Mode
from tests.unit.gateway.parts import AT, BODY, BODY_ID, BODY_KEY, BODY_SHA256, CANARY, LIMIT, SECRET, a_feed, received

JUDGE = Judge(SECRET, LIMIT)


def code_of(arrival: Arrival) -> str:
    assert isinstance(arrival.letter, Refusal)
    return arrival.letter.code


def taken(arrival: Arrival) -> Received:
    assert isinstance(arrival.letter, Received)
    return arrival.letter


def test_received__has_the_id_hash_and_key_worked_by_hand() -> None:
    arrival = JUDGE.er7(BODY, a_feed(), AT)
    assert taken(arrival) == Received(
        id=BODY_ID,
        feed="north",
        tenant="tenant-1",
        mode=Mode.LIVE,
        control_id="MSG1",
        sha256=BODY_SHA256,
        key=BODY_KEY,
        media_type="x-application/hl7-v2+er7",
        received_at=datetime(2026, 11, 3, 15, 0, 0, 123000, tzinfo=UTC),
        body=BODY,
        search=("5882c4b7608021e7b90f4bb557b670ae", "73e6384a74a1114d0984556d5c0e095d"),
    )
    assert arrival.header is not None
    assert arrival.header.control_id == "MSG1"


def test_received__time_is_utc_in_whole_milliseconds() -> None:
    local = datetime(2026, 11, 3, 10, 0, 0, 999999, tzinfo=timezone(timedelta(hours=-5)))
    assert received(at=local).received_at.isoformat() == "2026-11-03T15:00:00.999000+00:00"


def test_id__other_bytes_or_another_feed_is_another_message() -> None:
    assert len({received().id, received(BODY + b"ZZZ|1\r").id, received(feed="south").id}) == 3


def test_id__a_second_time_later_is_the_same() -> None:
    assert received(at=AT + timedelta(days=3)).id == BODY_ID


def test_key__without_mr_is_of_the_first_number() -> None:
    body = BODY.replace(b"^MR", b"^AN")
    # printf 'tenant-1\x1fE1' | openssl dgst -sha256 -hmac SECRET
    assert received(body).key == "8038b5cd0babbab28c5ffe06955221ff3d093d64bdb72faee187eefa7ec90ffb"


def test_key__of_another_tenant_or_under_another_secret_is_another() -> None:
    other = taken(Judge(b"another secret", LIMIT).er7(BODY, a_feed(), AT))
    assert len({BODY_KEY, received(tenant="tenant-2").key, other.key}) == 3


@pytest.mark.parametrize("pid", [b"", b"PID|1||\r", b'PID|1||""^^^NORTH^MR\r', b"PID|1|| ^^^NORTH^MR~^^^NORTH^MR\r"])
def test_key__without_any_number_is_the_raw_id(pid: bytes) -> None:
    message = received(BODY[: BODY.index(b"PID")] + pid)
    assert message.key == message.id


def test_key__and_id_hold_nothing_of_the_patient() -> None:
    message = received()
    assert not any(part in message.id + message.key for part in ("100200", CANARY, "19410506"))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty"),
        (b"\r\n \t", "empty"),
        (b"PID|1||100200\r", "no-msh"),
        (b"\x00\x01\x02\xff" * 100, "no-msh"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "no-msh"),
        (b"MSH", "bad-separators"),
        (b"MSHA^~\\&|ADT", "bad-separators"),
        (b"MSH|^~\\&|ADT|\x81NORTH|CARE\rPID|1\r", "undecodable"),
    ],
)
def test_refused__what_can_never_succeed(body: bytes, code: str) -> None:
    arrival = JUDGE.er7(body, a_feed(), AT)
    assert code_of(arrival) == code
    assert arrival.header is None
    assert arrival.letter.body == body


@pytest.mark.parametrize(
    "body",
    [
        b"MSH|^~\\&|ADT\r",
        b"MSH|^~\\&|||||20261103||ORU^R01|7|P|2.3\rOBX|1\r",
        b"MSH|^~\\&|||||20261103||ADT^A99|7|P|9.9\r",
        b"MSH|^~\\&|||||20261103||ACK|7|P|2.5\rMSA|AA|1\r",
        b"MSH^&~!|ADT\r\nPID\r\n",
    ],
)
def test_received__whatever_has_a_readable_msh(body: bytes) -> None:
    assert taken(JUDGE.er7(body, a_feed(), AT)).body == body


@pytest.mark.parametrize("kind", [b"ORU^R01", b"adt^A03", b"", b"ACK"])
def test_refused__what_is_no_adt_where_the_profile_says_so(kind: bytes) -> None:
    body, rejecting = BODY.replace(b"ADT^A03^ADT_A03", kind), a_feed(acknowledgement={"not_adt": "reject"})
    arrival = Judge(SECRET, LIMIT).er7(body, rejecting, AT)
    if kind.startswith(b"adt"):
        assert isinstance(arrival.letter, Received)
        return
    assert isinstance(arrival.letter, Refusal)
    assert (arrival.letter.code, arrival.header is not None) == ("not-adt", True)
    assert isinstance(Judge(SECRET, LIMIT).er7(body, a_feed(), AT).letter, Received)


def test_received__without_control_id_is_known_by_its_bytes() -> None:
    message = received(BODY.replace(b"MSG1", b""))
    assert message.control_id == ""
    assert message.id != BODY_ID


def test_received__control_id_is_cut_where_hl7_cuts_it() -> None:
    assert received(BODY.replace(b"MSG1", b"7" * 5000)).control_id == "7" * 199


def test_received__control_id_that_no_utf8_can_hold_is_escaped() -> None:
    message = received(BODY.replace(b"MSG1", b"M+2AA-"), charset="utf-7")
    assert message.control_id == "M\\ud800"


def test_received__an_unreadable_byte_below_leaves_header_and_key() -> None:
    """0x81 is neither UTF-8 nor Windows-1252: admissions will set it aside, the sender is not to blame here."""
    arrival = JUDGE.er7(BODY + b"OBX|1|\x81\r", a_feed(), AT)
    assert taken(arrival).key == BODY_KEY
    assert arrival.header is not None
    assert arrival.header.control_id == "MSG1"


def test_received__an_unreadable_byte_in_pid_leaves_the_header() -> None:
    message = taken(JUDGE.er7(BODY.replace(b"Ada", b"\x81"), a_feed(), AT))
    assert message.control_id == "MSG1"
    assert message.key == message.id


def test_too_large__above_the_limit_only() -> None:
    judge = Judge(SECRET, len(BODY))
    assert taken(judge.er7(BODY, a_feed(), AT)).id == BODY_ID
    arrival = judge.er7(BODY + b"\r", a_feed(), AT)
    assert code_of(arrival) == "too-large"
    assert arrival.header is not None
    assert arrival.header.control_id == "MSG1"


def test_too_large__keeps_only_the_beginning() -> None:
    assert len(JUDGE.too_large(BODY + b"x" * 9000, a_feed(), AT).letter.body) == 4096


@pytest.mark.parametrize("head", [b"x" * 4096, b"", b"\x0b\r"])
def test_too_large__without_header_has_none(head: bytes) -> None:
    assert JUDGE.too_large(head, a_feed(), AT).header is None


def test_refusal__same_bytes_and_reason_are_one_copy() -> None:
    first, again = refusal(b"x", "no-msh", a_feed(), AT), refusal(b"x", "no-msh", a_feed(), AT + timedelta(1))
    others = {refusal(b"y", "no-msh", a_feed(), AT).id, refusal(b"x", "empty", a_feed(), AT).id}
    assert first.id == again.id
    assert first.id not in others


JSON = (
    b'{"control_id": "J1", "patient": {"identifiers": '
    b'[{"value": "E1", "type": "PI"}, {"value": "100200", "type": "MR"}]}}'
)


def test_record__json_has_control_id_and_key_of_the_same_patient() -> None:
    arrival = JUDGE.record(JSON, a_feed(), AT)
    message = taken(arrival)
    assert (message.control_id, message.media_type, message.key) == ("J1", "application/json", BODY_KEY)
    assert message.body == JSON
    assert arrival.header is None


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b' {"control_id": 7, "patient": null}',
        b'{"patient": {"identifiers": {"value": "1"}}}',
        b'{"patient": {"identifiers": ["1", {"value": 1}, {"value": ""}]}}',
    ],
)
def test_record__json_without_numbers_has_the_raw_id_as_key(body: bytes) -> None:
    message = taken(JUDGE.record(body, a_feed(), AT))
    assert (message.control_id, message.key) == ("", message.id)


@pytest.mark.parametrize("body", [b"[]", b"[{}]", b"{", b'{"a": \xff}', b"{" * 10_000, b'{"control_id": "\\ud800"}'])
def test_record__json_that_is_no_object_is_refused(body: bytes) -> None:
    assert code_of(JUDGE.record(body, a_feed(), AT)) == "json-no-object"


def test_record__hl7_is_taken_as_at_any_door() -> None:
    assert taken(JUDGE.record(BODY, a_feed(), AT)).id == BODY_ID


def test_record__too_large_is_refused_whatever_it_is() -> None:
    assert code_of(Judge(SECRET, 10).record(JSON, a_feed(), AT)) == "too-large"


EVENTS = Path(__file__).parents[3] / "shared/schemas/examples/adt.inbound.v1/adt-event.v1"


@pytest.mark.parametrize("file", sorted(EVENTS.glob("*.json")), ids=lambda file: file.stem)
def test_event__that_the_contract_shows_is_taken(file: Path) -> None:
    arrival = JUDGE.event(file.read_bytes(), a_feed(), AT)
    assert (taken(arrival).media_type, arrival.faults) == ("application/json", ())


def test_event__too_large_is_refused_unread() -> None:
    arrival = Judge(SECRET, 10).event(b'{"control_id": 7}', a_feed(), AT)
    assert (code_of(arrival), arrival.faults) == ("too-large", ())


def test_faults__of_what_is_no_object_are_of_the_message() -> None:
    assert json_faults(b"[]") == ("message: model-type",)


def test_faults__are_no_more_than_twenty_and_quote_nothing() -> None:
    faults = json_faults(b'{"control_id": 7, "Canarybird": 1, "cleared": [' + b"7," * 40 + b"7]}")
    assert len(faults) == 20
    assert faults[0] == "control_id: string-type"
    assert not any(CANARY in fault for fault in faults)


def test_er7__json_cannot_be_answered_on_mllp() -> None:
    assert code_of(JUDGE.er7(JSON, a_feed(), AT)) == "no-msh"


def test_saying__is_the_hospitals_bytes_in_our_envelope() -> None:
    saying = saying_of(received(mode=Mode.SHADOW))
    assert (saying.topic, saying.key, saying.value) == ("adt.inbound.v1", BODY_KEY.encode(), BODY)
    assert saying.headers == (
        ("ce_specversion", b"1.0"),
        ("ce_id", BODY_ID.encode()),
        ("ce_source", b"care-transitions/gateway"),
        ("ce_type", b"org.caretransitions.adt.received.v1"),
        ("ce_subject", b"north"),
        ("ce_time", b"2026-11-03T15:00:00.123000+00:00"),
        ("ce_dataschema", b"urn:care-transitions:schema:adt.received.v1"),
        ("ce_partitionkey", BODY_KEY.encode()),
        ("ce_tenant", b"tenant-1"),
        ("ce_feed", b"north"),
        ("ce_mode", b"shadow"),
        ("ce_label", b"normal"),
        ("traceparent", b"00-4c7baacf4af256d5b6c982d9cb0ab054-661dc63ea5b2ec2e-01"),
        ("content-type", b"x-application/hl7-v2+er7"),
    )


def test_saying__of_json_says_so() -> None:
    assert saying_of(taken(JUDGE.record(JSON, a_feed(), AT))).headers[-1] == ("content-type", b"application/json")
