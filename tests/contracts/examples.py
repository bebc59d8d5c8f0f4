"""The committed examples: `shared/schemas/examples/<topic>/<type>/<case>.json`, the data of one event a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import shared.schemas

SCHEMAS: Final = Path(shared.schemas.__file__).parent
SNAPSHOTS: Final = SCHEMAS / "json"
EXAMPLES: Final = SCHEMAS / "examples"


@dataclass(frozen=True)
class Example:
    """One case. `newer`: what a later edition would send, with fields that today's models do not know."""

    topic: str
    type: str
    case: str

    @property
    def text(self) -> str:
        return (EXAMPLES / self.topic / self.type / f"{self.case}.json").read_text("utf-8")

    @property
    def newer(self) -> bool:
        return self.case == "from-a-newer-sender"

    def __str__(self) -> str:
        return f"{self.type}/{self.case}"


def parts(file: Path) -> Example:
    topic, type_, name = file.relative_to(EXAMPLES).parts
    return Example(topic, type_, name.removesuffix(".json"))


ALL: Final = [parts(file) for file in sorted(EXAMPLES.glob("*/*/*.json"))]


def snapshot(type_: str) -> dict[str, Any]:
    """The committed JSON Schema of a type."""
    schema: dict[str, Any] = json.loads((SNAPSHOTS / f"{type_}.json").read_text("utf-8"))
    return schema
