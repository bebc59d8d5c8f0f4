"""The work that every side of the engine rows does: one event of 1.2 kB, one document per encounter, one event out.

The event has the shape of the fixed yardstick's, so that it can be run beside ours. Synthetic: no patient is real.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from shared.schemas.identifiers import Contract

STEPS: tuple[str, ...] = ("A01", "A02", "A08", "A02", "A03")
FAMILIES = ("Quispe", "Okonkwo", "Lindqvist", "Fernández-Ruiz")
GIVEN = ("Inés", "Chidi", "Signe", "Tomás")
UNITS = ("MED1", "MED2", "ICU", "TELE", "SURG")
ROLES = ("attending", "pcp", "case_manager", "pharmacist", "home_health")


class Name(Contract):
    family: str
    given: str


class Address(Contract):
    line: str
    city: str
    state: str
    zip: str


class Patient(Contract):
    mrn: str
    enterprise_id: str
    name: Name
    birth_date: str
    sex: Literal["M", "F", "O", "U"]
    address: Address
    phone: str


class Location(Contract):
    facility: str
    unit: str
    room: str
    bed: str


class Stay(Contract):
    id: str
    cls: Literal["I", "O", "E"]
    admit_at: str
    discharge_at: str | None = None
    location: Location
    diagnosis: list[str]
    disposition: str | None = None


class Member(Contract):
    npi: str
    name: str
    role: str
    contact: str


class Adt(Contract):
    """What is heard."""

    event_id: str
    type: Literal["A01", "A02", "A03", "A08"]
    occurred_at: str
    seq: int
    source: str
    patient: Patient
    encounter: Stay
    team: list[Member]


@dataclass(frozen=True)
class Corpus:
    """`events` events of `encounters` encounters, each encounter's in order, the encounters in turn."""

    events: int
    encounters: int = 10_000

    def __iter__(self) -> Iterator[tuple[str, int, bytes]]:
        """(encounter id, number of the event in the encounter from 0, JSON)."""
        for i in range(self.events):
            step, one = divmod(i, self.encounters)
            yield f"ENC{one:08d}", step, orjson.dumps(_event(one, step))

    def last_step(self, one: int) -> int:
        """The number of the last event of the encounter with this index."""
        return (self.events - 1 - one) // self.encounters

    def event_ids(self) -> set[str]:
        """The ids of all of them."""
        return {f"ENC{i % self.encounters:08d}-{i // self.encounters}" for i in range(self.events)}


def _event(one: int, step: int) -> dict[str, Any]:
    type_, day = STEPS[step % len(STEPS)], 1 + step % 28
    return {
        "event_id": f"ENC{one:08d}-{step}",
        "type": type_,
        "occurred_at": f"2026-11-{day:02d}T10:{one % 60:02d}:00Z",
        "seq": step,
        "source": "BENCH-ADT-HOSP1",
        "patient": _patient(one),
        "encounter": _stay(one, step, type_),
        "team": [_member(one, k, role) for k, role in enumerate(ROLES)],
    }


def _patient(one: int) -> dict[str, Any]:
    return {
        "mrn": f"MRN{one:08d}",
        "enterprise_id": f"EID{one * 7919 % 10**9:09d}",
        "name": {"family": FAMILIES[one % 4], "given": GIVEN[one // 4 % 4]},
        "birth_date": f"19{40 + one % 50}-0{1 + one % 9}-1{one % 9}",
        "sex": "MF"[one % 2],
        "address": {
            "line": f"{one % 9999} East Harbour Street Unit {one % 40}",
            "city": "Springfield",
            "state": "IL",
            "zip": f"{60000 + one % 999}",
        },
        "phone": f"+1-217-555-{one % 10000:04d}",
    }


def _stay(one: int, step: int, type_: str) -> dict[str, Any]:
    home = type_ == "A03"
    return {
        "id": f"ENC{one:08d}",
        "cls": "I",
        "admit_at": "2026-11-01T09:30:00Z",
        "discharge_at": "2026-11-05T15:00:00Z" if home else None,
        "location": {
            "facility": "HOSP1",
            "unit": UNITS[(one + step) % len(UNITS)],
            "room": f"{100 + one % 300}",
            "bed": "AB"[one % 2],
        },
        "diagnosis": ["I50.23", "E11.9", "N18.30"],
        "disposition": "home_health" if home else None,
    }


def _member(one: int, k: int, role: str) -> dict[str, Any]:
    return {
        "npi": f"1{one % 1000:03d}{k:06d}",
        "name": f"Dr. Synthetic Name {one % 1000}-{k}",
        "role": role,
        "contact": f"secure:provider{one % 1000}.{k}@clinic{one % 50}.example",
    }


def stands(adt: Adt) -> dict[str, Any]:
    """What a document says after this event, but for what is kept of earlier ones."""
    patient, stay = adt.patient, adt.encounter
    place = stay.location
    return {
        "patient": {
            "mrn": patient.mrn,
            "eid": patient.enterprise_id,
            "name": f"{patient.name.family}, {patient.name.given}",
        },
        "location": {"facility": place.facility, "unit": place.unit, "room": place.room, "bed": place.bed},
        "team": [{"npi": one.npi, "role": one.role, "contact": one.contact} for one in adt.team],
        "status": adt.type,
        "diagnosis": stay.diagnosis,
        "disposition": stay.disposition,
    }


def upsert(adt: Adt) -> tuple[dict[str, Any], dict[str, Any]]:
    """(filter, update): idempotent; the newest number stands, the ids of all events are kept."""
    return {"_id": adt.encounter.id}, {
        "$set": stands(adt),
        "$max": {"seq": adt.seq, "updated_at": adt.occurred_at},
        "$addToSet": {"events": adt.event_id},
    }


def told(adt: Adt) -> dict[str, Any]:
    """The event that is said."""
    return {
        "id": adt.event_id,
        "kind": "episode.updated",
        "episode": adt.encounter.id,
        "status": adt.type,
        "at": adt.occurred_at,
        "patient": adt.patient.mrn,
        "unit": adt.encounter.location.unit,
        "notify": [one.npi for one in adt.team],
    }
