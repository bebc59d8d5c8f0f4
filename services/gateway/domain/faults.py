"""What is wrong with a JSON message: where, and what kind of fault, never what was sent."""

from __future__ import annotations

from typing import Final

from pydantic import ValidationError

from shared.schemas.adt import AdtEvent

_MOST: Final = 20
_NO_TIME: Final = "occurred_at: no-time"


def json_faults(body: bytes) -> tuple[str, ...]:
    """`place: kind` of each fault for which no hearer could read `body` as an `AdtEvent`, at most 20; () if it can be.

    A place is made of the contract's own field names and of positions in lists; a kind is pydantic's.
    """
    try:
        event = AdtEvent.model_validate_json(body)
    except ValidationError as invalid:
        found = invalid.errors(include_input=False, include_url=False, include_context=False)
        return tuple(f"{_place(error['loc'])}: {error['type'].replace('_', '-')}" for error in found[:_MOST])
    return (_NO_TIME,) if event.occurred_at.instant is None else ()


def _place(parts: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in parts) or "message"
