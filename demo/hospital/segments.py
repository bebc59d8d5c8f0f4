"""ER7 text from values: fields by their HL7 numbers, composites by their parts, everything escaped exactly once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from demo.hospital.providers import Provider
from shared.hl7.separators import STANDARD, escape


def segment(name: str, fields: Mapping[int, str]) -> str:
    """One segment without its end; `fields` are written already (`composite`, `text`, `repeated`)."""
    written = [fields.get(number, "") for number in range(1, max(fields) + 1)]
    return STANDARD.field.join([name, *written]).rstrip(STANDARD.field)


def composite(*components: str) -> str:
    """Components to one field, each escaped; empty ones at the end are left out."""
    return STANDARD.component.join(escape(part) for part in components).rstrip(STANDARD.component)


def repeated(*repetitions: str) -> str:
    """Repetitions that hold anything."""
    return STANDARD.repetition.join(one for one in repetitions if one)


def moment(at: datetime | None, zone: ZoneInfo) -> str:
    """A DTM to the second with its offset (HL7 v2.5.1 ch. 2A.22); "" for None."""
    return at.astimezone(zone).strftime("%Y%m%d%H%M%S%z") if at else ""


def cx(value: str, authority: str, kind: str) -> str:
    """CX: an identifier with assigning authority and type; "" without a value."""
    return composite(value, "", "", authority, kind) if value else ""


def xcn(provider: Provider | None) -> str:
    """XCN: a practitioner, once for each number; "" for None."""
    if provider is None:
        return ""
    numbers = [(provider.value, provider.assigner), *([provider.also] if provider.also else [])]
    return repeated(*(_xcn(provider, *number) for number in numbers))


def _xcn(provider: Provider, value: str, assigner: str) -> str:
    return composite(
        value, provider.family, provider.given, "", "", "DR", "", "", assigner, "L", "", "", _type(assigner)
    )


def _type(assigner: str) -> str:
    """HL7 table 0203: a national number or one of the hospital's own."""
    return "NPI" if assigner == "NPI" else "DN"
