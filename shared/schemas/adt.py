"""What one ADT message says, in the words of HL7 v2 and FHIR R4, with nothing added and nothing guessed.

Absent is not cleared: a field that was not sent is None; one that the sender cleared (`""` on the wire, HL7 v2.5.1
ch. 2.5.3) is empty too and its name stands in `cleared`. Repeating groups: None not sent, () cleared, else a snapshot
that replaces what was known. A field that was sent replaces the whole field, its empty components included.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, ConfigDict, Field

from shared.schemas.identifiers import Contract, Identifier


class Precision(StrEnum):
    """The last part of a DTM that was sent."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    HOUR = "hour"
    MINUTE = "minute"
    SECOND = "second"
    FRACTION = "fraction"


class OffsetSource(StrEnum):
    """Where a time's UTC offset came from: itself, MSH-7 of its message, the feed's zone, or nowhere."""

    FIELD = "field"
    MESSAGE = "message"
    FEED_ZONE = "feed_zone"
    NONE = "none"


class Moment(Contract):
    """A DTM as sent. `instant` is aware UTC, the first one the text may mean (00:00 of a day); None without an offset.

    `ambiguous`: the clock showed this twice (autumn), the earlier instant was taken. `nonexistent`: the clock jumped
    over it (spring), the instant is as if it had not.
    """

    text: str
    precision: Precision
    offset_source: OffsetSource
    instant: AwareDatetime | None = None
    ambiguous: bool = False
    nonexistent: bool = False


class Authority(Contract):
    """An assigning authority that was sent with a universal id (HD): `name` is what `Identifier.assigner` holds."""

    name: str
    universal_id: str
    universal_id_type: str = ""


class Coded(Contract):
    """CWE/CE: the code as sent, its text, and the coding system (HL7 table 0396)."""

    code: str = ""
    text: str = ""
    system: str = ""


class HumanName(Contract):
    """XPN or the name of an XCN. `use` is HL7 table 0200 as sent (L legal, D display, A alias, N nickname ...)."""

    family: str = ""
    given: str = ""
    middle: str = ""
    prefix: str = ""
    suffix: str = ""
    use: str = ""


class Address(Contract):
    """XAD. `use` is HL7 table 0190 as sent (H home, C current, M mailing, BA bad address ...)."""

    street: str = ""
    other: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    use: str = ""


class Telecom(Contract):
    """XTN: a telephone number or an e-mail address; `use` is HL7 table 0201 (PRN, WPN, NET, DSM), `equipment` 0202."""

    value: str
    use: str = ""
    equipment: str = ""


class Provider(Contract):
    """XCN. `identifier.value` is "" where only a name was sent."""

    identifier: Identifier
    name: HumanName | None = None


class Organization(Contract):
    """XON: a practice or a payer."""

    name: str = ""
    identifier: Identifier | None = None


class Contact(Contract):
    """NK1: next of kin or carer. `relationship` is HL7 table 0063, `role` HL7 table 0131, both as sent."""

    name: HumanName | None = None
    relationship: Coded | None = None
    role: Coded | None = None
    phones: tuple[Telecom, ...] = ()
    emails: tuple[Telecom, ...] = ()


class Patient(Contract):
    """PID, PD1, NK1, MRG and the patient's ARV.

    `name` is the one of `names` that is meant by its type (legal first), never by its place. `birth_date` is a FHIR
    date (YYYY, YYYY-MM or YYYY-MM-DD); `born_at` is there when a time of day was sent too. `prior_identifiers` (MRG-1)
    are to be matched to `identifiers` by authority and type.
    """

    identifiers: tuple[Identifier, ...] | None = None
    external_identifiers: tuple[Identifier, ...] | None = None  # PID-2, before v2.3.1
    alternate_identifiers: tuple[Identifier, ...] | None = None  # PID-4, before v2.3.1
    prior_identifiers: tuple[Identifier, ...] | None = None
    prior_patient_id: Identifier | None = None  # MRG-4, before v2.3.1; kept for A18, A30, A34, A39 and A46
    name: HumanName | None = None
    names: tuple[HumanName, ...] | None = None
    birth_date: str | None = None
    born_at: Moment | None = None
    sex: str | None = None
    addresses: tuple[Address, ...] | None = None
    phones: tuple[Telecom, ...] | None = None
    emails: tuple[Telecom, ...] | None = None
    language: str | None = None
    died_at: Moment | None = None
    death_indicator: bool | None = None
    identity_unknown: bool | None = None
    identity_reliability: tuple[str, ...] | None = None  # PID-32, HL7 table 0445
    updated_at: Moment | None = None  # PID-33
    primary_care_providers: tuple[Provider, ...] | None = None
    primary_care_organizations: tuple[Organization, ...] | None = None
    contacts: tuple[Contact, ...] | None = None
    protected: bool | None = None  # PD1-12
    restrictions: tuple[str, ...] | None = None  # ARV-3 after PID or PD1, HL7 table 0717
    cleared: tuple[str, ...] = ()


