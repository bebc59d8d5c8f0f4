"""The contract for those who do not read Python: a JSON Schema for each type, and which types stand on which topic.

`shared/schemas/json/` holds these schemas as committed text (`make schemas`), so that a change of the contract is seen
as one. Says nothing about what may change: tests/contracts/compatibility.py does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from shared.schemas.adt import AdtEvent
from shared.schemas.envelope import SCHEMA_PREFIX, EventData
from shared.schemas.registry import ADT_RECEIVED, EVENT_TYPES
from shared.schemas.topics import ADT_INBOUND, Topic

ADT_EVENT: Final = "adt-event.v1"
"""What one ADT message says, as `care hl7 read` writes it; no record of a topic holds it."""

MODELS: Final[Mapping[str, type[BaseModel]]] = {**EVENT_TYPES, ADT_EVENT: AdtEvent}
"""Every model that has a schema, by the name of its type."""

_TIMERS: Final = ".timers.v1"


class _Schema(GenerateJsonSchema):
    """Field titles only repeat the field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


def schema_of(type_: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of what is written under this type; raises KeyError for one we do not know."""
    schema = MODELS[type_].model_json_schema(mode="serialization", by_alias=True, schema_generator=_Schema)
    return {"$schema": _Schema.schema_dialect, "$id": SCHEMA_PREFIX + type_, **schema}


def snapshots() -> dict[str, str]:
    """File name -> text of every committed schema."""
    return {f"{type_}.json": json.dumps(schema_of(type_), indent=2, ensure_ascii=False) + "\n" for type_ in MODELS}


def types_on(topic: Topic) -> dict[str, type[EventData] | None]:
    """The types of a topic's records; None for the hospital's own form. A timer's type stands on every timers topic."""
    if topic == ADT_INBOUND:
        return {ADT_RECEIVED: None}
    return {type_: model for type_, model in EVENT_TYPES.items() if _stands_on(model, topic)}


def _stands_on(model: type[EventData], topic: Topic) -> bool:
    return topic.name == model.TOPIC if model.TOPIC else topic.name.endswith(_TIMERS)
