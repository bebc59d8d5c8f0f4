"""Every example is in its place, valid, read, said as a record that others can read too, and read again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from cloudevents.core.formats.json import JSONFormat

from shared.schemas.catalog import ADT_EVENT, MODELS, types_on
from shared.schemas.envelope import Envelope, Event, EventData, Label, Mode, Sequence
from shared.schemas.registry import ER7_MEDIA_TYPE
from shared.schemas.topics import ADT_INBOUND, BY_NAME
from shared.stream.codec import Undecodable, decode, encode, headers_of
from shared.stream.records import Headers, Heard
from tests.contracts.examples import ALL, EXAMPLES, Example, snapshot
from tests.contracts.validity import complaints

SAID = [example for example in ALL if example.type != ADT_EVENT]
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def an_envelope(type_: str) -> Envelope:
    return Envelope(
        id="0a4e1c0e-7d5b-5f83-9a39-6a4f3a1f2b11",
        source="care-transitions/admissions",
        type=f"org.caretransitions.{type_}",
        subject="encounter-7",
        time=datetime(2026, 11, 3, 15, 0, 41, 120000, tzinfo=UTC),
        key="9c1f2e",
        tenant="mercy",
        feed="mercy-north",
        mode=Mode.SHADOW,
        label=Label.RESTRICTED,
        sequence=Sequence(2, 41),
        traceparent=TRACEPARENT,
    )


def an_event(example: Example) -> Event:
    data = MODELS[example.type].model_validate_json(example.text)
    assert isinstance(data, EventData)
    return Event(an_envelope(example.type), data)


def a_record(example: Example, **changed: bytes | None) -> Heard:
    """The example as a record; `changed` headers replace, None takes away."""
    saying = encode(an_event(example), example.topic)
    headers: Headers = tuple(
        (name, value) for name, old in saying.headers if (value := changed.get(name, old)) is not None
    )
    return Heard(saying.topic, 0, 0, saying.key, saying.value, headers)


def within(said: Any, read: Any) -> bool:
    """Whether everything that was said is there again; what was not said may have its default."""
    if isinstance(said, dict):
        return isinstance(read, dict) and all(
            name in read and within(value, read[name]) for name, value in said.items()
        )
    if isinstance(said, list):
        return len(said) == len(read) and all(map(within, said, read))
    return bool(said == read)


def test_examples__every_type_has_one_and_every_one_has_a_type_on_its_topic() -> None:
    allowed = {(topic.name, type_) for topic in BY_NAME.values() for type_, model in types_on(topic).items() if model}
    allowed.add((ADT_INBOUND.name, ADT_EVENT))
    assert {(example.topic, example.type) for example in ALL} == allowed


def test_examples__nothing_else_lies_among_them() -> None:
    assert [file for file in EXAMPLES.rglob("*") if file.is_file()] != []
    files = {file.relative_to(EXAMPLES).as_posix() for file in EXAMPLES.rglob("*") if file.is_file()}
    assert files == {f"{example.topic}/{example.type}/{example.case}.json" for example in ALL}


@pytest.mark.parametrize("example", ALL, ids=str)
def test_example__is_valid_by_its_snapshot(example: Example) -> None:
    assert complaints(snapshot(example.type), json.loads(example.text)) == []


@pytest.mark.parametrize("example", ALL, ids=str)
def test_example__nothing_it_says_is_lost_in_its_model(example: Example) -> None:
    model = MODELS[example.type]
    read = model.model_validate_json(example.text)
    written = read.model_dump_json(by_alias=True)
    assert model.model_validate_json(written) == read
    assert within(json.loads(example.text), json.loads(written)) != example.newer


@pytest.mark.parametrize("example", SAID, ids=str)
def test_example__decodes_from_its_record(example: Example) -> None:
    assert decode(a_record(example)) == an_event(example)


@pytest.mark.parametrize("example", SAID, ids=str)
def test_example__is_a_cloudevent_to_the_sdk(example: Example) -> None:
    record = a_record(example)
    theirs = as_the_sdk_reads(record)
    assert theirs.get_attributes() == attributes(f"org.caretransitions.{example.type}", "application/json")
    assert theirs.get_data() == json.loads(record.value or b"")


def test_hospitals_own_form__is_a_cloudevent_to_the_sdk() -> None:
    headers = headers_of(an_envelope("adt.received.v1"), ER7_MEDIA_TYPE)
    theirs = as_the_sdk_reads(Heard(ADT_INBOUND.name, 0, 0, b"9c1f2e", b"MSH|^~\\&|ADT", headers))
    assert theirs.get_attributes() == attributes("org.caretransitions.adt.received.v1", ER7_MEDIA_TYPE)
    assert theirs.get_data() in ("MSH|^~\\&|ADT", b"MSH|^~\\&|ADT")


def as_the_sdk_reads(record: Heard) -> Any:
    headers = {name: value or b"" for name, value in record.headers}
    return from_binary_event(KafkaMessage(headers, record.key, record.value or b""), JSONFormat())


def attributes(type_: str, content_type: str) -> dict[str, Any]:
    """CloudEvents 1.0 §3.1 and our extensions, as `an_envelope` has them, worked by hand."""
    return {
        "specversion": "1.0",
        "id": "0a4e1c0e-7d5b-5f83-9a39-6a4f3a1f2b11",
        "source": "care-transitions/admissions",
        "type": type_,
        "subject": "encounter-7",
        "time": datetime(2026, 11, 3, 15, 0, 41, 120000, tzinfo=UTC),
        "datacontenttype": content_type,
        "dataschema": type_.replace("org.caretransitions.", "urn:care-transitions:schema:"),
        "partitionkey": "9c1f2e",
        "tenant": "mercy",
        "feed": "mercy-north",
        "mode": "shadow",
        "label": "restricted",
        "sequence": "2.41",
    }


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"ce_type": b"org.caretransitions.encounter.teleported.v1"}, "type-unknown"),
        ({"ce_type": b"org.caretransitions.encounter.discharged.v2"}, "type-unknown"),
        ({"ce_type": b"com.example.encounter.discharged.v1"}, "type-not-ours"),
        ({"ce_id": None}, "envelope-lacks-ce_id"),
        ({"ce_time": b"2026-11-03T15:00:00"}, "envelope-unreadable"),
        ({"ce_mode": b"rehearsal"}, "envelope-unreadable"),
    ],
)
def test_record__with_a_bad_envelope_is_undecodable_with_a_code(changed: dict[str, bytes | None], code: str) -> None:
    example = next(one for one in SAID if one.type == "encounter.discharged.v1")
    with pytest.raises(Undecodable) as refused:
        decode(a_record(example, **changed))
    assert refused.value.code == code


@pytest.mark.parametrize("example", SAID, ids=str)
def test_example__without_a_required_field_is_undecodable(example: Example) -> None:
    record = a_record(example)
    for name in snapshot(example.type)["required"]:
        data = {key: value for key, value in json.loads(record.value or b"").items() if key != name}
        with pytest.raises(Undecodable, match="data-missing"):
            decode(replace(record, value=json.dumps(data).encode()))


@pytest.mark.parametrize("example", SAID, ids=str)
def test_example__with_an_unknown_field_is_refused_of_commands_only(example: Example) -> None:
    record = a_record(example)
    more = replace(record, value=json.dumps({**json.loads(record.value or b""), "since_tomorrow": 1}).encode())
    if not example.type.startswith("command."):
        assert decode(more) == an_event(example)
        return
    with pytest.raises(Undecodable, match="data-extra_forbidden"):
        decode(more)
