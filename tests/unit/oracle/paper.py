"""What the paper stories are written with: messages of one invented stay, times as a clock in New York shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from demo.oracle.audience import Directory
from demo.oracle.expecting import expect
from demo.oracle.facts import Account, Arrival, Done, Member, Message, Pace, Visit

VISIT = "V1"
STEP = timedelta(hours=3)
NPI = "NPI"

DIRECTORY = Directory(
    {
        "entries": [
            {
                "entry_id": "coordinator",
                "program_roles": ["coordinator"],
                "facilities": ["NORTH"],
                "channels": [{"address": "c@example.org"}],
            },
            {
                "entry_id": "supervisor",
                "program_roles": ["supervisor"],
                "facilities": ["NORTH"],
                "channels": [{"address": "s@example.org"}],
            },
            {
                "entry_id": "doctor",
                "identifiers": [{"assigner": "NORTH", "value": "D1"}],
                "channels": [{"address": "d@example.org"}],
            },
            {
                "entry_id": "pcp",
                "identifiers": [{"assigner": NPI, "value": "1"}],
                "channels": [{"address": "p@example.org"}],
            },
            {
                "entry_id": "discharges-only",
                "identifiers": [{"assigner": NPI, "value": "2"}],
                "subscriptions": ["encounter.discharged"],
                "channels": [{"address": "o@example.org"}],
            },
            {
                "entry_id": "gone",
                "identifiers": [{"assigner": NPI, "value": "3"}],
                "active": False,
                "channels": [{"address": "g@example.org"}],
            },
            {
                "entry_id": "elsewhere",
                "identifiers": [{"assigner": NPI, "value": "4"}],
                "channels": [{"address": "e@example.net"}],
            },
        ]
    }
)


def at(text: str, zone: str = "America/New_York") -> datetime:
    """`11-03 09:00` of 2026 (seconds may follow) on a clock there, in UTC."""
    form = "%Y-%m-%d %H:%M:%S" if text.count(":") == 2 else "%Y-%m-%d %H:%M"
    return datetime.strptime(f"2026-{text}", form).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def utc(text: str) -> datetime:
    """The same in UTC."""
    return at(text, "UTC")


def team(pcp: str = "1", *others: Member) -> tuple[Member, ...]:
    """An attending doctor and a primary care provider by NPI."""
    return (Member("ATND", (("NORTH", "D1"),)), Member("PCP", ((NPI, pcp),)), *others)


def message(trigger: str, occurred: str, **facts: Any) -> Message:
    """One message, recorded ten minutes after it occurred unless `recorded` says when."""
    moment = at(occurred)
    told: dict[str, Any] = {
        "control_id": f"{trigger}-{occurred}",
        "trigger": trigger,
        "visit": VISIT,
        "patient": "P1",
        "facility": "NORTH",
        "zone": "America/New_York",
        "occurred": moment,
        "recorded": at(facts.pop("recorded")) if "recorded" in facts else moment + timedelta(minutes=10),
        "team": team(),
        **facts,
    }
    if trigger == "A03":
        told = {"ended": moment, "disposition": "01", **told}
    return Message(**told)


ADMIT = message("A01", "11-01 12:00")
DISCHARGE = message("A03", "11-02 15:00")


def account(
    messages: Iterable[Message],
    until: str,
    *,
    done: Iterable[Done] = (),
    unreadable: Iterable[str] = (),
    arrivals: Iterable[Arrival] | None = None,
    step: timedelta = STEP,
) -> Account:
    """What must have become of these, let in a minute after each was recorded, in the order given."""
    told = list(messages)
    let_in = list(arrivals or (Arrival(one.control_id, one.recorded + timedelta(minutes=1)) for one in told))
    meant = {one.control_id: one for one in told}
    return expect(meant, unreadable, let_in, done, DIRECTORY, Pace(at(until), step))


def visit(messages: Iterable[Message], until: str, **more: Any) -> Visit:
    """The account of the one visit."""
    return account(messages, until, **more).visits[VISIT]


def told(visit: Visit) -> dict[tuple[str, str, int], dict[str, str]]:
    """(notice, code, version) → recipient → what may become of it, as one text."""
    found: dict[tuple[str, str, int], dict[str, str]] = {}
    for telling, allowed in visit.told.items():
        place = (telling.notice, telling.code, telling.version)
        found.setdefault(place, {})[telling.recipient] = " or ".join(sorted(allowed))
    return found


def of(message: Message, **changes: Any) -> Message:
    """The message with changes."""
    return replace(message, **changes)
