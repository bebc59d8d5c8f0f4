"""The four services on twins behind the simulated hospital, and what the oracle says of the same messages.

No alarm rings and nothing is sent: tasks are compared by their windows, tellings by what was decided; of corrections
that wait, the mails are read. What a clock and a mail server bring is held to account by `make chaos`.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from random import Random

from demo.deployment import DATA, directory_event, read_directory
from demo.hospital import Sending
from demo.oracle.audience import Directory
from demo.oracle.comparing import Difference, compare, leaks
from demo.oracle.expecting import expect
from demo.oracle.facts import Account, Pace, Telling, Visit
from demo.oracle.judging import wrong_numbers
from demo.oracle.meant import meant, unreadable
from demo.oracle.observing import Observed
from services.admissions.handlers import handlers as admissions
from services.discharge.handlers import handlers as discharge
from services.discharge.store import PATHWAYS, federal_calendar, load_pathways
from services.followup.handlers import handlers as followup
from services.notifier.channels.message import compose
from services.notifier.handlers import handlers as notifier
from services.notifier.store import Deliveries, MemoryDeliveries
from shared.feeds import FeedProfile, parse_feeds
from shared.schemas.envelope import TYPE_PREFIX, Envelope, derived_id
from shared.schemas.registry import ADT_RECEIVED
from shared.stream.codec import encode, headers_of
from shared.stream.memory import MemoryLog
from shared.stream.records import Saying
from tests.unit.admissions.house import SECRET
from tests.unit.admissions.test_two_feeds import Region, Service
from tests.unit.notifier.givens import a_policy

ER7 = "x-application/hl7-v2+er7"
TOPICS = (
    "adt.inbound.v1",
    "care.encounters.v1",
    "care.transitions.v1",
    "care.tasks.v1",
    "care.notifications.v1",
)
SECOND = timedelta(seconds=1)


def profiles() -> dict[str, FeedProfile]:
    """The demo's feeds; nothing listens at the ports."""
    ports = itertools.count(20_001)
    text = (DATA / "feeds.toml").read_text("utf-8")
    text = re.sub(r"^mllp_port = 0$", lambda _: f"mllp_port = {next(ports)}", text, flags=re.MULTILINE)
    return parse_feeds(tomllib.loads(text))


PROFILES = profiles()
ENTRIES = tomllib.loads((DATA / "directory.toml").read_text("utf-8"))


class Chain(Region):
    """The whole house behind the demo's hospitals. `now` is what notifier's clock shows."""

    def __init__(self, now: datetime) -> None:
        self.log, self.deliveries = MemoryLog(), MemoryDeliveries()
        policy = a_policy(deployment="demo", allow_list=("@example.org",))
        self.followup = Service("followup", followup(), self.log)
        self.services = (
            Service("admissions", admissions(PROFILES, SECRET), self.log),
            Service("discharge", discharge(load_pathways(PATHWAYS), federal_calendar()), self.log),
            self.followup,
            Service("notifier", notifier(policy), self.log, Deliveries(self.deliveries, lambda: now).project),
        )

    async def know_the_directory(self, now: datetime) -> None:
        """As a deployment does when it begins."""
        for tenant in {profile.tenant for profile in PROFILES.values()}:
            for entry in read_directory(ENTRIES):
                await self.log.append(encode(directory_event(entry, tenant, now), entry.TOPIC))
        await self.run()

    async def let_in(self, sending: Sending, at: datetime) -> None:
        """The gateway says the message; nobody hears it yet."""
        profile = PROFILES[sending.feed]
        envelope = Envelope(
            id=derived_id("raw", sending.feed, sending.control_id),
            source="gateway",
            type=TYPE_PREFIX + ADT_RECEIVED,
            subject="",
            time=at,
            key="advisory",
            tenant=profile.tenant,
            feed=sending.feed,
            mode=profile.mode,
        )
        await self.log.append(Saying("adt.inbound.v1", b"advisory", sending.body, headers_of(envelope, ER7)))

    async def read_corrections(self, seen: Observed) -> None:
        """The mails of those that wait to be sent, as they would be."""
        for one in await self.deliveries.load([*seen.corrected]):
            if one.status == "pending":
                seen.mail(message_from_bytes(compose(one, "care@example.org", "example.org", one.decided_at)))

    async def hear_some(self, dice: Random) -> None:
        """Any service hears what is there for it, in any turn; some hear nothing."""
        for _ in range(dice.randint(0, 6)):
            await dice.choice(self.services).hear()


async def differences(sendings: Sequence[Sending], dice: Random | None) -> list[Difference]:
    """Of these messages, heard in this order: what is not as the oracle has it.

    With `dice` the services hear in any turn. Without, each message is through before the next one comes, and then the
    oracle knows to the second what each of them found.
    """
    until = max(one.at for one in sendings) + timedelta(hours=1)
    chain, at = Chain(until), sendings[0].at
    await chain.know_the_directory(at - timedelta(days=9))
    for one in sendings:
        at = max(at, one.at) + SECOND
        await chain.let_in(one, at)
        await (chain.hear_some(dice) if dice else chain.run())
    await chain.run()
    seen = Observed()
    for record in itertools.chain.from_iterable(chain.log.all_of(topic) for topic in TOPICS):
        seen.hear(record)
    messages = meant(sendings)
    pace = Pace(until, timedelta(days=30) if dice else timedelta(0))
    expected = expect(messages, unreadable(sendings), seen.arrivals(), seen.done(), Directory(ENTRIES), pace)
    visits, control_ids = {one.visit for one in messages.values()} - {""}, {one.control_id for one in sendings}
    got = seen.account(visits, control_ids, wrong_numbers(messages.values()))
    await chain.read_corrections(seen)
    corrections = {id_: (seen.visit_of(of), at) for id_, (of, at) in seen.corrected.items()}
    return compare(_timeless(expected), _timeless(got)) + leaks(expected, corrections, seen.naming)


def _timeless(account: Account) -> Account:
    """Without what only time brings."""
    visits = {number: _without_alarms(visit) for number, visit in account.visits.items()}
    return Account(visits)


def _without_alarms(visit: Visit) -> Visit:
    transitions = {
        version: replace(one, tasks={code: replace(task, status=frozenset()) for code, task in one.tasks.items()})
        for version, one in visit.transitions.items()
    }
    told, corrections = _decided(visit.told), _decided(visit.corrections)
    return replace(visit, transitions=transitions, told=told, corrections=corrections)


def _decided(tellings: Mapping[Telling, frozenset[str]]) -> dict[Telling, frozenset[str]]:
    """What waits to be sent is as good as sent."""
    return {
        telling: frozenset("sent" if one == "pending" else one for one in outcomes)
        for telling, outcomes in tellings.items()
        if not telling.notice.startswith("task.")
    }
