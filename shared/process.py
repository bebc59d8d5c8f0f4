"""What an event-hearing service is made of, put together the same way each time: store, publisher, loop, probes."""

from __future__ import annotations

import os
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from shared.alarm.sweeper import Alarms, Sweeper
from shared.clock import business_clock
from shared.health import AdminServer, Health, stuck
from shared.mongo.attempts import MongoAttempts
from shared.mongo.client import connect, database
from shared.mongo.documents import MongoDocuments
from shared.mongo.indexes import Index, ensure_indexes
from shared.schemas.topics import replay_topic
from shared.settings import EX_CONFIG, S, ServiceSettings, read
from shared.startup import NotReady, demand, patiently, tell
from shared.stream.batch import BatchHearing, Hearing, Projection
from shared.stream.decisions import Handler
from shared.stream.host import Background, DataPlane, Periodic, die, run
from shared.stream.kafka import Broker, lane_of
from shared.stream.kafka_consumer import KafkaConsumer
from shared.stream.kafka_producer import KafkaPublisher
from shared.stream.ledger import Ledger
from shared.stream.loop import Loop, Pace
from shared.stream.measures import LagGauge
from shared.stream.records import Heard
from shared.stream.suspects import Suspects
from shared.telemetry import configure_logs

SWEEP_SECONDS = 0.2
LEARN_SECONDS = 5.0
LAG_SECONDS = 1.0


class Process:
    """One service process. Made inside the running event loop; opens connections when its services start."""

    def __init__(self, name: str, settings: ServiceSettings) -> None:
        self.name = name
        self.settings = settings
        self.clock = business_clock(settings.clock_file)
        self.client = connect(settings.mongo_url)
        self.database = database(self.client, f"{settings.database_prefix}_{name}")
        self.documents = MongoDocuments(self.database)
        self.broker = Broker(
            settings.kafka_bootstrap, idempotent=settings.kafka_idempotent, session_seconds=settings.session_seconds
        )
        self.publisher = KafkaPublisher(self.broker)
        self.ledger = Ledger()

    async def open(self, indexes: Sequence[Index], collections: Sequence[str]) -> None:
        """Create the indexes the guarantees and the queries need; waits for MongoDB as long as it takes."""

        async def create() -> None:
            await self.documents.ensure_indexes(collections)
            await ensure_indexes(self.database, indexes)

        await patiently(create)

    @property
    def group(self) -> str:
        """The consumer group of this service."""
        return f"{self.settings.group_prefix}.{self.name}"

    def hearing(self, handlers: Mapping[str, Handler], project: Projection | None = None) -> BatchHearing:
        """The batch over these handlers."""
        return BatchHearing(self.name, handlers, self.documents, self.publisher, self.ledger, lane_of, project)

    def plane(
        self, topics: Sequence[str], hearing: Hearing, refuse: Callable[[Heard, str], Awaitable[None]], group: str = ""
    ) -> tuple[KafkaConsumer, Loop]:
        """A consumer of `topics` and the loop that carries its batches to `hearing`."""
        group = group or self.group
        attempts = MongoAttempts(self.database, group, secrets.token_hex(8))
        suspects = Suspects(attempts, refuse, self.settings.batch_records)
        consumer = KafkaConsumer(self.broker, group, topics, die)
        ahead = hearing.read_ahead if isinstance(hearing, BatchHearing) else None
        pace = Pace(batch=self.settings.batch_records)
        return consumer, Loop(consumer, hearing, self.ledger, suspects, die, pace, ahead)

    def hearer(
        self, handlers: Mapping[str, Handler], alarms: Alarms | None = None, project: Projection | None = None
    ) -> list[Any]:
        """The services of a process that hears events, in start order; with `alarms` also its alarm clock."""
        hearing = self.hearing(handlers, project)
        topics = [*handlers, *(replay_topic(topic, self.name) for topic in handlers)]
        consumer, loop = self.plane(topics, hearing, hearing.refuse)
        services = [self.closing(), self.admin(loop), DataPlane(loop), Periodic(loop.learn, LEARN_SECONDS)]
        services.append(self.lag_of(consumer))
        if alarms is not None:
            sweeper = Sweeper(alarms, self.documents, self.publisher, consumer, self.ledger, self.clock)
            services.append(Periodic(sweeper.sweep, SWEEP_SECONDS))
        return services

    def lag_of(self, consumer: KafkaConsumer) -> Periodic:
        """Measures how far behind `consumer` is."""
        return Periodic(LagGauge(consumer, self.ledger).measure, LAG_SECONDS)

    def admin(self, loop: Loop) -> Background:
        """The probes of a process whose heart is `loop`."""
        health = Health(
            alive=stuck(lambda: loop.progress_at, lambda: loop.away),
            ready=lambda: loop.away or ("" if loop.ready else "no-partitions"),
        )
        server = AdminServer(health, self.settings.admin_host, self.settings.admin_port)
        return Background(server.start, server.stop)

    def closing(self) -> Background:
        """Closes publisher and store, last of all."""

        async def start() -> None: ...

        async def stop() -> None:
            await self.publisher.close()
            self.client.close()

        return Background(start, stop)


def serve(name: str, settings_class: type[S], agents: Callable[[Process, S], Awaitable[Sequence[Any]]]) -> None:
    """All of a service's `__main__`: read the environment, check the servers, make the agents, run until SIGTERM."""
    configure_logs(name)
    settings = read(settings_class)

    async def make() -> Sequence[Any]:
        process = Process(name, settings)
        try:
            await demand(settings, process.client, process.broker)
        except NotReady as refused:
            tell(refused)
            os._exit(EX_CONFIG)
        return await agents(process, settings)

    run(name, settings.kafka_bootstrap, make)
