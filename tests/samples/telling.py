"""An `AdtEvent` in the words of the samples' expectations, so that the two can be laid side by side.

Our contract keeps a number, an account or a visit once where they list it, and an authority's universal id beside the
identifiers instead of in each.
"""

from __future__ import annotations

from typing import Any

from shared.schemas.adt import (
    AdtEvent,
    Diagnosis,
    Encounter,
    HumanName,
    Location,
    Moment,
    Organization,
    Patient,
    Provider,
)
from shared.schemas.identifiers import Identifier

Said = dict[str, Any]


class Telling:
    """One event, told again."""

    def __init__(self, event: AdtEvent) -> None:
        self._event = event
        self._authorities = {authority.name: authority for authority in reversed(event.authorities)}

    def whole(self) -> Said:
        """Everything; what was not sent is not there."""
        event = self._event
        groups = [
            (event.patient, event.encounter),
            *((other.patient, other.encounter) for other in event.other_patients),
        ]
        others = [group for group in groups[1:] if group[0].identifiers != event.patient.identifiers]
        return _sent(
            message_code="ADT",
            **_sent(**{name: getattr(event, name) for name in ("control_id", "trigger", "structure", "version")}),
            message_time=_text(event.message_at),
            sending_application=event.sending_application,
            sending_facility=event.sending_facility,
            event_time=_text(event.recorded_at),
            event_occurred=_text(event.occurred_at),
            patient=self._patient(*groups[0]),
            other_patients=[self._patient(*group) for group in others],
            visit=self._visit(event.encounter),
            pv1_count=sum(encounter.class_ is not None for _, encounter in groups),
            merge=[merge for group in groups if (merge := self._merge(*group))],
            pcp=[self._provider(one) for one in event.patient.primary_care_providers or ()],
            primary_facility=[self._organization(one) for one in event.patient.primary_care_organizations or ()],
            diagnoses=[_diagnosis(one) for one in event.diagnoses or ()],
            birth_date=event.patient.birth_date,
        )

    def _patient(self, patient: Patient, encounter: Encounter) -> Said:
        return _sent(
            patient_ids=self._ids(patient.identifiers),
            pid2=self._ids(patient.external_identifiers),
            pid4=self._ids(patient.alternate_identifiers),
            names=[_name(name) for name in patient.names or ()],
            birth=_text(patient.born_at) or (patient.birth_date or "").replace("-", ""),
            sex=patient.sex,
            account=self._ids((encounter.account_number,)),
            death_time=_text(patient.died_at),
            death_indicator=_yes_or_no(patient.death_indicator),
        )

    def _visit(self, encounter: Encounter) -> Said:
        return _sent(
            patient_class=encounter.class_,
            location=_location(encounter.location),
            prior_location=_location(encounter.prior_location),
            attending=[self._provider(one) for one in encounter.attending or ()],
            visit_number=self._ids((encounter.visit_number,)),
            alternate_visit_id=self._ids(encounter.alternate_visit_ids),
            preadmit_number=self._ids((encounter.preadmit_number,)),
            admit_time=_text(encounter.admitted_at),
            discharge_time=_text(encounter.discharged_at),
            discharge_disposition=encounter.discharge_disposition,
            hospital_service=encounter.hospital_service,
            patient_type=encounter.patient_type,
        )

    def _merge(self, patient: Patient, encounter: Encounter) -> Said:
        return _sent(
            prior_ids=self._ids(patient.prior_identifiers),
            prior_account=self._ids((encounter.prior_account_number,)),
            prior_visit=self._ids((encounter.prior_visit_number,)),
        )

    def _ids(self, identifiers: tuple[Identifier | None, ...] | None) -> list[Said]:
        return [self._id(identifier) for identifier in identifiers or () if identifier]

    def _id(self, identifier: Identifier) -> Said:
        authority = self._authorities.get(identifier.assigner)
        named = not (authority and authority.name == authority.universal_id)
        return _sent(
            id=identifier.value,
            authority=identifier.assigner if named else "",
            authority_id=authority.universal_id if authority else "",
            authority_type=authority.universal_id_type if authority else "",
            type=identifier.type,
        )

    def _provider(self, provider: Provider) -> Said:
        """Of a provider's number they tell neither type nor universal id."""
        name, number = provider.name or HumanName(), self._id(provider.identifier)
        told = {field: number[field] for field in ("id", "authority") if field in number}
        return told | _sent(family=name.family, given=name.given)

    def _organization(self, organization: Organization) -> Said:
        number = organization.identifier
        return _sent(name=organization.name, id=number.value if number else "")


def _sent(**fields: Any) -> Said:
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def _text(moment: Moment | None) -> str:
    return moment.text if moment else ""


def _yes_or_no(value: bool | None) -> str:
    return {True: "Y", False: "N"}.get(value, "") if value is not None else ""


def _name(name: HumanName) -> Said:
    said = name.model_dump()
    return _sent(**{field: said[field] for field in ("family", "given", "middle", "suffix", "prefix")}, type=name.use)


def _location(location: Location | None) -> Said:
    return _sent(**location.model_dump()) if location else {}


def _diagnosis(diagnosis: Diagnosis) -> Said:
    return _sent(**diagnosis.model_dump())
