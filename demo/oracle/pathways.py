"""What follows a discharge: domain rules §8.1 as a table by hand, in the words of the published pathways.

Where §8.1 leaves a choice, the choice is the published one: treat-and-release gets one call within 72 h, 7 days stand
for every admission that is not elective and no observation stay, facilities get a warm call within 24 h.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from demo.oracle import calendar

DEATHS: Final = frozenset({"20", "40", "41", "42"})
_HOME, _HOME_HEALTH = ("01", "81"), ("06", "86")
_NURSING = ("03", "04", "61", "64", "83", "84", "89", "92")
_REHABILITATION = ("62", "63", "65", "90", "91", "93")
_ACUTE = ("02", "05", "43", "66", "82", "85", "88", "94")
_INPATIENT: Final = {
    "home": _HOME,
    "home-health": _HOME_HEALTH,
    "facility": _NURSING,
    "rehabilitation": _REHABILITATION,
    "other-acute": _ACUTE,
    "against-advice": ("07",),
    "hospice": ("50", "51"),
    "custody": ("21", "87"),
    "still-patient": ("09", "30"),
    "died": tuple(DEATHS),
}
_EMERGENCY: Final = {
    "home": "emergency-home",
    "home-health": "emergency-home-health",
    "against-advice": "emergency-against-advice",
}
_MATERNITY: Final = frozenset({"home", "home-health", "against-advice", "unknown"})
NOT_OPENED: Final = {
    "still-patient": "still-patient",
    "outpatient": "outpatient-visit",
    "not-a-stay": "class-ignored",
}

WORK: Final = {
    "home": ("contact", "home-visit", "medication-reconciliation", "practitioner-visit"),
    "home-health": ("contact", "hha-visit-verify", "medication-reconciliation", "practitioner-visit"),
    "facility": ("facility-warm-call",),
    "rehabilitation": ("facility-warm-call",),
    "other-acute": ("locate",),
    "against-advice": ("outreach", "contact", "home-visit-offer", "medication-reconciliation", "practitioner-visit"),
    "hospice": ("hospice-visit-verify",),
    "custody": ("custody-handoff",),
    "died": ("bereavement",),
    "unknown": ("triage", "contact"),
    "emergency-home": ("follow-up-call",),
    "emergency-home-health": ("follow-up-call", "hha-visit-verify"),
    "emergency-against-advice": ("outreach-call",),
    "maternity": ("triage",),
}
"""Task codes of a pathway that opens."""

_HOURS: Final = {
    "home-visit": (48, 72),
    "home-visit-offer": (0, 48),
    "hha-visit-verify": (0, 48),
    "hospice-visit-verify": (0, 48),
    "facility-warm-call": (0, 24),
    "custody-handoff": (0, 24),
    "locate": (36, 60),
    "outreach-call": (0, 24),
    "follow-up-call": (0, 72),
}
_WORKING_DAYS: Final = {"contact": 2, "bereavement": 2, "triage": 1}
_PLANNED_TYPES: Final = frozenset({"C", "R", "3"})
_OBSERVATION: Final = frozenset({"V", "S"})


class Discharge(NamedTuple):
    """What the clocks start from."""

    at: datetime
    zone: str
    class_: str
    admission_type: str
    disposition: str
    dead: bool


def pathway(left: Discharge) -> str:
    """The row of §8.1, then its column. A death outweighs everything."""
    if left.dead:
        return "died"
    row = next((name for name, codes in _INPATIENT.items() if left.disposition in codes), "unknown")
    if row in ("died", "still-patient"):
        return row
    if left.class_ == "B" or left.admission_type in ("N", "4"):
        return "maternity" if row in _MATERNITY else row
    if left.class_ in ("O", "R"):
        return "outpatient"
    if left.class_ in ("C", "N"):
        return "not-a-stay"
    return _EMERGENCY.get(row, row) if left.class_ == "E" else row


def windows(left: Discharge) -> dict[str, tuple[datetime, datetime]]:
    """Code → (opens, due) of everything that must follow, in UTC."""
    name = pathway(left)
    return {code: _window(code, name, left) for code in WORK.get(name, ())}


def _window(code: str, name: str, left: Discharge) -> tuple[datetime, datetime]:
    if code in _HOURS:
        opens, due = _HOURS[code]
        return calendar.hours(left.at, opens), calendar.hours(left.at, due)
    day = calendar.local_date(left.at, left.zone)
    if code in _WORKING_DAYS:
        until = calendar.ends(calendar.working_day(day, _WORKING_DAYS[code]), left.zone)
        return left.at if code == "triage" else calendar.begins(calendar.days(day, 1), left.zone), until
    return left.at, calendar.ends(calendar.days(day, 0 if code == "outreach" else _visit_days(name, left)), left.zone)


def _visit_days(name: str, left: Discharge) -> int:
    """CPT 99496: 7 days; 99495: 14. Reconciliation is due no later than the visit."""
    planned = left.admission_type in _PLANNED_TYPES or left.class_ in _OBSERVATION
    return 14 if planned and name != "against-advice" else 7
