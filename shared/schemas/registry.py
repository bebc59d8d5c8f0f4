"""Every event type by its name, so that a record can be read and a schema found."""

from __future__ import annotations

from typing import Final

from shared.schemas import (
    access,
    commands,
    directory,
    encounters,
    notifications,
    patients,
    tasks,
    timers,
    transitions,
)
from shared.schemas.envelope import TYPE_PREFIX, EventData

ADT_RECEIVED: Final = "adt.received.v1"
"""The type of the records of `adt.inbound.v1`, whose value keeps the hospital's own form."""

ER7_MEDIA_TYPE: Final = "x-application/hl7-v2+er7"
JSON_MEDIA_TYPE: Final = "application/json"

_TYPES: Final[tuple[type[EventData], ...]] = (
    encounters.EncounterRegistered,
    encounters.EncounterAdmitted,
    encounters.EncounterUpdated,
    encounters.EncounterDischarged,
    encounters.DischargeWithdrawn,
    encounters.EncounterCancelled,
    encounters.EncounterClosed,
    encounters.EncounterMerged,
    encounters.EncounterMoved,
    patients.PatientMerged,
    patients.PatientSeparated,
    transitions.TransitionOpened,
    transitions.TransitionUpdated,
    transitions.TransitionWithdrawn,
    transitions.TransitionClosed,
    tasks.TaskRequested,
    tasks.TaskRescheduled,
    tasks.TaskDue,
    tasks.TaskOverdue,
    tasks.TaskEscalated,
    tasks.TaskCompleted,
    tasks.TaskCancelled,
    commands.CompleteTask,
    commands.CancelTask,
    commands.DecideIdentity,
    commands.SettleReview,
    commands.UndoRepair,
    directory.DirectoryEntrySet,
    notifications.NotificationDecided,
    notifications.NotificationSent,
    notifications.NotificationFailed,
    notifications.NotificationWithdrawn,
    notifications.NotificationSuppressed,
    timers.TimerDue,
    access.PhiShown,
)

EVENT_TYPES: Final[dict[str, type[EventData]]] = {model.TYPE: model for model in _TYPES}


def model_of(ce_type: str) -> type[EventData] | None:
    """The model of a `ce_type` (with our prefix), or None for one we do not know."""
    return EVENT_TYPES.get(ce_type.removeprefix(TYPE_PREFIX))
