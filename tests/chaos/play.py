"""A run from nothing to its account: stack, deployment, traffic, strikes, accounting; nothing of it keeps running."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from demo.deployment import START, Deployment, deployed
from demo.stack import Stack, open_stack
from tests.chaos.accounting import Account, account
from tests.chaos.frozen import freeze, version
from tests.chaos.mails import Mailbook
from tests.chaos.run import Played, Run
from tests.chaos.strikes import LEASE_SECONDS, strikes
from tests.chaos.traffic import Wave, traffic, waves

Say = Callable[[str], None]
Then = Callable[[Deployment, Played, Mailbook], Awaitable[None]]
CHANGES = {
    "CARE_NOTIFIER__LEASE_SECONDS": f"{LEASE_SECONDS:g}",
    "CARE_NOTIFIER__SMTP__ATTEMPT_SECONDS": f"{LEASE_SECONDS / 2:g}",
    "CARE_NOTIFIER__RETRY_SECONDS": "[1, 2, 5, 5, 10, 10, 10, 10, 10, 10, 10, 10]",
    "CARE_NOTIFIER__BREAKER_SECONDS": "5",
}
"""Shorter than in a deployment, so that what a kill leaves unknown is sent again within the run, and often."""


BEFORE_THE_NIGHT = timedelta(days=4)


@dataclass(frozen=True)
class Plan:
    """What is asked for. `logs`: where the processes' logs are kept."""

    seed: int
    messages: int
    patients: int
    kills: int
    logs: Path

    @property
    def name(self) -> str:
        """chaos, or truth where nothing is killed."""
        return "chaos" if self.kills else "truth"

    @property
    def start(self) -> datetime:
        """What the clock shows first. Of a truth some days before the night of 1 November 2026, when it is set back."""
        return START if self.kills else START - BEFORE_THE_NIGHT

    def again(self) -> str:
        """The command that repeats it."""
        counts = f"--messages {self.messages} --patients {self.patients} --kills {self.kills}"
        return f".venv/bin/python -m tests.chaos --seed {self.seed} {counts}"


@dataclass(frozen=True)
class Outcome:
    """What happened, and what it came to. `servers`: their versions, `code`: the services'."""

    played: Played
    account: Account
    servers: tuple[str, str]
    code: str


def chaos(plan: Plan, say: Say, then: Then | None = None) -> Outcome:
    """Play it and account for it, then do `then` while all still runs.

    Raises StackError, TooFew, Stuck, Unacknowledged.
    """
    say("drawing the messages")
    sendings = traffic(plan.seed, plan.messages, plan.patients, plan.start)
    book = Mailbook()
    say("starting Kafka, mongod and the services")
    code = version()
    with (
        open_stack("apache", {}) as stack,
        _prepared(stack, plan.logs),
        deployed(stack, fast_clock=True, on_mail=book.take, changes=CHANGES, start=plan.start) as local,
    ):
        played, found = asyncio.run(_played(local, plan, waves(sendings, plan.start), book, say, then))
    return Outcome(played, found, (stack.kafka.version, stack.mongo.version), code)


async def _played(
    local: Deployment, plan: Plan, in_waves: list[Wave], book: Mailbook, say: Say, then: Then | None
) -> tuple[Played, Account]:
    """Made inside the event loop, as its clients must be."""
    run = Run(local, plan.seed, strikes(plan.seed, plan.kills), say)
    try:
        played = await run.play(in_waves)
    except BaseException:
        run.fleet.end()
        raise
    say("all is through; reading topics, databases and mailbox")
    found = await account(local, played, book)
    if then is not None:
        await then(local, played, book)
    return played, found


@contextlib.contextmanager
def _prepared(stack: Stack, directory: Path) -> Iterator[None]:
    """The stack's directory gets the code, and goes in the end; its logs do not."""
    freeze(stack.directory)
    try:
        yield
    finally:
        directory.mkdir(parents=True, exist_ok=True)
        for log in stack.directory.rglob("*.log"):
            if log.parent == stack.directory or log.name in ("kafka.log", "mongod.log"):
                shutil.copy(log, directory / log.name)
