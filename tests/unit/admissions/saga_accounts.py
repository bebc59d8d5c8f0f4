"""What can be told of several patients at the end, whatever came in which order; nothing of it depends on made-up ids.

It is taken from what hearers were told: whom they hold for one person, and what they hold for true of each stay. A stay
that was merged into another one, moved to somebody else or cancelled stands no more.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, NamedTuple

from shared.feeds import FeedProfile
from shared.schemas.encounters import EncounterState
from shared.stream.decisions import Refused, SetAside
from tests.unit.admissions.accounts import standing
from tests.unit.admissions.house import Hearer, House, a_raw_record, hearers_of
from tests.unit.admissions.walks import End, Sent, ends, ends_of, walk_of

TOLD_OF_ANOTHER = "told-of-another"
HISTORY = frozenset({"encounter_id", "discharge_version", "rebuilt"})


class Stands(NamedTuple):
    """One stay. `stands`: the strongest of what was told and not taken back; `place`: PV1-3.1."""

    visit: str
    stands: str
    place: str = ""
    disposition: str = ""
    joined: tuple[str, ...] = ()
    returned: str = ""


@dataclass(frozen=True)
class Human:
    """One person: what the hospitals call them now, and their stays."""

    numbers: frozenset[str]
    stays: frozenset[Stands]
    dead: bool = False
    born: str = ""
    language: str = ""


def human(numbers: str, *stays: Stands, dead: bool = False, born: str = "", language: str = "") -> Human:
    """Of numbers with blanks between."""
    return Human(frozenset(numbers.split()), frozenset(stays), dead, born, language)


@dataclass(frozen=True)
class Saga:
    """A story of several patients. `reviews`: what a person is to look at in the end, by code."""

    name: str
    messages: tuple[Sent, ...]
    ending: frozenset[Human]
    reviews: frozenset[str] = frozenset()
    profile: dict[str, Any] = field(default_factory=dict)


def account(house: House) -> frozenset[Human]:
    """Everybody of whom something stands."""
    of: dict[str, list[Hearer]] = defaultdict(list)
    for hearer in hearers_of(house).values():
        if hearer.last is not None and standing(hearer):
            of[hearer.last.patient.patient_id].append(hearer)
    return frozenset(_human(hearers) for hearers in of.values())


def _human(hearers: Sequence[Hearer]) -> Human:
    (who,) = {_who(hearer) for hearer in hearers}  # else two stays of one person tell of two persons
    stays = frozenset(_stands(hearer) for hearer in hearers)
    assert len(stays) == len(hearers), "one stay is told of as two"
    return replace(who, stays=stays)


def _who(hearer: Hearer) -> Human:
    assert hearer.last is not None
    of = hearer.last.patient
    numbers = frozenset(number.value for number in of.identifiers)
    return Human(numbers, frozenset(), of.deceased, of.birth_date, of.language)


def _stands(hearer: Hearer) -> Stands:
    assert hearer.last is not None
    of = hearer.last.encounter
    returned = of.returned.kind if of.returned else ""
    return Stands(
        _number_of(of), standing(hearer), of.location.point_of_care, of.disposition, tuple(of.joined_by), returned
    )


def _number_of(of: EncounterState) -> str:
    """What the hospital calls the stay, else when it began: nothing that was made up."""
    number, begin = of.visit_number or of.account_number, of.admitted_at or of.discharged_at
    return number.value if number else begin.instant.isoformat() if begin else ""


def reviews(house: House) -> frozenset[str]:
    """The codes of what somebody should look at.

    Left out is the one that depends on history, and must: a wrong patient's team is told or not, as the news comes.
    """
    found = {review["code"] for patient in house.patients for review in patient["reviews"]}
    if TOLD_OF_ANOTHER in found:
        assert any(event.withdraws for _, event in house.told), "nobody was told of another"
    return frozenset(found - {TOLD_OF_ANOTHER})


def believed(house: House) -> list[str]:
    """All that the hearers of each stay that stands hold for true, without made-up ids and how often it was said."""
    hearers = [hearer for hearer in hearers_of(house).values() if hearer.last is not None and standing(hearer)]
    visits = {hearer.last.encounter.encounter_id: _stands(hearer).visit for hearer in hearers if hearer.last}
    return sorted(json.dumps(_belief(hearer, visits), sort_keys=True) for hearer in hearers)


def _belief(hearer: Hearer, visits: Mapping[str, str]) -> dict[str, Any]:
    assert hearer.last is not None
    told: dict[str, Any] = hearer.last.model_dump(mode="json", include={"patient", "encounter", "care_team"})
    stay = {key: value for key, value in told["encounter"].items() if key not in HISTORY}
    for way in ("returns", "returned"):
        if stay[way]:
            stay[way] = {**stay[way], "encounter_id": visits.get(stay[way]["encounter_id"], "")}
    return {**told, "encounter": stay}


def kept(house: House) -> Any:
    """What the documents hold, as sets; which of them took in which is history, and so is what was said."""
    parts = ("records", "visits", "repairs", "claims")
    return {
        part: sorted(json.dumps(one, sort_keys=True) for patient in house.patients for one in patient[part])
        for part in parts
    }


def in_every_order(saga: Saga, profiles: dict[str, FeedProfile]) -> int:
    """How many ends were looked at; raises AssertionError for one that is not as the story says."""
    return _held(saga, ends(walk_of(saga.messages, profiles)))


def in_some_orders(saga: Saga, profiles: dict[str, FeedProfile], orders: Sequence[tuple[int, ...]]) -> int:
    """As `in_every_order`, of these orders."""
    return _held(saga, ends_of(walk_of(saga.messages, profiles), orders))


def _held(saga: Saga, found: Iterable[End]) -> int:
    count, first, held = 0, None, None
    for end in found:
        count += 1
        if end.walk is held:
            continue
        held, house = end.walk, end.walk.house
        assert account(house) == saga.ending, str(end)
        assert reviews(house) == saga.reviews, str(end)
        leaves = kept(house), believed(house)
        first = first or leaves
        assert leaves == first, str(end)
    return count


def in_two_orders(messages: Sequence[Sent], others: Sequence[Sent], profiles: dict[str, FeedProfile]) -> int:
    """The same messages twice; raises AssertionError where they end, are told or are kept otherwise."""
    one, other = (walk_of(order, profiles).hear(*range(len(order))).house for order in (messages, others))
    assert account(one) == account(other)
    assert reviews(one) == reviews(other)
    assert kept(one) == kept(other)
    assert believed(one) == believed(other)
    return 2


def letters_in_two_orders(messages: Sequence[Sent], draw: Random, profiles: dict[str, FeedProfile]) -> int:
    """As `in_two_orders`, of those of any messages that can be read; once more with repeats. 0: none can.

    An admission that is one no longer (A07) was rightly told of as one, and need not be: either is a begin.
    """
    readable = [message for message in messages if is_readable(message, profiles)]
    shuffled = draw.sample(readable, len(readable))
    repeated = [message for message in shuffled for _ in range(2)] + shuffled
    orders = (readable, shuffled, repeated) if readable else ()
    houses = [walk_of(order, profiles).hear(*range(len(order))).house for order in orders]
    assert len({_of_letters(house) for house in houses}) <= 1
    return len(houses)


def is_readable(message: Sent, profiles: dict[str, FeedProfile]) -> bool:
    """Is it decided at all? Not set aside, nor refused: a merge that names no other number is."""
    feed, value = message
    try:
        return House(profiles).handler.read(a_raw_record(value, feed=feed)) is not None
    except (SetAside, Refused):
        return False


def _of_letters(house: House) -> str:
    hearers = [hearer for hearer in hearers_of(house).values() if standing(hearer)]
    told = sorted((_stands(hearer)._replace(stands=_begun_or_over(hearer)) for hearer in hearers), key=str)
    return json.dumps([told, sorted(reviews(house)), kept(house), believed(house)], sort_keys=True)


def _begun_or_over(hearer: Hearer) -> str:
    return "discharged" if standing(hearer) == "discharged" else "begun"
