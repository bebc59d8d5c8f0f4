"""What belongs together: sets that only grow, whatever the order in which they are joined; some are kept apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

Node = TypeVar("Node", bound=object)


class Groups(Generic[Node]):
    """Nodes in groups. `apart`: pairs that no joining may bring together."""

    def __init__(self, nodes: Iterable[Node], apart: Iterable[frozenset[Node]] = ()) -> None:
        self._of: dict[Node, set[Node]] = {node: {node} for node in nodes}
        self._apart = tuple(apart)

    def join(self, one: Node, other: Node) -> bool:
        """One group of the two of these; whether they are in one then."""
        mine, others = self._of[one], self._of[other]
        if mine is others:
            return True
        both = mine | others
        if any(pair <= both for pair in self._apart):
            return False
        for node in both:
            self._of[node] = both
        return True

    def join_all(self, nodes: Iterable[Node]) -> None:
        """One group of the groups of all these."""
        first, *others = nodes
        for node in others:
            self.join(first, node)

    def of(self, node: Node) -> frozenset[Node]:
        """The group of a node."""
        return frozenset(self._of[node])

    def __contains__(self, node: Node) -> bool:
        return node in self._of

    def together(self, one: Node, other: Node) -> bool:
        """Are the two in one group?"""
        return self._of[one] is self._of[other]

    def all(self) -> list[frozenset[Node]]:
        """Every group once."""
        return [frozenset(group) for group in {id(group): group for group in self._of.values()}.values()]
