"""The documents of one batch: loaded once, decided upon in order, saved together."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from shared.schemas.envelope import TYPE_PREFIX, Envelope, Event, Label, Sequence, derived_id
from shared.schemas.topics import MAX_MESSAGE_BYTES
from shared.stream.codec import encode, label_of, mode_of
from shared.stream.decisions import Decision, Fact, Refs, Refused, Say, Standing, State
from shared.stream.documents import Document, Documents, Stream, Unsaid
from shared.stream.ledger import Ledger
from shared.telemetry import log

Place = tuple[str, str]


def stream_of(fact: Fact) -> str:
    """The name of the numbered stream a fact belongs to; a replayed record counts where it was first said."""
    return f"{fact.record.origin}|{fact.envelope.subject}"


class MisplacedDecision(Exception):
    """A numbered fact was decided upon another document than remembers it: its repeat would not be known again.

    Or a document was to take in itself, or one twice, or to take in others and change nothing.
    """


def _is_numbered(fact: Fact) -> bool:
    return fact.stream and fact.envelope.sequence is not None


def home_of(fact: Fact) -> Place:
    """The document that remembers a numbered fact: the first one it names."""
    return fact.refs[0].collection, fact.refs[0].ids[0]


class BatchDesk:
    """Implements `Desk` over loaded documents; applies decisions to them and knows which were touched."""

    def __init__(self, service: str, lane_of: Callable[[str], int], ledger: Ledger) -> None:
        self._service = service
        self._source = f"care-transitions/{service}"
        self._lane_of = lane_of
        self._ledger = ledger
        self._documents: dict[Place, Document] = {}
        self._claims: dict[Place, Place] = {}
        self._dirty: set[Place] = set()
        self._touched: dict[Place, None] = {}
        self._kept: dict[Place, list[Unsaid]] = {}
        self._owed: list[Unsaid] = []
        self._united = False
        self._late = False

    async def load(self, documents: Documents, facts: Iterable[Fact]) -> None:
        """Load what the facts name and is not on the desk yet."""
        wanted: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
        for refs in (refs for fact in facts for refs in fact.refs):
            ids, claims = wanted.setdefault(refs.collection, ({}, {}))
            ids.update(dict.fromkeys(id_ for id_ in refs.ids if (refs.collection, id_) not in self._documents))
            claims.update(dict.fromkeys(refs.claims))
        queries = [Refs(collection, tuple(ids), tuple(claims)) for collection, (ids, claims) in wanted.items()]
        for document in await documents.load([refs for refs in queries if refs.ids or refs.claims]):
            if (document.collection, document.id) not in self._documents:
                self._place(document)

    def _place(self, document: Document) -> None:
        place = (document.collection, document.id)
        self._documents[place] = document
        for claim in document.claims:
            self._claims[(document.collection, claim)] = place

    def by_id(self, collection: str, id_: str) -> Standing | None:
        """As in `Desk`."""
        document = self._documents.get((collection, id_))
        if document is None or not document.state:
            return None
        return Standing(document.id, document.state, document.key, self._late)

    def by_claim(self, collection: str, claim: str) -> Standing | None:
        """As in `Desk`."""
        place = self._claims.get((collection, claim))
        if place is None or claim not in self._documents[place].claims:
            return None  # nobody's, or given up within this batch
        return self.by_id(*place)

    def repeats(self, fact: Fact) -> bool:
        """Was this numbered fact heard before? Its document is touched: what is unsaid is said again."""
        self._late = False
        sequence = fact.envelope.sequence
        if not fact.stream or sequence is None:
            return False
        place = home_of(fact)
        stream = self._stream(place, fact)
        if stream.knows(sequence.epoch, sequence.n):
            self._touched[place] = None
            return True
        self._late = (sequence.epoch, sequence.n) < (stream.epoch, stream.last)
        return False

    def _stream(self, place: Place, fact: Fact) -> Stream:
        document = self._documents.get(place)
        return (document.streams.get(stream_of(fact)) if document else None) or Stream()

    def apply(self, fact: Fact, decision: Decision) -> Place:
        """Put a decision into its document; raises Refused before anything is changed."""
        place = (decision.collection, decision.id)
        if _is_numbered(fact) and place != home_of(fact):
            raise MisplacedDecision
        old = self._documents.get(place) or Document(decision.collection, decision.id)
        if decision.absorbs:
            self._absorb(old, fact, decision)
            return place
        new = self._decided(old, fact, decision)
        self._touched[place] = None
        if new is not None:
            self._place(new)
            self._dirty.add(place)
        return place

    def _absorb(self, old: Document, fact: Fact, decision: Decision) -> None:
        """The tombstones stand before the document that takes their claims, in the order in which they are saved.

        A tombstone keeps its outbox, and the document has it too: whoever hears the cause again may touch either.
        """
        losers = [self._documents[(decision.collection, id_)] for id_, _ in decision.absorbs]
        new = self._decided(_taking(old, losers), fact, decision)
        if new is None or len({old.id, *(one.id for one in losers)}) <= len(losers):
            raise MisplacedDecision
        self._united = True
        stones = [_tombstone(one, state) for one, (_, state) in zip(losers, decision.absorbs, strict=True)]
        for one in (*stones, new):
            place = (one.collection, one.id)
            self._touched.pop(place, None)
            self._touched[place] = None
            self._place(one)
            self._dirty.add(place)

    def _decided(self, old: Document, fact: Fact, decision: Decision) -> Document | None:
        numbered = _is_numbered(fact)
        if decision.state is None and not numbered:
            return None
        new = old.another()
        if not old.key:
            new.key = decision.key or fact.envelope.key
            new.lane = self._lane_of(new.key)
        if not old.context or (numbered and not self._late):
            # a command, an alarm or an event that comes late must not say whose feed and which mode this is
            new.context = _context(fact.envelope)
        if numbered:
            self._note(new, fact)
        if decision.state is not None:
            new.state, new.next_alarm_at = decision.state, decision.next_alarm_at
            new.claims = old.claims if decision.claims is None else decision.claims
        new.outbox = [entry for entry in old.outbox if not self._ledger.settled(entry.cause)]
        new.outbox += [self._unsaid(new, fact, say, i) for i, say in enumerate(decision.say)]
        return new

    def _note(self, document: Document, fact: Fact) -> None:
        sequence = fact.envelope.sequence
        if sequence is None:
            return
        name = stream_of(fact)
        old = document.streams.get(name, Stream())
        document.streams[name] = Stream(old.epoch, old.last, list(old.missing))
        document.streams[name].hear(sequence.epoch, sequence.n)
        skipped = sequence.n - old.last - 1 if sequence.epoch == old.epoch else sequence.n - 1
        if skipped > 0:
            log.warning("stream_skips", topic=fact.record.topic, partition=fact.record.partition, count=skipped)

    def _unsaid(self, document: Document, fact: Fact, say: Say, ordinal: int) -> Unsaid:
        topic = say.data.TOPIC
        counter = f"{topic}|{say.subject}"
        document.counters[counter] = n = document.counters.get(counter, 0) + 1
        event = Event(self._envelope(document, fact.envelope, say, ordinal, n), say.data)
        saying = encode(event, topic)
        if saying.size > MAX_MESSAGE_BYTES:
            raise Refused("output-too-large")
        return Unsaid(fact.record.cause, saying, dict(say.private) if say.private is not None else None)

    def _envelope(self, document: Document, cause: Envelope, say: Say, ordinal: int, n: int) -> Envelope:
        context = document.context
        return Envelope(
            id=say.id or derived_id(self._service, cause.id, say.data.TYPE, say.subject, ordinal),
            source=self._source,
            type=TYPE_PREFIX + say.data.TYPE,
            subject=say.subject,
            time=cause.time,
            key=say.key or document.key,
            tenant=context.get("tenant", ""),
            feed=say.feed or context.get("feed", ""),
            mode=say.mode or mode_of(context.get("mode", "live")),
            label=Label.RESTRICTED if say.restricted else label_of(context.get("label", "normal")),
            sequence=Sequence(1, n),
            traceparent=cause.traceparent,
            quiet=cause.quiet,
        )

    def changed(self) -> list[Document]:
        """The documents to be saved."""
        return [self._documents[place] for place in self._touched if place in self._dirty]

    def saved(self, lost: set[Place]) -> None:
        """All but the lost ones are stored; the lost ones leave the desk, to be loaded and decided again.

        What one of these held when this batch saved it before is still owed: nobody may ever touch it again.
        """
        for place in self._dirty - lost:
            document = self._documents[place]
            document.version += 1
            self._kept[place] = document.outbox
        self._dirty.clear()
        for place in lost:
            self._documents.pop(place, None)
            self._touched.pop(place, None)
            self._owed += self._kept.pop(place, ())
        self._claims = {claim: place for claim, place in self._claims.items() if place not in lost}

    def touched(self) -> list[Document]:
        """The documents that the batch decided upon or knew a repeat in, as they are stored."""
        return [self._documents[place] for place in self._touched if place in self._documents]

    def unsaid(self) -> list[Unsaid]:
        """What the touched documents hold that is not known to be said, oldest first within each document."""
        held = [entry for document in self.touched() for entry in document.outbox]
        if self._owed or self._united:  # the same entry in two places
            held = list({(entry.cause, entry.saying): entry for entry in self._owed + held}.values())
        return [entry for entry in held if not self._ledger.settled(entry.cause)]


def _taking(old: Document, losers: Iterable[Document]) -> Document:
    """The document with what the others count and have not said; no number of a stream is given twice."""
    new = old.another()
    for loser in losers:
        new.outbox = new.outbox + [entry for entry in loser.outbox if entry not in new.outbox]
        for name, n in loser.counters.items():
            new.counters[name] = max(n, new.counters.get(name, 0))
    return new


def _tombstone(document: Document, state: State) -> Document:
    stone = document.another()
    stone.state, stone.claims, stone.next_alarm_at = state, (), None
    return stone


def _context(envelope: Envelope) -> dict[str, str]:
    return {
        "tenant": envelope.tenant,
        "feed": envelope.feed,
        "mode": str(envelope.mode),
        "label": str(envelope.label),
    }
