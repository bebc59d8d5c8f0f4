"""What notifier's tests begin with: a directory, events of each topic, a delivery, a channel that does as told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from services.notifier.channels.message import message_id
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.directory import Directory
from services.notifier.domain.model import Rules
from services.notifier.domain.retry import Kind, Result
from services.notifier.settings import NotifierPolicy, SmtpPolicy
from shared.schemas.directory import Channel, DirectoryEntrySet
from shared.schemas.encounters import (
    DischargeWithdrawn,
    EncounterAdmitted,
    EncounterCancelled,
    EncounterEvent,
    EncounterRegistered,
    EncounterUpdated,
    Withdrawal,
)
from shared.schemas.envelope import Event
from shared.schemas.identifiers import Identifier
from shared.schemas.tasks import TaskDue, TaskEvent, TaskState
from shared.schemas.transitions import Deadline, TransitionEvent, TransitionOpened, TransitionState
from tests.builders import T0, a_care_team, a_discharge, a_patient, an_encounter

LIVE = Rules(live=True, allow_list=frozenset(), greatest_age=timedelta(hours=24))
IN_HOUSE = {"status": "in-progress", "discharged_at": None, "disposition": ""}


def an_entry(entry_id: str, **changes: Any) -> DirectoryEntrySet:
    return DirectoryEntrySet(
        entry_id=entry_id,
        version=1,
        name="Somebody",
        channels=(Channel(kind="email", address=f"{entry_id}@example.org"),),
    ).model_copy(update=changes)


def primary(**changes: Any) -> DirectoryEntrySet:
    return an_entry("primary", identifiers=(Identifier(value="P1", assigner="NORTH"),)).model_copy(update=changes)


def attending(**changes: Any) -> DirectoryEntrySet:
    return an_entry("attending", identifiers=(Identifier(value="A1", assigner="NORTH"),)).model_copy(update=changes)


def coordinator(entry_id: str = "coordinator", **changes: Any) -> DirectoryEntrySet:
    return an_entry(entry_id, program_roles=("coordinator",)).model_copy(update=changes)


def supervisor(**changes: Any) -> DirectoryEntrySet:
    return an_entry("supervisor", program_roles=("supervisor",)).model_copy(update=changes)


def everybody() -> Directory:
    return Directory((primary(), attending(), coordinator(), supervisor()))


def _about(model: Any, status: str, **changes: Any) -> Any:
    in_house = {} if status == "finished" else IN_HOUSE
    encounter = an_encounter(**{**in_house, "status": status})
    return model(patient=a_patient(), encounter=encounter, care_team=a_care_team(), occurred_at=T0).model_copy(
        update=changes
    )


def a_registration(**changes: Any) -> EncounterRegistered:
    return _about(EncounterRegistered, "in-progress", **changes)  # type: ignore[no-any-return]


def an_admission(**changes: Any) -> EncounterAdmitted:
    return _about(EncounterAdmitted, "in-progress", **changes)  # type: ignore[no-any-return]


def an_update(**changes: Any) -> EncounterUpdated:
    return _about(EncounterUpdated, "in-progress", **changes)  # type: ignore[no-any-return]


def an_amendment_of(*events: Event, **changes: Any) -> EncounterUpdated:
    """A finished stay's update that names the events; the patient went to a nursing facility."""
    encounter = an_encounter(disposition="03")
    return _about(EncounterUpdated, "finished", amends=names(*events), **{"encounter": encounter, **changes})  # type: ignore[no-any-return]


def a_withdrawal_of(*events: Event, **changes: Any) -> DischargeWithdrawn:
    return _about(DischargeWithdrawn, "in-progress", withdraws=names(*events), **changes)  # type: ignore[no-any-return]


def a_cancellation_of(*events: Event, **changes: Any) -> EncounterCancelled:
    return _about(EncounterCancelled, "cancelled", withdraws=names(*events), **changes)  # type: ignore[no-any-return]


def a_repair_of(model: type[EncounterEvent], *events: Event, **changes: Any) -> Any:
    """EncounterMerged or EncounterMoved, which take the events back."""
    return _about(model, "cancelled", withdraws=names(*events), **changes)


