"""Which stays are protected, and by what: 42 CFR Part 2 and behavioural health by their unit, others by what is sent.

A patient is protected in every stay (PD1-12, or ARV beside PID), a visit by itself (PV2-22, or ARV beside PV1). About
half are so from the first message on; of the others it is only said later. Drawn apart from the rest of the seed, so
that a run is otherwise the same with and without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Final

from demo.hospital.course import PROTECTED_WARDS, WARDS, Happening, Shield, Visit, Ward

PROTECTED: Final = 0.03
"""Of all stays; of a few in a unit there is nothing to be seen, since they never came to a bed."""
_OF_PERSONS: Final = (Shield.PATIENT, Shield.PATIENT_RESTRICTED)
_OF_VISITS: Final = (Shield.VISIT, Shield.VISIT_RESTRICTED)
_PERSONS, _UNITS = 0.25, 0.5


def shielded(told: Sequence[Happening], share: float) -> list[Happening]:
    """The same happenings of one stay, `share` of all stays protected (0 to 1)."""
    visit = told[-1].visit
    of_person = _dice(f"{visit.person.serial}/person")
    if of_person.random() < share * _PERSONS:
        return _with(told, of_person.choice(_OF_PERSONS), _dice(visit.number))
    dice = _dice(visit.number)
    luck = dice.random()
    if luck < share * _UNITS:
        return _in_unit(told, dice)
    return _with(told, dice.choice(_OF_VISITS), dice) if luck < share * (1 - _PERSONS) else list(told)


def _dice(name: str) -> Random:
    return Random(f"{name}/protected")  # noqa: S311  a simulation must be repeatable, not secret


def _with(told: Sequence[Happening], shield: Shield, dice: Random) -> list[Happening]:
    """Said from the first message or from a later one on. Of a namesake under whom it is filed nothing is said."""
    visit = told[-1].visit
    since = told[dice.randrange(len(told))].recorded if dice.random() < 0.5 else told[0].recorded
    return [
        replace(one, visit=replace(one.visit, shield=shield))
        if one.visit.person == visit.person and one.recorded >= since and _is_its_own(one.visit, shield)
        else one
        for one in told
    ]


def _is_its_own(visit: Visit, shield: Shield) -> bool:
    return shield not in _OF_PERSONS or not visit.mistaken


def _in_unit(told: Sequence[Happening], dice: Random) -> list[Happening]:
    """One of the wards that it came to is such a unit, for whoever lies there."""
    wards = sorted({one.visit.ward for one in told if one.visit.ward in WARDS})
    if not wards:
        return list(told)
    here, unit = dice.choice(wards), dice.choice(PROTECTED_WARDS)
    return [_moved(one, here, unit) for one in told]


def _moved(one: Happening, here: Ward, unit: Ward) -> Happening:
    beside = _placed(one.beside, here, unit) if one.beside else None
    return replace(one, visit=_placed(one.visit, here, unit), beside=beside)


def _placed(visit: Visit, here: Ward, unit: Ward) -> Visit:
    return replace(
        visit,
        ward=unit if visit.ward == here else visit.ward,
        came_from=unit if visit.came_from == here else visit.came_from,
    )
