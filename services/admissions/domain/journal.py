"""Which repairs stand: of each the last word, and only while nobody undid it later.

A repair that is sent again is the same one; sent again after it was undone, it stands again. Nothing is ever forgotten:
whoever undoes a merge finds what was there before, because nothing was rewritten (`persons`, `stays`).
"""

from __future__ import annotations

from collections.abc import Iterable

from services.admissions.domain.repairs import DIFFERENT, MERGE, MOVE, PATIENT, RENAME, SAME, SETTLED, UNDO, Repair

Content = tuple[object, ...]
Pair = tuple[str, str]


def remember(kept: tuple[Repair, ...], repairs: Iterable[Repair]) -> tuple[Repair, ...]:
    """The journal with these: of each content the last word, in a fixed order."""
    last: dict[Content, Repair] = {}
    for one in (*kept, *repairs):
        place = (one.kind == UNDO, *_content(one))
        if place not in last or (last[place].stamp, last[place].repair_id) < (one.stamp, one.repair_id):
            last[place] = one
    return tuple(sorted(last.values(), key=lambda one: (one.stamp, one.repair_id)))


def standing(kept: Iterable[Repair]) -> tuple[Repair, ...]:
    """The repairs that stand, in the order of their stamps."""
    repairs = list(kept)
    undone = {_content(one): one.stamp for one in repairs if one.kind == UNDO}
    return tuple(one for one in repairs if one.kind != UNDO and undone.get(_content(one), "") < one.stamp)


def verdicts(repairs: Iterable[Repair]) -> dict[frozenset[str], str]:
    """The last verdict on each pair of numbers."""
    return {frozenset({one.sources[0], one.targets[0]}): one.kind for one in repairs if one.kind in (SAME, DIFFERENT)}


def settled(repairs: Iterable[Repair]) -> dict[tuple[str, str], int]:
    """The reviews that somebody looked at: (code, about) → how many values they rested on then."""
    found: dict[tuple[str, str], int] = {}
    for one in repairs:
        if one.kind == SETTLED:
            place = (one.level, one.sources[0])
            found[place] = max(found.get(place, 0), int(one.targets[0]))
    return found


def merges(repairs: Iterable[Repair]) -> list[tuple[Repair, Pair]]:
    """What gives way to what among the patients' numbers, in the order of the stamps."""
    one_person = (one for one in repairs if one.level == PATIENT and one.kind in (MERGE, RENAME))
    return [(one, pair) for one in one_person for pair in pairs(one)]


def cuts(repairs: Iterable[Repair]) -> frozenset[tuple[str, str]]:
    """(record, number) that stand together no more: an A43 with the same MRN on both sides gave it another number."""
    found = set()
    for one in repairs:
        if one.kind == MOVE and one.level == PATIENT and one.record == one.into:
            found |= {(one.record, source) for source, _ in pairs(one)}
    return frozenset(found)


def moves(repairs: Iterable[Repair]) -> list[Repair]:
    """What was filed under the wrong patient."""
    return [one for one in repairs if one.kind == MOVE and one.record != one.into]


def pairs(repair: Repair) -> list[Pair]:
    """Source and target of the same authority and type (HL7 v2.5.1 ch. 3.4.9); the best numbers where none pair.

    No number gives way to itself.
    """
    found = [(one, other) for one in repair.sources for other in repair.targets if _kind(one) == _kind(other)]
    return [pair for pair in found or [(repair.record, repair.into)] if pair[0] != pair[1]]


def numbers_of(repair: Repair) -> frozenset[str]:
    """The patients' numbers that it names."""
    of_patients = (*repair.sources, *repair.targets) if repair.level == PATIENT else ()
    return frozenset({repair.record, repair.into, *of_patients} - {""})


def _kind(number: str) -> str:
    return number.rpartition("|")[0]


def _content(one: Repair) -> Content:
    """What it is about. An undo names the kind that it undoes as its trigger."""
    kind = one.trigger if one.kind == UNDO else one.kind
    if kind in (SAME, DIFFERENT):
        return (SAME, frozenset({*one.sources, *one.targets}))
    return kind, one.level, one.sources, one.targets, one.record, one.into
