"""docs/adt.md: what every trigger from A01 to A62 does here, from the table that admissions goes by."""

from __future__ import annotations

from typing import Final

from generator.pages import code, page, table
from services.admissions.domain.triggers import NOT_YET, TRIGGERS, Effect, Row

INTRODUCTION: Final = """
Every trigger of HL7 v2.5.1 chapter 3. The source is the section of that chapter.

A message whose trigger does nothing, or is not acted on yet, is acknowledged and kept as it came. Nothing of it is
merged into the patient or the stay, and nobody is told. It is counted by its trigger: `care_decisions_noted_total` with
`what` = `trigger-a40`, or `trigger-unknown` for one that is not in these tables.
"""

OWN: Final = """
*Goes with it*: these fields are kept with the message that sent them. When it is taken back they are gone, and what
stood before stands again, in whatever order the messages came. Every other field is the last word that was sent. A
cancel finds its target by EVN-6, the time of what it takes back; without it, it takes back the latest that was recorded
before it.
"""

LATER: Final = """
Named here so that the table is whole. **None of this is acted on today**: two patients that are merged stay two, a
moved visit stays where it is, and the two of a swap keep their beds until something else says where they are.
"""

NONE: Final = """
These never do anything, for the reason given.
"""


def adt_page() -> str:
    """The page."""
    acting = [(trigger, row) for trigger, row in TRIGGERS.items() if row.acts]
    later = [(trigger, row) for trigger, row in TRIGGERS.items() if row.effect in NOT_YET]
    none = [(trigger, row) for trigger, row in TRIGGERS.items() if row.effect is Effect.NONE]
    return page(
        "ADT triggers",
        INTRODUCTION,
        f"## Acted on ({len(acting)})",
        OWN,
        table(("Trigger", "Name", "Effect", "Goes with it", "Needs", "Note", "Source"), map(_acting, acting)),
        f"## Not acted on yet: kept raw, counted ({len(later)})",
        LATER,
        table(("Trigger", "Name", "Effect", "Meaning", "Source"), map(_later, later)),
        f"## Without effect ({len(none)})",
        NONE,
        table(("Trigger", "Name", "Because", "Source"), map(_none, none)),
    )


def _acting(entry: tuple[str, Row]) -> tuple[str, ...]:
    trigger, row = entry
    own = ", ".join(code(field.rstrip("_")) for field in row.own)
    return code(trigger), row.name, _effect(row), own, ", ".join(row.needs), row.note, row.source


def _effect(row: Row) -> str:
    return " ".join([row.effect.value, *([" and ".join(row.cancels)] if row.cancels else [])])


def _later(entry: tuple[str, Row]) -> tuple[str, ...]:
    trigger, row = entry
    return code(trigger), row.name, row.effect.value, row.note, row.source


def _none(entry: tuple[str, Row]) -> tuple[str, ...]:
    trigger, row = entry
    return code(trigger), row.name, row.because, row.source
