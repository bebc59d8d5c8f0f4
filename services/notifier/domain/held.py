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


class Held(NamedTuple):
    """One event that was told to nobody. `happened`: by what stands now; None: nobody knows."""

    cause: str
    tells: str
    notice: str
    happened: datetime | None


def held(subject: Subject, data: AboutEncounter, *, late: bool) -> Iterator[Held]:
    """What an event lets be told: each event once, the first first. `late`: as in `decide`."""
    if late or data.patient.identity_disputed or data.patient.identity_unknown:
        return
    lines = subject.ledger.values()
    if not any(line.reason in HELD for line in lines):
        return
    told = {line.cause for line in lines if line.reason not in HELD}
    gone = {*subject.withdrawn, *(one.event_id for one in data.withdraws)}
    causes = {line.cause: line for line in lines if not line.corrects and line.cause not in told | gone}
    notices = {data.TYPE.removesuffix(".v1"), *(line.notice for line in lines)}
    for cause, line in causes.items():
        if stands(line.notice, data, notices):
            yield Held(cause, line.tells, line.notice, _happened(line.notice, data))


def stands(notice: str, data: AboutEncounter, notices: set[str]) -> bool:
    """Whether what was to be told is still so, by an event of the topic that it came from."""
    encounter, is_over = data.encounter, data.encounter.status == "finished"
    match data:
        case TransitionEvent():
            return notice == {"open": "transition.opened", "closed": "transition.closed"}.get(data.transition.status)
        case EncounterEvent():
            by_notice = {
                REGISTERED: encounter.status == "in-progress" and ADMITTED not in notices,
                ADMITTED: encounter.status == "in-progress",
                DISCHARGED: is_over and not encounter.closed_by,
                DIED: data.patient.deceased,
            }
            return by_notice.get(notice, False)
        case _:
            return False


def _happened(notice: str, data: AboutEncounter) -> datetime | None:
    at: When | None = data.encounter.admitted_at if notice in (REGISTERED, ADMITTED) else data.encounter.discharged_at
    return at.instant if at and notice != DIED else None
