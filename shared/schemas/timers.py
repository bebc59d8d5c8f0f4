"""`<service>.timers.v1`: time is just another event. Valid only while (alarm, due) still stands in the aggregate."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime

from shared.schemas.envelope import EventData


class TimerDue(EventData):
    """`alarm` of `aggregate` fell due at `due`. `unfenced`: said though older inputs may still be queued."""

    TYPE: ClassVar[str] = "timer.due.v1"
    aggregate: str
    alarm: str
    due: AwareDatetime
    unfenced: bool = False
