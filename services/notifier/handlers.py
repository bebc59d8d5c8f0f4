"""Carries what notifier hears to a decision: ports, one handler a topic, and what the engine is given to say.

Refuses (dead letter): a record of another topic's type, a directory above its bound, too long a ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from services.notifier.domain.address import is_address
from services.notifier.domain.decide import LedgerFull, decide
from services.notifier.domain.delivery import Delivery, withdraw
from services.notifier.domain.directory import Directory, DirectoryFull, directory_of, with_entry
from services.notifier.domain.model import Decided, Rules, Subject
from services.notifier.domain.retry import Result
from services.notifier.settings import NotifierPolicy
from shared.schemas import topics
from shared.schemas.directory import DirectoryEntrySet
from shared.schemas.encounters import AboutEncounter
from shared.schemas.envelope import Event
from shared.schemas.notifications import DeliveryState, NotificationDecided
from shared.stream.codec import decode
from shared.stream.decisions import Decision, Desk, Fact, Handler, Refs, Refused, Say
from shared.stream.records import Heard, Saying

SUBJECTS: Final = "subjects"
DIRECTORIES: Final = "directories"
DELIVERIES: Final = "deliveries"


class DeliveryCollection(Protocol):
    """The deliveries as stored. Every method may raise the driver's errors; none of them retries."""

    async def insert_missing(self, deliveries: Sequence[Delivery]) -> None:
        """Store those that are not there; the others stay as they are. Repeating it changes nothing."""

    async def load(self, ids: Sequence[str]) -> list[Delivery]:
        """Those of these ids that are there, in any order."""

    async def save(self, delivery: Delivery) -> Delivery | None:
        """Replace the stored one, if its revision still is `delivery.revision`; the new one, or None: look again."""

    async def save_all(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """As `save`, many in one write: those that were saved, as they are now, in order; the others: look again."""

    async def due(self, channel: str, now: datetime, limit: int, without: Sequence[str] = ()) -> list[Delivery]:
        """Those that may be claimed, the longest due first, none to an address in `without`."""

    async def leases_run_out(self, now: datetime, limit: int) -> list[Delivery]:
        """Those still `sending` after their lease."""

    async def unsaid(self, now: datetime, limit: int) -> list[Delivery]:
        """Those with an outcome to be said that nobody is saying just now."""


class Channel(Protocol):
    """One way to reach people, through one endpoint."""

    @property
    def kind(self) -> str:
        """What `Delivery.channel` calls it."""

    async def send(self, delivery: Delivery) -> Result:
        """One attempt within the channel's own deadline. Raises nothing but CancelledError; then it is unknown."""


class Publisher(Protocol):
    """Says records. Returns when every one is confirmed; raises when that is not known."""

    async def say(self, sayings: Sequence[Saying]) -> None:
        """Say them in order. Saying the same again is harmless: hearers know it by its id and sequence."""


async def withdraw_all(deliveries: DeliveryCollection, ids: Sequence[str], by: str, now: datetime) -> None:
    """Take back each of these. After it returns none of them is claimed again."""
    waiting = list(ids)
    while waiting:
        changed = [after for one in await deliveries.load(waiting) if (after := withdraw(one, by, now)) != one]
        saved = {one.delivery_id for one in await deliveries.save_all(changed)}
        waiting = [one.delivery_id for one in changed if one.delivery_id not in saved]


def handlers(policy: NotifierPolicy) -> dict[str, Handler]:
    """One handler for each topic notifier hears."""
    about = EncounterHandler(rules_of(policy))
    heard = (topics.ENCOUNTERS, topics.TRANSITIONS, topics.TASKS)
    return {**{topic.name: about for topic in heard}, topics.DIRECTORY.name: DirectoryHandler()}


def rules_of(policy: NotifierPolicy) -> Rules:
    """The operator's part of a decision."""
    allowed = frozenset(entry.casefold() for entry in policy.allow_list)
    return Rules(policy.deployment == "live", allowed, policy.greatest_age)


class EncounterHandler:
    """Hears what happened to an encounter, its transition and its tasks; decides about the encounter's subject."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._directories: dict[str, tuple[str, Directory]] = {}

    def read(self, record: Heard) -> Fact | None:
        """Read any event about an encounter; None for one about a person only. Raises Undecodable or Refused."""
        event = decode(record)
        if record.origin != event.data.TOPIC:
            raise Refused("type-not-of-topic")
        if not isinstance(event.data, AboutEncounter):
            return None
        refs = (Refs(SUBJECTS, (event.data.encounter.encounter_id,)), Refs(DIRECTORIES, (event.envelope.tenant,)))
        return Fact(record, event.envelope, event.data, refs)

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        """Decide who is told; raises Refused."""
        encounter_id = fact.body.encounter.encounter_id
        stands = desk.by_id(SUBJECTS, encounter_id)
        subject = Subject.model_validate(stands.state) if stands else Subject(encounter_id=encounter_id)
        event = Event(fact.envelope, fact.body)
        late = stands is not None and stands.late
        try:
            after, decided = decide(subject, event, self._directory(fact.envelope.tenant, desk), self._rules, late=late)
        except LedgerFull:
            raise Refused("ledger-full") from None
        says = tuple(_say(event, encounter_id, one) for one in decided)
        return Decision(SUBJECTS, encounter_id, fact.envelope.key, after.model_dump(mode="json"), says)

    def _directory(self, tenant: str, desk: Desk) -> Directory:
        """The tenant's directory. Its index is kept until the document's content, named by its digest, changes."""
        stands = desk.by_id(DIRECTORIES, tenant)
        digest = stands.state["digest"] if stands else ""
        known = self._directories.get(tenant)
        if known is None or known[0] != digest:
            known = (digest, directory_of(stands.state if stands else None))
            self._directories[tenant] = known
        return known[1]


class DirectoryHandler:
    """Hears directory entries; decides about the tenant's directory. A higher version wins, whatever the order."""

    def read(self, record: Heard) -> Fact:
        """Read an entry; raises Undecodable or Refused."""
        event = decode(record)
        if not isinstance(event.data, DirectoryEntrySet):
            raise Refused("type-not-of-topic")
        if not all(is_address(channel.address) for channel in event.data.channels):
            raise Refused("bad-address")
        return Fact(record, event.envelope, event.data, (Refs(DIRECTORIES, (event.envelope.tenant,)),), stream=False)

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        """Put the entry in its place; raises Refused."""
        tenant = fact.envelope.tenant
        stands = desk.by_id(DIRECTORIES, tenant)
        try:
            state = with_entry(stands.state if stands else None, fact.body)
        except DirectoryFull:
            raise Refused("directory-full") from None
        return Decision(DIRECTORIES, tenant, key=tenant, state=state)


def _say(event: Event, encounter_id: str, one: Decided) -> Say:
    told = one.told
    state = DeliveryState(
        delivery_id=one.delivery_id,
        encounter_id=encounter_id,
        cause=told.cause,
        tells=told.tells,
        recipient=told.recipient,
        role=told.role,
        channel=told.channel,
        status=told.status,
        reason=told.reason,
        corrects=told.corrects,
    )
    data = NotificationDecided(delivery=state, occurred_at=event.envelope.time)
    return Say(data, subject=one.delivery_id, private=_private(one))


def _private(one: Decided) -> dict[str, Any]:
    """What only the sender may read; nothing to send, nothing to keep."""
    told = one.told
    kept: dict[str, Any] = {"notice": told.notice, "withdraws": told.withdraws}
    return kept if told.status == "suppressed" else {**kept, "address": told.address, "context": one.context}
