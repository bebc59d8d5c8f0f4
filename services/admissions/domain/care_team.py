"""Providers and roles to members of the care team (FHIR R4 CareTeam.participant), one a (role, identifier).

The repetitions of PV1-7, -8 and -17 are numbers of the same person: each becomes a member of the same role and name, so
that the person is found by whichever number the directory holds. Who has no number cannot be found and is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from services.admissions.domain.model import Registers
from services.admissions.domain.registers import value_of
from shared.feeds import FeedProfile
from shared.schemas.adt import AdtEvent, HumanName, Provider, Role
from shared.schemas.encounters import CareTeamMember
from shared.schemas.identifiers import Identifier

Dumped = list[dict[str, Any]]

ROLES: Final = {"attending": "ATND", "referring": "REF", "consulting": "CON", "admitting": "ADM"}
ONE_PERSON: Final = frozenset({"ATND", "REF", "ADM"})
PRIMARY_CARE: Final = "PCP"
LONGITUDINAL: Final = "longitudinal_roles"
OF_VISIT: Final = "visit_roles"
_NAMELESS: Final = HumanName()
_GONE: Final = frozenset({"DE", "UN"})  # HL7 table 0287: delete, unlink


def members(role: str, providers: Iterable[Provider], profile: FeedProfile) -> Dumped:
    """The members that a field of providers names."""
    people = list(providers)
    shared_name = next((one.name for one in people if one.name), None) if role in ONE_PERSON else None
    found = (_member(role, one.identifier, one.name or shared_name, profile) for one in people)
    return [member for member in found if member["provider"]["value"]]


def role_writes(event: AdtEvent, profile: FeedProfile, heard: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the two snapshots of roles write, to the patient and to the visit. Who ended by `heard` is left out."""
    return (
        _snapshot(event, LONGITUDINAL, profile, heard),
        _snapshot(event, OF_VISIT, profile, heard),
    )


def team_of(patient: Registers, encounter: Registers) -> tuple[CareTeamMember, ...]:
    """Everybody once, in a fixed order."""
    visit = [value_of(encounter, name, []) for name in (*ROLES, OF_VISIT)]
    sets = [value_of(patient, "primary_care_providers", []), value_of(patient, LONGITUDINAL, []), *visit]
    found: dict[tuple[str, str, str], CareTeamMember] = {}
    for member in (CareTeamMember.model_validate(one) for members_ in sets for one in members_):
        found.setdefault((member.role, member.provider.assigner, member.provider.value), member)
    return tuple(found[place] for place in sorted(found))


def _snapshot(event: AdtEvent, name: str, profile: FeedProfile, heard: datetime) -> dict[str, Any]:
    """A set without a member was not sent, unless it was cleared."""
    if name in event.cleared:
        return {name: None}
    sent = [role for role in event.roles or () if role.longitudinal is (name == LONGITUDINAL)]
    if not sent:
        return {}
    return {name: [member for role in sent if _holds(role, heard) for member in _of_role(role, profile)]}


def _holds(role: Role, heard: datetime) -> bool:
    over = role.ends is not None and role.ends.instant is not None and role.ends.instant <= heard
    return bool(role.code) and role.action.upper() not in _GONE and not over


def _of_role(role: Role, profile: FeedProfile) -> Dumped:
    if role.provider is None:
        return []
    numbers = (role.provider.identifier, *role.other_identifiers)
    return [_member(role.code, number, role.provider.name, profile) for number in numbers if number.value]


def _member(role: str, identifier: Identifier, name: HumanName | None, profile: FeedProfile) -> dict[str, Any]:
    assigner = identifier.assigner or profile.people_authority
    provider = {"value": identifier.value, "assigner": assigner, "type": identifier.type}
    return {"role": role, "provider": provider, "name": person_name(name or _NAMELESS)}


def person_name(name: HumanName) -> dict[str, str]:
    """XPN or the name of an XCN, as `PersonName` is kept."""
    return {
        "family": name.family,
        "given": name.given,
        "middle": name.middle,
        "prefix": name.prefix,
        "suffix": name.suffix,
    }
