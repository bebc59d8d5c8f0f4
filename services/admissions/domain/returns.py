"""Whether a stay is a return to hospital, and of which kind: over the stays of one person, whichever facility.

A return is counted from local date to local date, as the 30-day measures do (CMS HWR, HEDIS PCR): the day of discharge
is day 0 and day 30 still counts. A begin on the same or the next day is one course of treatment handed on (HEDIS PCR:
direct transfer), and of such a chain the last discharge is the one that counts. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from shared.schemas.assessments import Return

WINDOW_DAYS: Final = 30
TRANSFER_DAYS: Final = 1

INPATIENT: Final = "I"
EMERGENCY: Final = "E"
OBSERVATION: Final = frozenset({"V", "S"})
"""Patient classes of HL7 v2.5.1 table 0004, V and S of the Direct notifications guide. B, C, R and others: no part."""

STAYS: Final = OBSERVATION | {INPATIENT}
"""Whose discharge starts the window: acute inpatient or observation (HEDIS PCR)."""

ELECTIVE: Final = frozenset({"C", "3"})  # PV1-4: HL7 table 0007, NUBC UB-04 FL14
NEWBORN: Final = frozenset({"N", "4"})
SENT_HOME: Final = frozenset({"01", "06", "07", "81", "86"})  # UB-04 FL17: home, with home health care, against advice
EXPIRED: Final = frozenset({"20", "40", "41", "42"})  # NUBC UB-04 FL17
PLANS_A_RETURN: Final = frozenset(str(code) for code in range(81, 96))  # FL17: with a planned acute readmission
BACK_IN_BED: Final = frozenset({"unplanned", "planned", "transfer"})


class Coded(NamedTuple):
    """One DG1: code and system as sent, `type` of HL7 table 0052."""

    code: str
    system: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class Brief:
    """A stay as the rules that look at several of a person see it.

    `class_`, `admission_type` and `disposition` are mapped to the standard tables; `zone` is the facility's. `led_in`:
    an emergency visit that became part of another stay. `protected`: nothing of it may stand in what is said of others.
    `from_emergency`: this stay began as one. `number`: the hospital's own for it; of what is of the same instant it
    says what is first, since ids hang on what was told when.
    """

    encounter_id: str
    begin: datetime
    end: datetime | None = None
    class_: str = ""
    facility: str = ""
    zone: str = "UTC"
    admission_type: str = ""
    disposition: str = ""
    deceased: bool = False
    led_in: bool = False
    protected: bool = False
    from_emergency: bool = False
    diagnoses: tuple[Coded, ...] = ()
    number: str = ""

    @property
    def turn(self) -> tuple[datetime, str, str, str]:
        """Its place among the stays of a person, by begin."""
        return self.begin, self.facility, self.number, self.encounter_id

    def date_of(self, instant: datetime) -> date:
        """The local date of an instant at this stay's facility."""
        return instant.astimezone(ZoneInfo(self.zone)).date()


def returns(stay: Brief, others: Sequence[Brief]) -> Return | None:
    """What `stay` returns from: the latest stay before it that ended alive, if that was within the window."""
    if stay.led_in or stay.class_ not in STAYS | {EMERGENCY} or stay.admission_type in NEWBORN:
        return None
    ended = [(end, one.turn, one) for one in others if (end := _ended_before(one, stay)) is not None]
    if not ended:
        return None
    end, _, index = max(ended)
    days = (index.date_of(stay.begin) - index.date_of(end)).days
    return _named(stay, index, index, days) if days <= WINDOW_DAYS else None


def returned(stay: Brief, others: Sequence[Brief]) -> Return | None:
    """The mirror on the earlier stay: the first one back in a bed, else the first return of any kind."""
    found = sorted(_returns_to(stay, others), key=lambda one: (one[0].kind not in BACK_IN_BED, one[1]))
    return found[0][0] if found else None


def _returns_to(stay: Brief, others: Sequence[Brief]) -> Iterator[tuple[Return, tuple[datetime, str, str, str]]]:
    # a stay that starts no window of the later one is no index of it: most need not be looked at
    for later in (one for one in others if _ended_before(stay, one) is not None):
        back = returns(later, [stay, *(one for one in others if one is not later)])
        if back is not None and back.encounter_id == stay.encounter_id:
            yield _named(later, stay, later, back.days), later.turn


def _ended_before(one: Brief, stay: Brief) -> datetime | None:
    """When `one` ended, if its end starts a window that `stay` may be in.

    A hospital may record its end minutes after the next one's begin: dates are compared.
    """
    counts = one.class_ in STAYS and not one.led_in and one.admission_type not in NEWBORN
    if not counts or one.end is None or one.deceased or one.disposition in EXPIRED:
        return None
    return one.end if one.turn < stay.turn and one.date_of(one.end) <= one.date_of(stay.begin) else None


def _named(stay: Brief, index: Brief, other: Brief, days: int) -> Return:
    return Return(
        kind=_kind(stay, index, days),
        encounter_id=other.encounter_id,
        days=days,
        elsewhere=stay.facility != index.facility,
        index_disposition=index.disposition,
    )


def _kind(stay: Brief, index: Brief, days: int) -> str:
    """A visit to the emergency department alone is never a transfer, nor is the observation of whoever was sent home.

    What is elective or was announced is planned.
    """
    if stay.class_ == EMERGENCY:
        return "ed-return"
    is_observed = stay.class_ in OBSERVATION
    if days <= TRANSFER_DAYS and not (is_observed and index.disposition in SENT_HOME):
        return "transfer"
    if is_observed:
        return "observation-return"
    planned = stay.admission_type in ELECTIVE or index.disposition in PLANS_A_RETURN
    return "planned" if planned else "unplanned"
