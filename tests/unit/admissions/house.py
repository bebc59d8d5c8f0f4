"""A hospital's door, the real handler and a hearer of what it says, all in memory."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.admissions.handlers import COLLECTION, handlers
from shared.feeds import FeedProfile, parse_feeds
from shared.schemas.commands import IdentityCommand
from shared.schemas.encounters import EncounterEvent, When
from shared.schemas.envelope import TYPE_PREFIX, Envelope, Mode, derived_id
from shared.schemas.registry import ADT_RECEIVED, ER7_MEDIA_TYPE
from shared.schemas.topics import COMMANDS
from shared.stream.codec import headers_of
from shared.stream.decisions import Decision, Fact, Say, SetAside
from shared.stream.records import Heard
from tests.builders import DeskOf, a_record

SECRET = b"a secret of the tests"
TOPIC = "adt.inbound.v1"
RECEIVED = datetime(2026, 11, 3, 21, 0, tzinfo=UTC)


def a_feed(**changes: Any) -> dict[str, Any]:
    """A [[feed]] table as in the file."""
    return {
        "feed": "north",
        "tenant": "tenant-1",
        "zone": "America/New_York",
        "facility": "NORTH",
        "default_authority": "NORTH",
        "mode": "live",
        "enterprise_authorities": ["STATE"],
        **changes,
    }


def feeds(**changes: Any) -> dict[str, FeedProfile]:
    """The feeds north and south of one tenant; the changes are north's."""
    south = a_feed(feed="south", facility="SOUTH", default_authority="SOUTH", zone="America/Chicago")
    return parse_feeds({"feed": [a_feed(**changes), south]})


def a_raw_record(
    value: bytes, *, feed: str = "north", content_type: str = ER7_MEDIA_TYPE, mode: Mode = Mode.LIVE
) -> Heard:
    """A record of `adt.inbound.v1` as the gateway says it; its id is of the feed and the bytes."""
    envelope = Envelope(
        id=derived_id("raw", feed, hashlib.sha256(value).hexdigest()),
        source="gateway",
        type=TYPE_PREFIX + ADT_RECEIVED,
        subject="",
        time=RECEIVED,
        key="advisory",
        tenant="tenant-1",
        feed=feed,
        mode=mode,
    )
    return Heard(TOPIC, 0, 0, b"advisory", value, headers_of(envelope, content_type))


@dataclass
class House:
    """Hears messages through the real handler; states go through JSON as they would through a store."""

    profiles: dict[str, FeedProfile] = field(default_factory=feeds)
    desk: DeskOf = field(default_factory=DeskOf)
    said: list[Say] = field(default_factory=list)

    def __post_init__(self) -> None:
        by_topic = handlers(self.profiles, SECRET)
        self.handler, self.commands = by_topic[TOPIC], by_topic[COMMANDS.name]

    def obey(self, command: IdentityCommand, at: datetime) -> Decision:
        """What a person decided, at that time."""
        fact = self.commands.read(a_record(command, time=at, id=command.command_id))
        assert isinstance(fact, Fact)
        return self.apply(self.commands.decide(fact, self.desk))

    def hear(self, value: bytes, feed: str = "north", mode: Mode = Mode.LIVE) -> Decision | None:
        """Read and decide one message; None if it was set aside. Of several parts the last one's decision."""
        try:
            fact = self.handler.read(a_raw_record(value, feed=feed, mode=mode))
        except SetAside:
            return None
        if fact is None:
            return None
        facts = fact if isinstance(fact, tuple) else (fact,)
        return [self.apply(self.handler.decide(one, self.desk)) for one in facts][-1]

    def apply(self, decision: Decision) -> Decision:
        """Keep it as a store would: a tombstone loses its claims before another takes them."""
        for id_, state in decision.absorbs:
            self.desk.states[(COLLECTION, id_)] = json.loads(json.dumps(state))
            for place in [place for place, holder in self.desk.claims.items() if holder == id_]:
                del self.desk.claims[place]
        if decision.state is not None:
            self.desk.states[(COLLECTION, decision.id)] = json.loads(json.dumps(decision.state))
            for claim in decision.claims or ():
                assert self.desk.claims.setdefault((COLLECTION, claim), decision.id) == decision.id
        self.said += decision.say
        return decision

    def hear_all(self, *values: bytes) -> House:
        for value in values:
            self.hear(value)
        return self

    @property
    def patients(self) -> list[dict[str, Any]]:
        return [state for state in self.desk.states.values() if not state.get("alias_of")]

    @property
    def patient(self) -> dict[str, Any]:
        (patient,) = self.patients
        return patient

    @property
    def encounter(self) -> dict[str, Any]:
        (encounter,) = self.encounters
        return encounter

    @property
    def encounters(self) -> list[dict[str, Any]]:
        """Each with the visit that it is anchored in."""
        visits = {visit["visit_id"]: visit for visit in self.patient["visits"]}
        return [
            {**(visit := visits[one["anchor"]]), "key_of_visit": visit["key"], **one}
            for one in self.patient["encounters"].values()
        ]

    @property
    def told(self) -> list[tuple[Say, EncounterEvent]]:
        """What was said of stays."""
        return [(say, say.data) for say in self.said if isinstance(say.data, EncounterEvent)]

    @property
    def types(self) -> list[str]:
        """What was said, in short: `admitted`, `discharge-withdrawn` ...; of persons `patient-merged` ..."""
        words = (say.data.TYPE.split(".") for say in self.said)
        return [what if about == "encounter" else f"{about}-{what}" for about, what, _ in words]

    @property
    def last(self) -> EncounterEvent:
        return self.told[-1][1]


