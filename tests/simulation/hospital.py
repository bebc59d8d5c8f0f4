"""Scripted stays, the messages of them in HL7 v2, and what must stand in the end.

The model is sequential: it goes through a stay's messages in the order the hospital recorded them, knows nothing of
facts, folds or registers, and shares no code with the services. Windows are worked by hand: elapsed hours from the
discharge, local days of New York in November 2026 (UTC-5, no daylight saving, no holiday within the days used).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

MONDAY = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
LOCAL = timedelta(hours=-5)

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
)
"""What a hospital says of one stay, in order. `A03:01`: with that disposition."""


@dataclass
class Message:
    """One message. `sent_at` is when it comes to our door, which need not be in order."""

    trigger: str
    control_id: str
    recorded: datetime
    happened: datetime
    detail: str
    body: bytes = b""
    split: bool = False
    sent_at: datetime = MONDAY


@dataclass
class Stay:
    """One stay of one patient."""

    number: int
    messages: list[Message] = field(default_factory=list)

    @property
    def visit(self) -> str:
        return f"V{self.number}"


@dataclass(frozen=True)
class Truth:
    """What stands of a stay."""

    status: str
    discharged_at: datetime | None
    tasks: dict[str, tuple[datetime, datetime]]


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S+0000")


def a_stay(number: int, rng: random.Random, *, split: bool) -> Stay:
    """The messages of one of the scripts, at times of its own, in the order the hospital recorded them.

    Some may bring another of the patient's numbers only, so that they travel in another partition.
    """
    stay = Stay(number)
    began = at = MONDAY + timedelta(minutes=rng.randrange(0, 600))
    discharged: datetime | None = None
    class_ = "I"
    for position, word in enumerate(rng.choice(SCRIPTS)):
        trigger, _, detail = word.partition(":")
        at += timedelta(minutes=rng.randrange(7, 400))
        class_ = "E" if trigger == "A04" else "I" if trigger == "A01" else class_
        if trigger == "A03" and not (discharged and rng.random() < 0.5):
            discharged = at - timedelta(minutes=rng.randrange(0, 5))
        happened = {"A03": discharged, "A13": discharged, "A11": began}.get(trigger) or at
        began = at if trigger in ("A04", "A01") else began
        message = Message(trigger, f"M{number}-{position}", at, happened, detail)
        message.split, message.sent_at = split and rng.random() < 0.5, at
        message.body = _er7(stay, message, class_, discharged if trigger in ("A03", "A13") else None)
        stay.messages.append(message)
        discharged = None if trigger == "A13" else discharged
    return stay


def phone_of(message: Message) -> str:
    """Another one in each message, so that it shows who had the last word: the one that was recorded last."""
    return f"555-{message.recorded:%d%H%M}"


def _er7(stay: Stay, message: Message, class_: str, discharged: datetime | None) -> bytes:
    pid = [""] * 31
    person = f"E{stay.number}^^^NORTH^PI"
    pid[1], pid[3] = "1", person if message.split else f"{person}~7700{stay.number}^^^NORTH^MR"
    pid[5] = "Simperson^Ada"
    pid[7], pid[8] = "19410506", "F"
    pid[13] = phone_of(message)
    if message.detail == "dead":
        pid[29], pid[30] = stamp(message.happened), "Y"
    pv1 = [""] * 46
    pv1[1], pv1[2], pv1[3], pv1[4], pv1[7] = "1", class_, "4W^401^1^NORTH", "E", "ND001^Attend^Ann^^^^^^NORTH"
    pv1[19] = f"{stay.visit}^^^NORTH^VN"
    pv1[36] = message.detail if message.trigger == "A03" else ""
    pv1[45] = stamp(discharged) if discharged else ""
    at = stamp(message.recorded)
    lines = [
        f"MSH|^~\\&|ADT|NORTH|CARE|CARE|{at}||ADT^{message.trigger}|{message.control_id}|P|2.5.1",
        f"EVN|{message.trigger}|{at}||||{stamp(message.happened)}",
        "|".join(["PID", *pid[1:]]),
        "PD1||||9000000001^Testoak^Olive^^^^^^NPI",
        "|".join(["PV1", *pv1[1:]]),
    ]
    return "\r".join(lines).encode() + b"\r"


def truth_of(stay: Stay) -> Truth:
    """Message by message, as the hospital recorded them."""
    stages, discharge, dead, class_ = [""], None, False, "I"
    for message in stay.messages:
        if message.trigger in ("A04", "A01"):
            stages.append("in-progress")
            class_ = "E" if message.trigger == "A04" else "I"
        elif message.trigger == "A03":
            stages.append("finished")
            discharge = (message.happened, message.detail)
        elif message.trigger == "A13":
            stages.append("in-progress")
            discharge = None
        elif message.trigger == "A11":
            stages.append("cancelled" if len(stages) == 2 else "in-progress")
        dead = dead or message.detail == "dead"
    if discharge is None:
        return Truth(stages[-1], None, {})
    return Truth("finished", discharge[0], windows(_pathway(class_, discharge[1], dead=dead), discharge[0]))


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
