"""The words between the engine and a service: what a record needs loaded, and what was decided of it.

A service gives the engine one `Handler` a topic. `decide` is pure: the documents it needs are on the desk, the time is
in the record. It decides about one document, which may take others in; the engine numbers, stores and says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Protocol

from shared.schemas.envelope import Envelope, EventData, Mode
from shared.schemas.values import dataclass
from shared.stream.records import Heard

State = dict[str, Any]


class Refused(Exception):
    """This record can never be heard: dead letter, with `code` as the reason. The text holds no patient data."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class SetAside(Exception):
    """This record is well and not for us: passed, and counted by `code`, which holds no patient data."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Refs:
    """What a record needs loaded from one collection: documents by id and by claim."""

    collection: str
    ids: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """A record that could be read. `body` is what the handler's `read` made of it.

    `stream` is set where the sender numbers its events; the engine then knows repeats by itself.
    """

    record: Heard
    envelope: Envelope
    body: Any
    refs: tuple[Refs, ...]
    stream: bool = True


Reading = Fact | tuple[Fact, ...] | None
"""What a record says. Several facts have one cause and are decided one by one, each about a document of its own."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A document as a decision sees it: its state, and whether the event at hand is older than one already applied."""

    id: str
    state: State
    key: str = ""
    late: bool = False


class Desk(Protocol):
    """What was loaded for the batch, and what the batch has decided so far."""

    def by_id(self, collection: str, id_: str) -> Standing | None:
        """The document, or None."""

    def by_claim(self, collection: str, claim: str) -> Standing | None:
        """The document that holds the claim, or None."""


@dataclass(frozen=True, slots=True)
class Say:
    """One event to be said. `subject` is what its sequence counts in; the topic is the data's own.

    `key` is the patient key when it differs from the document's. The engine makes the id from the cause, the type, the
    subject and `ordinal`, unless the caller gives `id` (to name the event in the state before it is said).
    `feed` and `mode` are given where the document is of several feeds; else those of the document's cause count.
    `restricted` sets the security label (42 CFR Part 2, behavioural health, protected visits); else the cause's counts.
    `private` is JSON-able and stored beside the saying, for the service's own `project` hook; it is never said.
    """

    data: EventData
    subject: str
    key: str = ""
    id: str = ""
    feed: str = ""
    mode: Mode | None = None
    restricted: bool = False
    private: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a record does to one document. `state` None: nothing changes (what is unsaid is said again).

    `absorbs`: documents of the same collection that become part of this one, and what stays of the state of each (id →
    tombstone). All are written together or none. They must be among what the record names, and lose their claims;
    their counters go on here, and what they have not said is said by either. Numbered facts stay at their own home.
    `metrics` counts what an operator may want to know of it, by a code; it is read as `care_decisions_noted_total`.
    """

    collection: str
    id: str
    key: str = ""
    state: State | None = None
    say: tuple[Say, ...] = ()
    claims: tuple[str, ...] | None = None
    next_alarm_at: datetime | None = None
    metrics: Mapping[str, int] = field(default_factory=dict)
    absorbs: tuple[tuple[str, State], ...] = ()


class Handler(Protocol):
    """How a service hears one topic."""

    def read(self, record: Heard) -> Reading:
        """Read a record. None: not for us, counted and passed. Raises Undecodable, Refused or SetAside.

        Of several facts each must be known again by itself: the record comes again when one of them failed.
        """

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        """Decide, purely. Raises Refused; any other exception is a bug and dead-letters this record alone, once."""
