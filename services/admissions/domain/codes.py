"""What a site's codes mean: they are kept as sent, and the feed's profile is asked each time that something is decided.

A profile that learns a code changes what is decided from then on, also of what came before. What stands in no table and
in no map stays as it was sent, in upper case, and means as little as it can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from services.admissions.domain.model import Register, Registers
from shared.feeds import OBSERVATION, FeedProfile

CLASS: Final = "class_"
OBSERVED: Final = "observed"
"""A register beside the class: what came with that class said that the stay is one of observation (PV1-18, PV1-10)."""
_READ: Final[dict[str, Callable[[FeedProfile, str], str]]] = {
    CLASS: FeedProfile.class_of,
    "admission_type": FeedProfile.admission_type_of,
    "hospital_service": FeedProfile.service_of,
    "discharge_disposition": FeedProfile.disposition_of,
}
"""PV1-2, PV1-4, PV1-10 and PV1-36, by the name of their register."""


_UNKNOWN: Final = FeedProfile(feed="gone", tenant="gone", zone="UTC", facility="GONE", default_authority="GONE")
"""The profile of a feed that has none any more: it maps nothing."""


class Codes:
    """The maps of all feeds, as their profiles are at the time of asking."""

    def __init__(self, profiles: Mapping[str, FeedProfile]) -> None:
        self._profiles = profiles

    def meaning(self, field: str, feed: str, code: str) -> str:
        """The code in the table that the field is of; as it was sent where the feed does not map it."""
        return _READ[field](self._profiles.get(feed, _UNKNOWN), code)

    def meant(self, standing: Registers) -> None:
        """Put what they mean in the place of the codes among these registers."""
        for field in _READ:
            said = standing.get(field)
            if said is not None and said.value:
                standing[field] = Register(said.stamp, self.of(field, said))
        if is_observed(standing.get(CLASS), standing):
            standing[CLASS] = Register(standing[CLASS].stamp, OBSERVATION)

    def of(self, field: str, said: Register) -> str:
        """What the last word on a field means, as the feed that said it means it."""
        return self.meaning(field, feed_of(said.stamp), said.value)


AS_SENT: Final = Codes({})


def is_observed(said: Register | None, standing: Mapping[str, Register]) -> bool:
    """Did the message that said this class say that the stay is one of observation?"""
    observed: Any = standing.get(OBSERVED)
    return said is not None and observed is not None and bool(observed.value) and observed.stamp == said.stamp


def feed_of(stamp: str) -> str:
    """The feed of a writer of registers."""
    return stamp.split("|", 3)[2]
