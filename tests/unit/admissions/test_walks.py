"""That the walk of the stories leaves no order out, and shares between orders only what is the same."""

from __future__ import annotations

from itertools import permutations

from tests.unit.admissions.house import feeds
from tests.unit.admissions.sagas.words import P_IN, P_OUT, Q_IN
from tests.unit.admissions.walks import WAYS, ends, ends_of, walk_of

SENT = (P_IN, Q_IN, P_OUT)


def test_again__is_the_same_walk_only_where_nothing_was_said_and_nothing_changed() -> None:
    walk = walk_of(SENT, feeds()).hear(0)
    states, said = dict(walk.house.desk.states), list(walk.said)
    assert walk.again(0) is walk
    further = walk.again(1, 0)
    assert further is not walk
    assert len(further.house.patients) == 2
    assert (walk.house.desk.states, walk.said) == (states, said)


def test_ends__are_every_order_in_each_way_as_if_heard_alone() -> None:
    found = list(ends(walk_of(SENT, feeds())))
    assert [(end.order, end.how) for end in found] == [(order, how) for order in permutations(range(3)) for how in WAYS]
    for end in found:
        alone = walk_of(SENT, feeds())
        for place in end.order:
            alone.hear(*([place] if end.how != WAYS[1] else [place, place]))
        if end.how == WAYS[2]:
            alone.hear(*end.order)
        assert alone.house.desk == end.walk.house.desk
        assert alone.said == end.walk.said


def test_ends_of__some_orders_are_those_of_all() -> None:
    start, orders = walk_of(SENT, feeds()), [(2, 0, 1), (1, 2, 0)]
    of_all = {str(end): end.walk.said for end in ends(start)}
    assert {str(end): end.walk.said for end in ends_of(start, orders)} == {
        told: said for told, said in of_all.items() if told.startswith(("(2, 0, 1)", "(1, 2, 0)"))
    }
