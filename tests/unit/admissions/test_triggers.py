"""The table of triggers is whole, and what it says is acted on. The expectation is HL7 v2.5.1 ch. 3, by hand."""

from __future__ import annotations

from typing import Final

import pytest

from services.admissions.domain.lifecycle import CANCELS, TRANSITIONS, UPDATE, WALKED, Trigger, stamp_rank
from services.admissions.domain.repairs import RULES
from services.admissions.domain.triggers import ACTING, KEPT, TRIGGERS, Effect
from tests.unit.admissions.house import House
from tests.unit.admissions.messages import adt

ALL: Final = [f"A{n:02}" for n in range(1, 63)]
MERGES_AND_MOVES: Final = {"A17", "A18", "A30", "A34", "A35", "A36", *(f"A{n}" for n in range(39, 48)), "A49", "A50"}
NOTHING: Final = {f"A{n:02}" for n in (9, 10, 19, 20, 23, 24, 29, 32, 33, 37, 48, 56, 57, 58, 59, 60)}


def test_table__has_every_trigger_once_and_in_order() -> None:
    assert list(TRIGGERS) == ALL


def test_table__what_does_nothing_says_why_and_nothing_else_does() -> None:
    assert {trigger for trigger, row in TRIGGERS.items() if row.because} == NOTHING
    assert {trigger for trigger, row in TRIGGERS.items() if row.effect is Effect.NONE} == NOTHING


def test_table__merges_moves_and_renames_are_repairs_and_a_swap_is_one_of_its_own() -> None:
    repairs = {trigger for trigger, row in TRIGGERS.items() if row.effect is Effect.REPAIR}
    assert repairs == (MERGES_AND_MOVES | {"A51"}) - {"A17"}
    assert repairs == set(RULES)
    assert TRIGGERS["A17"].effect is Effect.SWAP
    assert all(TRIGGERS[trigger].note for trigger in (*repairs, "A17"))


def test_table__acting_are_the_others() -> None:
    assert set(ALL) - NOTHING == ACTING


@pytest.mark.parametrize("trigger", ALL)
def test_table__names_its_source(trigger: str) -> None:
    number = int(trigger[1:])
    expected = {60: "3.3.56", 61: "3.3.57", 62: "3.3.58"}.get(number, f"3.3.{number}")
    assert TRIGGERS[trigger].source == ("table 0003" if 56 <= number <= 59 else expected)


@pytest.mark.parametrize("trigger", ALL)
def test_table__what_acts_needs_to_say_whose_it_is(trigger: str) -> None:
    row = TRIGGERS[trigger]
    assert ("PID-3" in row.needs) is (row.effect is not Effect.NONE)


@pytest.mark.parametrize(
    ("cancel", "targets"),
    [
        ("A11", {"A01", "A04"}),
        ("A12", {"A02"}),
        ("A13", {"A03"}),
        ("A25", {"A16"}),
        ("A26", {"A15"}),
        ("A27", {"A14"}),
        ("A38", {"A05"}),
        ("A52", {"A21"}),
        ("A53", {"A22"}),
        ("A55", {"A54"}),
        ("A62", {"A61"}),
    ],
)
def test_cancels__each_takes_back_its_own(cancel: str, targets: set[str]) -> None:
    assert set(CANCELS[Trigger(cancel)]) == targets


def test_cancels__there_are_no_others() -> None:
    assert len(CANCELS) == 11


def test_kept__every_fact_has_a_word_and_every_word_a_row() -> None:
    assert {trigger.value for trigger in Trigger} == KEPT


@pytest.mark.parametrize("trigger", sorted(ACTING))
def test_read__every_acting_trigger_is_decided(trigger: str) -> None:
    merged = "MRG|100201^^^NORTH^MR||A7^^^NORTH||V7^^^NORTH|X7^^^NORTH"
    alternate = "PV1|" + "|" * 49 + "X9^^^NORTH"
    message = adt(trigger, "02 0900", happened="02 0855", account="A1^^^NORTH", extra=[merged])
    renumbered = adt(trigger, "02 0900", visit="", extra=[merged, alternate], **{"class": ""})
    assert House().hear(renumbered if trigger == "A51" else message) is not None


@pytest.mark.parametrize("trigger", sorted(set(ALL) - ACTING))
def test_read__every_other_trigger_is_set_aside(trigger: str) -> None:
    house = House()
    assert house.hear(adt(trigger, "02 0900")) is None
    assert house.patients == []


def test_rank__a_fact_before_its_cancel_and_a_begin_before_its_end() -> None:
    for cancel, targets in CANCELS.items():
        assert all(target.rank < cancel.rank for target in targets)
    in_order = ["A05", "A14", "A04", "A01", "A06", "A07", "A21", "A22", "A03", "A11", "A13"]
    ranks = [Trigger(trigger).rank for trigger in in_order]
    assert ranks == sorted(set(ranks))
    assert all(Trigger(trigger).rank > max(ranks) for trigger in KEPT - set(in_order))


def test_stamp_rank__is_one_digit_and_an_update_has_the_last_word() -> None:
    ranks = {trigger: stamp_rank(trigger) for trigger in ACTING}
    assert all(0 <= rank <= 9 for rank in ranks.values())
    assert {trigger for trigger, rank in ranks.items() if rank == 9} == {UPDATE, "A28", "A31", *RULES}
    assert [ranks[trigger] for trigger in ("A04", "A01", "A03", "A11", "A13")] == [0, 1, 2, 3, 4]
    assert {ranks[trigger] for trigger in ("A02", "A05", "A06", "A17", "A21", "A54")} == {5}
    assert {ranks[trigger] for trigger in ("A12", "A38", "A52", "A55")} == {6}


def test_transitions__are_of_what_moves_a_stay_and_its_cancels() -> None:
    cancels = {cancel for cancel, targets in CANCELS.items() if WALKED & set(targets)}
    assert {trigger for _, trigger in TRANSITIONS} == {*WALKED, *cancels, "A03 of class R"}
