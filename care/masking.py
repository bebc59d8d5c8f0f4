"""A record's data with its patient left out: what a screen may show when nobody asked for patient data.

Only what is known to be an id, a code or a time of ours is shown; what is not known is masked, so that a field somebody
adds later is hidden until it is listed here. A record that came from outside shows its field names and nothing else.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

MASK: Final = "•••"
PEOPLE: Final = frozenset({"patient", "care_team", "actor", "performer", "name", "identifiers", "channels"})
"""Under these everything is masked, whatever it is called."""

_IDS = ("encounter_id", "transition_id", "task_id", "delivery_id", "command_id", "event_id", "message_id", "entry_id")
_REFERENCES = ("aggregate", "cause", "corrects", "recipient", "facility", "facilities")
_CODES = ("type", "status", "class", "code", "business_status", "reason", "disposition", "processing_id", "precision")
_RULES = ("flags", "pathway", "rule", "basis", "zone", "alarm", "tells", "role", "channel", "kind", "language")
_LOOKS = ("command", "place", "shown")
_TIMES = ("occurred_at", "instant", "opens_at", "due_at", "escalates_at", "performed_at", "due")

OURS: Final = frozenset({*_IDS, *_REFERENCES, *_CODES, *_RULES, *_LOOKS, *_TIMES, "program_roles", "subscriptions"})
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._+|/-]*")
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")


def masked(value: bytes, *, ours: bool) -> str:
    """One line. JSON keeps its fields, ER7 its segments' names and field counts; `ours`: our own event."""
    if value.lstrip(b"\x0b\r\n ").startswith(b"MSH"):
        return _segments(value)
    try:
        content = json.loads(value)
    except ValueError:
        return f"{len(value)} bytes that are neither JSON nor HL7 v2"
    return json.dumps(_masked(content, "", ours), ensure_ascii=False)


def _masked(content: Any, name: str, ours: bool) -> Any:
    match content:
        case dict():
            return {key: _masked(each, key, ours and key not in PEOPLE) for key, each in content.items()}
        case list():
            return [_masked(each, name, ours) for each in content]
        case None | bool() | "":
            return content
        case str():
            return content if ours and name in OURS and _PLAIN.fullmatch(content) else MASK
        case _:
            return content if ours else MASK


def _segments(value: bytes) -> str:
    text = value.decode("latin-1").strip("\x0b\r\n ")
    separator = text[3:4]
    lines = [line for line in re.split(r"[\r\n]+", text) if line]
    return " ".join(f"{_named(line)}:{line.count(separator) if separator else 0}" for line in lines)


def _named(line: str) -> str:
    return line[:3] if _SEGMENT.fullmatch(line[:3]) else MASK
