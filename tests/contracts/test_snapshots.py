"""The committed schemas are what the models say, for every type and for nothing else."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from shared.schemas.catalog import MODELS, snapshots
from shared.schemas.registry import EVENT_TYPES
from tests.contracts.examples import SNAPSHOTS, snapshot

TEXTS = snapshots()


def test_snapshots__there_is_one_for_each_type_and_no_other() -> None:
    assert {file.name for file in SNAPSHOTS.iterdir()} == {f"{type_}.json" for type_ in (*EVENT_TYPES, "adt-event.v1")}


@pytest.mark.parametrize("name", TEXTS)
def test_snapshot__is_what_the_model_says(name: str) -> None:
    committed = (SNAPSHOTS / name).read_text("utf-8")
    assert json.loads(committed) == json.loads(TEXTS[name]), (
        f"{name}: the model changed. Run `make schemas`, and mind compatibility: "
        "tests/contracts/test_versions.py says what old records and old hearers would not bear."
    )
    assert committed == TEXTS[name]


@pytest.mark.parametrize("type_", MODELS)
def test_snapshot__is_a_schema_named_as_its_records_name_it(type_: str) -> None:
    schema = snapshot(type_)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:care-transitions:schema:{type_}"


@pytest.mark.parametrize("type_", MODELS)
def test_snapshot__commands_are_closed_and_events_are_open(type_: str) -> None:
    closed = snapshot(type_).get("additionalProperties") is False
    assert closed == type_.startswith("command.")
