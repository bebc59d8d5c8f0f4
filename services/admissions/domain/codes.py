"""What a site's codes mean: they are kept as sent, and the feed's profile is asked each time that something is decided.

A profile that learns a code changes what is decided from then on, also of what came before. What stands in no table and
in no map is unknown: it stays as it was sent, in upper case, means as little as it can, and is listed until somebody
maps it. Nothing ever waits for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from services.admissions.domain.model import Register, Registers, Unmapped
from shared.codes import ADMISSION_TYPES, DISPOSITIONS, PATIENT_CLASSES
from shared.feeds import OBSERVATION, FeedProfile

CLASS: Final = "class_"
DISPOSITION: Final = "discharge_disposition"
OBSERVED: Final = "observed"
"""A register beside the class: what came with that class said that the stay is one of observation (PV1-18, PV1-10)."""


class Coded(NamedTuple):
    """A field with a code: where it is sent, how a profile reads it, and the table of what is known everywhere.

    `table` None: no table has all of them. One is unknown only where the feed's profile maps any at all.
    """

    place: str
    read: Callable[[FeedProfile, str], str]
    table: frozenset[str] | None


CODED: Final[dict[str, Coded]] = {
    CLASS: Coded("PV1-2", FeedProfile.class_of, PATIENT_CLASSES),
    "admission_type": Coded("PV1-4", FeedProfile.admission_type_of, ADMISSION_TYPES),
    "hospital_service": Coded("PV1-10", FeedProfile.service_of, None),
    DISPOSITION: Coded("PV1-36", FeedProfile.disposition_of, DISPOSITIONS),
}
"""By the name of the register."""
_BY_PLACE: Final = {coded.place: field for field, coded in CODED.items()}
_GONE: Final = FeedProfile(feed="gone", tenant="gone", zone="UTC", facility="GONE", default_authority="GONE")
"""The profile of a feed that has none any more: it maps nothing."""


class Codes:
    """The maps of all feeds, as their profiles are at the time of asking."""

    def __init__(self, profiles: Mapping[str, FeedProfile]) -> None:
        self._profiles = profiles

    def meaning(self, field: str, feed: str, code: str) -> str:
        """The code in the table that the field is of; as it was sent where the feed does not map it."""
        return CODED[field].read(self._profiles.get(feed, _GONE), code)

    def knows(self, field: str, feed: str, code: str) -> bool:
        """Is it in the table of its field, or in the feed's map?"""
        table = CODED[field].table
        if table is not None:
            return self.meaning(field, feed, code) in table
        services = self._profiles.get(feed, _GONE).services
        return not services or code.strip().upper() in services

    def of(self, field: str, said: Register) -> str:
        """What the last word on a field means, as the feed that said it means it."""
        return self.meaning(field, feed_of(said.stamp), said.value)

    def meant(self, standing: Registers) -> None:
        """Put what they mean in the place of the codes among these registers."""
        for field in CODED:
            said = standing.get(field)
            if said is not None and said.value:
                standing[field] = Register(said.stamp, self.of(field, said))
        if is_observed(standing):
            standing[CLASS] = Register(standing[CLASS].stamp, OBSERVATION)

    def unmapped(self, sent: Registers, *, is_over: bool) -> tuple[Unmapped, ...]:
        """The unknown ones among registers with codes as sent. A disposition counts of a stay that is over."""
        found = []
        for field in CODED:
            said = sent.get(field)
            if said is None or not said.value or (field == DISPOSITION and not is_over):
                continue
            feed = feed_of(said.stamp)
            if not self.knows(field, feed, said.value) and not (field == CLASS and is_observed(sent)):
                found.append(Unmapped(code=code_of(feed, field, said.value), since=said.stamp.split("|", 1)[0]))
        return tuple(found)

    def still(self, found: Iterable[Unmapped]) -> tuple[Unmapped, ...]:
        """Those that are unknown to this day, each once, since it was first sent of what stands."""
        since: dict[str, str] = {}
        for one in found:
            since[one.code] = min(one.since, since.get(one.code, one.since))
        return tuple(Unmapped(code=code, since=since[code]) for code in sorted(since) if not self.has_learnt(code))

    def has_learnt(self, code: str) -> bool:
        """Is this listed code known by now?"""
        feed, place, sent = code.split("|", 2)
        return self.knows(_BY_PLACE[place], feed, sent)


AS_SENT: Final = Codes({})


def code_of(feed: str, field: str, code: str) -> str:
    """How an unknown code is listed: `feed|PV1-36|CODE`."""
    return f"{feed}|{CODED[field].place}|{code.strip().upper()}"


def is_observed(standing: Mapping[str, Register]) -> bool:
    """Did the message that said the class say that the stay is one of observation?"""
    said, observed = standing.get(CLASS), standing.get(OBSERVED)
    return said is not None and observed is not None and bool(observed.value) and observed.stamp == said.stamp


def feed_of(stamp: str) -> str:
    """The feed of a writer of registers."""
    return stamp.split("|", 3)[2]
