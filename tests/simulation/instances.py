"""The five services, put together from production parts as their agents do it, on ports that fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from services.admissions.domain.closing import alarms_due as closings_due
from services.admissions.handlers import COLLECTION as PATIENT_DOCUMENTS
from services.admissions.handlers import handlers as admissions_handlers
from services.discharge.handlers import handlers as discharge_handlers
from services.discharge.store import federal_calendar, load_pathways
from services.followup.domain.alarms import alarms_due
from services.followup.handlers import COLLECTION as TRANSITION_DOCUMENTS
from services.followup.handlers import handlers as followup_handlers
from services.gateway.domain.message import Judge
from services.gateway.handlers.intake import Intake
from services.gateway.handlers.ports import Outages
from services.gateway.handlers.voice import Relay as GatewayRelay
from services.gateway.handlers.voice import Voice
from services.notifier.channels.relay import Relay
from services.notifier.channels.sender import Sender
from services.notifier.handlers import handlers as notifier_handlers
from services.notifier.settings import NotifierPolicy, SmtpPolicy
from services.notifier.store import Deliveries as Projection
from shared.alarm.sweeper import Alarms, Limits, Sweeper
from shared.feeds import FeedProfile
from shared.schemas.topics import ADMISSIONS_TIMERS, FOLLOWUP_TIMERS
from shared.stream.batch import BatchHearing
from shared.stream.decisions import Decision, Desk, Fact, Handler, Reading
from shared.stream.kafka import lane_of
from shared.stream.ledger import Ledger
from shared.stream.loop import Loop, Pace
from shared.stream.outages import Away, where
from shared.stream.records import Heard
from shared.stream.suspects import Suspects
from tests.simulation import ports
from tests.simulation.faults import Instance
from tests.simulation.provider import Provider

if TYPE_CHECKING:
    from tests.simulation.world import World

SECRET = b"a secret of the simulation, 32 b"
FEED = FeedProfile.model_validate(
    {
        "feed": "north",
        "tenant": "sim",
        "mode": "live",
        "zone": "America/New_York",
        "facility": "NORTH",
        "default_authority": "NORTH",
    }
)
POLICY = NotifierPolicy(
    deployment="live",
    smtp=SmtpPolicy(
        host="127.0.0.1",
        sender="care@example.org",
        message_id_domain="example.org",
        starttls="never",
        attempt_seconds=2.0,
    ),
    lease_seconds=5.0,
    poll_seconds=1.5,
    breaker_seconds=2.0,
    retry_seconds=(1.0, 2.0, 4.0, 8.0),
)
HEARERS = ("admissions", "discharge", "followup", "notifier")
ALARMS = {
    "admissions": Alarms("admissions", ADMISSIONS_TIMERS.name, PATIENT_DOCUMENTS, closings_due),
    "followup": Alarms("followup", FOLLOWUP_TIMERS.name, TRANSITION_DOCUMENTS, alarms_due),
}
EXPECTED_ENDS = ("fetch-keeps-failing", "stopping-while-away", "abandoned-half-heard")


@cache
def _discharge() -> dict[str, Handler]:
    return discharge_handlers(load_pathways(), federal_calendar(range(2026, 2028)))


def handlers_of(service: str) -> dict[str, Handler]:
    """The production handlers of a service."""
    match service:
        case "admissions":
            return admissions_handlers({FEED.feed: FEED}, SECRET)
        case "discharge":
            return _discharge()
        case "followup":
            return followup_handlers()
    return notifier_handlers(POLICY)


class Deployed:
    """A handler as deployed: a bad deploy stumbles over some records, until it is mended."""

    def __init__(self, world: World, service: str, handler: Handler) -> None:
        self._world, self._service, self._handler = world, service, handler

    def read(self, record: Heard) -> Reading:
        if self._world.stumbles(self._service, record):
            raise RuntimeError
        place, read = (self._service, record.cause), self._world.read
        if place not in read:
            read[place] = self._handler.read(record)  # pure: read again it would say the same
        return read[place]

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        return self._handler.decide(fact, desk)


async def _periodically(instance: Instance, action: Callable[[], Awaitable[Any]], seconds: float) -> None:
    while True:
        try:
            await action()
        except Exception as error:  # noqa: BLE001 - in production the process ends
            instance.world.violate(f"{instance.name}: periodic ended with {error!r} in {where(error)}")
        await asyncio.sleep(seconds)


def _on_error(instance: Instance) -> Callable[[Exception], None]:
    def told(error: Exception) -> None:
        if not isinstance(error, Away):
            instance.world.violate(f"{instance.name}: sending ended with {error!r}")

    return told


class HearingProcess(Instance):
    """A process of admissions, discharge, followup or notifier."""

    def start(self) -> None:
        world, rng = self.world, self.swarm.rng
        self.stop = asyncio.Event()
        self.publisher = ports.Publisher(self)
        documents = ports.Documents(self, world.documents[self.service])
        ledger = Ledger()
        deployed = {t: Deployed(world, self.service, h) for t, h in handlers_of(self.service).items()}
        project = self._senders() if self.service == "notifier" else None
        hearing = BatchHearing(self.service, deployed, documents, self.publisher, ledger, lane_of, project)
        pace = Pace(rng.choice((1, 2, 3, 8)), 4.0, 2.0, 0.1, 1.0, 1.0, 1e9)
        suspects = Suspects(ports.Attempts(self, world.attempts[self.service]), hearing.refuse, pace.batch)
        consumer = ports.Consumer(self, self.service, list(deployed))
        self.loop = Loop(consumer, hearing, ledger, suspects, self._die, pace, hearing.read_ahead)
        self.running = [self.spawn(self.loop.run())]
        self.spawn(_periodically(self, self.loop.learn, 6.0))
        if alarms := ALARMS.get(self.service):
            limits = Limits(lease=3.0, page_after=60.0, unfenced_after=1e9)
            sweeper = Sweeper(alarms, documents, self.publisher, consumer, ledger, world.clock, limits)
            self.spawn(_periodically(self, sweeper.sweep, 1.0))

    def _senders(self) -> Any:
        world, rng = self.world, self.swarm.rng
        deliveries = ports.Deliveries(self, world.deliveries)
        relay = Relay(deliveries, self.publisher, POLICY, source="care-transitions/notifier", clock=world.wall)
        sender = Sender(
            deliveries,
            [Provider(self, POLICY.smtp)],
            POLICY,
            owner=self.name,
            clock=world.wall,
            chance=rng.random,
            ended=relay.take,
        )
        self.sending = [
            self.spawn(sender.run(self.stop, _on_error(self))),
            self.spawn(relay.run(self.stop, _on_error(self))),
        ]
        return Projection(deliveries, world.wall, sender.wake).project

    def _die(self, code: str) -> None:
        if code not in EXPECTED_ENDS:
            self.world.violate(f"{self.name}: ended with {code}")
        self.crash()
        raise asyncio.CancelledError

    async def leave(self) -> None:
        """SIGTERM: finish, leave the group, end."""
        self.leaving = True
        await self.loop.stop()
        await asyncio.wait(self.running, timeout=25.0)
        self.stop.set()
        if self.service == "notifier":
            await asyncio.wait(self.sending, timeout=20.0)
        self.crash()


class Gateway(Instance):
    """A process of gateway; its doors call `take`."""

    def start(self) -> None:
        world = self.world
        raw, outages = ports.RawMessages(self, world.raw), Outages()
        voice = Voice(raw, ports.Publisher(self), outages)
        relay = GatewayRelay(raw, voice, outages, most_unsaid=10_000)
        self.intake = Intake(raw, voice, Judge(SECRET, 1 << 20), world.clock, lambda: relay.full, outages)
        self.spawn(_periodically(self, relay.sweep, 1.5))

    async def leave(self) -> None:
        """It stores before it answers: leaving needs no ceremony."""
        self.crash()


def process_of(world: World, service: str, name: str) -> Instance:
    """A new process of a service."""
    return Gateway(world, service, name) if service == "gateway" else HearingProcess(world, service, name)
