"""A batch and its desk where they are easily almost right: ids, keys, lateness, versions, what is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from shared.mongo.memory import MemoryDocuments
from shared.schemas.envelope import Event, Label, derived_id
from shared.stream.batch import BatchHearing
from shared.stream.codec import decode, envelope_of
from shared.stream.decisions import Decision, Desk, Fact, Refs, Say, Standing
from shared.stream.desk import BatchDesk
from shared.stream.documents import Document, Stream
from shared.stream.kafka import lane_of
from shared.stream.ledger import Ledger
from shared.stream.memory import MemoryLog, MemoryPublisher
from shared.stream.outages import Away
from tests.builders import a_discharge
from tests.contracts_suite.counting import COUNTERS, HEARD, Counted, CountingHandler, Poked, a_poke, heard

SERVICE = "counter"


def a_fact(subject: str = "a", n: int | None = 1, *, offset: int = 0, stream: bool = True) -> Fact:
    record = heard(a_poke(subject, n), offset)
    return Fact(record, envelope_of(record), Poked(), (Refs(COUNTERS, (subject,)),), stream)


def counted(total: int = 1) -> Counted:
    return Counted(total=total, cause="c")


async def a_desk(*facts: Fact, stored: Sequence[Document] = ()) -> BatchDesk:
    desk, documents = BatchDesk(SERVICE, lane_of, Ledger()), MemoryDocuments()
    documents.stored.update({(document.collection, document.id): document for document in stored})
    await desk.load(documents, facts)
    return desk


def apply(desk: BatchDesk, fact: Fact, *say: Say, state: dict[str, Any] | None = None, **more: Any) -> Document:
    assert not desk.repeats(fact)
    desk.apply(fact, Decision(COUNTERS, fact.refs[0].ids[0], state=state, say=say, **more))
    (document,) = [one for one in desk.touched() if one.id == fact.refs[0].ids[0]]
    return document


async def test_said__id_is_of_service_cause_type_subject_and_ordinal() -> None:
    fact = a_fact()
    document = apply(
        await a_desk(fact), fact, Say(counted(), "a"), Say(counted(), "b"), Say(counted(), "a"), state={"x": 1}
    )
    envelopes = [envelope_of(heard(entry.saying)) for entry in document.outbox]
    assert [envelope.id for envelope in envelopes] == [
        derived_id(SERVICE, "a-1.1", "test.counted.v1", subject, ordinal) for ordinal, subject in enumerate("aba")
    ]


async def test_said__each_subject_counts_for_itself() -> None:
    fact = a_fact()
    document = apply(
        await a_desk(fact), fact, Say(counted(), "a"), Say(counted(), "b"), Say(counted(), "a"), state={"x": 1}
    )
    envelopes = [envelope_of(heard(entry.saying)) for entry in document.outbox]
    assert [(envelope.subject, str(envelope.sequence)) for envelope in envelopes] == [
        ("a", "1.1"),
        ("b", "1.1"),
        ("a", "1.2"),
    ]


async def test_said__is_restricted_where_the_decision_says_so_and_hands_the_trace_on() -> None:
    fact = a_fact()
    fact = replace(fact, envelope=replace(fact.envelope, traceparent="00-trace-span-01"))
    document = apply(
        await a_desk(fact), fact, Say(counted(), "a", restricted=True), Say(counted(), "a"), state={"x": 1}
    )
    restricted, normal = (envelope_of(heard(entry.saying)) for entry in document.outbox)
    assert (restricted.label, normal.label) == (Label.RESTRICTED, Label.NORMAL)
    assert restricted.traceparent == "00-trace-span-01"


async def test_document__keeps_the_key_it_began_with_and_the_lane_of_it() -> None:
    first, second = a_fact(n=1), a_fact(n=2, offset=1)
    second = replace(second, envelope=replace(second.envelope, key="another"))
    desk = await a_desk(first)
    assert apply(desk, first, state={"x": 1}).key == "a"
    document = apply(desk, second, Say(counted(), "a"), state={"x": 2}, key="a-third")
    assert (document.key, document.lane, document.outbox[0].saying.key) == ("a", lane_of("a"), b"a")


async def test_numbered_fact__that_changes_nothing_is_remembered_all_the_same() -> None:
    fact = a_fact(n=1)
    desk = await a_desk(fact)
    assert apply(desk, fact).streams == {f"{HEARD}|a": Stream(1, 1, [])}
    assert [document.id for document in desk.changed()] == ["a"]
    assert desk.repeats(fact)


@pytest.mark.parametrize(("n", "stream"), [(1, False), (None, True)])
async def test_fact__that_its_handler_or_its_sender_does_not_number_is_never_a_repeat(
    n: int | None, stream: bool
) -> None:
    fact = a_fact(n=n, stream=stream)
    desk = await a_desk(fact)
    assert apply(desk, fact, state={"x": 1}).streams == {}
    assert not desk.repeats(fact)


async def test_fact__that_is_not_numbered_may_be_decided_upon_another_document() -> None:
    fact = a_fact(stream=False)
    desk = await a_desk(fact)
    assert desk.apply(fact, Decision(COUNTERS, "elsewhere", state={"x": 1})) == (COUNTERS, "elsewhere")


@pytest.mark.parametrize(
    ("epoch", "n", "late"), [(1, 3, True), (1, 6, False), (2, 1, False)], ids=["skipped", "next", "new-epoch"]
)
async def test_standing__tells_key_and_whether_the_fact_is_older_than_what_was_applied(
    epoch: int, n: int, late: bool
) -> None:
    stored = Document(
        COUNTERS, "a", key="its-key", version=1, state={"x": 1}, streams={f"{HEARD}|a": Stream(1, 5, [3])}
    )
    record = heard(a_poke("a", n, epoch=epoch))
    fact = replace(a_fact(), record=record, envelope=envelope_of(record))
    desk = await a_desk(fact, stored=[stored])
    assert not desk.repeats(fact)
    assert desk.by_id(COUNTERS, "a") == Standing("a", {"x": 1}, "its-key", late)
    unnumbered = a_fact(n=None)
    assert not desk.repeats(unnumbered)
    assert desk.by_id(COUNTERS, "a") == Standing("a", {"x": 1}, "its-key", False), "lateness is the fact's own"


async def test_saved__raises_the_version_that_was_loaded() -> None:
    fact = a_fact()
    desk = await a_desk(fact, stored=[Document(COUNTERS, "a", key="a", version=5, state={"x": 1})])
    assert apply(desk, fact, state={"x": 2}).version == 5
    desk.saved(set())
    assert [document.version for document in desk.touched()] == [6]


async def test_saved__who_lost_gives_up_its_claims_and_nobody_else() -> None:
    one, two = a_fact("a"), a_fact("b", offset=1)
    desk = await a_desk(one, two)
    apply(desk, one, state={"x": 1}, claims=("mine",))
    apply(desk, two, state={"x": 1}, claims=("yours",))
    desk.saved({(COUNTERS, "b")})
    found = desk.by_claim(COUNTERS, "mine")
    assert found is not None
    assert found.id == "a"
    assert desk.by_claim(COUNTERS, "yours") is None
    assert [document.id for document in desk.touched()] == ["a"]


@dataclass
class Private(CountingHandler):
    """Says a discharge with something private beside it."""

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        return replace(super().decide(fact, desk), say=(Say(a_discharge(), "encounter-1", private={"n": 1}),))


async def test_project__is_given_the_event_as_it_was_said() -> None:
    seen: list[tuple[Event, dict[str, Any]]] = []

    async def project(entries: Sequence[tuple[Event, dict[str, Any]]]) -> None:
        seen.extend(entries)

    log = MemoryLog()
    hearing = BatchHearing(
        SERVICE, {HEARD: Private()}, MemoryDocuments(), MemoryPublisher(log), Ledger(), lane_of, project
    )
    await hearing.hear([heard(a_poke())])
    ((event, private),) = seen
    assert (event, private) == (decode(log.all_of("care.encounters.v1")[0]), {"n": 1})
    assert event.envelope.key == "a"


class Unlucky(MemoryDocuments):
    """Loses every race."""

    async def save(self, documents: Sequence[Document]) -> set[tuple[str, str]]:
        return {(document.collection, document.id) for document in documents}


async def test_hear__that_loses_every_race_says_that_mongodb_is_what_it_waits_for() -> None:
    documents = Unlucky()
    hearing = BatchHearing(
        SERVICE, {HEARD: CountingHandler()}, documents, MemoryPublisher(MemoryLog()), Ledger(), lane_of
    )
    with pytest.raises(Away) as away:
        await hearing.hear([heard(a_poke())])
    assert (away.value.what, away.value.code) == ("mongodb", "lost-every-race")
