"""The life of one task, as data: what stands × what happened → what stands. Everything that is not here is refused.

Two rules. A task that was done stays done, whatever is amended later. What the clock makes of a task depends on the
order of its alarms only (window opened, deadline passed, ladder climbed), one step each, never on who looks when.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from shared.schemas.tasks import BusinessStatus, TaskStatus

TaskFact = Literal[
    "window_opened",
    "deadline_passed",
    "ladder_climbed",
    "completed_early",
    "completed",
    "completed_late",
    "called_off",
    "rescheduled",
    "set_back_to_planned",
    "set_back_to_due",
    "set_back_to_overdue",
    "reinstated",
]

_ENDS: Final[Mapping[TaskFact, BusinessStatus]] = {
    "completed_early": "done-early",
    "completed": "done",
    "completed_late": "done-late",
    "called_off": "called-off",
}

TRANSITIONS: Final[Mapping[BusinessStatus, Mapping[TaskFact, BusinessStatus]]] = {
    "planned": {"window_opened": "due", "rescheduled": "planned", **_ENDS},
    "due": {"deadline_passed": "overdue", "rescheduled": "due", "set_back_to_planned": "planned", **_ENDS},
    "overdue": {
        "ladder_climbed": "escalated",
        "rescheduled": "overdue",
        "set_back_to_planned": "planned",
        "set_back_to_due": "due",
        **_ENDS,
    },
    "escalated": {
        "rescheduled": "escalated",
        "set_back_to_planned": "planned",
        "set_back_to_due": "due",
        "set_back_to_overdue": "overdue",
        **_ENDS,
    },
    "done-early": {},
    "done": {},
    "done-late": {},
    "called-off": {"reinstated": "planned"},
}
"""Business status × fact → business status. `set_back_to_…`: rescheduled to times that have not come yet."""

LADDER: Final[tuple[BusinessStatus, ...]] = ("planned", "due", "overdue", "escalated")
"""The open states, in the order the clock climbs them."""

ALARMS: Final[Mapping[BusinessStatus, tuple[TaskFact, str]]] = {
    "planned": ("window_opened", "opens_at"),
    "due": ("deadline_passed", "due_at"),
    "overdue": ("ladder_climbed", "escalates_at"),
}
"""The one alarm each state waits for, and the field of the task that says when."""

FHIR_STATUS: Final[Mapping[BusinessStatus, TaskStatus]] = {
    "planned": "requested",
    "due": "requested",
    "overdue": "requested",
    "escalated": "requested",
    "done-early": "completed",
    "done": "completed",
    "done-late": "completed",
    "called-off": "cancelled",
}
"""FHIR R4 Task.status for each business status."""


class IllegalMove(Exception):
    """This fact means nothing to a task in this state."""

    def __init__(self, status: BusinessStatus, fact: TaskFact) -> None:
        super().__init__(f"{fact} while {status}")


def move(status: BusinessStatus, fact: TaskFact) -> BusinessStatus:
    """The next business status; raises IllegalMove."""
    after = TRANSITIONS[status].get(fact)
    if after is None:
        raise IllegalMove(status, fact)
    return after


def completion(performed_at: datetime, opens_at: datetime, due_at: datetime) -> TaskFact:
    """Early before the window opens, late after the deadline; both ends of the window are in time."""
    if performed_at < opens_at:
        return "completed_early"
    return "completed_late" if performed_at > due_at else "completed"


def rescheduling(status: BusinessStatus, times: tuple[datetime, datetime, datetime], heard_at: datetime) -> TaskFact:
    """What new times (opens, due, escalates) mean to an open task: it stays, or is set back to where they have come to.

    It is never moved ahead: that is left to its alarms, which are then due at once.
    """
    reached = sum(1 for moment in times if heard_at >= moment)
    if reached >= LADDER.index(status):
        return "rescheduled"
    back: tuple[TaskFact, ...] = ("set_back_to_planned", "set_back_to_due", "set_back_to_overdue")
    return back[reached]
