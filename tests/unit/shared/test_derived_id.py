"""Ids are name-based UUIDs of our namespace: the same in every process, every release and every other language."""

from __future__ import annotations

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from shared.schemas.envelope import NAMESPACE, derived_id


def test_id__is_known_beforehand() -> None:
    """As Python's own uuid5 gave it when the first of them was stored."""
    assert derived_id("transition", "encounter-1", 1) == "fe85a29b-2063-53e0-b7c4-162a834e54df"


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_id__is_a_uuid5_of_the_parts(parts: list[str]) -> None:
    id_ = derived_id(*parts)
    assert id_ == str(uuid5(NAMESPACE, "\x1f".join(parts)))
    assert UUID(id_).version == 5
