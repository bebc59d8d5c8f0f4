"""Is everything that is written under one JSON Schema read under another? The half of compatibility that is logic.

Sound, not complete: a doubt is told as a reason. Knows the keywords that pydantic writes for our models; where it meets
another it promises nothing and says so. A writer writes only the fields it knows.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

Node = Mapping[str, Any]

ANNOTATIONS: Final = frozenset({"$schema", "$id", "$defs", "title", "description", "default", "examples"})
SHAPES: Final = frozenset({"type", "enum", "const", "properties", "required", "additionalProperties", "items", "anyOf"})
BOUNDS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), operator.ge),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), operator.le),
    **dict.fromkeys(("format", "pattern", "multipleOf", "uniqueItems"), operator.eq),
}
"""Keyword → does what the writer promises hold what the reader asks?"""

UNDERSTOOD: Final = ANNOTATIONS | SHAPES | set(BOUNDS)
NAMES: Final = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def unread(writer: Node, reader: Node) -> list[str]:
    """Why something that `writer` allows is not read by `reader`, each with its place; empty if everything is."""
    return _Comparison(writer, reader).reasons(writer, reader, "$")


def resolved(node: Any, root: Node) -> Node:
    """The node behind `$ref`s, with what stands beside them; `true` is any value, `false` none."""
    if isinstance(node, bool):
        return {} if node else {"enum": []}
    while "$ref" in node:
        beside = {key: value for key, value in node.items() if key != "$ref"}
        node = {**root["$defs"][node["$ref"].removeprefix("#/$defs/")], **beside}
    return dict(node)


def types_of(node: Node) -> set[str] | None:
    """The JSON types a resolved node may be; None for any."""
    declared = node.get("type")
    if declared is not None:
        return set(declared) if isinstance(declared, list) else {declared}
    values = _values(node)
    return None if values is None else {NAMES.get(type(json.loads(value)), "null") for value in values}


def _values(node: Node) -> set[str] | None:
    """The values a node is closed to, as JSON; None if it is open."""
    if "const" in node:
        return {json.dumps(node["const"])}
    return {json.dumps(value) for value in node["enum"]} if "enum" in node else None


class _Comparison:
    """Holds both roots, for their `$defs`, and the pairs that are being compared."""

    def __init__(self, writer: Node, reader: Node) -> None:
        self._writer = writer
        self._reader = reader
        self._under_way: set[tuple[str, str]] = set()

    def reasons(self, writes: Any, reads: Any, at: str) -> list[str]:
        """Every reason at and below this place. A pair that is met again inside itself adds nothing."""
        pair = (json.dumps(writes, sort_keys=True), json.dumps(reads, sort_keys=True))
        if pair in self._under_way:
            return []
        self._under_way.add(pair)
        try:
            return list(self._node(resolved(writes, self._writer), resolved(reads, self._reader), at))
        finally:
            self._under_way.discard(pair)

    def _node(self, writes: Node, reads: Node, at: str) -> Iterator[str]:
        strange = sorted({*writes, *reads} - UNDERSTOOD)
        if strange:
            yield f"{at}: {', '.join(strange)} is not understood, so nothing is promised"
        elif _mixed(writes) or _mixed(reads):
            yield f"{at}: anyOf beside other rules is not understood, so nothing is promised"
        elif "anyOf" in writes or "anyOf" in reads:
            yield from self._alternatives(writes, reads, at)
        else:
            yield from self._plain(writes, reads, at)

    def _alternatives(self, writes: Node, reads: Node, at: str) -> Iterator[str]:
        """Each way of writing needs one way of reading; the nearest miss is told."""
        for way in writes.get("anyOf", [writes]):
            misses = (self.reasons(way, other, at) for other in reads.get("anyOf", [reads]))
            yield from min(misses, key=len, default=[f"{at}: nothing is read any more"])

    def _plain(self, writes: Node, reads: Node, at: str) -> Iterator[str]:
        wrong = _type_reason(writes, reads)
        if wrong:
            yield f"{at}: {wrong}"
            return
        yield from (f"{at}: {reason}" for reason in (*_value_reasons(writes, reads), *_bound_reasons(writes, reads)))
        types = types_of(writes) or {"array", "object"}
        if "array" in types and "items" in reads:
            yield from self.reasons(writes.get("items", True), reads["items"], f"{at}[]")
        if "object" in types:
            yield from self._object(writes, reads, at)

    def _object(self, writes: Node, reads: Node, at: str) -> Iterator[str]:
        for name in reads.get("required", []):
            if name not in writes.get("required", []):
                yield f"{at}.{name}: is required and may be absent"
        for name, written in fields_of(writes).items():
            read = fields_of(reads).get(name, others_of(reads))
            if read is False:
                yield f"{at}.{name}: is refused as unknown"
            else:
                yield from self.reasons(written, read, f"{at}.{name}")
        yield from self._free_keys(writes, reads, at)

    def _free_keys(self, writes: Node, reads: Node, at: str) -> Iterator[str]:
        """A dict's keys may have any name, those that the reader knows as fields among them."""
        free = others_of(writes)
        if isinstance(free, bool):
            return
        for name, read in fields_of(reads).items():
            if name not in fields_of(writes):
                yield from self.reasons(free, read, f"{at}.{name}")
        yield from self.reasons(free, others_of(reads), f"{at}.*")


def fields_of(node: Node) -> Mapping[str, Any]:
    """The named fields of an object."""
    fields: Mapping[str, Any] = node.get("properties", {})
    return fields


def others_of(node: Node) -> Any:
    """What a field that is not named may be: a schema, or whether it may be at all."""
    return node.get("additionalProperties", True)


def _mixed(node: Node) -> bool:
    return "anyOf" in node and bool(set(node) - ANNOTATIONS - {"anyOf"})


def _type_reason(writes: Node, reads: Node) -> str:
    written, read = types_of(writes), types_of(reads)
    if read is None:
        return ""
    if written is None:
        return f"anything is written, {_or(read)} is read"
    allowed = read | {"integer"} if "number" in read else read
    return "" if written <= allowed else f"{_or(written)} is written, {_or(read)} is read"


def _value_reasons(writes: Node, reads: Node) -> Iterator[str]:
    written, read = _values(writes), _values(reads)
    if read is None:
        return
    if written is None:
        yield f"any value is written, {_or(read)} is read"
    elif not written <= read:
        yield f"{_or(written - read)} is written and not read"


def _bound_reasons(writes: Node, reads: Node) -> Iterator[str]:
    for name, holds in BOUNDS.items():
        if name in reads and not (name in writes and holds(writes[name], reads[name])):
            yield f"{name} {json.dumps(reads[name])} is asked, {json.dumps(writes.get(name))} is promised"


def _or(names: set[str]) -> str:
    return " or ".join(sorted(names)) or "nothing"
