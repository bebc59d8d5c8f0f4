"""Which visits of one person are one stay, rule by rule. Each rule is a pair of visits; the names go with the stay.

`same-number`: the same visit or account number under two numbers of the patient, or, of unnumbered visits, the same
start at the same house. `visits-merged`: a merged, renamed or renumbered visit or account (HL7 v2.5.1 ch. 3.3.35, .41,
.42, .44, .45, .49 to .51). `prior-number`: what began names the visit that it was before (MRG-5, MRG-3; ch. 3.3.6, not
a merge). `of-account`: what names only an account is the one numbered visit of that account. Two more go by times
(`nearness`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from services.admissions.domain.groups import Groups
from services.admissions.domain.model import Visit
from services.admissions.domain.persons import authority_of
from services.admissions.domain.registers import value_of
from services.admissions.domain.repairs import ACCOUNT, PATIENT, VISIT, Repair

SAME_NUMBER: Final = "same-number"
VISITS_MERGED: Final = "visits-merged"
PRIOR_NUMBER: Final = "prior-number"
OF_ACCOUNT: Final = "of-account"
LED_IN: Final = "led-in"
SAME_EVENT: Final = "same-event"
_UNNUMBERED: Final = "unnumbered"

Join = tuple[str, str, str]
"""The rule's name and the ids of the two visits."""


def joins(visits: Sequence[Visit], repairs: Sequence[Repair]) -> Iterable[Join]:
    """All that hold among the visits of one person."""
    yield from _same_number(visits)
    yield from _merged(visits, repairs)
    yield from _prior(visits)
    yield from _of_account(visits, repairs)


def led_in(visits: Sequence[Visit], by_time: Iterable[Join]) -> frozenset[str]:
    """The visits that led into another one of the stay; none where it goes round in a circle."""
    groups = Groups(visit.visit_id for visit in visits)
    near = [join for join in by_time if join[1] in groups and join[2] in groups]
    for rule, one, other in (*_same_number(visits), *near):
        if rule != LED_IN:
            groups.join(one, other)
    into = (*_prior(visits), *(join for join in near if join[0] == LED_IN))
    led = {id_ for _, _, earlier in into for id_ in groups.of(earlier)}
    return frozenset(led) if len(led) < len(visits) else frozenset()


def text_of(key: tuple[str, ...]) -> str:
    """A visit key as a repair names it."""
    return ":".join(key)


def account_of(visit: Visit) -> str:
    """The account of a visit as a repair names it, "" where none was sent."""
    if visit.key[0] == ACCOUNT:
        return text_of(visit.key)
    number = value_of(visit.registers, "account_number")
    return ":".join((ACCOUNT, number["assigner"].strip().upper(), number["value"].strip().upper())) if number else ""


def _same_number(visits: Sequence[Visit]) -> Iterable[Join]:
    first: dict[tuple[str, ...], str] = {}
    for visit in visits:
        known = first.setdefault(_number(visit), visit.visit_id)
        if known != visit.visit_id:
            yield SAME_NUMBER, known, visit.visit_id


def _number(visit: Visit) -> tuple[str, ...]:
    """The visit's key; an unnumbered one is told apart by its house as well."""
    return (*visit.key, authority_of(visit.record)) if visit.key[0] == _UNNUMBERED else visit.key


def _merged(visits: Sequence[Visit], repairs: Sequence[Repair]) -> Iterable[Join]:
    by_number: dict[str, str] = {}
    for visit in visits:
        by_number.setdefault(text_of(visit.key), visit.visit_id)
    for repair in repairs:
        if repair.level != PATIENT:
            found = [by_number[number] for number in (*repair.sources, *repair.targets) if number in by_number]
            yield from ((VISITS_MERGED, found[0], other) for other in found[1:] if other != found[0])


def _prior(visits: Sequence[Visit]) -> Iterable[Join]:
    """The later visit first."""
    for visit in visits:
        if visit.prior:
            earlier = (one for one in visits if one.key in visit.prior and one.visit_id != visit.visit_id)
            yield from ((PRIOR_NUMBER, visit.visit_id, one.visit_id) for one in earlier)


def _of_account(visits: Sequence[Visit], repairs: Sequence[Repair]) -> Iterable[Join]:
    by_account = [visit for visit in visits if visit.key[0] == ACCOUNT]
    for visit in by_account:
        accounts = _same_account(account_of(visit), repairs)
        numbered = [one for one in visits if one.key[0] == VISIT and account_of(one) in accounts]
        if len({one.key for one in numbered}) == 1:
            yield OF_ACCOUNT, numbered[0].visit_id, visit.visit_id


def _same_account(account: str, repairs: Sequence[Repair]) -> frozenset[str]:
    """The account and what was merged with it or is its other number."""
    pairs = [(*one.sources, *one.targets) for one in repairs if one.level == ACCOUNT]
    groups = Groups({account, *(number for pair in pairs for number in pair)})
    for pair in pairs:
        groups.join_all(pair)
    return groups.of(account)
