"""The repeating segments that are snapshots: ROL/PRT, DG1 and IN1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from services.admissions.adt.datatypes import Datatypes, coded, email_of, phone_of
from services.admissions.adt.groups import Anchor, Group, clears_all
from services.admissions.adt.reading import Fields, Reading, said
from shared.hl7.er7 import Segment
from shared.schemas.adt import Coverage, Diagnosis, Role

_ROLE_SETS = ((Anchor.PATIENT, "longitudinal_roles"), (Anchor.VISIT, "visit_roles"))
_NO_DIAGNOSIS, _NO_COVER = Diagnosis(), Coverage()
T = TypeVar("T")
# code, person, begin, end, telecom
_ROL = (3, 4, 5, 6, 12)
_PRT = (4, 5, 11, 12, 15)


def read_sets(group: Group, reading: Reading, types: Datatypes) -> Fields:
    """Roles, diagnoses and coverage of one patient of the message."""
    fields = Fields()
    _roles(fields, group, reading, types)
    _snapshot(
        fields, "diagnoses", group.all("DG1"), [_diagnosis(segment) for segment in group.all("DG1")], _NO_DIAGNOSIS
    )
    covers = group.all("IN1")
    _snapshot(fields, "coverage", covers, [_cover(segment, reading, types) for segment in covers], _NO_COVER)
    return fields


def _snapshot(fields: Fields, name: str, segments: list[Segment], values: Sequence[T], blank: T) -> None:
    if clears_all(segments):
        fields.clear(name)
    else:
        fields.group(name, [value for value in values if value != blank])


def _roles(fields: Fields, group: Group, reading: Reading, types: Datatypes) -> None:
    """Roles of procedures, insurances and observations are nobody's care team and are left out."""
    found: list[Role] = []
    anchored = list(group.anchored("ROL", "PRT"))
    for anchor, name in _ROLE_SETS:
        segments = [segment for place, segment in anchored if place is anchor]
        if clears_all(segments):
            fields.clear(name)
            fields.values.setdefault("roles", ())
        else:
            roles = (_role(segment, reading, types, longitudinal=anchor is Anchor.PATIENT) for segment in segments)
            found += [role for role in roles if role.provider or role.code]
    fields.group("roles", found)


def _role(segment: Segment, reading: Reading, types: Datatypes, *, longitudinal: bool) -> Role:
    code, person, begins, ends, telecom = _PRT if segment.name == "PRT" else _ROL
    people = [provider for element in segment.elements(person) if (provider := types.provider(element))]
    reached = list(segment.elements(telecom))
    return Role(
        code=said(segment.element(code)),
        action=said(segment.element(2)),
        provider=people[0] if people else None,
        other_identifiers=tuple(provider.identifier for provider in people[1:] if provider.identifier.value),
        begins=reading.moment(segment.element(begins)),
        ends=reading.moment(segment.element(ends)),
        phones=tuple(phone for element in reached if (phone := phone_of(element))),
        emails=tuple(email for element in reached if (email := email_of(element))),
        longitudinal=longitudinal,
    )


def _diagnosis(segment: Segment) -> Diagnosis:
    code, method, description = segment.element(3), said(segment.element(2)), said(segment.element(4))
    if not (said(code) or said(code, 2) or description):
        return _NO_DIAGNOSIS
    return Diagnosis(
        code=said(code),
        system=said(code, 3) or method,
        type=said(segment.element(6)),
        text=said(code, 2) or description,
        description=description,
        method=method,
        set_id=said(segment.element(1)),
    )


def _cover(segment: Segment, reading: Reading, types: Datatypes) -> Coverage:
    return Coverage(
        plan=coded(segment.element(2)),
        payers=tuple(payer for e in segment.elements(3) if (payer := types.foreign_identifier(e))),
        payer_name=said(segment.element(4)),
        plan_type=said(segment.element(15)),
        group_number=said(segment.element(8)),
        group_name=said(segment.element(9)),
        policy_number=said(segment.element(36)),
        members=tuple(member for e in segment.elements(49) if (member := types.foreign_identifier(e))),
        effective_at=reading.moment(segment.element(12)),
        expires_at=reading.moment(segment.element(13)),
    )
