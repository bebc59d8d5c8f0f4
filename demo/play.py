"""The demo from connected clients to the outcome: conducts the schedule and judges whether what must show did."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from rich.console import Console

from demo.conductor import STEP, Conductor, Doors, Stuck
from demo.drain import HEARERS, Drain
from demo.hospital.mllp_client import MllpClient
from demo.hospital.schedule import schedule
from demo.hospital.sendings import Sending
from demo.oracle.facts import Pace
from demo.oracle.following import followed
from demo.oracle.judging import Verdict, judge
from demo.oracle.observing import kept_mails
from demo.screen import Screen
from demo.stack.ports import LOOPBACK
from demo.staff import Staff
from demo.tally import Tally
from shared.feeds import FeedProfile
from shared.schemas.topics import ALL, dead_letter_topics
from shared.stream.kafka import Broker
from shared.stream.kafka_producer import KafkaPublisher
from shared.stream.reading import Onlooker

JUDGED_SECONDS = 35.0
"""An alarm whose saying lost a race rings again after its lease of 30 s."""


class Reach(Protocol):
    """How the running deployment is reached (`care.session.Session`)."""

    @property
    def settings(self) -> Mapping[str, str]: ...
    @property
    def broker(self) -> Broker: ...
    def database(self, service: str) -> object: ...
    def group(self, service: str) -> str: ...


@dataclass(frozen=True)
class Outcome:
    """`wrong`: what should have shown and did not, and where the oracle disagrees; `example` is a visit to trace."""

    seconds: float
    simulated: timedelta
    example: str
    wrong: tuple[str, ...]
    verdict: str = ""


async def play(
    reach: Reach,
    feeds: Mapping[str, FeedProfile],
    plan: tuple[int, int, int],
    tally: Tally,
    console: Console,
    start: datetime,
) -> Outcome:
    """Play `plan` = (seed, patients, days) from `start` on the business clock."""
    began = time.monotonic()
    seed, patients, days = plan
    sendings = schedule(seed, patients, days, start)
    end = start + timedelta(days=days)
    stuck = await _conduct(reach, feeds, sendings, (seed, start, end), tally, console)
    seconds, example = time.monotonic() - began, _example(sendings)
    if stuck:
        return Outcome(seconds, end - start, example, (f"nothing moved for too long; {stuck}",))
    verdict = await _judged(reach, sendings, end)
    wrong = (*_missing(tally), *(f"oracle: {difference}" for difference in verdict.differences))
    return Outcome(seconds, end - start, example, wrong, str(verdict))


async def _judged(reach: Reach, sendings: list[Sending], end: datetime) -> Verdict:
    """What became of all that was sent, against what the hospital meant. The mailbox stands beside the feeds' file.

    A nurse who hears of work at the end of a step says that it was done at the end of the next: hence two steps.
    """
    seen = await followed(reach.broker, end, quiet=0.3, patience=JUDGED_SECONDS)
    for mail in kept_mails(Path(reach.settings["CARE_FEEDS_FILE"]).parent / "mailbox"):
        seen.mail(mail)
    return judge(sendings, seen, Pace(end, 2 * STEP))


async def _conduct(
    reach: Reach,
    feeds: Mapping[str, FeedProfile],
    sendings: list[Sending],
    frame: tuple[int, datetime, datetime],
    tally: Tally,
    console: Console,
) -> str:
    seed, start, end = frame
    topics = {feed.feed: feed.kafka_topic for feed in feeds.values() if feed.kafka_topic}
    clients = {feed.feed: MllpClient(LOOPBACK, feed.mllp_port) for feed in feeds.values() if feed.mllp_port}
    doors = Doors(clients, topics, KafkaPublisher(reach.broker))
    names = [topic.name for topic in (*ALL, *dead_letter_topics())] + list(topics.values())
    onlooker = Onlooker(reach.broker, names)
    services = ("gateway", *HEARERS)
    drain = Drain(reach.broker, {s: reach.database(s) for s in services}, {s: reach.group(s) for s in services})
    await onlooker.start()
    await drain.start()
    try:
        with Screen(tally, console, start) as screen:
            clock = Path(reach.settings["CARE_CLOCK_FILE"])
            conductor = Conductor(doors, drain, onlooker, Staff(seed), tally, clock, screen.show)
            await conductor.play(sendings, start, end)
    except Stuck as stuck:
        return str(stuck)
    finally:
        for client in clients.values():
            await client.close()
        await doors.publisher.close()
        await drain.stop()
        await onlooker.stop()
    return ""


def _missing(tally: Tally) -> list[str]:
    """What a demo must show; an empty list when all of it did."""
    musts = {
        "a message was acknowledged": sum(tally.messages.values()),
        "an encounter was discharged": tally.encounters["discharged"],
        "a transition was opened": tally.transitions.total(),
        "a task was requested": tally.tasks["requested"],
        "a task was completed": tally.tasks["completed"],
        "a task fell due": tally.tasks["due"],
        "a mail was handed over": tally.mails,
    }
    return [f"not seen: {what}" for what, count in musts.items() if not count]


def _example(sendings: list[Sending]) -> str:
    """The visit number of an inpatient who went home (PV1-2 I, PV1-36 01), or of anybody discharged."""
    discharges = [_pv1(s.body) for s in sendings if b"ADT^A03" in s.body and s.feed == "north"]
    home = [pv1 for pv1 in discharges if pv1[2] == b"I" and pv1[36] == b"01"]
    return next((pv1[19].split(b"^")[0].decode() for pv1 in home + discharges if pv1[19]), "VISIT")


def _pv1(body: bytes) -> list[bytes]:
    fields = next((segment.split(b"|") for segment in body.split(b"\r") if segment.startswith(b"PV1")), [])
    return fields + [b""] * (50 - len(fields))