class Location(Contract):
    """PL: where in the house."""

    point_of_care: str = ""
    room: str = ""
    bed: str = ""
    facility: str = ""
    building: str = ""
    floor: str = ""


class Encounter(Contract):
    """PV1, PV2, the visit's ARV, PID-18 and MRG-3/-5/-6; all None where the message tells of no visit.

    `class_` (on the wire `class`) is HL7 table 0004 as sent. `discharge_disposition` is as sent, a number in two digits
    (NUBC UB-04 FL17).
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    class_: str | None = Field(default=None, alias="class")
    admission_type: str | None = None
    admit_source: str | None = None
    admit_reason: Coded | None = None
    patient_type: str | None = None
    visit_number: Identifier | None = None
    prior_visit_number: Identifier | None = None
    alternate_visit_ids: tuple[Identifier, ...] | None = None
    preadmit_number: Identifier | None = None
    account_number: Identifier | None = None
    prior_account_number: Identifier | None = None
    prior_alternate_visit_ids: tuple[Identifier, ...] | None = None  # MRG-6
    location: Location | None = None
    prior_location: Location | None = None
    pending_location: Location | None = None  # PV2-1
    hospital_service: str | None = None
    attending: tuple[Provider, ...] | None = None
    referring: tuple[Provider, ...] | None = None
    consulting: tuple[Provider, ...] | None = None
    admitting: tuple[Provider, ...] | None = None
    admitted_at: Moment | None = None
    discharged_at: Moment | None = None
    expected_admit_at: Moment | None = None
    expected_discharge_at: Moment | None = None
    expected_return_at: Moment | None = None  # PV2-47
    discharge_disposition: str | None = None
    discharged_to: str | None = None
    protected: bool | None = None  # PV2-22
    restrictions: tuple[str, ...] | None = None  # ARV-3 after PV1 or PV2, HL7 table 0717
    cleared: tuple[str, ...] = ()


class Role(Contract):
    """ROL or PRT: who plays which part. Longitudinal stands with the patient (after PID or PD1), else with the visit.

    `code` is HL7 table 0443 or 0912, `action` HL7 table 0287 (AD, UP, DE ...), both as sent; `other_identifiers` are
    further numbers of the same person.
    """

    code: str = ""
    action: str = ""
    provider: Provider | None = None
    other_identifiers: tuple[Identifier, ...] = ()
    begins: Moment | None = None
    ends: Moment | None = None
    phones: tuple[Telecom, ...] = ()
    emails: tuple[Telecom, ...] = ()
    longitudinal: bool = False


class Diagnosis(Contract):
    """DG1. `type` is HL7 table 0052 (A admitting, W working, F final); `text` is DG1-3's own, else DG1-4."""

    code: str = ""
    system: str = ""
    type: str = ""
    text: str = ""
    description: str = ""  # DG1-4
    method: str = ""  # DG1-2
    set_id: str = ""


class Coverage(Contract):
    """IN1: an insurance that may pay. Numbers as sent; `plan_type` is HL7 table 0086."""

    plan: Coded | None = None
    payers: tuple[Identifier, ...] = ()
    payer_name: str = ""
    plan_type: str = ""
    group_number: str = ""
    group_name: str = ""
    policy_number: str = ""
    members: tuple[Identifier, ...] = ()
    effective_at: Moment | None = None
    expires_at: Moment | None = None


class OtherPatient(Contract):
    """A further patient group of one message (swap A17, link A24, a merge of several)."""

    patient: Patient
    encounter: Encounter


class AdtEvent(Contract):
    """One ADT message, read. `occurred_at`: EVN-6, else PV1-44 (A01, A04) or PV1-45 (A03), else EVN-2, else MSH-7.

    `roles` holds two snapshots, longitudinal and of the visit; one that has no member was not sent unless `cleared`
    names it (`longitudinal_roles`, `visit_roles`). `flags` are codes of what had to be assumed or could not be read.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    control_id: str
    trigger: str
    structure: str = ""
    version: str = ""
    feed: str
    sending_application: str
    sending_facility: str
    occurred_at: Moment
    recorded_at: Moment | None = None  # EVN-2
    message_at: Moment | None = None  # MSH-7
    processing_id: str = ""  # MSH-11.1: P, T, D ...; "" not sent
    event_reason: str = ""  # EVN-4
    event_facility: str = ""  # EVN-7
    patient: Patient
    encounter: Encounter
    other_patients: tuple[OtherPatient, ...] = ()
    roles: tuple[Role, ...] | None = None
    diagnoses: tuple[Diagnosis, ...] | None = None
    coverage: tuple[Coverage, ...] | None = None
    authorities: tuple[Authority, ...] = ()
    cleared: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
