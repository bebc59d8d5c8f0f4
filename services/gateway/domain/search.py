"""By which numbers a raw message is found again: keyed hashes of its patient and visit numbers, never the numbers.

Whoever reads the database learns from them neither a number nor, without the secret, whether a guess is right. Read is
what HL7 v2.5.1 gives a number's place: PID-3 (ch. 3.4.2.3), PV1-19 (3.4.3.19), MRG-1 and MRG-5 (3.4.9), or the older
places that the feed's profile names. The authority is left out: who searches seldom knows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, Literal

from shared.feeds import FeedProfile
from shared.hl7.er7 import Message
from shared.schemas.keyed import keyed

Kind = Literal["mrn", "visit"]
Number = tuple[Kind, str]
"""`mrn`: any number of the patient; `visit`: one of the visit."""

_MOST: Final = 16
"""Keys a message; beyond that it is found by its first ones, and by all else that it is found by."""
_NAMES: Final = frozenset({"PID", "PV1", "MRG"})
_PID: Final = {"PID-3": 3, "PID-2": 2, "PID-4": 4}
_MRG: Final = {"PID-3": 1, "PID-2": 4, "PID-4": 2}


def search_key(secret: bytes, tenant: str, kind: Kind, value: str) -> str:
    """32 hexadecimal digits; case and outer blanks of `value` do not matter. Another tenant's number has another."""
    return keyed(secret, "search", tenant, kind, value.strip().upper())


def search_keys(secret: bytes, tenant: str, numbers: Iterable[Number]) -> tuple[str, ...]:
    """One a number, each once, in the order in which they were sent, at most 16."""
    once = list(dict.fromkeys(numbers))[:_MOST]
    return tuple(dict.fromkeys([search_key(secret, tenant, kind, value) for kind, value in once]))


def numbers_of(message: Message, profile: FeedProfile) -> list[Number]:
    """The numbers of an HL7 v2 message, of all its patients and visits, in the order of its segments."""
    places = _places(profile.patient_fields)
    found: list[Number] = []
    for segment in message.segments_among(_NAMES):
        for kind, field in places[segment.name]:
            found += [(kind, value) for element in segment.elements(field) if (value := element.value())]
    return found


@lru_cache(maxsize=64)
def _places(patient_fields: tuple[str, ...]) -> Mapping[str, tuple[tuple[Kind, int], ...]]:
    """By segment the fields to be read, and what their numbers are of."""
    patient: list[tuple[Kind, int]] = [("mrn", _PID[field]) for field in patient_fields]
    merged: list[tuple[Kind, int]] = [("mrn", _MRG[field]) for field in patient_fields]
    return {"PID": tuple(patient), "PV1": (("visit", 19),), "MRG": (*merged, ("visit", 5))}


def json_numbers(content: dict[str, Any]) -> Iterator[Number]:
    """The numbers of a JSON message, under the names that `AdtEvent` has for them; what has another form is none."""
    patient, visit = content.get("patient"), content.get("encounter")
    for name in ("identifiers", "prior_identifiers", "prior_patient_id"):
        yield from (("mrn", value) for value in _values(patient, name))
    for name in ("visit_number", "prior_visit_number"):
        yield from (("visit", value) for value in _values(visit, name))


def _values(group: Any, name: str) -> list[str]:
    sent = group.get(name) if isinstance(group, dict) else None
    several = sent if isinstance(sent, list) else [sent]
    found = [one.get("value") for one in several if isinstance(one, dict)]
    return [value for value in found if isinstance(value, str) and value.strip()]
