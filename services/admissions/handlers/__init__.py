"""How admissions hears its topic: bytes to a message that acts, the patient it is about, and what is to be said.

Set aside and counted by code: what is not ADT (`not-adt`), and each trigger that is not acted on (`trigger-a40`).
Refused: what can never be read, and a feed or form that is not known. Nothing here waits, reads a clock or keeps
anything.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Final

from services.admissions.domain import identity, times
from services.admissions.domain.closing import Closing, next_alarm_at, parse_rules
from services.admissions.domain.codes import Codes
from services.admissions.domain.decide import Decided, again, decide, elsewhere
from services.admissions.domain.looks import looked, text_of
from services.admissions.domain.message import Message, Occasion, parts_of, stamp_of
from services.admissions.domain.model import Patient, Source
from services.admissions.domain.nearness import near
from services.admissions.domain.obey import NotObeyed, obey
from services.admissions.domain.repairs import RULES, Incomplete, Repair, repairs_of
from services.admissions.domain.risk import Lace, parse_lace
from services.admissions.domain.world import Telling, World
from services.admissions.handlers.inbound import acted_on, count_flags, event_of, made_up
from services.admissions.handlers.rereading import Elsewhere, left_in, reread
from shared.feeds import FeedProfile
from shared.schemas.adt import AdtEvent
from shared.schemas.commands import DecideIdentity, IdentityCommand
from shared.schemas.envelope import Envelope, Mode, derived_id
from shared.schemas.keyed import keyed
from shared.schemas.timers import TimerDue
from shared.schemas.topics import ADMISSIONS_TIMERS, ADT_INBOUND, COMMANDS
from shared.stream.codec import decode, envelope_of
from shared.stream.decisions import Decision, Desk, Fact, Handler, Reading, Refs, Refused, Say
from shared.stream.records import Heard

COLLECTION: Final = "patients"
LACE: Final = Path(__file__).parents[1] / "lace.toml"
CLOSING: Final = Path(__file__).parents[1] / "rules.toml"
_HASH_DIGITS: Final = 16


@cache
def load_lace(path: Path = LACE) -> Lace:
    """The weights of the risk score, read once; raises LaceInvalid, OSError, TOMLDecodeError."""
    return parse_lace(tomllib.loads(path.read_text("utf-8")))


@cache
def load_rules(path: Path = CLOSING) -> dict[str, float]:
    """The days of silence after which a stay is closed, read once; raises RulesInvalid, OSError, TOMLDecodeError."""
    return parse_rules(tomllib.loads(path.read_text("utf-8")))


class AdtHandler:
    """Hears `adt.inbound.v1`. `identity_secret` keys the ids of patients and is the same for ever."""

    def __init__(self, feeds: Mapping[str, FeedProfile], identity_secret: bytes) -> None:
        if not identity_secret:
            raise ValueError("the identity secret is empty")
        self._feeds = feeds
        self._codes = Codes(feeds)
        self._lace = load_lace()
        self._closing = Closing(load_rules(), feeds)
        self._secret = identity_secret

    def read(self, record: Heard) -> Reading:
        """As in `Handler`. Refused: `feed-unknown`, `content-type-unknown`, the reader's reasons (`no-time` ...).

        Refused as well: `no-number`, `no-prior-number` of a repair that does not say whose it is. Set aside: `not-adt`,
        `trigger-` and the trigger's name, or `trigger-unknown` for one that HL7 has not.
        """
        envelope = envelope_of(record)
        profile = self._feeds.get(envelope.feed)
        if profile is None:
            raise Refused("feed-unknown")
        event = event_of(record, profile)
        count_flags(event, profile)
        if envelope.mode is Mode.OFF:
            return None
        event = made_up(acted_on(event), profile)
        parts = parts_of(event)
        each = [self._fact(record, envelope, part, n, profile) for n, part in enumerate(parts)]
        facts = tuple(fact for one in each for fact in reread(one))
        return facts[0] if len(facts) == 1 else facts

    def _fact(self, record: Heard, envelope: Envelope, event: AdtEvent, part: int, profile: FeedProfile) -> Fact:
        """One patient of the message. Each but the first is known again, and causes, by its place as well."""
        digest = hashlib.sha256(record.value or b"").hexdigest()[:_HASH_DIGITS]
        source = (profile.feed, event.control_id, f"{digest}.{part}" if part else digest)
        tenant, processing = profile.tenant, identity.processing_of(event.processing_id)
        numbers = identity.usable(event.patient.identifiers, profile)
        message = Message(
            event,
            profile,
            source,
            derived_id(envelope.id, str(part)) if part else envelope.id,
            identity.new_patient_id(numbers, tenant, processing, source, self._secret),
            tuple(identity.claim_of(number, tenant, processing) for number in numbers),
            profile.identifier_types.index(numbers[0].type) if numbers else 0,
            _repairs(event, profile, source),
            envelope.mode,
        )
        refs = Refs(COLLECTION, (message.patient_id,), message.claims)
        return Fact(record, envelope, message, (refs,), stream=False)

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        """As in `Handler`: about the document of whoever has a number of the message."""
        if isinstance(fact.body, Elsewhere):
            return self._elsewhere(fact.body, desk)
        message: Message = fact.body
        decided = decide(_holders(message, desk), message, self.world(message.profile.tenant))
        return self._decision(decided, message.profile.tenant)

    def _elsewhere(self, one: Elsewhere, desk: Desk) -> Decision:
        """What the message left in another document is taken out of it; mostly there is nothing."""
        holder, tenant, id_ = left_in(one, desk, COLLECTION), one.message.profile.tenant, one.message.patient_id
        if holder is None:
            return Decision(COLLECTION, id_, id_)
        return self._decision(elsewhere(holder, one.message, self.world(tenant)), tenant)

    def _decision(self, decided: Decided, tenant: str) -> Decision:
        """With the keys by which its patients look like others."""
        key = partial(keyed, self._secret, "look", tenant)
        return _decision(replace(decided, patient=looked(decided.patient, decided.before, key)))

    def world(self, tenant: str) -> World:
        """As the profiles are now: they may be read anew while this runs."""
        profiles = [profile for profile in self._feeds.values() if profile.tenant == tenant]
        enterprise = frozenset(authority for one in profiles for authority in one.enterprise_authorities)
        return World(enterprise, self._codes, self._lace, self._closing, near(profiles, self._codes))


class TimerHandler(AdtHandler):
    """Hears that a document is to be decided again: a stay is silent, or a profile has learnt a code of it."""

    def read(self, record: Heard) -> Fact | None:
        """As in `Handler`."""
        event = decode(record)
        if not isinstance(event.data, TimerDue):
            return None
        return Fact(record, event.envelope, event.data, (Refs(COLLECTION, (event.data.aggregate,)),), stream=False)

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        """As in `Handler`. An alarm for which nothing stands any more changes nothing."""
        standing = desk.by_id(COLLECTION, fact.body.aggregate)
        before = Patient.model_validate(standing.state) if standing else None
        decided = again(before, fact.body.alarm, _occasion(fact), self.world(before.tenant)) if before else None
        if decided is None or decided.changes_nothing:
            return Decision(COLLECTION, fact.body.aggregate, fact.envelope.key, metrics={"timer-stale": 1})
        return _decision(decided)


def _occasion(fact: Fact) -> Occasion:
    timer: TimerDue = fact.body
    reason = timer.alarm.split(":", 1)[0]
    return Occasion(fact.envelope.id, timer.due, reason, fact.envelope.feed, fact.envelope.mode, anew=True)


def _holders(message: Message, desk: Desk) -> list[Patient]:
    """The documents that hold a number of the message; else the one that was made of it. Raises Refused."""
    found = [desk.by_claim(COLLECTION, claim) for claim in message.claims]
    holders = {one.id: one for one in found if one is not None}
    made = None if holders else desk.by_id(COLLECTION, message.patient_id)
    patients = [Patient.model_validate(one.state) for one in (*holders.values(), *([made] if made else ()))]
    if any(patient.alias_of for patient in patients):
        raise Refused("alias-without-claim")
    return patients


class CommandHandler:
    """Hears `care.commands.v1`: a person's word about who is who; what is about a task is passed."""

    def __init__(self, world: Callable[[str], World]) -> None:
        self._world = world

    def read(self, record: Heard) -> Fact | None:
        """As in `Handler`."""
        event = decode(record)
        command = event.data
        if not isinstance(command, IdentityCommand):
            return None
        ids = command.documents if isinstance(command, DecideIdentity) else (getattr(command, "document", ""),)
        claims = command.records if isinstance(command, DecideIdentity) else ()
        return Fact(record, event.envelope, command, (Refs(COLLECTION, ids, claims),), stream=False)

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        """As in `Handler`. Refuses what `obey` refuses, and `document-united` for what is an alias now."""
        (refs,) = fact.refs
        found = [desk.by_claim(COLLECTION, claim) for claim in refs.claims]
        found += [desk.by_id(COLLECTION, id_) for id_ in refs.ids]
        patients = {one.id: Patient.model_validate(one.state) for one in found if one is not None}
        holders = [patient for patient in patients.values() if not patient.alias_of]
        if patients and not holders:
            raise Refused("document-united")
        envelope = fact.envelope
        try:
            world = self._world(holders[0].tenant if holders else "")
            decided = obey(holders, fact.body, envelope.id, envelope.time, world)
        except NotObeyed as refused:
            raise Refused(refused.code) from None
        return _decision(decided)


