"""Who a message is about: identifiers that tell patients apart, and the claims and ids that are made of them.

Only types and authorities that the feed's profile trusts count; never a social security, licence or insurance number
(HL7 table 0203 SS, DL, MC ...: not in `identifier_types`). Whom the claims lead to is another rule's (`persons`).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from shared.feeds import FeedProfile
from shared.schemas.adt import Patient
from shared.schemas.envelope import derived_id
from shared.schemas.identifiers import Identifier

PRODUCTION: Final = "P"
TRAINING: Final = "T"  # HL7 table 0103
_ALONE: Final = "MR"


def processing_of(sent: str) -> str:
    """MSH-11 as state is kept apart by it; one that was not sent is production, as the door it came by is."""
    return sent.strip().upper() or PRODUCTION


def usable(identifiers: tuple[Identifier, ...] | None, profile: FeedProfile) -> tuple[Identifier, ...]:
    """The identifiers that tell patients apart, normalised, best first: by rank of type, then by place."""
    sent = [_normalised(one, profile, alone=len(identifiers or ()) == 1) for one in identifiers or ()]
    kept = dict.fromkeys(one for one in sent if one.type in profile.identifier_types and _tells_apart(one, profile))
    return tuple(sorted(kept, key=lambda one: profile.identifier_types.index(one.type)))


def _tells_apart(one: Identifier, profile: FeedProfile) -> bool:
    return bool(one.value) and profile.trusts(one.assigner) and not profile.is_placeholder(one.value)


def _normalised(identifier: Identifier, profile: FeedProfile, *, alone: bool) -> Identifier:
    """A single repetition without a type is a medical record number; one without an authority is the feed's own."""
    return Identifier(
        value=identifier.value.strip().upper(),
        assigner=identifier.assigner.strip().upper() or profile.default_authority,
        type=profile.type_of(identifier.type) or (_ALONE if alone else ""),
    )


def claims_at_all(patient: Patient, profile: FeedProfile, processing_id: str) -> tuple[str, ...]:
    """Claims that another profile might have made of the patient's numbers: of any type, place and authority.

    A patient who counts as made up by now may have been a real one.
    """
    numbers = _all_numbers(patient, profile)
    realms = dict.fromkeys([processing_id, PRODUCTION, TRAINING])
    return tuple(dict.fromkeys(claim_of(one, profile.tenant, realm) for realm in realms for one in numbers))


def placeholders(patient: Patient, profile: FeedProfile, processing_id: str) -> frozenset[str]:
    """Of the patient's numbers those that are nobody's, as the claims that they would have been."""
    numbers = (one for one in _all_numbers(patient, profile) if profile.is_placeholder(one.value))
    return frozenset(claim_of(one, profile.tenant, processing_id) for one in numbers)


def _all_numbers(patient: Patient, profile: FeedProfile) -> list[Identifier]:
    sent = (patient.identifiers, patient.external_identifiers, patient.alternate_identifiers)
    return [_normalised(one, profile, alone=True) for several in sent for one in several or () if one.value.strip()]


def claim_of(identifier: Identifier, tenant: str, processing_id: str) -> str:
    """`tenant|authority|type|value`; test and training patients are others, whatever their number."""
    return "|".join([_realm(tenant, processing_id), *(_plain(part) for part in _parts(identifier))])


def _parts(identifier: Identifier) -> tuple[str, str, str]:
    return identifier.assigner, identifier.type, identifier.value


def _plain(part: str) -> str:
    return part.replace("%", "%25").replace("|", "%7C")


def _realm(tenant: str, processing_id: str) -> str:
    return tenant if processing_id == PRODUCTION else f"{tenant}~{_plain(processing_id)}"


def ids_of_message(tenant: str, processing_id: str, source: tuple[str, ...]) -> tuple[str, ...]:
    """The ids that a patient without a number has, or would have if another profile counted him as made up or real."""
    realms = dict.fromkeys(_realm(tenant, one) for one in (processing_id, PRODUCTION, TRAINING))
    return tuple(_id_of_message(realm, source) for realm in realms)


def _id_of_message(realm: str, source: tuple[str, ...]) -> str:
    return derived_id("patient-of-message", realm, *source)


def new_patient_id(
    identifiers: tuple[Identifier, ...], tenant: str, processing_id: str, source: tuple[str, ...], secret: bytes
) -> str:
    """The id at first sight: of the best-ranked identifier, keyed so that nobody can guess it; else of the message."""
    realm = _realm(tenant, processing_id)
    if not identifiers:
        return _id_of_message(realm, source)
    best = "|".join(_plain(part) for part in _parts(identifiers[0]))
    return derived_id("patient", realm, hmac.new(secret, best.encode(), hashlib.sha256).hexdigest())
