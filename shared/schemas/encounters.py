"""`care.encounters.v1`: what stands of a hospital stay, each event carrying the whole of it.

A hearer needs no other service's database: patient, encounter and care team travel in every event. Names follow FHIR R4
Patient, Encounter and CareTeam. Subject of the stream: the encounter.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from shared.schemas.assessments import Return, RiskScore
from shared.schemas.envelope import EventData
from shared.schemas.identifiers import Contract, Identifier

EncounterStatus = Literal["planned", "in-progress", "finished", "cancelled"]


class PersonName(Contract):
    """A legal or usual name; parts the hospital did not send are empty."""

    family: str = ""
    given: str = ""
    middle: str = ""
    prefix: str = ""
    suffix: str = ""


class Telecom(Contract):
    """FHIR ContactPoint: `use` is HL7 table 0201 as sent (PRN, WPN, NET ...)."""

    system: Literal["phone", "email"]
    value: str
    use: str = ""


class When(Contract):
    """A clinical time: the instant in UTC, how precisely it was sent, and what had to be assumed.

    `precision` is year, month, day, hour, minute, second or fraction; `flags` may hold `ambiguous` (the earlier of two
    instants of a repeated hour), `nonexistent` (shifted forward) and `no-offset` (the facility's zone was taken).
    """

    instant: AwareDatetime
    precision: str = "second"
    flags: tuple[str, ...] = ()


class Address(Contract):
    """Where a home visit goes to."""

    lines: tuple[str, ...] = ()
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    use: str = ""


class PatientState(Contract):
    """What stands of the patient. `deceased` is PID-30, or a discharge disposition that says expired.

    `identity_disputed`: both birth date and sex were sent differently under this patient's identifiers: two people may
    stand behind one number, so nobody is told until a person has looked. `also_known_as`: other patient ids under which
    this person was told of before, by a merge or a corrected number.
    """

    patient_id: str
    identifiers: tuple[Identifier, ...] = ()
    name: PersonName = PersonName()
    birth_date: str = ""
    sex: str = ""
    language: str = ""
    telecoms: tuple[Telecom, ...] = ()
    addresses: tuple[Address, ...] = ()
    deceased: bool = False
    identity_unknown: bool = False
    identity_disputed: bool = False
    also_known_as: tuple[str, ...] = ()


class Location(Contract):
    """PV1-3: where the patient is, or was before leaving."""

    point_of_care: str = ""
    room: str = ""
    bed: str = ""
    facility: str = ""


class EncounterState(Contract):
    """What stands of the stay.

    `discharge_version` is 0 until a discharge is said and rises when one is said after a said withdrawal.
    `class_` is the feed's patient class mapped to HL7 table 0004. `disposition` is PV1-36 normalised to NUBC's two
    digits ("" unknown). `zone` is the discharging facility's IANA zone, in which calendar clocks count.

    `on_leave`: left for a while and expected back (A21, A22); never a discharge. `closed_by` is a code (`rule`) where
    nobody sent an end, `merged_into` the encounter that this one turned out to be. `rebuilt`: said anew after a repair
    of the identity, so that its age is ours and not the hospital's. `other_numbers` are further numbers of the same
    stay, `joined_by` the names of the rules that joined them. `labels` say which law protects it (`part2`,
    `behavioural`, `visit`). `greatest_age_s`: after how many seconds its news is too old to tell; 0: the deployment's.
    `returns`: this stay follows an earlier one; `returned`: another one followed this.
    """

    encounter_id: str
    status: EncounterStatus
    class_: str = Field(default="", alias="class")
    visit_number: Identifier | None = None
    account_number: Identifier | None = None
    facility: str = ""
    zone: str = "UTC"
    location: Location = Location()
    admission_type: str = ""
    hospital_service: str = ""
    admitted_at: When | None = None
    discharged_at: When | None = None
    expected_discharge_at: When | None = None
    disposition: str = ""
    discharged_to: str = ""
    discharge_version: int = 0
    protected: bool = False
    on_leave: bool = False
    closed_by: str = ""
    merged_into: str = ""
    rebuilt: bool = False
    other_numbers: tuple[Identifier, ...] = ()
    joined_by: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    greatest_age_s: int = 0
    returns: Return | None = None
    returned: Return | None = None
    risk: RiskScore | None = None

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, serialize_by_alias=True)


class CareTeamMember(Contract):
    """FHIR CareTeam.participant. `role`: PCP, ATND, REF, CON, ADM, or the ROL-3 code as sent."""

    role: str
    provider: Identifier
    name: PersonName = PersonName()


class Withdrawal(Contract):
    """Names what was said and no longer stands: the id and type of the event."""

    event_id: str
    type: str


class AboutEncounter(EventData):
    """What every event about a stay carries.

    `occurred_at` is when the fact happened, by the hospital's word. `processing_id` is MSH-11: anything but P never
    reaches a person. `withdraws` names the said events that this one takes back; `amends` those that still stand though
    what they told of it (where to, which day) has changed.
    """

    patient: PatientState
    encounter: EncounterState
    care_team: tuple[CareTeamMember, ...] = ()
    occurred_at: AwareDatetime
    processing_id: str = "P"
    withdraws: tuple[Withdrawal, ...] = ()
    amends: tuple[Withdrawal, ...] = ()


class EncounterEvent(AboutEncounter):
    """An event of `care.encounters.v1`."""

    TOPIC: ClassVar[str] = "care.encounters.v1"


class EncounterRegistered(EncounterEvent):
    """A non-bedded visit began (A04): the emergency-department registration of 42 CFR 482.24(d)."""

    TYPE: ClassVar[str] = "encounter.registered.v1"


class EncounterAdmitted(EncounterEvent):
    """A bedded stay began, or a visit became one (A01)."""

    TYPE: ClassVar[str] = "encounter.admitted.v1"


class EncounterUpdated(EncounterEvent):
    """What is known of the stay changed, its status did not."""

    TYPE: ClassVar[str] = "encounter.updated.v1"


class EncounterDischarged(EncounterEvent):
    """The stay ended (A03)."""

    TYPE: ClassVar[str] = "encounter.discharged.v1"


class DischargeWithdrawn(EncounterEvent):
    """The discharge that was said does not stand (A13); the stay goes on."""

    TYPE: ClassVar[str] = "encounter.discharge-withdrawn.v1"


class EncounterCancelled(EncounterEvent):
    """The stay or visit never was (A11); withdraws everything that was told of it."""

    TYPE: ClassVar[str] = "encounter.cancelled.v1"


class EncounterClosed(EncounterEvent):
    """Nobody sent an end and a rule closed it: `closed_by` says so. Not a discharge; a later message reopens it."""

    TYPE: ClassVar[str] = "encounter.closed.v1"


class EncounterMerged(EncounterEvent):
    """It is the stay `merged_into`, told of twice; withdraws what stood of it (A42, or two persons who are one)."""

    TYPE: ClassVar[str] = "encounter.merged.v1"


class EncounterMoved(EncounterEvent):
    """It was told of the wrong patient; withdraws all of it, and names the patient as told, never the right one.

    A43, A44, A45, or a merge that was undone. The stay is said anew as another encounter of the right patient.
    """

    TYPE: ClassVar[str] = "encounter.moved.v1"
