"""The checker sees every planted break, and lets through what hurts nobody. Each plant is one edit of a real schema."""

from __future__ import annotations

import copy

import pytest

from shared.schemas.catalog import MODELS
from tests.contracts.compatibility import breaking_changes, broken_by
from tests.contracts.examples import snapshot
from tests.contracts.planted import BREAKING, HARMLESS, TASK, Edit, Schema, fields


def edited(type_: str, edit: Edit) -> tuple[Schema, Schema]:
    old = snapshot(type_)
    new = copy.deepcopy(old)
    edit(new)
    assert new != old, "the edit must change the schema, or it shows nothing"
    return old, new


@pytest.mark.parametrize(("type_", "edit", "reason"), [pytest.param(*rest, id=name) for name, *rest in BREAKING])
def test_breaking_changes__sees_a_break(type_: str, edit: Edit, reason: str) -> None:
    assert any(found.startswith(reason) for found in breaking_changes(*edited(type_, edit)))


@pytest.mark.parametrize(("type_", "edit"), [pytest.param(*rest, id=name) for name, *rest in HARMLESS])
def test_breaking_changes__lets_pass_what_hurts_nobody(type_: str, edit: Edit) -> None:
    assert breaking_changes(*edited(type_, edit)) == []


@pytest.mark.parametrize("type_", MODELS)
def test_breaking_changes__a_schema_may_replace_itself(type_: str) -> None:
    assert breaking_changes(snapshot(type_), snapshot(type_)) == []


def test_broken_by__a_name_that_comes_back_with_another_type_breaks_the_oldest_only() -> None:
    first, third = edited(TASK, lambda s: fields(s)["pathway"].update(type="integer"))
    second = copy.deepcopy(third)
    del second["properties"]["pathway"]
    second["required"].remove("pathway")
    third["required"].remove("pathway")
    second["title"] = "without"
    found = broken_by([("first", first), ("second", second)], third)
    assert found
    assert {reason.partition(":")[0] for reason in found} == {"against first"}


def test_breaking_changes__a_schema_that_holds_itself_ends() -> None:
    def tree(leaf: str) -> Schema:
        node = {
            "type": "object",
            "properties": {"leaf": {"type": leaf}, "under": {"type": "array", "items": {"$ref": "#/$defs/Node"}}},
        }
        return {"$ref": "#/$defs/Node", "$defs": {"Node": node}}

    assert breaking_changes(tree("string"), tree("string")) == []
    assert "records already kept: $.leaf: string is written, integer is read" in breaking_changes(
        tree("string"), tree("integer")
    )


KEPT, AHEAD, PROMISE = "records already kept", "hearers not yet upgraded", "promise"
TEXT: Schema = {"type": "string"}
AB: Schema = {"type": "object", "properties": {"a": TEXT, "b": TEXT}}
A: Schema = {"type": "object", "properties": {"a": TEXT}}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            {"type": ["string", "integer"]},
            {"type": "string"},
            [f"{KEPT}: $: integer or string is written, string is read"],
        ),
        (
            {"enum": ["x", 1]},
            {"type": "string"},
            [
                f"{KEPT}: $: integer or string is written, string is read",
                f'{AHEAD}: $: any value is written, "x" or 1 is read',
            ],
        ),
        (
            {"type": "string", "maxLength": 9},
            {"type": "string", "maxLength": 3},
            [f"{KEPT}: $: maxLength 3 is asked, 9 is promised"],
        ),
        (
            {"type": "string", "maxLength": 3},
            {"type": "string", "maxLength": 9},
            [f"{AHEAD}: $: maxLength 3 is asked, 9 is promised"],
        ),
        (
            {"type": "integer", "minimum": 1},
            {"type": "integer", "minimum": 5},
            [f"{KEPT}: $: minimum 5 is asked, 1 is promised"],
        ),
        (
            {"type": "integer", "minimum": 5},
            {"type": "integer"},
            [f"{AHEAD}: $: minimum 5 is asked, null is promised"],
        ),
        (
            {"type": "object", "additionalProperties": {"type": "integer"}},
            {"type": "object", "additionalProperties": {"type": "integer"}, "properties": A["properties"]},
            [
                f"{KEPT}: $.a: integer is written, string is read",
                f"{AHEAD}: $.a: string is written, integer is read",
            ],
        ),
        (
            {"anyOf": [AB, {"type": "null"}]},
            {"anyOf": [A, {"type": "null"}]},
            [f"{PROMISE}: $.b: the field is gone"],
        ),
        (AB, {"anyOf": [A, AB]}, []),
        (
            {"type": "object", "additionalProperties": AB},
            {"type": "object", "additionalProperties": A},
            [f"{PROMISE}: $.*.b: the field is gone"],
        ),
        (
            {"anyOf": [{"type": "string"}]},
            {"anyOf": [{"type": "string"}], "maxLength": 3},
            [
                f"{KEPT}: $: anyOf beside other rules is not understood, so nothing is promised",
                f"{AHEAD}: $: anyOf beside other rules is not understood, so nothing is promised",
            ],
        ),
        ({"type": "array", "items": True}, {"type": "array"}, []),
        ({"type": "array"}, {"type": "array", "items": TEXT}, [f"{KEPT}: $[]: anything is written, string is read"]),
        (
            {"type": "array", "items": False},
            {"type": "array", "items": TEXT},
            [f"{AHEAD}: $[]: string is written, nothing is read"],
        ),
    ],
)
def test_breaking_changes__says_all_there_is_to_say(old: Schema, new: Schema, expected: list[str]) -> None:
    assert breaking_changes(old, new) == expected
