"""Our side: a service as production makes them, with all of its guarantees, whose decision is the bench's work.

Only two things are added: a journal of what is committed when, and a gate that holds the first fetch while the file
`hold` is there (the group goes on).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from bench.stopwatch import Stopwatch
from bench.work import Adt, stands, told
from shared.process import Process, serve
from shared.schemas.envelope import EventData
from shared.settings import ServiceSettings
from shared.stream.codec import Undecodable, envelope_of
from shared.stream.decisions import Decision, Desk, Fact, Refs, Refused, Say
from shared.stream.loop import Loop
from shared.stream.records import Heard

EPISODES = "episodes"


class Settings(ServiceSettings):
    """What the bench tells beyond a service's own settings."""

    bench_heard: str
    bench_said: str
    bench_directory: Path
    bench_journal: Path


class Told(EventData):
    """What is said of an episode, as by the other sides."""

    TYPE: ClassVar[str] = "bench.told.v1"
    id: str
    kind: str
    episode: str
    status: str
    at: str
    patient: str
    unit: str
    notify: list[str]


def told_on(topic: str) -> type[Told]:
    """`Told`, said on this topic."""

    class ToldThere(Told):
        TOPIC: ClassVar[str] = topic

    return ToldThere


class Handler:
    """One document per encounter, one event out. Facilities `BUG` and `REFUSE` are what poison storms are made of."""

    def __init__(self, says: type[Told]) -> None:
        self._says = says

    def read(self, record: Heard) -> Fact:
        """Envelope and data, validated."""
        envelope = envelope_of(record)
        try:
            adt = Adt.model_validate_json(record.value or b"")
        except ValueError:
            raise Undecodable("data-invalid") from None
        return Fact(record, envelope, adt, (Refs(EPISODES, (adt.encounter.id,)),))

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        """The newest number stands, the ids of all events are kept."""
        adt: Adt = fact.body
        if adt.source == "REFUSE":
            raise Refused("refused-by-rule")
        if adt.source == "BUG":
            raise ZeroDivisionError
        known = desk.by_id(EPISODES, adt.encounter.id)
        old: dict[str, Any] = known.state if known else {"seq": -1, "updated_at": "", "events": []}
        state = {
            **stands(adt),
            "seq": max(adt.seq, old["seq"]),
            "updated_at": max(adt.occurred_at, old["updated_at"]),
            "events": [*old["events"], adt.event_id],
        }
        say = Say(self._says(**told(adt)), adt.encounter.id)
        return Decision(EPISODES, adt.encounter.id, state=state, say=(say,))


class MeasuredProcess(Process):
    """A process whose consumer keeps a journal."""

    watch: Stopwatch
    hold: Path

    def plane(
        self, topics: Sequence[str], hearing: Any, refuse: Callable[[Heard, str], Awaitable[None]], group: str = ""
    ) -> tuple[Any, Loop]:
        """As in `Process`, journaled."""
        consumer, loop = super().plane(topics, hearing, refuse, group)
        _journaled(consumer, self.watch, self.hold)
        return consumer, loop


def _journaled(consumer: Any, watch: Stopwatch, hold: Path) -> None:
    fetch, commit = consumer.fetch, consumer.commit
    firsts: dict[tuple[str, int], int] = {}
    ends: dict[tuple[str, int], int] = {}
    held = False

    async def fetched(limit: int, seconds: float) -> list[Heard]:
        nonlocal held
        if hold.exists():  # noqa: ASYNC240 - a stat, before anything is measured
            held = True
            consumer.pause()
            await asyncio.sleep(0.02)
            return []
        if held:
            held = False
            consumer.resume()
        records: list[Heard] = await fetch(limit, seconds)
        if records:
            watch.started()
        for record in records:
            firsts.setdefault((record.topic, record.partition), record.offset)
        return records

    async def committed(offsets: dict[tuple[str, int], int]) -> None:
        await commit(offsets)
        ends.update(offsets)
        watch.note(sum(end - firsts[place] for place, end in ends.items()))

    consumer.fetch, consumer.commit = fetched, committed


async def _agents(process: Process, settings: Settings) -> list[Any]:
    measured = MeasuredProcess(process.name, settings)
    measured.watch, measured.hold = Stopwatch(settings.bench_journal), settings.bench_directory / "hold"
    await measured.open([], [EPISODES])
    return measured.hearer({settings.bench_heard: Handler(told_on(settings.bench_said))})


if __name__ == "__main__":
    serve("bench", Settings, _agents)
