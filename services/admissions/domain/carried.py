"""What an event carries: patient, stay and care team as they stand, made from the registers and the fold."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from services.admissions.domain.care_team import team_of
from services.admissions.domain.fold import Standing
from services.admissions.domain.lifecycle import Stage
from services.admissions.domain.model import IDENTIFIERS, Registers
from services.admissions.domain.persons import Person
from services.admissions.domain.registers import value_of
from services.admissions.domain.stays import VISIT_ITSELF, Stay
from services.admissions.domain.values import standing_values
from shared.schemas.encounters import CareTeamMember, EncounterState, EncounterStatus, PatientState, When

RULE: Final = "rule"
EXPIRED: Final = frozenset({"20", "40", "41", "42"})  # NUBC UB-04 FL17
STATUS: Final[dict[Stage, EncounterStatus]] = {
    Stage.INFERRED: "in-progress",
    Stage.PLANNED: "cancelled",
    Stage.REGISTERED: "in-progress",
    Stage.ADMITTED: "in-progress",
    Stage.DISCHARGED: "finished",
    Stage.CANCELLED: "cancelled",
}
"""FHIR R4 Encounter.status. A stay known by mention is only ever said after its said discharge was withdrawn.

Of a plan nobody is told; one is only ever said where a begin that was said is taken back, and then as cancelled.
"""


@dataclass(frozen=True)
class Carried:
    """The state that travels in every event about a stay."""

    patient: PatientState
    encounter: EncounterState
    care_team: tuple[CareTeamMember, ...]

    @cached_property
    def digest(self) -> str:
        """Equal for what a hearer would take for the same."""
        parts = (self.patient, self.encounter, *self.care_team)
        return hashlib.sha256("\n".join(part.model_dump_json() for part in parts).encode()).hexdigest()


def carried(patient: Person, encounter: Stay, standing: Standing, version: int) -> Carried:
    """What an event about this stay carries now; `version` is the discharge version."""
    of = standing_values(encounter.registers, standing)
    state = _encounter_state(patient, encounter, of, standing, version)
    return Carried(patient_state(patient), state, team_of(patient.registers, of))


def deceased(patient: Person) -> bool:
    """The last word among PID-30, PID-29 and the discharges that say expired. PID-30 = N takes them back.

    A time of death must be later than the N to outweigh it, a discharge that says expired may come with it.
    """
    died, indicator = patient.registers.get("died_at"), patient.registers.get("death_indicator")
    if indicator is not None and indicator.value:
        return True
    denied = indicator.stamp if indicator is not None and indicator.value is False else ""
    recorded = died.stamp if died is not None and died.value is not None else ""
    return recorded > denied or any(stamp >= denied for stamp in patient.died)


def death_taken_back(patient: Person, encounter: Stay) -> bool:
    """Does the stay still say expired of somebody who is not dead?"""
    return bool(encounter.encounter.died) and not deceased(patient)


def died(encounter: Stay, standing: Standing) -> str:
    """The stamp of the disposition that says expired of a stay that is over, else ""."""
    if standing.stage is not Stage.DISCHARGED:
        return ""
    said = standing_values(encounter.registers, standing).get("discharge_disposition")
    return said.stamp if said is not None and said.value in EXPIRED else ""


def patient_state(patient: Person) -> PatientState:
    """The patient as carried."""
    of = patient.registers
    numbers = [value_of(of, name, []) for name in sorted(of) if name.startswith(IDENTIFIERS)]
    return PatientState.model_validate(
        {
            "patient_id": patient.patient_id,
            "identifiers": _once([number for one in numbers for number in one]),
            "name": value_of(of, "name", {}),
            "birth_date": value_of(of, "birth_date", ""),
            "sex": value_of(of, "sex", ""),
            "language": value_of(of, "language", ""),
            "telecoms": value_of(of, "phones", []) + value_of(of, "emails", []),
            "addresses": value_of(of, "addresses", []),
            "deceased": deceased(patient),
            "identity_unknown": value_of(of, "identity_unknown", False),
            "identity_disputed": patient.disputed,
            "also_known_as": patient.also_known_as,
        }
    )


def _once(numbers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [number for place, number in enumerate(numbers) if number not in numbers[:place]]


def _encounter_state(
    patient: Person, encounter: Stay, of: Registers, standing: Standing, version: int
) -> EncounterState:
    facility = value_of(of, "facility") or value_of(of, "sending_facility", {})
    labels = _labels(patient, encounter)
    return EncounterState.model_validate(
        {
            "encounter_id": encounter.encounter_id,
            "status": "finished" if standing.closed else STATUS[standing.stage],
            "closed_by": RULE if standing.closed else "",
            "class": value_of(of, "class_", ""),
            "visit_number": value_of(of, "visit_number"),
            "account_number": value_of(of, "account_number"),
            "facility": facility.get("code", ""),
            "zone": facility.get("zone", "UTC"),
            "location": value_of(of, "location", {}),
            "admission_type": value_of(of, "admission_type", ""),
            "hospital_service": value_of(of, "hospital_service", ""),
            "admitted_at": _admitted_at(of, standing),
            "expected_discharge_at": value_of(of, "expected_discharge_at"),
            "discharge_version": version,
            "protected": bool(labels),
            "labels": labels,
            "on_leave": standing.on_leave,
            "rebuilt": encounter.encounter.rebuilt,
            "joined_by": encounter.joined_by,
            "other_numbers": encounter.other_numbers if len(encounter.visits) > 1 else (),
            "greatest_age_s": value_of(of, "greatest_age_s", 0),
            **_end(of, standing),
        }
    )


def _admitted_at(of: Registers, standing: Standing) -> Any:
    """PV1-44, else when the begin that stands occurred."""
    begin = standing.admitted or standing.registered
    return value_of(of, "admitted_at") or (When(instant=begin.occurred) if begin else None)


def _end(of: Registers, standing: Standing) -> dict[str, Any]:
    """Only a stay that is over has an end."""
    if standing.discharged is None:
        return {}
    return {
        "discharged_at": value_of(of, "discharged_at") or When(instant=standing.discharged.occurred),
        "disposition": value_of(of, "discharge_disposition", ""),
        "discharged_to": value_of(of, "discharged_to", ""),
    }


def _labels(patient: Person, encounter: Stay) -> tuple[str, ...]:
    """A protected unit at any time of the stay; `visit`: PD1-12, PV2-22 or an ARV that restricts."""
    registers = (patient.registers, encounter.registers)
    told = any(value_of(of, name, False) for of in registers for name in ("protected", "restrictions"))
    return tuple(sorted(encounter.unit_labels | ({VISIT_ITSELF} if told else set())))