def handlers(feeds: Mapping[str, FeedProfile], identity_secret: bytes) -> dict[str, Handler]:
    """The handler of each topic that admissions hears."""
    adt = AdtHandler(feeds, identity_secret)
    return {
        ADT_INBOUND.name: adt,
        ADMISSIONS_TIMERS.name: TimerHandler(feeds, identity_secret),
        COMMANDS.name: CommandHandler(adt.world),
    }


def _repairs(event: AdtEvent, profile: FeedProfile, source: Source) -> tuple[Repair, ...]:
    if event.trigger not in RULES:
        return ()
    try:
        return repairs_of(event, profile, source, stamp_of(event, source), times.occurred(event))
    except Incomplete as incomplete:
        raise Refused(incomplete.code) from None


def _decision(decided: Decided) -> Decision:
    after = decided.patient
    before = decided.before
    if decided.changes_nothing:
        return Decision(COLLECTION, after.patient_id, after.patient_id, metrics={"known_again": 1})
    opened = set(after.reviews) - set(before.reviews if before else ())
    unknown = {one.code for one in after.unmapped} - {one.code for one in (before.unmapped if before else ())}
    counted = {"reviews_opened": len(opened), "codes_unmapped": len(unknown), "united": len(decided.absorbs)}
    return Decision(
        COLLECTION,
        after.patient_id,
        after.patient_id,
        state={**after.model_dump(mode="json"), "looks": text_of(after)},
        say=tuple(_say(one) for one in decided.tellings),
        claims=after.claims,
        next_alarm_at=next_alarm_at(after.encounters.values()),
        metrics={what: n for what, n in counted.items() if n},
        absorbs=tuple((one.patient_id, one.model_dump(mode="json")) for one in decided.absorbs),
    )


def _say(one: Telling) -> Say:
    return Say(one.data, one.subject, key=one.key, id=one.id, feed=one.feed, mode=one.mode, restricted=one.restricted)
