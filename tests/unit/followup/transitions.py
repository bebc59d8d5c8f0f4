"""Transitions as discharge would carry them, written by hand, and an ear that hears them as the engine would."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from services.followup.domain.alarms import alarms_due
from services.followup.handlers import COLLECTION, handlers
from shared.schemas.commands import CancelTask, CompleteTask
from shared.schemas.encounters import When
from shared.schemas.envelope import derived_id
from shared.schemas.identifiers import Identifier
from shared.schemas.timers import TimerDue
from shared.schemas.topics import COMMANDS, FOLLOWUP_TIMERS, TRANSITIONS
from shared.schemas.transitions import (
    Deadline,
    TransitionClosed,
    TransitionEvent,
    TransitionOpened,
    TransitionState,
    TransitionUpdated,
    TransitionWithdrawn,
)
from shared.stream.decisions import Decision
from tests.builders import T0, DeskOf, a_care_team, a_patient, an_encounter, heard

TRANSITION = "transition-1"
HANDLERS = handlers()
NURSE = Identifier(value="N1", assigner="NORTH")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# A discharge on Tue 3 Nov 2026, 10:00 EST; every instant worked by hand
TIMES = {
    "contact": ("2026-11-04T05:00:00", "2026-11-06T04:59:59"),
    "home-visit": ("2026-11-05T15:00:00", "2026-11-06T15:00:00"),
    "practitioner-visit": ("2026-11-03T15:00:00", "2026-11-11T04:59:59"),
    "hha-visit-verify": ("2026-11-03T15:00:00", "2026-11-05T15:00:00"),
    "bereavement": ("2026-11-04T05:00:00", "2026-11-06T04:59:59"),
    "triage": ("2026-11-03T15:00:00", "2026-11-05T04:59:59"),
}


def a_deadline(code: str, later: timedelta = timedelta(), **changes: Any) -> Deadline:
    opens_at, due_at = map(utc, TIMES[code])
    return Deadline(
        code=code,
        opens_at=opens_at + later,
        due_at=due_at + later,
        zone="America/New_York",
        rule="by-hand",
        rule_version=1,
        basis="a test",
        inputs={"t0": T0.isoformat()},
    ).model_copy(update=changes)


HOME = tuple(map(a_deadline, ["contact", "home-visit", "practitioner-visit"]))
HOME_HEALTH = tuple(map(a_deadline, ["contact", "hha-visit-verify", "practitioner-visit"]))
DIED = (a_deadline("bereavement"),)


def a_transition(**changes: Any) -> TransitionState:
    return TransitionState(
        transition_id=TRANSITION,
        encounter_id="encounter-1",
        discharge_version=1,
        status="open",
        pathway="home",
        pathway_version=1,
        discharged_at=When(instant=T0),
        deadlines=HOME,
    ).model_copy(update=changes)


def carrying(type_: type[TransitionEvent], *, transition: TransitionState, **changes: Any) -> TransitionEvent:
    return type_(
        patient=a_patient(),
        encounter=an_encounter(),
        care_team=a_care_team(),
        occurred_at=T0,
        transition=transition,
    ).model_copy(update=changes)


def opened(**changes: Any) -> TransitionEvent:
    return carrying(TransitionOpened, transition=a_transition(**changes))


def updated(**changes: Any) -> TransitionEvent:
    return carrying(TransitionUpdated, transition=a_transition(**changes))


def withdrawn(reason: str = "encounter-cancelled", **changes: Any) -> TransitionEvent:
    state = a_transition(status="withdrawn", reason=reason, **changes)
    return carrying(TransitionWithdrawn, transition=state)


def closed() -> TransitionEvent:
    state = a_transition(status="closed", reason="deceased", pathway="died", deadlines=DIED)
    return carrying(TransitionClosed, transition=state)


def task_id(code: str) -> str:
    return derived_id("task", TRANSITION, code)


def complete(code: str, performed_at: str, **changes: Any) -> CompleteTask:
    return CompleteTask(
        command_id=f"complete-{code}-{performed_at}",
        transition_id=TRANSITION,
        task_id=task_id(code),
        actor=NURSE,
        performed_at=utc(performed_at),
    ).model_copy(update=changes)


def cancel(code: str, reason: str = "patient-refused", **changes: Any) -> CancelTask:
    return CancelTask(
        command_id=f"cancel-{code}", transition_id=TRANSITION, task_id=task_id(code), actor=NURSE, reason=reason
    ).model_copy(update=changes)


@dataclass
class Ear:
    """Hears what followup hears, in any order of sequence numbers, and lets its alarms ring until a time."""

    desk: DeskOf = field(default_factory=DeskOf)
    said: list[Any] = field(default_factory=list)
    last: Decision | None = None
    highest: int = 0
    commands: int = 0

    def hear(self, event: TransitionEvent, n: int, at: datetime = T0) -> list[tuple[str, str]]:
        self.desk.late = n < self.highest
        self.highest = max(self.highest, n)
        return self._keep(heard(HANDLERS[TRANSITIONS.name], event, self.desk, n=n, subject=TRANSITION, time=at))

    def command(self, command: Any, at: datetime = T0) -> list[tuple[str, str]]:
        self.commands += 1
        self.desk.late = False
        handler = HANDLERS[COMMANDS.name]
        return self._keep(heard(handler, command, self.desk, n=self.commands, sequence=None, time=at))

    def timer(self, alarm: str, due: datetime) -> list[tuple[str, str]]:
        self.desk.late = False
        data = TimerDue(aggregate=TRANSITION, alarm=alarm, due=due)
        id_ = derived_id(TRANSITION, alarm, due)
        handler = HANDLERS[FOLLOWUP_TIMERS.name]
        return self._keep(heard(handler, data, self.desk, sequence=None, id=id_, time=due))

    def ring_until(self, until: str) -> list[tuple[str, str, datetime]]:
        """What the sweeper and the ear do: the earliest alarm is said, heard, and so on; (type, code, occurred at)."""
        rung = []
        while alarms := alarms_due(self.state, utc(until)):
            said = self.timer(*alarms[0])
            rung += [(type_, code, self.said[-1].data.occurred_at) for type_, code in said]
        return rung

    def _keep(self, decision: Decision) -> list[tuple[str, str]]:
        self.last = decision
        self.said += decision.say
        return [(type(say.data).__name__, say.data.task.code) for say in decision.say]

    @property
    def state(self) -> dict[str, Any]:
        return self.desk.states[(COLLECTION, TRANSITION)]

    def task(self, code: str) -> dict[str, Any]:
        return next(record["task"] for record in self.state["tasks"] if record["task"]["code"] == code)

    def statuses(self) -> dict[str, str]:
        return {record["task"]["code"]: record["task"]["business_status"] for record in self.state["tasks"]}
