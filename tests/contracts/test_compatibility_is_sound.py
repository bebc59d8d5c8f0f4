"""Where the checker says nothing, everything that one edition writes is valid to the other, by a validator not ours.

`breaking_changes` says nothing only where `unread` says nothing in either direction."""

from __future__ import annotations

from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.contracts.reading import unread
from tests.contracts.schemas import Schema, data, pairs, schemas
from tests.contracts.validity import complaints


@given(schemas(), st.data())
@settings(max_examples=60)
def test_data__is_valid_by_its_own_schema(schema: Schema, draw: st.DataObject) -> None:
    assert complaints(schema, draw.draw(data(schema, schema))) == []


@given(pairs(), st.data())
@settings(max_examples=300)
def test_unread__what_it_lets_pass_is_valid_to_the_reader(pair: tuple[Schema, Schema], draw: st.DataObject) -> None:
    old, new = pair
    for writer, reader in ((old, new), (new, old)):
        if not unread(writer, reader):
            event(f"something changed: {writer != reader}")
            assert complaints(reader, draw.draw(data(writer, writer))) == []
