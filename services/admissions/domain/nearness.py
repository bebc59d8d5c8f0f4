"""Visits of one person that are one stay by their times alone, where the feeds' profiles say so. Off unless they do.

`led-in`: a visit to the emergency department is part of the stay in a bed that it led to, though that has a number of
its own and names no other (HL7 v2.5.1 ch. 3.3.6: the same physical stay). It goes on, or ended as an admission (NUBC
UB-04 FL17 09), as still a patient (30) or without a word not long before. `same-event`: two feeds tell of one stay of
one house under two numbers; both begin, or both end, within minutes. Each is a guess, so each is named in `joined_by`,
and none is made where a feed that tells nobody would speak for one that does, or where one feed would be met twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any, Final, NamedTuple

from services.admissions.domain import fold
from services.admissions.domain.codes import AS_SENT, CLASS, DISPOSITION, Codes
from services.admissions.domain.groups import Groups
from services.admissions.domain.joins import LED_IN, SAME_EVENT, Join
from services.admissions.domain.lifecycle import Stage
from services.admissions.domain.model import LifecycleFact, Registers, Visit
from services.admissions.domain.put import DOOR
from services.admissions.domain.registers import value_of
from services.admissions.domain.returns import EMERGENCY
from services.admissions.domain.values import standing_values
from shared.feeds import FeedProfile
from shared.schemas.encounters import When

ON_THE_WAY: Final = timedelta(hours=24)
"""A bed that is given later than this after the visit began is not where the visit led."""
ADMITTED_HERE: Final = frozenset({"", "09", "30"})
"""NUBC UB-04 FL17: admitted as an inpatient to this hospital; still a patient; nothing was said."""
_TO_THE_MINUTE: Final = frozenset({"minute", "second", "fraction"})
_A_MINUTE: Final = timedelta(minutes=1)
_BEGUN: Final = frozenset({Stage.REGISTERED, Stage.ADMITTED, Stage.DISCHARGED})


class Moment(NamedTuple):
    """One visit by itself: whose house and feed, and when. `bed`: when it was first in a bed, None if it never was."""

    visit_id: str
    feed: str
    mode: str
    facility: str
    class_: str
    begin: datetime | None
    end: datetime | None
    bed: datetime | None
    disposition: str

    def is_beside(self, other: Moment) -> bool:
        """Of one house, and told to the same people: a stay is told in the mode of its last message."""
        return (self.facility, self.mode) == (other.facility, other.mode)


@dataclass(frozen=True)
class Near:
    """The minutes of each feed whose profile switches a rule on; what the feeds' codes mean."""

    led_in: Mapping[str, timedelta]
    same_event: Mapping[str, timedelta]
    codes: Codes = AS_SENT

    def joins(self, visits: Sequence[Visit]) -> list[Join]:
        """All that hold among the visits of one person; of `led-in` the stay in a bed first."""
        known = [moment for visit in visits if (moment := moment_of(visit, self.codes))]
        return [*self._led(known), *self._same(known)]

    def _led(self, known: Sequence[Moment]) -> Iterable[Join]:
        """Each emergency visit leads to one stay: the first that it can have led to."""
        for visit in known:
            beds = ((one.bed, one.visit_id) for one in known if one.bed and self._leads(visit, one, one.bed))
            if first := min(beds, default=None):
                yield LED_IN, first[1], visit.visit_id

    def _leads(self, visit: Moment, stay: Moment, bed: datetime) -> bool:
        most = self.led_in.get(stay.feed)
        is_emergency = visit.class_ == EMERGENCY and visit.bed is None and visit.disposition in ADMITTED_HERE
        if most is None or not is_emergency or visit.begin is None or not visit.is_beside(stay):
            return False
        return visit.begin <= bed <= visit.begin + ON_THE_WAY and (visit.end is None or bed - visit.end <= most)

    def _same(self, known: Sequence[Moment]) -> Iterable[Join]:
        """A feed that numbers two visits means two: where it would be met twice, it is not known which is meant."""
        feeds = {moment.visit_id: moment.feed for moment in known}
        pairs = [pair for pair in combinations(sorted(known, key=_id), 2) if self._is_same(*pair)]
        groups = Groups(feeds)
        for one, other in pairs:
            groups.join(one.visit_id, other.visit_id)
        for one, other in pairs:
            group = groups.of(one.visit_id)
            if len({feeds[id_] for id_ in group}) == len(group):
                yield SAME_EVENT, one.visit_id, other.visit_id

    def _is_same(self, one: Moment, other: Moment) -> bool:
        """Both profiles must say so; the smaller number of minutes counts."""
        minutes = [self.same_event[moment.feed] for moment in (one, other) if moment.feed in self.same_event]
        if one.feed == other.feed or len(minutes) < 2 or one.class_ != other.class_ or not one.is_beside(other):
            return False
        most = min(minutes)
        return _within(one.begin, other.begin, most) or _within(one.end, other.end, most)


def near(profiles: Iterable[FeedProfile], codes: Codes) -> Near | None:
    """The rules of these feeds, None where all are off."""
    every = list(profiles)
    led = {one.feed: timedelta(minutes=one.led_in_minutes) for one in every if one.led_in_minutes}
    same = {one.feed: timedelta(minutes=one.same_event_minutes) for one in every if one.same_event_minutes}
    return Near(led, same, codes) if led or same else None


def moment_of(visit: Visit, codes: Codes) -> Moment | None:
    """The visit as its own messages tell of it; None of one that never was, is only planned or only mentioned."""
    door = visit.registers[DOOR].value
    standing = fold.fold(visit.facts, visit.registers, a08=door["a08"], codes=codes)
    if standing.stage not in _BEGUN:
        return None
    of = standing_values(visit.registers, standing)
    begin = standing.admitted or standing.registered
    end = standing.discharged
    return Moment(
        visit.visit_id,
        door["feed"],
        door["mode"],
        value_of(of, "facility", {}).get("code") or value_of(of, "sending_facility", {}).get("code", ""),
        value_of(of, CLASS, ""),
        _when(of, "admitted_at", begin),
        _when(of, "discharged_at", end) if end else None,
        standing.admitted.occurred if standing.admitted else None,
        value_of(of, DISPOSITION, "") if end else "",
    )


def _id(moment: Moment) -> str:
    return moment.visit_id


def _when(of: Registers, name: str, fact: LifecycleFact | None) -> datetime | None:
    """As it was sent, else when the fact occurred; None where that is a day or an hour: near to it says nothing."""
    sent: Any = value_of(of, name)
    if sent:
        told = When.model_validate(sent)
        return told.instant if told.precision in _TO_THE_MINUTE else None
    return fact.occurred if fact and fact.until - fact.occurred < _A_MINUTE else None


def _within(one: datetime | None, other: datetime | None, most: timedelta) -> bool:
    return one is not None and other is not None and abs(one - other) <= most
