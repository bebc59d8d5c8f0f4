"""The simulated care team: does most of the work it is asked for, some of it late, some never."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.schemas.commands import CompleteTask
from shared.schemas.envelope import Event, derived_id, said_by
from shared.schemas.identifiers import Identifier
from shared.schemas.tasks import TaskEvent

SOURCE = "care-transitions/demo"
DONE = 0.75
LATE = 0.1


@dataclass
class Staff:
    """Decides per task, from the seed and the task's id, whether and when it is done."""

    seed: int
    _plans: dict[str, tuple[datetime, Event]] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        """Plan what is requested or rescheduled; drop what is called off."""
        data = event.data
        if not isinstance(data, TaskEvent):
            return
        if data.task.status != "requested":
            self._plans.pop(data.task.task_id, None)
        elif data.task.business_status == "planned":
            self._plan(event, data)

    def _plan(self, event: Event, data: TaskEvent) -> None:
        task = data.task
        rng = random.Random(f"{self.seed}/{task.task_id}")  # noqa: S311 - a simulation
        luck, share = rng.random(), rng.random()
        if luck > DONE:
            self._plans.pop(task.task_id, None)
            return
        late = timedelta(hours=6) if luck < LATE else timedelta()
        at = task.opens_at + (task.due_at - task.opens_at) * share + late
        self._plans[task.task_id] = (at, _command(event, data, at))

    def done_by(self, until: datetime) -> list[Event]:
        """The commands of what was done up to `until`, each given out once."""
        due = sorted((at, task) for task, (at, _) in self._plans.items() if at <= until)
        return [self._plans.pop(task)[1] for _, task in due]


def _command(event: Event, data: TaskEvent, at: datetime) -> Event:
    command = CompleteTask(
        command_id=derived_id("staff", data.task.task_id, at.isoformat()),
        transition_id=data.transition_id,
        task_id=data.task.task_id,
        actor=Identifier(value="simulated-nurse", assigner="demo"),
        performed_at=at,
    )
    key = event.envelope.key
    return said_by(SOURCE, command, id_=command.command_id, subject=data.transition_id, key=key, time=at)
