"""Builders: a valid thing each, of which a test changes only what it is about. Synthetic people only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from shared.schemas.encounters import (
    CareTeamMember,
    EncounterDischarged,
    EncounterEvent,
    EncounterState,
    PatientState,
    PersonName,
    When,
)
from shared.schemas.envelope import TYPE_PREFIX, Envelope, Event, EventData, Sequence, derived_id
from shared.schemas.identifiers import Identifier
from shared.stream.codec import encode
from shared.stream.decisions import Fact, Standing
from shared.stream.records import Heard

T0 = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)  # a Tuesday, 10:00 in New York


def a_patient(**changes: Any) -> PatientState:
    return PatientState(
        patient_id="patient-1",
        identifiers=(Identifier(value="100200", assigner="NORTH", type="MR"),),
        name=PersonName(family="Testperson", given="Ada"),
        birth_date="1941-05-06",
        sex="F",
    ).model_copy(update=changes)


def an_encounter(**changes: Any) -> EncounterState:
    return EncounterState(
        encounter_id="encounter-1",
        status="finished",
        class_="I",
        visit_number=Identifier(value="V1", assigner="NORTH", type="VN"),
        facility="NORTH",
        zone="America/New_York",
        admission_type="E",
        admitted_at=When(instant=datetime(2026, 10, 30, 14, 0, tzinfo=UTC)),
        discharged_at=When(instant=T0),
        disposition="01",
        discharge_version=1,
    ).model_copy(update=changes)


def a_care_team() -> tuple[CareTeamMember, ...]:
    return (
        CareTeamMember(
            role="PCP", provider=Identifier(value="P1", assigner="NORTH"), name=PersonName(family="Primary")
        ),
        CareTeamMember(
            role="ATND", provider=Identifier(value="A1", assigner="NORTH"), name=PersonName(family="Attend")
        ),
    )


def a_discharge(**changes: Any) -> EncounterDischarged:
    return EncounterDischarged(
        patient=a_patient(), encounter=an_encounter(), care_team=a_care_team(), occurred_at=T0
    ).model_copy(update=changes)


def an_envelope(data: EventData, *, n: int = 1, subject: str = "", **changes: Any) -> Envelope:
    if not subject:
        subject = data.encounter.encounter_id if isinstance(data, EncounterEvent) else "subject-1"
    envelope = Envelope(
        id=derived_id("test", data.TYPE, subject, n),
        source="test",
        type=TYPE_PREFIX + data.TYPE,
        subject=subject,
        time=T0,
        key="patient-key-1",
        tenant="tenant-1",
        feed="north",
        sequence=Sequence(1, n),
    )
    return replace(envelope, **changes)


def an_event(data: EventData, **changes: Any) -> Event:
    return Event(an_envelope(data, **changes), data)


def a_record(data: EventData, *, offset: int = 0, partition: int = 0, **changes: Any) -> Heard:
    saying = encode(an_event(data, **changes), data.TOPIC)
    return Heard(saying.topic, partition, offset, saying.key, saying.value, saying.headers)


@dataclass
class DeskOf:
    """A desk with these documents on it: {(collection, id): state}, {(collection, claim): id}."""

    states: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    claims: dict[tuple[str, str], str] = field(default_factory=dict)
    late: bool = False

    def by_id(self, collection: str, id_: str) -> Standing | None:
        state = self.states.get((collection, id_))
        return None if state is None else Standing(id_, state, "patient-key-1", self.late)

    def by_claim(self, collection: str, claim: str) -> Standing | None:
        id_ = self.claims.get((collection, claim))
        return None if id_ is None else self.by_id(collection, id_)


def heard(handler: Any, data: EventData, desk: DeskOf, **changes: Any) -> Any:
    """Read and decide one event, put the new state on the desk, return the decision."""
    fact: Fact = handler.read(a_record(data, **changes))
    decision = handler.decide(fact, desk)
    if decision.state is not None:
        desk.states[(decision.collection, decision.id)] = decision.state
    return decision
