"""PV1, PV2, the visit's ARV, PID-18 and MRG to an `Encounter`."""

from __future__ import annotations

from services.admissions.adt.datatypes import Datatypes, coded
from services.admissions.adt.groups import Anchor, Group
from services.admissions.adt.patient import restrictions
from services.admissions.adt.reading import Fields, Reading, said
from shared.hl7.er7 import Element, Segment
from shared.schemas.adt import Encounter

# EVN-3, the planned time, by what the event plans
_PLANS = {"A05": "expected_admit_at", "A14": "expected_admit_at", "A16": "expected_discharge_at"}


def read_encounter(group: Group, reading: Reading, types: Datatypes, trigger: str) -> Encounter:
    """The visit of one patient of the message; all empty where the message tells of none."""
    fields = Fields()
    pv1, pv2 = group.first("PV1"), group.first("PV2")
    _numbers(fields, group, pv1, types)
    _kind(fields, pv1)
    fields.one("location", pv1, 3, types.location)
    fields.one("prior_location", pv1, 6, types.location)
    fields.one("pending_location", pv2, 1, types.location)
    for name, field in (("attending", 7), ("referring", 8), ("consulting", 9), ("admitting", 17)):
        fields.many(name, pv1, field, types.provider)
    _times(fields, pv1, pv2, reading, trigger)
    fields.one("discharge_disposition", pv1, 36, disposition)
    fields.one("discharged_to", pv1, 37, said)
    fields.one("admit_reason", pv2, 3, coded)
    fields.one("protected", pv2, 22, reading.yes_or_no)
    restrictions(fields, group, Anchor.VISIT)
    return Encounter(**fields.values, cleared=fields.cleared)


def disposition(element: Element) -> str:
    """As sent; a bare digit is the NUBC code with its zero lost (UB-04 FL17: `1` is `01`)."""
    return in_two_digits(said(element))


def in_two_digits(code: str) -> str:
    """A number as UB-04 FL17 has it; anything else as it is."""
    return code.zfill(2) if code.isascii() and code.isdigit() else code


def _numbers(fields: Fields, group: Group, pv1: Segment, types: Datatypes) -> None:
    pid, merge = group.first("PID"), group.first("MRG")
    fields.one("account_number", pid, 18, types.identifier)
    fields.one("prior_account_number", merge, 3, types.identifier)
    fields.one("prior_visit_number", merge, 5, types.identifier)
    fields.many("prior_alternate_visit_ids", merge, 6, types.identifier)
    fields.one("preadmit_number", pv1, 5, types.identifier)
    fields.one("visit_number", pv1, 19, types.identifier)
    fields.many("alternate_visit_ids", pv1, 50, types.identifier)


def _kind(fields: Fields, pv1: Segment) -> None:
    coded_fields = (("class", 2), ("admission_type", 4), ("hospital_service", 10), ("admit_source", 14))
    for name, field in (*coded_fields, ("patient_type", 18)):
        fields.one(name, pv1, field, said)


def _times(fields: Fields, pv1: Segment, pv2: Segment, reading: Reading, trigger: str) -> None:
    fields.one("admitted_at", pv1, 44, reading.moment)
    fields.one("discharged_at", pv1, 45, reading.moment)
    fields.one("expected_admit_at", pv2, 8, reading.moment)
    fields.one("expected_discharge_at", pv2, 9, reading.moment)
    fields.one("expected_return_at", pv2, 47, reading.moment)
    planned = _PLANS.get(trigger)
    if planned and planned not in fields.values:
        fields.one(planned, reading.message.segment("EVN"), 3, reading.moment)
