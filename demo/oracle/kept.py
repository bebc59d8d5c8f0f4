"""The little that is kept of each event once it was read: a large run's events would not fit, their ends do."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, Self

from shared.schemas.encounters import AboutEncounter, EncounterEvent
from shared.schemas.tasks import TaskEvent
from shared.schemas.transitions import TransitionEvent


class KeptStay(NamedTuple):
    """The last word on an encounter. `visit` is the hospital's number; `ended` is aware, `numbers` the patient's."""

    visit: str
    encounter_id: str
    status: str
    ended: datetime | None
    disposition: str
    numbers: frozenset[str]
    class_: str
    place: str
    on_leave: bool

    @classmethod
    def of(cls, event: EncounterEvent) -> Self:
        """What is kept of an encounter's event."""
        encounter = event.encounter
        ended = encounter.discharged_at.instant if encounter.discharged_at else None
        numbers = frozenset(f"{one.assigner}|{one.value}" for one in event.patient.identifiers)
        status = "in-progress" if encounter.closed_by else encounter.status  # a rule ended it, and no hospital
        said = (status, ended, encounter.disposition, numbers)
        where = (
            encounter.class_,
            f"{encounter.location.point_of_care} {encounter.location.room}".strip(),
            encounter.on_leave,
        )
        return cls(visit_of(event), encounter.encounter_id, *said, *where)


class KeptTransition(NamedTuple):
    """The last word on a transition."""

    encounter_id: str
    version: int
    status: str
    pathway: str

    @classmethod
    def of(cls, event: TransitionEvent) -> Self:
        """What is kept of a transition's event."""
        state = event.transition
        return cls(state.encounter_id, state.discharge_version, state.status, state.pathway)


class KeptTask(NamedTuple):
    """The last word on a task. `version` is the discharge's as the event carried it."""

    visit: str
    transition_id: str
    version: int
    code: str
    business_status: str
    opens_at: datetime
    due_at: datetime
    escalates_at: datetime

    @classmethod
    def of(cls, event: TaskEvent) -> Self:
        """What is kept of a task's event."""
        task, version = event.task, event.encounter.discharge_version
        moments = (task.opens_at, task.due_at, task.escalates_at)
        return cls(visit_of(event), event.transition_id, version, task.code, task.business_status, *moments)

    def rings(self, until: datetime) -> bool:
        """Whether an alarm of the task is due and was not said."""
        moments = {"planned": self.opens_at, "due": self.due_at, "overdue": self.escalates_at}
        return self.business_status in moments and moments[self.business_status] <= until


def visit_of(event: AboutEncounter) -> str:
    """The visit's number as the hospital gave it, or ""."""
    number = event.encounter.visit_number
    return number.value if number else ""
