"""What a message writes into the registers of its patient and of its stay, in the form in which it is said.

Absent keeps, cleared clears (HL7 v2.5.1 ch. 2.5.3), a repeating group is a snapshot, a code stays as it was sent. A
withdrawn discharge takes its end with it: A13 clears what belonged to the end, so that a second discharge does not
inherit it. What a trigger owns (`triggers`) is kept in its fact and in no register.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from services.admissions.domain import diagnoses
from services.admissions.domain.care_team import PRIMARY_CARE, ROLES, members, person_name, role_writes
from services.admissions.domain.codes import CLASS, OBSERVED
from services.admissions.domain.identity import usable
from services.admissions.domain.lifecycle import Trigger
from services.admissions.domain.model import IDENTIFIERS
from services.admissions.domain.times import heard_at, when
from services.admissions.domain.triggers import TRIGGERS
from shared.feeds import FeedProfile
from shared.schemas import adt
from shared.schemas.adt import AdtEvent
from shared.schemas.identifiers import Identifier

Writes = dict[str, Any]
Reader = Callable[[Any, FeedProfile], Any]

_OF_THE_END: Final = ("discharged_at", "discharge_disposition", "discharged_to")
_UNRESTRICTED: Final = "NO"  # HL7 table 0717


class Written(NamedTuple):
    """Register writes by field, None to clear; `own` goes into the fact instead.

    `unit_labels`: by which laws its unit protects the stay, for ever.
    """

    patient: Writes
    encounter: Writes
    own: Writes
    unit_labels: tuple[str, ...]


def written(event: AdtEvent, profile: FeedProfile) -> Written:
    """What this message writes."""
    longitudinal, of_visit = role_writes(event, profile, heard_at(event))
    patient = _read(event.patient, _PATIENT, profile) | longitudinal | _identifiers(event, profile)
    encounter = _read(event.encounter, _ENCOUNTER, profile) | of_visit | _facility(event, profile) | _age(profile)
    owned = TRIGGERS[event.trigger].own
    encounter |= _observed(event.encounter, encounter.get(CLASS), profile)
    encounter |= diagnoses.writes(event, profile)
    sent = encounter | _end(event) | _foreseen(event, owned, profile)
    own = {field: sent.pop(field) for field in owned if field in sent}
    return Written(patient, sent, own, _unit_labels(event.encounter, profile))


def _foreseen(event: AdtEvent, owned: tuple[str, ...], profile: FeedProfile) -> Writes:
    """What is only expected: of interest from the trigger that is about it, and from no other."""
    readers = {field: reader for field, reader in _FORESEEN.items() if field in owned}
    return _read(event.encounter, readers, profile) if readers else {}


def _read(source: adt.Patient | adt.Encounter, readers: Mapping[str, Reader], profile: FeedProfile) -> Writes:
    writes: Writes = {}
    for field, reader in readers.items():
        value = getattr(source, field)
        if value == () or field.rstrip("_") in source.cleared:
            writes[field] = None
        elif value is not None and (said := reader(value, profile)) is not None:
            writes[field] = said
    return writes


def _as_sent(value: Any, _: FeedProfile) -> Any:
    return value


def _upper(value: str, _: FeedProfile) -> str:
    return value.strip().upper()


def _time(value: adt.Moment, _: FeedProfile) -> dict[str, Any] | None:
    said = when(value)
    return said.model_dump(mode="json") if said else None


def _name(value: adt.HumanName, _: FeedProfile) -> dict[str, Any]:
    return person_name(value)


def _addresses(value: tuple[adt.Address, ...], _: FeedProfile) -> list[dict[str, Any]]:
    return [
        {
            "lines": [line for line in (one.street, one.other) if line],
            "city": one.city,
            "state": one.state,
            "postal_code": one.postal_code,
            "country": one.country,
            "use": one.use,
        }
        for one in value
    ]


def _phones(value: tuple[adt.Telecom, ...], _: FeedProfile) -> list[dict[str, Any]]:
    return [{"system": "phone", "value": one.value, "use": one.use} for one in value]


def _emails(value: tuple[adt.Telecom, ...], _: FeedProfile) -> list[dict[str, Any]]:
    return [{"system": "email", "value": one.value, "use": one.use} for one in value]


def _number(value: Identifier, _: FeedProfile) -> dict[str, Any]:
    return {"value": value.value, "assigner": value.assigner, "type": value.type}


def _location(value: adt.Location, _: FeedProfile) -> dict[str, Any]:
    return {
        "point_of_care": value.point_of_care,
        "room": value.room,
        "bed": value.bed,
        "facility": value.facility,
    }


def _restricted(value: tuple[str, ...], _: FeedProfile) -> bool:
    return any(code.strip().upper() != _UNRESTRICTED for code in value)


def _team(role: str) -> Reader:
    def read(value: tuple[adt.Provider, ...], profile: FeedProfile) -> list[dict[str, Any]]:
        return members(role, value, profile)

    return read


_PATIENT: Final[dict[str, Reader]] = {
    "name": _name,
    "birth_date": _as_sent,
    "sex": _upper,
    "language": _as_sent,
    "addresses": _addresses,
    "phones": _phones,
    "emails": _emails,
    "died_at": _time,
    "death_indicator": _as_sent,
    "identity_unknown": _as_sent,
    "protected": _as_sent,
    "restrictions": _restricted,
    "primary_care_providers": _team(PRIMARY_CARE),
}

_ENCOUNTER: Final[dict[str, Reader]] = {
    CLASS: _as_sent,
    "admission_type": _as_sent,
    "visit_number": _number,
    "account_number": _number,
    "location": _location,
    "hospital_service": _as_sent,
    "admitted_at": _time,
    "discharged_at": _time,
    "expected_discharge_at": _time,
    "discharge_disposition": _as_sent,
    "discharged_to": _as_sent,
    "protected": _as_sent,
    "restrictions": _restricted,
    **{field: _team(role) for field, role in ROLES.items()},
}


_FORESEEN: Final[dict[str, Reader]] = {
    "expected_admit_at": _time,
    "expected_return_at": _time,
    "pending_location": _location,
}


def _identifiers(event: AdtEvent, profile: FeedProfile) -> Writes:
    """A snapshot of one feed must not take away what another hospital calls the patient."""
    if event.patient.identifiers is None:
        return {}
    kept = usable(event.patient.identifiers, profile)
    return {f"{IDENTIFIERS}{profile.feed}": [_number(one, profile) for one in kept] or None}


def _facility(event: AdtEvent, profile: FeedProfile) -> Writes:
    """Where the message says that it was (PV1-3.4, EVN-7), apart from where it came from (MSH-4, the feed)."""
    location = event.encounter.location
    named = profile.facility_named(location.facility if location else "", event.event_facility)
    sender = profile.facility_named(event.sending_facility) or profile.facility
    codes = {"facility": named, "sending_facility": sender}
    return {field: {"code": code, "zone": profile.zone_of(code)} for field, code in codes.items() if code}


def _observed(encounter: adt.Encounter, class_: str | None, profile: FeedProfile) -> Writes:
    """HL7 table 0004 has no class for it, and sites say it elsewhere: in PV1-18, PV1-10. Said together with a class."""
    is_so = profile.observes(encounter.patient_type or "", encounter.hospital_service or "")
    return {CLASS: class_ or "", OBSERVED: True} if is_so else {}


def _age(profile: FeedProfile) -> Writes:
    """Carried with the stay, so that who tells its news needs no profile."""
    return {} if profile.greatest_age is None else {"greatest_age_s": int(profile.greatest_age.total_seconds())}


def _end(event: AdtEvent) -> Writes:
    """A discharge always has a time, PV1-45 or when it occurred; a withdrawn one leaves nothing behind."""
    if event.trigger == Trigger.CANCEL_DISCHARGE:
        return dict.fromkeys(_OF_THE_END)
    if event.trigger == Trigger.DISCHARGE:
        happened = when(event.encounter.discharged_at) or when(event.occurred_at)
        return {"discharged_at": happened.model_dump(mode="json")} if happened else {}
    return {}


def _unit_labels(encounter: adt.Encounter, profile: FeedProfile) -> tuple[str, ...]:
    ward = encounter.location.point_of_care if encounter.location else ""
    return profile.labels_of(ward, encounter.hospital_service or "")
