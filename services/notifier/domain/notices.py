"""The kinds of message there are, and who hears which unless the directory says otherwise: tables, read by `audience`.

A notice is named like the event it tells, without its version. An update is a notice only by what is news in it: a
death, its withdrawal, or another id under which the patient was known. Recipients are those of 42 CFR 482.24(d)(4) and
the programme's own people. Nobody subscribes to a withdrawal or an amendment: it is owed to exactly those who were
told. A stay told of the wrong patient is two things: an incident that the supervisor looks into, and corrections;
neither names anybody. No notice is for a patient or a family.
"""

from __future__ import annotations

from typing import Final

from services.notifier.domain.model import Subject
from shared.schemas.encounters import AboutEncounter, EncounterMoved, EncounterUpdated
from shared.schemas.tasks import TaskEvent
from shared.schemas.transitions import TransitionEvent

DIED: Final = "patient.died"
DEATH_WITHDRAWN: Final = "patient.death-withdrawn"

MERGED: Final = "patient.merged"

MOVED: Final = "encounter-moved"
"""The reason of a transition, and of a task, whose stay was told of the wrong patient."""
INCIDENT: Final = "encounter.moved"
WRONG_PATIENT: Final = "correction.wrong-patient"

DEFAULTS: Final[dict[str, frozenset[str]]] = {
    "PCP": frozenset({"encounter.registered", "encounter.admitted", "encounter.discharged", DIED}),
    "ATND": frozenset({"task.escalated"}),
    "coordinator": frozenset(
        {
            "encounter.admitted",
            "transition.opened",
            "transition.closed",
            "task.due",
            "task.overdue",
            "task.escalated",
            DIED,
        }
    ),
    "supervisor": frozenset({"task.escalated", INCIDENT}),
}
"""What a role hears of by default; a role that is not here hears of what its directory entry subscribes to."""

CORRECTION: Final = "correction"
WITHDRAWALS: Final = frozenset(
    {
        "encounter.discharge-withdrawn",
        "encounter.cancelled",
        "encounter.merged",
        "transition.withdrawn",
        "task.cancelled",
        DEATH_WITHDRAWN,
    }
)
"""What a message that takes something back may be; anything else that takes something back is a `correction`."""

SUBSCRIBABLE: Final = frozenset({MERGED}).union(*DEFAULTS.values())

ROLE_OF_CODE: Final = {"PP": "PCP", "FHCP": "PCP", "AT": "ATND", "AD": "ADM", "CP": "CON", "RP": "REF"}
"""HL7 table 0443 provider roles of ROL-3 that are one of PV1's and PD1's own."""


def role_of(code: str) -> str:
    """The care-team role that a code means; a code we do not know is itself."""
    return ROLE_OF_CODE.get(code, code)


def told_by_default(role: str, notice: str) -> bool:
    """Whether `role` hears of `notice` when its entry names no subscriptions."""
    return notice in DEFAULTS.get(role, frozenset())


def notice_of(subject: Subject, data: AboutEncounter, *, late: bool) -> str:
    """The kind of message an event would be. An update is one only when its death, life or merge is news."""
    if not isinstance(data, EncounterUpdated):
        return data.TYPE.removesuffix(".v1")
    if not late and data.patient.deceased != subject.deceased:
        return DIED if data.patient.deceased else DEATH_WITHDRAWN
    stands = subject.encounter
    is_merged = stands is not None and bool({*data.patient.also_known_as} - {*stands.also_known_as})
    return MERGED if is_merged and not late else "encounter.updated"


def correction_of(notice: str) -> str:
    """The kind of message that takes something back because of an event whose own kind is `notice`."""
    if notice == INCIDENT:
        return WRONG_PATIENT
    return notice if notice in WITHDRAWALS else CORRECTION


def amendment_of(data: AboutEncounter) -> str:
    """The kind of message that says what stands now of what an event amends: `encounter.amended` ..."""
    return f"{data.TYPE.partition('.')[0]}.amended"


def tells_of_the_wrong_patient(data: AboutEncounter) -> bool:
    """Whether an event takes something back because it was told of another person than it should have been."""
    match data:
        case TransitionEvent():
            return data.transition.reason == MOVED
        case TaskEvent():
            return data.task.reason == MOVED
        case _:
            return isinstance(data, EncounterMoved)
