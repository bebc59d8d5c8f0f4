"""The mail relay: takes messages, refuses them, or leaves it open whether it did. Its journal is what people got."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from services.notifier.channels import message
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.retry import Kind, Result
from services.notifier.settings import SmtpPolicy
from tests.simulation.faults import Instance

MESSAGE_ID: Final = re.compile(rb"^Message-ID: (\S+)\r$", re.MULTILINE)


class Provider:
    """Implements the notifier's `Channel` for one process; composes with production templates."""

    kind: Final = "email"

    def __init__(self, instance: Instance, policy: SmtpPolicy) -> None:
        self._at, self._policy = instance, policy

    async def send(self, delivery: Delivery) -> Result:
        world, strikes = self._at.world, self._at.swarm.strikes
        composed = message.compose(delivery, self._policy.sender, self._policy.message_id_domain, world.wall())
        await self._at.point()
        for fault, kind in (
            ("provider-unreachable", Kind.UNREACHABLE),
            ("provider-transient", Kind.TRANSIENT),
            ("provider-permanent", Kind.PERMANENT),
            ("provider-never-came", Kind.UNKNOWN),
        ):
            if strikes(fault):
                return Result(kind, fault)
        (message_id,) = MESSAGE_ID.findall(composed)
        world.safety.delivered(delivery, message_id.decode())
        if strikes("provider-hang"):
            await asyncio.sleep(self._policy.attempt_seconds)
            await self._at.point()
            return Result(Kind.UNKNOWN, "timeout-data")
        await self._at.point()
        return Result(Kind.UNKNOWN, "lost-data") if strikes("provider-lost-answer") else Result(Kind.SENT, "smtp-250")
