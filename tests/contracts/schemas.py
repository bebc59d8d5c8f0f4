"""Random JSON Schemas of the kind pydantic writes for us, edits of them, and random data that they allow."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final

from hypothesis import strategies as st

Schema = dict[str, Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]

NAMES: Final = ("a", "b", "c", "d")
WORDS: Final = ("", "x", "y", "z", "long enough")
REF: Final = "#/$defs/D"

_PLAIN: Final[tuple[Schema, ...]] = (
    {"type": "string"},
    {"type": "string", "format": "date-time"},
    {"type": "string", "format": "date"},
    {"type": "string", "maxLength": 3},
    {"type": "string", "minLength": 2},
    {"type": "string", "enum": ["x", "y"]},
    {"type": "string", "enum": ["x", "y", "z"]},
    {"type": "string", "const": "x"},
    {"type": "integer"},
    {"type": "integer", "minimum": 0},
    {"type": "integer", "minimum": 1, "maximum": 9},
    {"type": "integer", "exclusiveMaximum": 9},
    {"type": "number"},
    {"type": "boolean"},
    {"type": "null"},
    {"enum": ["x", 1, None]},
)


def nodes(*, refs: bool = True) -> st.SearchStrategy[Schema]:
    """One place of a schema; with `refs` some point to the definition `D`."""
    leaves = st.sampled_from((*_PLAIN, {"$ref": REF}) if refs else _PLAIN).map(copy.deepcopy)
    return st.recursive(
        leaves, lambda inner: st.one_of(_lists(inner), _dicts(inner), _ways(inner), objects(inner)), max_leaves=5
    )


def _lists(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return inner.map(lambda node: {"type": "array", "items": node})


def _dicts(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return inner.map(lambda node: {"type": "object", "additionalProperties": node})


def _ways(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return inner.map(lambda node: {"anyOf": [node, {"type": "null"}]})


@st.composite
def objects(draw: Draw, inner: st.SearchStrategy[Schema]) -> Schema:
    """An object of some of the four names; tolerant, as events are, or closed, as commands are."""
    fields = draw(st.dictionaries(st.sampled_from(NAMES), inner, max_size=3))
    required = [name for name in sorted(fields) if draw(st.booleans())]
    closed = {"additionalProperties": False} if draw(st.booleans()) else {}
    return {"type": "object", "properties": fields, "required": required, **closed}


@st.composite
def schemas(draw: Draw) -> Schema:
    """A whole schema: an object, with one definition that it may point to."""
    return {**draw(objects(nodes())), "$defs": {"D": draw(nodes(refs=False))}}


@st.composite
def pairs(draw: Draw) -> tuple[Schema, Schema]:
    """A schema, and what a few edits make of it (which may undo each other)."""
    old = draw(schemas())
    new = copy.deepcopy(old)
    for _ in range(draw(st.integers(1, 3))):
        _edit(draw, draw(st.sampled_from(_places(new))))
    return old, new


def _places(node: Any) -> list[Schema]:
    """Every schema inside a schema, itself first."""
    found: list[Schema] = [node]
    inner = [*node.get("properties", {}).values(), *node.get("$defs", {}).values(), *node.get("anyOf", [])]
    inner += [node[name] for name in ("items", "additionalProperties") if isinstance(node.get(name), dict)]
    return found + [place for one in inner for place in _places(one)]


def _edit(draw: Draw, place: Schema) -> None:
    """One edit in place: another node, or more, fewer, required or renamed fields, values or words."""
    if "properties" in place and draw(st.booleans()):
        _edit_fields(draw, place)
    elif "enum" in place and draw(st.booleans()):
        place["enum"] = draw(st.lists(st.sampled_from(WORDS), min_size=1, unique=True))
    elif draw(st.booleans()):
        place["description"] = draw(st.sampled_from(WORDS))
    elif "$defs" not in place:
        node = draw(nodes())
        place.clear()
        place.update(node)


def _edit_fields(draw: Draw, place: Schema) -> None:
    name = draw(st.sampled_from(NAMES))
    match draw(st.sampled_from(["set", "drop", "require", "free", "tolerance"])):
        case "set":
            place["properties"][name] = draw(nodes())
        case "drop":
            place["properties"].pop(name, None)
            place["required"] = [one for one in place["required"] if one != name]
        case "require":
            place["required"] = sorted({*place["required"], name} & set(place["properties"]))
        case "free":
            place["required"] = [one for one in place["required"] if one != name]
        case _ if place.pop("additionalProperties", None) is None:
            place["additionalProperties"] = False


def data(node: Schema, root: Schema) -> st.SearchStrategy[Any]:
    """What a writer of this schema writes: only fields it knows, each optional one there or not."""
    if "$ref" in node:
        return data(root["$defs"]["D"], root)
    if "anyOf" in node:
        return st.one_of([data(way, root) for way in node["anyOf"]])
    if "enum" in node or "const" in node:
        return st.sampled_from(node.get("enum", [node.get("const")]))
    return _BY_TYPE[node["type"]](node, root)


def _texts(node: Schema, _: Schema) -> st.SearchStrategy[Any]:
    if node.get("format") == "date-time":
        return st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
    if node.get("format") == "date":
        return st.dates().map(str)
    return st.text(min_size=node.get("minLength", 0), max_size=node.get("maxLength", 8))


def _integers(node: Schema, _: Schema) -> st.SearchStrategy[Any]:
    return st.integers(node.get("minimum"), node.get("maximum", node.get("exclusiveMaximum", 100) - 1))


def _objects(node: Schema, root: Schema) -> st.SearchStrategy[Any]:
    if "properties" not in node:
        return st.dictionaries(
            st.sampled_from(NAMES) | st.text(max_size=3), data(node["additionalProperties"], root), max_size=3
        )
    fields = {name: data(field, root) for name, field in node["properties"].items()}
    needed = {name: fields[name] for name in node["required"]}
    return st.fixed_dictionaries(needed, optional={name: fields[name] for name in fields if name not in needed})


_BY_TYPE: Final[dict[str, Callable[[Schema, Schema], st.SearchStrategy[Any]]]] = {
    "string": _texts,
    "integer": _integers,
    "number": lambda _node, _root: st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
    "boolean": lambda _node, _root: st.booleans(),
    "null": lambda _node, _root: st.none(),
    "array": lambda node, root: st.lists(data(node["items"], root), max_size=3),
    "object": _objects,
}
