"""May this schema replace that one while old records lie in topics and old hearers still run?

Everything that one edition writes must be read by the other, in both directions: a new reader reads what was kept, a
reader that is not yet upgraded reads what is new. Beyond that three promises are kept: no field goes, no default
changes its meaning, and nobody who tolerated unknown fields begins to refuse them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from tests.contracts.reading import Node, fields_of, others_of, resolved, types_of, unread


def breaking_changes(old: Node, new: Node) -> list[str]:
    """Why `new` may not replace `old`, each with its place; empty if it may."""
    return [
        *(f"records already kept: {reason}" for reason in unread(old, new)),
        *(f"hearers not yet upgraded: {reason}" for reason in unread(new, old)),
        *(f"promise: {reason}" for reason in _Promises(old, new).broken(old, new, "$")),
    ]


def broken_by(versions: Iterable[tuple[str, Node]], new: Node) -> list[str]:
    """The same against every version there ever was (`name`, schema): compatibility is transitive."""
    return [f"against {name}: {reason}" for name, old in versions for reason in breaking_changes(old, new)]


class _Promises:
    """What validity alone does not see. Walks the places that both schemas have."""

    def __init__(self, old: Node, new: Node) -> None:
        self._old = old
        self._new = new
        self._under_way: set[tuple[str, str]] = set()

    def broken(self, old: Any, new: Any, at: str) -> list[str]:
        """Every broken promise at and below this place. A pair that is met again inside itself adds nothing."""
        pair = (json.dumps(old, sort_keys=True), json.dumps(new, sort_keys=True))
        if pair in self._under_way:
            return []
        self._under_way.add(pair)
        try:
            return list(self._node(resolved(old, self._old), resolved(new, self._new), at))
        finally:
            self._under_way.discard(pair)

    def _node(self, old: Node, new: Node, at: str) -> Iterator[str]:
        if "default" in old and not ("default" in new and _same_default(old["default"], new["default"])):
            yield f"{at}: absent no longer means {json.dumps(old['default'])}"
        if "anyOf" in old or "anyOf" in new:
            yield from self._alternatives(old, new, at)
            return
        if others_of(old) is not False and others_of(new) is False:
            yield f"{at}: unknown fields were tolerated and are refused"
        yield from self._fields(old, new, at)
        if "items" in old and "items" in new:
            yield from self.broken(old["items"], new["items"], f"{at}[]")
        if isinstance(others_of(old), dict) and isinstance(others_of(new), dict):
            yield from self.broken(others_of(old), others_of(new), f"{at}.*")

    def _fields(self, old: Node, new: Node, at: str) -> Iterator[str]:
        for name, was in fields_of(old).items():
            if name not in fields_of(new):
                yield f"{at}.{name}: the field is gone"
            else:
                yield from self.broken(was, fields_of(new)[name], f"{at}.{name}")

    def _alternatives(self, old: Node, new: Node, at: str) -> Iterator[str]:
        """An alternative is known again by its type; among several the nearest counts."""
        for way in old.get("anyOf", [_bare(old)]):
            kind = types_of(resolved(way, self._old))
            others = new.get("anyOf", [_bare(new)])
            same = [other for other in others if types_of(resolved(other, self._new)) == kind]
            yield from min((self.broken(way, other, at) for other in same), key=len, default=[])


def _bare(node: Node) -> Node:
    return {key: value for key, value in node.items() if key != "default"}


def _same_default(old: Any, new: Any) -> bool:
    """A default object may gain fields: they have defaults of their own."""
    if isinstance(old, dict) and isinstance(new, dict):
        return all(name in new and _same_default(value, new[name]) for name, value in old.items())
    return json.dumps(old) == json.dumps(new)
