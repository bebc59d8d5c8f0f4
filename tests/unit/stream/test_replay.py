"""A dead letter that is said again: its one hearer takes it as the record it was, and nobody else hears of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from shared.mongo.memory import MemoryDocuments
from shared.stream.batch import BatchHearing
from shared.stream.deadletters import NotADeadLetter, dead_letter, replayed
from shared.stream.decisions import Fact, Refused
from shared.stream.documents import Stream
from shared.stream.kafka import lane_of
from shared.stream.ledger import Ledger
from shared.stream.memory import MemoryLog, MemoryPublisher
from shared.stream.records import Cause, Heard, Saying
from tests.contracts_suite.counting import COUNTERS, HEARD, CountingHandler, a_poke, heard

DLQ, REPLAY = f"{HEARD}.counter.dlq", f"{HEARD}.counter.replay"


@dataclass
class Hearer:
    """A counting service with documents of its own, which refuses what `refuses` names until it is mended."""

    name: str
    log: MemoryLog
    refuses: set[str] = field(default_factory=set)
    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    heard_until: dict[str, int] = field(default_factory=dict)
    handler: CountingHandler = field(default_factory=CountingHandler)

    def __post_init__(self) -> None:
        self.handler.hook = self._hook

    def _hook(self, fact: Fact) -> None:
        if fact.envelope.id in self.refuses:
            raise Refused("planted-defect")

    async def hear(self) -> int:
        """Hear what is new on the topic and its own replay topic; returns how many records that were."""
        hearing = BatchHearing(
            self.name, {HEARD: self.handler}, self.documents, MemoryPublisher(self.log), Ledger(), lane_of
        )
        new: list[Heard] = []
        for topic in (HEARD, f"{HEARD}.{self.name}.replay"):
            kept = self.log.all_of(topic)
            new += kept[self.heard_until.get(topic, 0) :]
            self.heard_until[topic] = len(kept)
        await hearing.hear(new)
        return len(new)

    @property
    def counter(self) -> tuple[int, Stream]:
        """The total, and the only numbered stream that it knows."""
        document = self.documents.stored[(COUNTERS, "a")]
        ((name, stream),) = document.streams.items()
        assert name == f"{HEARD}|a", "a replayed record counts in the original topic's stream"
        return document.state["total"], stream


@dataclass
class Town:
    log: MemoryLog = field(default_factory=MemoryLog)

    def __post_init__(self) -> None:
        self.counter = Hearer("counter", self.log, refuses={"a-1.2"})
        self.other = Hearer("other", self.log)

    async def say(self, *numbers: int) -> None:
        for n in numbers:
            await self.log.append(a_poke("a", n))

    async def replay(self) -> list[Saying]:
        sayings = [replayed(letter) for letter in self.log.all_of(DLQ)]
        for saying in sayings:
            await self.log.append(saying)
        return sayings


async def test_replay__after_the_defect_is_mended_is_applied_once_by_its_hearer_alone() -> None:
    town = Town()
    await town.say(1, 2, 3)
    assert await town.counter.hear() == 3
    assert await town.other.hear() == 3
    assert town.counter.counter == (2, Stream(1, 3, [2]))
    town.counter.refuses.clear()
    await town.replay()
    assert await town.counter.hear() == 1
    assert town.counter.counter == (3, Stream(1, 3, []))
    assert await town.other.hear() == 0, "the other hearer of the topic hears nothing of it"
    assert town.other.handler.decided == ["a-1.1", "a-1.2", "a-1.3"]


async def test_replay__of_what_was_applied_changes_nothing() -> None:
    town = Town()
    await town.say(1, 2, 3)
    await town.counter.hear()
    town.counter.refuses.clear()
    await town.replay()
    await town.counter.hear()
    before, decided = town.counter.counter, list(town.counter.handler.decided)
    await town.replay()
    assert await town.counter.hear() == 1
    assert town.counter.counter == before
    assert town.counter.handler.decided == decided


async def test_replay__before_the_defect_is_mended_is_the_same_dead_letter_again() -> None:
    town = Town()
    await town.say(1, 2, 3)
    await town.counter.hear()
    await town.replay()
    await town.counter.hear()
    first, second = town.log.all_of(DLQ)
    assert (second.key, second.value, sorted(second.headers)) == (first.key, first.value, sorted(first.headers))
    town.counter.refuses.clear()
    await town.replay()
    assert await town.counter.hear() == 2, "both letters are said again, and the record counts once"
    assert town.counter.counter == (3, Stream(1, 3, []))


async def test_replay__is_said_in_the_partition_of_its_key_as_it_was_first_said() -> None:
    town = Town()
    await town.say(1, 2)
    await town.counter.hear()
    (saying,) = await town.replay()
    original, (again,) = a_poke("a", 2), town.log.all_of(REPLAY)
    assert (saying.topic, saying.key, saying.value) == (REPLAY, original.key, original.value)
    (first, *_) = town.log.all_of(HEARD)
    assert again.partition == first.partition
    ours = [name for name, _ in again.headers if name not in dict(original.headers)]
    assert ours == ["replay_of"]
    assert again.header("replay_of") == f"{HEARD}/{first.partition}/1"


async def test_refuse__a_replayed_record_that_kills_its_hearer_goes_back_under_its_first_place() -> None:
    town = Town()
    letter = dead_letter(heard(a_poke("a", 2), 7), "counter", "bug")
    again = heard(replayed(Heard(letter.topic, 0, 0, letter.key, letter.value, letter.headers)), 3)
    hearing = BatchHearing(
        "counter", {HEARD: CountingHandler()}, town.counter.documents, MemoryPublisher(town.log), Ledger(), lane_of
    )
    assert again.cause == Cause(REPLAY, 0, 3), "what it causes waits for the commit on the replay topic"
    await hearing.refuse(again, "crash-loop")
    (back,) = town.log.all_of(DLQ)
    assert back.header("dl_place") == f"{HEARD}/0/7"
    assert back.header("dl_reason") == "crash-loop"
    assert not back.header("replay_of")


def test_replayed__what_is_no_dead_letter_is_refused() -> None:
    letter = dead_letter(heard(a_poke("a", 1)), "counter", "bug")
    good = Heard(letter.topic, 0, 0, letter.key, letter.value, letter.headers)
    bare = tuple(pair for pair in good.headers if not pair[0].startswith("dl_"))
    for record in (heard(a_poke("a", 1)), replace(good, headers=bare), replace(good, topic=f"{HEARD}.other.dlq")):
        with pytest.raises(NotADeadLetter):
            replayed(record)
