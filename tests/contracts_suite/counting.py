"""The smallest service there is: counts what it hears of a subject and says the count. Unit and loss tests use it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar

from shared.schemas.envelope import TYPE_PREFIX, Envelope, Event, EventData
from shared.schemas.envelope import Sequence as Place
from shared.stream.codec import encode, envelope_of
from shared.stream.decisions import Decision, Desk, Fact, Refs, Refused, Say
from shared.stream.records import Heard, Saying

T0 = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)
COUNTERS = "counters"
HEARD, SAID = "test.poked.v1", "test.counted.v1"


class Poked(EventData):
    """What is heard. `do` names the fault the handler shall have; `claim` is one the counter shall take."""

    TYPE: ClassVar[str] = "test.poked.v1"
    TOPIC: ClassVar[str] = HEARD
    do: str = ""
    claim: str = ""
    fill: int = 0


class Counted(EventData):
    """What is said: how many were heard, this one included."""

    TYPE: ClassVar[str] = "test.counted.v1"
    TOPIC: ClassVar[str] = SAID
    total: int
    cause: str
    filling: str = ""


def counted_on(topic: str) -> type[Counted]:
    """`Counted`, said on another topic."""

    class CountedThere(Counted):
        TOPIC: ClassVar[str] = topic

    return CountedThere


def a_poke(
    subject: str = "a",
    n: int | None = 1,
    *,
    topic: str = HEARD,
    epoch: int = 1,
    do: str = "",
    claim: str = "",
    fill: int = 0,
) -> Saying:
    """The record that pokes `subject` for the nth time; `n` None: not numbered."""
    envelope = Envelope(
        id=f"{subject}-{epoch}.{n}",
        source="test",
        type=TYPE_PREFIX + Poked.TYPE,
        subject=subject,
        time=T0,
        key=subject,
        tenant="tenant-1",
        sequence=None if n is None else Place(epoch, n),
    )
    return encode(Event(envelope, Poked(do=do, claim=claim, fill=fill)), topic)


def heard(saying: Saying, offset: int = 0, partition: int = 0) -> Heard:
    """`saying` as it is heard at a place."""
    return Heard(saying.topic, partition, offset, saying.key, saying.value, saying.headers)


def heard_all(sayings: Sequence[Saying], first: int = 0) -> list[Heard]:
    """One partition's records, from offset `first` on."""
    return [heard(saying, first + i) for i, saying in enumerate(sayings)]


@dataclass
class CountingHandler:
    """Counts. `decided` lists the ids it decided about, `hook` is called before each decision."""

    says: type[Counted] = Counted
    hook: Callable[[Fact], None] = lambda _fact: None
    decided: list[str] = field(default_factory=list)

    def read(self, record: Heard) -> Fact | None:
        """As in `Handler`."""
        envelope = envelope_of(record)
        data = Poked.model_validate_json(record.value or b"")
        if data.do == "bug-in-read":
            raise KeyError("Testperson, Ada")
        if data.do == "not-ours":
            return None
        claims = (data.claim,) if data.claim else ()
        return Fact(
            record, envelope, data, (Refs(COUNTERS, (envelope.subject,), claims),), envelope.sequence is not None
        )

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        """As in `Handler`. A claim that another counter holds makes this a poke of that one."""
        self.hook(fact)
        self.decided.append(fact.envelope.id)
        if fact.body.do == "refuse":
            raise Refused("not-counted")
        if fact.body.do == "bug":
            raise ZeroDivisionError("Testperson, Ada")
        holder = desk.by_claim(COUNTERS, fact.body.claim) if fact.body.claim else None
        standing = holder or desk.by_id(COUNTERS, fact.envelope.subject)
        id_ = standing.id if standing else fact.envelope.subject
        total = (standing.state["total"] if standing else 0) + 1
        said = self.says(total=total, cause=fact.envelope.id, filling="x" * fact.body.fill)
        claims = (fact.body.claim,) if fact.body.claim else None
        return Decision(COUNTERS, id_, state={"total": total}, say=(Say(said, id_),), claims=claims)
