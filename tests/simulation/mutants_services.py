"""Planted bugs of the doors, of admissions, of the alarm clock and of followup."""

from __future__ import annotations

import builtins
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from services.admissions.domain import fold, lifecycle, registers
from services.followup import handlers as followup_handlers
from services.followup.domain.alarms import SAYS
from services.followup.domain.lifecycle import ALARMS
from services.followup.domain.model import tell
from services.gateway.handlers import ports as gateway_ports
from services.gateway.handlers.together import GroupCommit
from services.gateway.handlers.voice import Relay as GatewayRelay
from services.gateway.handlers.voice import Voice
from shared.alarm.fence import Fence
from shared.alarm.sweeper import Sweeper
from shared.stream.outages import Away


def acknowledges_before_storing() -> Any:
    real = GroupCommit.add

    async def add(self: GroupCommit, letter: Any) -> Any:
        import asyncio

        task = asyncio.create_task(real(self, letter))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return gateway_ports.Kept.NEW

    return patch.object(GroupCommit, "add", add)


def gateway_relay_says_nothing() -> Any:
    async def sweep(self: GatewayRelay) -> None:
        await self._measure()

    return patch.object(GatewayRelay, "sweep", sweep)


def notes_a_message_as_said_before_saying() -> Any:
    real = Voice.say

    async def say(self: Voice, messages: Any) -> bool:
        try:
            await self._raw.said([one.id for one in messages])
        except Away:
            return False
        return await real(self, messages)

    return patch.object(Voice, "say", say)


def loses_a_cancel_before_its_target() -> Any:
    real = fold.remember

    def remember(facts: Any, fact: Any) -> Any:
        targets = lifecycle.CANCELS.get(fact.trigger)
        if targets and not any(one.trigger in targets for one in facts):
            return facts
        return real(facts, fact)

    return patch.object(fold, "remember", remember)


def ignores_a_second_fact_of_a_trigger() -> Any:
    real = fold.remember

    def remember(facts: Any, fact: Any) -> Any:
        return facts if any(one.trigger is fact.trigger for one in facts) else real(facts, fact)

    return patch.object(fold, "remember", remember)


def orders_by_arrival() -> Any:
    def kept(items: Any, key: Any = None) -> list[Any]:
        first = list(items)
        return first if key is not None else builtins.sorted(first)

    def remember(facts: Any, fact: Any) -> Any:
        return (*facts, fact)

    return patch.multiple(fold, create=True, sorted=kept, remember=remember)


def the_last_to_arrive_has_the_last_word() -> Any:
    def merge(before: Any, writes: Any, stamp: str) -> Any:
        return {**before, **{name: registers.Register(stamp=stamp, value=value) for name, value in writes.items()}}

    return patch.object(registers, "merge", merge)


def passes_every_fence() -> Any:
    return patch.object(Fence, "passed", lambda self, inputs, committed: True)


def rings_an_hour_early() -> Any:
    real = Sweeper._say

    async def say(self: Sweeper, lanes: Any, until: datetime, *, unfenced: bool) -> int:
        return await real(self, lanes, until + timedelta(hours=1), unfenced=unfenced)

    return patch.object(Sweeper, "_say", say)


def does_not_look_whether_an_alarm_still_stands() -> Any:
    def ring(document: Any, alarm: str, due: datetime, cause: str) -> Any:
        record = document.record_of(alarm.rpartition(":")[0])
        if record is None or record.task.business_status not in ALARMS:
            return None
        fact = ALARMS[record.task.business_status][0]
        record, told = tell(document, record.moved(fact), SAYS[fact], due, cause)
        return document.with_record(record), told

    return patch.object(followup_handlers, "ring", ring)


def forgets_to_set_the_alarm_again() -> Any:
    real = followup_handlers.TimerHandler.decide

    def decide(self: Any, fact: Any, desk: Any) -> Any:
        return replace(real(self, fact, desk), next_alarm_at=None)

    return patch.object(followup_handlers.TimerHandler, "decide", decide)


def forgets_the_commands_it_heard() -> Any:
    real = followup_handlers.obey

    def obey(document: Any, *rest: Any) -> Any:
        return real(document.model_copy(update={"commands": ()}), *rest)

    return patch.object(followup_handlers, "obey", obey)
