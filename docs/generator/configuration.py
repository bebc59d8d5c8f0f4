"""docs/configuration.md: every environment variable, from the settings classes of the services that there are."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from generator.pages import code, page, table
from shared.settings import ServiceSettings

INTRODUCTION: Final = """
Services read their settings from the environment and from nowhere else. No address and no secret has a default: a
process that lacks one lists what is missing on stderr and exits with 78 (EX_CONFIG), before it connects to anything.

Durations are ISO 8601 (`PT24H`) or seconds; lists are JSON (`["@example.org"]`); a variable whose name holds `__` is
one part of a policy. **Secret** says what to keep from eyes: the value itself, or the file that it names.
"""

_SECRET_FILE: Final = re.compile(r"(secret|password|token|key)_file$")
_SECRET_VALUE: Final = re.compile(r"(secret|password|token|_url)$")
_WORDS: Final[dict[Any, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true, false",
    Path: "path",
    timedelta: "duration",
}
_HEADS: Final = ("Variable", "Type", "Default", "Secret", "Meaning")


class Variable(NamedTuple):
    """One environment variable and the field it sets."""

    name: str
    field: FieldInfo
    required: bool


def settings_classes(services: Path) -> dict[str, type[ServiceSettings]]:
    """Service -> its settings class, for every service that has one."""
    found = {}
    for file in sorted(services.glob("*/settings.py")):
        settings = getattr(importlib.import_module(f"services.{file.parent.name}.settings"), "Settings", None)
        if settings is not None:
            found[file.parent.name] = settings
    return found


def variables(settings: type[ServiceSettings]) -> Iterator[Variable]:
    """Every variable that the class reads, parts of nested models included."""
    prefix = settings.model_config.get("env_prefix", "")
    delimiter = settings.model_config.get("env_nested_delimiter") or ""
    for name, field in settings.model_fields.items():
        yield from _parts(f"{prefix}{name}".upper(), field, field.is_required(), delimiter)


def configuration_page(services: Path) -> str:
    """The page."""
    common = list(variables(ServiceSettings))
    sections = [f"## Every service\n\n{_table(common)}"]
    for service, settings in settings_classes(services).items():
        own = [variable for variable in variables(settings) if variable.name not in {one.name for one in common}]
        sections.append(f"## {service}\n\n{_table(own) if own else 'Nothing beyond the above.'}")
    return page("Configuration", INTRODUCTION, *sections)


def _parts(name: str, field: FieldInfo, required: bool, delimiter: str) -> Iterator[Variable]:
    model = _model(field.annotation) if delimiter else None
    if model is None:
        yield Variable(name, field, required)
        return
    for part, inner in model.model_fields.items():
        if part in ServiceSettings.model_fields:  # follows the setting that every service has
            continue
        yield from _parts(f"{name}{delimiter}{part.upper()}", inner, required and inner.is_required(), delimiter)


def _model(annotation: Any) -> type[BaseModel] | None:
    candidates = [annotation, *get_args(annotation)]
    return next((one for one in candidates if isinstance(one, type) and issubclass(one, BaseModel)), None)


def _table(rows: list[Variable]) -> str:
    return table(
        _HEADS,
        [(code(one.name), _type(one.field.annotation), _default(one), _secret(one), _meaning(one)) for one in rows],
    )


def _meaning(variable: Variable) -> str:
    limits = ", ".join(text for rule in variable.field.metadata if (text := _limit(rule)))
    meaning = variable.field.description or ""
    return f"{meaning} ({limits})" if limits else meaning


def _limit(rule: object) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    return ", ".join(f"{sign} {_text(getattr(rule, name))}" for name, sign in signs.items() if hasattr(rule, name))


def _default(variable: Variable) -> str:
    if variable.required:
        return "**required**"
    default = variable.field.get_default(call_default_factory=True)
    if default is None:
        return "none"
    return code(_text(default)) or "empty"


def _text(value: Any) -> str:
    match value:
        case timedelta():
            return f"PT{value / timedelta(hours=1):g}H"
        case Enum():
            return str(value.value)
        case bool() | tuple() | list() | dict():
            return json.dumps(value)
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _type(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return ", ".join(code(str(value)) for value in get_args(annotation))
    kinds = [one for one in get_args(annotation) if one is not type(None) and one is not Ellipsis]
    if get_origin(annotation) in (tuple, list):
        return f"list of {_type(kinds[0])}"
    if kinds:
        return " or ".join(_type(kind) for kind in kinds)
    return _WORDS[annotation] if annotation in _WORDS else str(annotation.__name__)


def _secret(variable: Variable) -> str:
    if "Secret" in str(variable.field.annotation):
        return "yes"
    name = variable.name.lower()
    if _SECRET_FILE.search(name):
        return "the file"
    return "may hold credentials" if _SECRET_VALUE.search(name) else ""