@dataclass
class Hearer:
    """Believes what is said of one stay, and objects to what cannot be believed."""

    standing: dict[str, str] = field(default_factory=dict)
    told: dict[str, EncounterEvent] = field(default_factory=dict)
    status: str = ""
    version: int = 0
    last: EncounterEvent | None = None
    ids: set[str] = field(default_factory=set)

    def believe(self, say: Say) -> None:
        data = say.data
        assert isinstance(data, EncounterEvent)
        assert say.id not in self.ids, "said twice"
        self.ids.add(say.id)
        for withdrawal in data.withdraws:
            assert self.standing.pop(withdrawal.event_id) == withdrawal.type
        kind = data.TYPE.split(".")[1]
        if kind in ("registered", "admitted", "discharged"):
            assert kind not in self.standing_kinds
            self.standing[say.id], self.told[say.id] = data.TYPE, data
        for amended in data.amends:
            assert self.standing[amended.event_id] == amended.type
            is_seen = amended.type != "encounter.registered.v1"
            assert not (is_seen and _agree(amended.type, self.told[amended.event_id], data)), "it was told rightly"
            self.told[amended.event_id] = data
        if kind == "discharged":
            assert data.encounter.discharge_version == self.version + 1
        if kind == "updated" and not data.withdraws and not data.amends:
            assert self.last is not None
            assert _carried(self.last) != _carried(data), "an update without news"
        for id_, type_ in self.standing.items():
            assert _agree(type_, self.told[id_], data), "told something else, and never corrected"
        self.version, self.status, self.last = data.encounter.discharge_version, data.encounter.status, data

    @property
    def standing_kinds(self) -> set[str]:
        return {type_.split(".")[1] for type_ in self.standing.values()}


def _agree(type_: str, told: EncounterEvent, now: EncounterEvent) -> bool:
    """Whether who was told of an event need not hear again: same local day, and of a discharge the same destination.

    Of a registration the day is that of the event itself, which nothing carries: `test_said` looks at it.
    """
    before, after = told.encounter, now.encounter
    if type_ == "encounter.admitted.v1":
        return _same_day(before.admitted_at, after.admitted_at, after.zone)
    if type_ == "encounter.discharged.v1":
        same = before.disposition in ("", after.disposition)
        return same and _same_day(before.discharged_at, after.discharged_at, after.zone)
    return True


def _same_day(before: When | None, after: When | None, zone: str) -> bool:
    if before is None or after is None:
        return True
    days = (one.instant.astimezone(ZoneInfo(zone)).date() for one in (before, after))
    return len(set(days)) == 1


def _carried(data: EncounterEvent) -> tuple[Any, ...]:
    return data.patient, data.encounter, data.care_team


def hearer_of(said: list[Say]) -> Hearer:
    """What a hearer of one stay believes after these."""
    hearer = Hearer()
    for say in said:
        hearer.believe(say)
    return hearer


def hearers_of(house: House) -> dict[str, Hearer]:
    """What is believed of each stay."""
    hearers: dict[str, Hearer] = {}
    for say, _ in house.told:
        hearers.setdefault(say.subject, Hearer()).believe(say)
    return hearers
