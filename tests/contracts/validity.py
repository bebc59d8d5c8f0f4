"""Is this valid by that JSON Schema? By jsonschema, formats included; it has no `date-time` of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

FORMATS: Final = FormatChecker()


def _is_date_time(value: object) -> bool:
    """RFC 3339: an offset is a must."""
    return not isinstance(value, str) or ("T" in value and datetime.fromisoformat(value).tzinfo is not None)


FORMATS.checks("date-time", raises=ValueError)(_is_date_time)


def complaints(schema: Mapping[str, Any], value: Any) -> list[str]:
    """Place and keyword of everything that is wrong; never the value."""
    validator = Draft202012Validator(schema, format_checker=FORMATS)
    return [f"{error.json_path}: {error.validator}" for error in validator.iter_errors(value)]
