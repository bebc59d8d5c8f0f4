"""What was told to nobody because it was not known whose news it was, and is told once that is known.

A patient was disputed (birth date and sex of one number disagree) or had no name yet. As soon as an event of the stay
says otherwise, whoever is on the care team now is told what still stands, as it stands now, under the event that told
it first. What tasks had to say meanwhile is not told again: the next word about the work is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from services.notifier.domain.model import Reason, Subject
from services.notifier.domain.notices import DIED
from shared.schemas.encounters import AboutEncounter, EncounterEvent, When
from shared.schemas.transitions import TransitionEvent

HELD: Final = frozenset({Reason.IDENTITY_DISPUTED.value, Reason.IDENTITY_UNKNOWN.value})
REGISTERED, ADMITTED, DISCHARGED = "encounter.registered", "encounter.admitted", "encounter.discharged"
OPENED, CLOSED = "transition.opened", "transition.closed"


class Held(NamedTuple):
    """One event that was told to nobody. `happened`: by what stands now; None: nobody knows."""

    cause: str
    tells: str
    notice: str
    happened: datetime | None


def held(subject: Subject, data: AboutEncounter, notice: str, *, late: bool) -> Iterator[Held]:
    """What an event lets be told: of each kind the last, the first first. `notice`: the event's own kind, which it
    tells itself; `late`: as in `decide`.
    """
    if late or data.patient.identity_disputed or data.patient.identity_unknown:
        return
    lines = subject.ledger.values()
    if not any(line.reason in HELD for line in lines):
        return
    gone = {*subject.withdrawn, *(one.event_id for one in data.withdraws)}
    last = {line.notice: line for line in lines if not line.corrects and line.cause not in gone}
    for line in last.values():
        if line.reason in HELD and line.notice != notice and stands(line.notice, data, {notice, *last}):
            yield Held(line.cause, line.tells, line.notice, _happened(line.notice, data))


def stands(notice: str, data: AboutEncounter, notices: set[str]) -> bool:
    """Whether what was to be told is still so, by an event of the topic that it came from.

    `notices`: the kinds of all that was not taken back. A stay of nobody, or of somebody else, lets nothing be told.
    """
    encounter = data.encounter
    match data:
        case TransitionEvent():
            status = data.transition.status
            is_opening = status == "open" or (status == "closed" and CLOSED not in notices)
            return {OPENED: is_opening, CLOSED: status == "closed"}.get(notice, False)
        case EncounterEvent():
            by_notice = {
                REGISTERED: encounter.status == "in-progress" and ADMITTED not in notices,
                ADMITTED: encounter.status == "in-progress",
                DISCHARGED: encounter.status == "finished" and not encounter.closed_by,
                DIED: data.patient.deceased and encounter.status != "cancelled",
            }
            return by_notice.get(notice, False)
        case _:
            return False


def _happened(notice: str, data: AboutEncounter) -> datetime | None:
    at: When | None = data.encounter.admitted_at if notice in (REGISTERED, ADMITTED) else data.encounter.discharged_at
    return at.instant if at and notice != DIED else None
