"""Diagnoses of a feed that sends them one by one add up; of every other feed each message says them all."""

from __future__ import annotations

from itertools import permutations

import pytest

from services.admissions.domain.diagnoses import MOST, bounded, standing
from services.admissions.domain.model import Register
from tests.unit.admissions.house import House, feeds
from tests.unit.admissions.messages import adt

ADDS = {"snapshots": {"DG1": "adds"}}
IN = adt("A01", "01 0905", start="01 0900", extra=["DG1|1||I50.9^Heart failure^I10|||A"])
MORE = adt("A08", "02 0905", extra=["DG1|1||N18.4^Kidney disease^I10|||W"])
FINAL = adt("A08", "03 0905", extra=["DG1|1||I50.9^Heart failure^I10|||F"])
NONE = adt("A08", "02 1200", extra=['DG1|""'])


def known(house: House) -> set[tuple[str, str]]:
    """Code and type of each that the other stays would see."""
    return {(code, type_) for code, _, type_ in house.encounter["brief"]["diagnoses"]}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [(ADDS, {("I50.9", "F"), ("N18.4", "W")}), ({}, {("I50.9", "F")})],
    ids=["adds", "snapshots"],
)
def test_diagnoses__in_every_order(changes: dict[str, object], expected: set[tuple[str, str]]) -> None:
    for order in permutations((IN, MORE, FINAL)):
        assert known(House(feeds(**changes)).hear_all(*order, *order)) == expected


def test_diagnoses__taken_back_leave_what_comes_later() -> None:
    """DG1 of "" alone: none of those said before stands."""
    for order in permutations((IN, MORE, NONE, FINAL)):
        assert known(House(feeds(**ADDS)).hear_all(*order)) == {("I50.9", "F")}


def test_diagnoses__of_a_profile_that_was_switched_count_from_the_last_snapshot_on() -> None:
    snapshot = Register(stamp="2", value=[{"code": "A", "type": "A"}, {"code": "B", "type": ""}])
    single = {"code": "A", "system": "", "type": "F"}
    of = {
        "diagnoses": Register(stamp="2", value=[{"code": "A", "system": "", "type": "A"}]),
        "diagnosis:|A": Register(stamp="3", value=single),
        "diagnosis:|C": Register(stamp="1", value={"code": "C", "system": "", "type": ""}),
    }
    assert standing(of) == [single]
    assert standing({"diagnoses": snapshot}) == snapshot.value
    assert standing({}) == []


def test_diagnoses__of_too_many_the_latest_are_kept_whatever_the_order() -> None:
    every = {f"diagnosis:|{n:03}": Register(stamp=f"{n:03}", value={"code": f"{n:03}"}) for n in range(MOST + 5)}
    kept = bounded({"class_": Register(stamp="0", value="I"), **every})
    assert len(kept) == MOST + 1
    assert "diagnosis:|004" not in kept
    assert "diagnosis:|005" in kept
