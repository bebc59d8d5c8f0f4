"""discharge's ear: `care.encounters.v1` → one encounter's document → what is said of its transitions.

Every event carries the whole state of the encounter, so one that is older than what was decided changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from services.discharge.domain.deadlines import Calendar
from services.discharge.domain.lifecycle import Unhearable, decide
from services.discharge.domain.model import EncounterDocument, Policy
from services.discharge.domain.pathways import Pathways
from shared.schemas.encounters import EncounterEvent
from shared.schemas.topics import ENCOUNTERS
from shared.stream.codec import decode
from shared.stream.decisions import Decision, Desk, Fact, Handler, Refs, Refused, Say
from shared.stream.records import Heard

COLLECTION: Final = "encounters"


@dataclass(frozen=True, slots=True)
class EncounterHandler:
    """Hears every event of an encounter. Implements `Handler`."""

    policy: Policy

    def read(self, record: Heard) -> Fact | None:
        """As in `Handler`. Refuses an event whose sequence counts in another encounter (`subject-mismatch`)."""
        event = decode(record)
        if not isinstance(event.data, EncounterEvent):
            return None
        if event.envelope.subject != event.data.encounter.encounter_id:
            raise Refused("subject-mismatch")
        refs = (Refs(COLLECTION, ids=(event.envelope.subject,)),)
        return Fact(record, event.envelope, event.data, refs)

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        """As in `Handler`. Always gives a state for the newest event, so that what was heard is remembered."""
        id_, key = fact.envelope.subject, fact.envelope.key
        standing = desk.by_id(COLLECTION, id_)
        if standing is not None and standing.late:
            return Decision(COLLECTION, id_, key, metrics={"late": 1})
        before = EncounterDocument.model_validate(standing.state) if standing else None
        try:
            after, told = decide(before, fact.body, fact.envelope.id, self.policy)
        except Unhearable as refused:
            raise Refused(refused.code) from None
        say = tuple(Say(each.data, each.data.transition.transition_id, id=each.id) for each in told)
        return Decision(COLLECTION, id_, key, state=after.model_dump(mode="json", by_alias=True), say=say)


def handlers(pathways: Pathways, calendar: Calendar) -> dict[str, Handler]:
    """One handler for each topic discharge hears; the table's own holidays are added to the calendar's."""
    holidays = calendar.holidays | frozenset(pathways.extra_holidays)
    policy = Policy(pathways, replace(calendar, holidays=holidays))
    return {ENCOUNTERS.name: EncounterHandler(policy)}
