"""Scripted stays, the messages of them in HL7 v2, and what must stand in the end.

The model is sequential: it goes through a stay's messages in the order the hospital recorded them, knows nothing of
facts, folds or registers, and shares no code with the services. Windows are worked by hand: elapsed hours from the
discharge, local days of New York in November 2026 (UTC-5, no daylight saving, no holiday within the days used).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.simulation.er7 import MONDAY, WARD, Message

LOCAL = timedelta(hours=-5)
SILENT_DAYS = 6
"""Of an emergency visit the fifth day closes it (services/admissions/rules.toml); of a stay the 120th."""

STAGES = {"A04": "in-progress", "A01": "in-progress", "A13": "in-progress", "A03": "finished"}
SCRIPTS: tuple[tuple[str, ...], ...] = (
    ("A01", "A03:01"),
    ("A01", "A03:01", "A13"),
    ("A01", "A03:01", "A13", "A03:01"),
    ("A01", "A03:03", "A13", "A03:01"),
    ("A01", "A03:01", "A13", "A03:01", "A13"),
    ("A04", "A03:01"),
    ("A04", "A01", "A03:01"),
    ("A04", "A01", "A11"),
    ("A01", "A11"),
    ("A01", "A08", "A03:01"),
    ("A01", "A03:01", "A08"),
    ("A01", "A03:01", "A08:dead"),
    ("A01", "A03:03"),
    ("A01", "A03:01", "A03:03"),
    ("A01", "A03:03", "A03:01"),
    ("A01",),
    ("A04", "A08", "A11"),
    ("A04",),
    ("A04", "A08:late"),
    ("A04", "A08:late", "A03:01"),
    ("A04", "A08:late", "A01"),
    ("A04", "A03:01", "A13"),
    ("A01", "A02:7E", "A02:ICU", "A12"),
    ("A01", "A02:7E", "A12", "A02:ICU", "A03:01"),
)
"""What a hospital says of one stay, in order. `A03:01`: with that disposition. `A02:ICU`: to that ward. `A12` names
neither the transfer nor the bed: the last one recorded before it. `A08:late`: after six days of silence."""


@dataclass
class Stay:
    """One stay of one patient. `ward`: where it begins; `swapped_to`: where its A17 brings it."""

    number: int
    messages: list[Message] = field(default_factory=list)
    other_numbers: frozenset[str] = frozenset()
    ward: str = WARD
    swapped_to: str = ""

    @property
    def visit(self) -> str:
        return f"V{self.number}"

    @property
    def numbers(self) -> frozenset[str]:
        """Every number that it or its account ever had."""
        return self.other_numbers | {self.visit}

    def is_meant_by(self, move: Message) -> bool:
        """By the number of the visit or of its account."""
        return move.visit == self.visit if move.visit else move.account == self.messages[0].account


@dataclass(frozen=True)
class Truth:
    """What stands of a stay. `closed`: by rule, after five days without a word."""

    status: str
    discharged_at: datetime | None
    tasks: dict[str, tuple[datetime, datetime]]
    ward: str = WARD
    closed: bool = False


def a_stay(number: int, rng: random.Random, *, split: bool, scripts: Sequence[tuple[str, ...]] = SCRIPTS) -> Stay:
    """The messages of one of the scripts, at times of its own, in the order the hospital recorded them.

    Some may bring another of the patient's numbers only, so that they travel in another partition.
    """
    stay = Stay(number)
    began = at = MONDAY + timedelta(minutes=rng.randrange(0, 600), seconds=number)
    discharged: datetime | None = None
    class_, script = "I", rng.choice(scripts)
    for position, word in enumerate(script):
        trigger, _, detail = word.partition(":")
        at += timedelta(minutes=rng.randrange(7, 400), days=SILENT_DAYS if detail == "late" else 0)
        class_ = "E" if trigger == "A04" else "I" if trigger == "A01" else class_
        if trigger == "A03" and not (discharged and rng.random() < 0.5):
            discharged = at - timedelta(minutes=rng.randrange(0, 5))
        happened = {"A03": discharged, "A13": discharged, "A11": began}.get(trigger) or at
        began = at if trigger in ("A04", "A01") else began
        message = Message(trigger, f"M{number}-{position}", at, happened, detail, sent_at=at, under=number)
        message.split, message.visit, message.class_ = split and rng.random() < 0.5, stay.visit, class_
        message.ward = detail if trigger == "A02" else "" if "A12" in script and position else WARD
        message.discharged = discharged if trigger in ("A03", "A13") else None
        stay.messages.append(message)
        discharged = None if trigger == "A13" else discharged
    return stay


def truth_of(stay: Stay, *, dead: bool | None = None) -> Truth:
    """Message by message, as the hospital recorded them. `dead`: is the patient; None: as the stay's messages say."""
    dead = any(message.detail == "dead" for message in stay.messages) if dead is None else dead
    stages, discharge, class_, ward = [""], None, "I", _ward(stay)
    for message in stay.messages:
        class_ = message.class_ or {"A04": "E", "A01": "I"}.get(message.trigger, class_)
        if message.trigger in STAGES:
            stages.append(STAGES[message.trigger])
        elif message.trigger == "A11":
            stages.append("cancelled" if len(stages) == 2 else "in-progress")
        if message.trigger in ("A03", "A13"):
            discharge = message if message.trigger == "A03" else None
    if discharge is None:
        closed = stages[-1] == "in-progress" and class_ == "E"
        return Truth("finished" if closed else stages[-1], None, {}, ward, closed)
    tasks = windows(_pathway(class_, discharge.detail, dead=dead), discharge.happened)
    return Truth("finished", discharge.happened, tasks, ward)


def _ward(stay: Stay) -> str:
    """A cancelled transfer gives its bed back to the one before it."""
    wards = [stay.ward]
    for message in stay.messages:
        if message.trigger == "A02":
            wards.append(message.detail)
        elif message.trigger == "A17":
            wards.append(stay.swapped_to)
        elif message.trigger == "A12":
            wards.pop()
    return wards[-1]


def _pathway(class_: str, disposition: str, *, dead: bool) -> str:
    if dead:
        return "died"
    return {"03": "facility"}.get(disposition, "emergency-home" if class_ == "E" else "home")


def windows(pathway: str, t0: datetime) -> dict[str, tuple[datetime, datetime]]:
    """The work of a pathway: from when and until when, inclusive."""
    day = (t0 + LOCAL).replace(hour=0, minute=0, second=0)
    contact = (day + timedelta(days=1) - LOCAL, _end(_business(day, 2)))
    hours = timedelta(hours=1)
    table = {
        "home": {
            "contact": contact,
            "home-visit": (t0 + 48 * hours, t0 + 72 * hours),
            "medication-reconciliation": (t0, _end(day + timedelta(days=7))),
            "practitioner-visit": (t0, _end(day + timedelta(days=7))),
        },
        "facility": {"facility-warm-call": (t0, t0 + 24 * hours)},
        "emergency-home": {"follow-up-call": (t0, t0 + 72 * hours)},
        "died": {"bereavement": contact},
    }
    return table[pathway]


def _business(day: datetime, days: int) -> datetime:
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day


def _end(day: datetime) -> datetime:
    return day + timedelta(days=1) - LOCAL - timedelta(seconds=1)
