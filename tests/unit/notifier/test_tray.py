"""What an endpoint may claim next: read in windows, given out within limits, asked for again if there may be more."""

from __future__ import annotations

from collections import Counter

from services.notifier.channels.tray import WINDOW, Tray
from services.notifier.domain.delivery import Delivery
from tests.unit.notifier.givens import a_delivery

NOBODY: Counter[str] = Counter()


def many(address: str, count: int) -> list[Delivery]:
    return [a_delivery(f"{address}-{n}", address=address) for n in range(count)]


def filled(*due: Delivery, chance: float = 0.0) -> Tray:
    tray = Tray()
    tray.read = True
    tray.fill(due, chance)
    return tray


def ids(deliveries: list[Delivery]) -> list[str]:
    return [one.delivery_id for one in deliveries]


def test_take__in_order_within_the_limits_of_each_address() -> None:
    tray = filled(*many("busy", 3), *many("calm", 1))
    assert ids(tray.take(9, Counter({"busy": 1}), 2)) == ["busy-0", "calm-0"]
    assert tray.addresses() == {"busy"}
    assert ids(tray.take(9, NOBODY, 2)) == ["busy-1", "busy-2"]
    assert ids(tray.take(9, NOBODY, 2)) == []


def test_take__no_more_than_are_free() -> None:
    tray = filled(*many("a", 2), *many("b", 2))
    assert ids(tray.take(1, NOBODY, 2)) == ["a-0"]
    assert ids(tray.take(2, NOBODY, 2)) == ["a-1", "b-0"]


def test_read__a_short_window_was_all_there_is() -> None:
    tray = filled(*many("a", WINDOW - 1))
    tray.take(WINDOW, NOBODY, WINDOW)
    assert tray.read


def test_read__after_a_full_window_there_may_be_more() -> None:
    assert not filled(*many("a", WINDOW)).read


def test_read__there_may_be_more_for_an_address_of_a_full_window_once_its_last_is_taken() -> None:
    tray = filled(*many("busy", WINDOW))
    tray.read = True
    tray.fill(many("calm", 2), 0.0)
    tray.take(WINDOW - 1, NOBODY, WINDOW)
    assert tray.read
    tray.take(1, NOBODY, WINDOW)
    assert not tray.read
    tray.read = True
    tray.take(2, NOBODY, WINDOW)
    assert tray.read


def test_read__what_was_brought_while_the_query_ran_is_asked_for_again() -> None:
    tray = Tray()
    tray.read = True
    tray.read = False  # somebody brought new ones
    tray.fill(many("a", 1), 0.0)
    assert not tray.read


def test_fill__of_a_full_window_each_sender_begins_elsewhere_and_a_short_one_keeps_its_order() -> None:
    due = many("a", WINDOW)
    assert ids(filled(*due, chance=0.5).take(2, NOBODY, 9)) == [f"a-{WINDOW // 2}", f"a-{WINDOW // 2 + 1}"]
    assert len(filled(*due, chance=0.999999).take(WINDOW, NOBODY, WINDOW)) == WINDOW
    assert ids(filled(*due[1:], chance=0.5).take(1, NOBODY, 9)) == ["a-1"]


def test_clear__reads_everything_anew() -> None:
    tray = filled(*many("a", WINDOW))
    tray.read = True
    tray.clear()
    assert (tray.addresses(), tray.read) == (set(), False)
    tray.read = True
    tray.fill(many("a", 1), 0.0)
    tray.take(1, NOBODY, 9)
    assert tray.read


def test_offered__is_taken_without_a_query() -> None:
    tray = filled()
    tray.offer(many("new", 2))
    assert tray.read
    assert [one.delivery_id for one in tray.take(9, NOBODY, 9)] == [one.delivery_id for one in many("new", 2)]


def test_offered__what_waits_here_stays_as_it_was() -> None:
    (known,) = many("a", 1)
    tray = filled(known)
    tray.offer([known.but(role="other")])
    assert tray.take(9, NOBODY, 9) == [known]


def test_offered__more_than_a_window_is_left_to_a_query() -> None:
    tray = filled(*many("a", WINDOW - 1))
    tray.offer(many("new", 2))
    assert not tray.read
    assert tray.addresses() == {"a"}
