"""What a service makes sure of before it hears anything: a store and a broker that can keep its promises.

Refuses to start, exit code 78, with a line for each demand that is not met; waits for servers that do not answer yet.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from shared.mongo.client import server_facts
from shared.settings import ServiceSettings
from shared.stream.administration import Finding, check
from shared.stream.demands import unmet
from shared.stream.kafka import Broker
from shared.stream.outages import Away
from shared.telemetry import log

RETRY_SECONDS = 1.0


class NotReady(Exception):
    """A demand is not met; `findings` are all that were found."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(", ".join(f"{each.topic} {each.code}" for each in findings))
        self.findings = findings


async def patiently(step: Callable[[], Awaitable[Any]]) -> Any:
    """Do `step`, again and again while a driver is away: a service that starts before its servers waits for them."""
    while True:
        try:
            return await step()
        except Away as away:
            log.warning("start_waits", what=away.what, code=away.code)
            await asyncio.sleep(RETRY_SECONDS)


async def demand(settings: ServiceSettings, client: Any, broker: Broker) -> None:
    """Raises NotReady."""
    findings = await patiently(lambda: _findings(settings, client, broker))
    if findings:
        raise NotReady(findings)


async def _findings(settings: ServiceSettings, client: Any, broker: Broker) -> list[Finding]:
    facts = await server_facts(client)
    store = [] if facts["replica_set"] else [Finding("mongodb", "no-replica-set", "majority writes mean nothing there")]
    topics = await check(broker)
    return store + topics + (await unmet(broker) if settings.deployment == "live" else [])


def tell(refused: NotReady) -> None:
    """Say on stderr what is not met, and what to do about it."""
    for finding in refused.findings:
        sys.stderr.write(f"{finding.topic}: {finding.code} {finding.detail}".rstrip() + "\n")
    sys.stderr.write("`care topics create` makes missing topics; `care doctor` says more.\n")
    sys.stderr.flush()