def names(*events: Event) -> tuple[Withdrawal, ...]:
    return tuple(Withdrawal(event_id=one.envelope.id, type=one.data.TYPE) for one in events)


def a_transition(model: type[TransitionEvent] = TransitionOpened, status: str = "open", **changes: Any) -> Any:
    deadline = Deadline(
        code="home-visit",
        opens_at=T0 + timedelta(hours=48),
        due_at=T0 + timedelta(hours=72),
        zone="America/New_York",
        rule="home-visit-48-72",
        rule_version=1,
        basis="programme",
    )
    state = TransitionState(
        transition_id="transition-1",
        encounter_id="encounter-1",
        discharge_version=1,
        status=status,
        pathway="home",
        pathway_version=1,
        discharged_at=an_encounter().discharged_at,
        deadlines=(deadline,),
    )
    return model(**_carried(), transition=state).model_copy(update=changes)


def a_task(model: type[TaskEvent] = TaskDue, business_status: str = "due", task_id: str = "task-1", **more: Any) -> Any:
    state = TaskState(
        task_id=task_id,
        code="home-visit",
        status="requested",
        business_status=business_status,
        opens_at=T0 + timedelta(hours=48),
        due_at=T0 + timedelta(hours=72),
        escalates_at=T0 + timedelta(hours=96),
        zone="America/New_York",
        rule="home-visit-48-72",
        rule_version=1,
    )
    return model(**_carried(), transition_id="transition-1", pathway="home", task=state).model_copy(update=more)


def _carried() -> dict[str, Any]:
    discharge = a_discharge()
    return {
        "patient": discharge.patient,
        "encounter": discharge.encounter,
        "care_team": discharge.care_team,
        "occurred_at": discharge.occurred_at,
    }


def a_delivery(delivery_id: str = "delivery-1", **changes: Any) -> Delivery:
    return Delivery(
        delivery_id=delivery_id,
        encounter_id="encounter-1",
        cause="event-1",
        tells="encounter.discharged.v1",
        notice="encounter.discharged",
        recipient="primary",
        role="PCP",
        channel="email",
        address="primary@example.org",
        context={
            "patient": "Testperson, Ada",
            "practitioner": "Attend",
            "institution": "NORTH",
            "discharged_at": "2026-11-03 10:00 EST",
            "discharged_to": "home",
            "died": False,
        },
        status="pending",
        decided_at=T0,
        next_at=T0,
    ).but(**changes)


def a_correction(*corrects: str, delivery_id: str = "correction-1", **changes: Any) -> Delivery:
    context = {"masked": True, "takes_back": [{"reference": one, "notice": "encounter.discharged"} for one in corrects]}
    return a_delivery(delivery_id, notice="encounter.discharge-withdrawn", corrects=corrects, context=context).but(
        **changes
    )


def a_policy(**changes: Any) -> NotifierPolicy:
    smtp = SmtpPolicy(
        host="127.0.0.1",
        port=2525,
        sender="care@example.org",
        message_id_domain="care.example.org",
        starttls="never",
        attempt_seconds=10.0,
    )
    return NotifierPolicy(deployment="live", smtp=smtp).model_copy(update=changes)


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition that another task brings about; fails after 30 seconds."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 (it watches what has no event of its own)
            await asyncio.sleep(0.001)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = T0) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


class ScriptedChannel:
    """A channel that ends its attempts as its script says, then always as the script's last line does.

    Keeps what it took: a mail system that received `UNKNOWN` did get the message.
    """

    kind = "email"

    def __init__(self, *script: Result | Exception) -> None:
        self.script = list(script) or [Result(Kind.SENT, "smtp-250")]
        self.took: list[str] = []
        self.tried: list[str] = []
        self.repeats: list[bool] = []

    async def send(self, delivery: Delivery) -> Result:
        self.tried.append(delivery.delivery_id)
        self.repeats.append(delivery.maybe_told)
        result = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(result, Exception):
            raise result
        if result.kind in (Kind.SENT, Kind.UNKNOWN):
            self.took.append(message_id(delivery.delivery_id, "care.example.org"))
        return result
