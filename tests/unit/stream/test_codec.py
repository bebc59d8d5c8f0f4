"""Bytes and events: what is written is read again, the CloudEvents SDK agrees, and what cannot be read says why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.schemas.envelope import Envelope, Label, Mode, Sequence
from shared.stream.codec import Undecodable, decode, encode, envelope_of, headers_of
from shared.stream.deadletters import dead_letter
from shared.stream.records import Heard
from tests.builders import T0, a_discharge, a_record, an_envelope, an_event

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


def with_headers(record: Heard, **changes: bytes | None) -> Heard:
    headers = {name: value for name, value in record.headers if changes.get(name, b"") is not None}
    headers |= {name: value for name, value in changes.items() if value is not None}
    return replace(record, headers=tuple(headers.items()))


def code_of(record: Heard) -> str:
    with pytest.raises(Undecodable) as refused:
        decode(record)
    return refused.value.code


def test_decode__gives_what_was_encoded() -> None:
    event = an_event(a_discharge(), traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    saying = encode(event, "care.encounters.v1")
    assert decode(Heard(saying.topic, 0, 0, saying.key, saying.value, saying.headers)) == event


def test_encode__twice_gives_the_same_bytes() -> None:
    assert encode(an_event(a_discharge()), "t") == encode(an_event(a_discharge()), "t")


def test_encode__is_what_the_cloudevents_sdk_reads() -> None:
    from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
    from cloudevents.core.formats.json import JSONFormat

    saying = encode(an_event(a_discharge()), "care.encounters.v1")
    theirs: Any = from_binary_event(KafkaMessage(dict(saying.headers), saying.key, saying.value), JSONFormat())
    assert theirs.get_type() == "org.caretransitions.encounter.discharged.v1"
    assert theirs.get_subject() == "encounter-1"
    assert theirs.get_time() == T0
    assert theirs.get_extension("sequence") == "1.1"
    assert theirs.get_extension("partitionkey") == "patient-key-1"


def test_quiet__is_a_header_of_its_own_and_absent_where_it_is_false() -> None:
    quiet = encode(an_event(a_discharge(), quiet=True), "care.encounters.v1")
    aloud = encode(an_event(a_discharge()), "care.encounters.v1")
    assert [pair for pair in quiet.headers if pair not in aloud.headers] == [("ce_quiet", b"true")]
    assert set(aloud.headers) < set(quiet.headers)
    assert envelope_of(Heard(quiet.topic, 0, 0, quiet.key, quiet.value, quiet.headers)).quiet
    assert not envelope_of(with_headers(a_record(a_discharge()), ce_quiet=b"false")).quiet


@pytest.mark.parametrize("value", [b"", b"yes", b"True", b"1", b"\xff"])
def test_quiet__neither_true_nor_false_is_unreadable(value: bytes) -> None:
    """Taken for false it would have people told of what was to be recorded only."""
    assert code_of(with_headers(a_record(a_discharge()), ce_quiet=value)) == "envelope-unreadable"


@given(
    key=TEXT,
    subject=TEXT,
    tenant=TEXT,
    mode=st.sampled_from(Mode),
    label=st.sampled_from(Label),
    sequence=st.none() | st.builds(Sequence, st.integers(1, 10**17), st.integers(1, 10**17)),
)
def test_envelope__any_text_comes_back_as_it_was(**changes: Any) -> None:
    envelope: Envelope = replace(an_envelope(a_discharge()), **changes)
    assert envelope_of(Heard("t", 0, 0, envelope.key.encode(), b"", headers_of(envelope))) == envelope


@pytest.mark.parametrize(
    "sequence", ["1.0", "0.1", "-1.3", "1.-3", f"1.{2**63}", "1", "1.2.3", "a.b", "1. 2", "1.1_0", "1.٣"]
)
def test_decode__a_sequence_that_no_sender_counts_is_refused(sequence: str) -> None:
    assert code_of(with_headers(a_record(a_discharge()), ce_sequence=sequence.encode())) == "envelope-unreadable"


@pytest.mark.parametrize("name", ["ce_id", "ce_source", "ce_type", "ce_time"])
def test_decode__a_missing_attribute_is_named(name: str) -> None:
    assert code_of(with_headers(a_record(a_discharge()), **{name: None})) == f"envelope-lacks-{name}"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ce_type": b"com.example.other.v1"}, "type-not-ours"),
        ({"ce_type": b"org.caretransitions.nothing.v1"}, "type-unknown"),
        ({"ce_time": b"yesterday"}, "envelope-unreadable"),
        ({"ce_time": b"2026-11-03T15:00:00"}, "envelope-unreadable"),
        ({"ce_mode": b"loud"}, "envelope-unreadable"),
        ({"foreign": b"\xff\xfe"}, "envelope-unreadable"),
    ],
)
def test_decode__what_cannot_be_read_says_why(changes: dict[str, bytes], code: str) -> None:
    assert code_of(with_headers(a_record(a_discharge()), **changes)) == code


@pytest.mark.parametrize("value", [None, b"", b"{", b"[]", b'{"patient": "Testperson"}', b"\xff"])
def test_decode__bad_data_gives_a_code_without_its_content(value: bytes | None) -> None:
    code = code_of(replace(a_record(a_discharge()), value=value))
    assert code.startswith("data-")
    assert "Testperson" not in code


def test_dead_letter__keeps_the_record_and_says_where_it_stood() -> None:
    record = a_record(a_discharge(), offset=7, partition=3)
    letter = dead_letter(record, "discharge", "some-code")
    assert (letter.topic, letter.key, letter.value) == ("care.encounters.v1.discharge.dlq", record.key, record.value)
    assert letter.headers == (
        *record.headers,
        ("dl_reason", b"some-code"),
        ("dl_service", b"discharge"),
        ("dl_place", b"care.encounters.v1/3/7"),
    )


def test_dead_letter__of_a_replayed_letter_holds_one_reason() -> None:
    once = dead_letter(a_record(a_discharge()), "discharge", "first")
    twice = dead_letter(Heard("care.encounters.v1", 1, 2, once.key, once.value, once.headers), "discharge", "second")
    assert [value for name, value in twice.headers if name == "dl_reason"] == [b"second"]
