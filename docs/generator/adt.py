"""docs/adt.md: what every trigger from A01 to A62 does here, from the table that admissions goes by."""

from __future__ import annotations

from typing import Final

from generator.pages import code, page, table
from services.admissions.domain.triggers import TRIGGERS, Effect, Row

INTRODUCTION: Final = """
Every trigger of HL7 v2.5.1 chapter 3. The source is the section of that chapter.

A message whose trigger does nothing is acknowledged and kept as it came. Nothing of it is merged into the patient or
the stay, and nobody is told. It is counted by its trigger: `care_decisions_noted_total` with `what` = `trigger-a09`, or
`trigger-unknown` for one that is not in these tables.
"""

OWN: Final = """
*Goes with it*: these fields are kept with the message that sent them. When it is taken back they are gone, and what
stood before stands again, in whatever order the messages came. Every other field is the last word that was sent. A
cancel finds its target by EVN-6, the time of what it takes back; without it, it takes back the latest that was recorded
before it.
"""

WAYS: Final = """
- A01, A03, A04, A05 and A14 are one fact each: a later one of the same trigger amends it. Of every other trigger each
  message is a fact of its own; one that says the same of the same time is a repetition.
- A plan (A05, A14) is told to nobody. An admission that is taken back falls back to its plan, and its hearers are told
  that it does not stand.
- A07 after A01 is an update: it was an admission, and who was told of it was told rightly. A06 after that tells of no
  second one.
- An A03 of patient class R ends the month of a series and not the series. Nobody is told. Where the A03 has no class,
  the class of the begin counts.
- A patient on leave (A21) is carried as `on_leave` until A22. A discharge from leave is a discharge.
- A death is the last word among PID-30, PID-29 and a discharge whose disposition says expired. A later PID-30 of N
  takes it back; while the discharge still says expired, the review `death-taken-back` asks a person to look.
- A class in an A08 only describes the stay, unless the feed's profile says `a08_class = "moves"`: then a bedded class
  (I, B) admits a registered visit, and any other makes a visit of an admitted stay.
- A message that neither begins nor ends a stay, and has neither a visit or account number nor PV1-44, is about the
  patient alone.
- A merge, a move or a renaming is kept as a fact, each group of PID and MRG one. Who is one person and whose stay it is
  is computed from these facts, in whatever order they came, and nothing is rewritten: so each can be undone. Of two
  numbers that were merged into each other the later word's leads. Where PID-3 or MRG-1 holds no usable number the
  message goes to the dead letters (`no-number`, `no-prior-number`).
- A moved stay (A43, A44, A45) is taken back from the patient of whom it was told (`encounter.moved`, which never names
  the right one) and told anew of the other under another encounter id. What comes under the wrong number later follows
  it. An A43 that has the same MRN on both sides moves nothing: it gives the patient another number.
- A01, A06 and A07 may name the visit that this one was before (MRG-5, else MRG-3): both are one stay then, and the end
  of the earlier visit ended nothing.
- Of changes of bed (A02, A12, A17) the latest 100 of a stay are kept, of all other facts 200; more than that is for a
  person to look at, and nobody is told anything more.
"""

NONE: Final = """
These never do anything, for the reason given.
"""


def adt_page() -> str:
    """The page."""
    acting = [(trigger, row) for trigger, row in TRIGGERS.items() if row.acts]
    none = [(trigger, row) for trigger, row in TRIGGERS.items() if row.effect is Effect.NONE]
    return page(
        "ADT triggers",
        INTRODUCTION,
        f"## Acted on ({len(acting)})",
        OWN,
        table(("Trigger", "Name", "Effect", "Goes with it", "Needs", "Note", "Source"), map(_acting, acting)),
        "## How they are read",
        WAYS,
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


def _none(entry: tuple[str, Row]) -> tuple[str, ...]:
    trigger, row = entry
    return code(trigger), row.name, row.because, row.source
