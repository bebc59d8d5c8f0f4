"""Which dead letters a replay means, and in which order it says them."""

from __future__ import annotations

from care.dlq import chosen
from shared.stream.deadletters import dead_letter
from shared.stream.records import Heard


def a_letter(place: str, service: str = "discharge", reason: str = "bug", offset: int = 0) -> Heard:
    topic, partition, at = place.split("/")
    saying = dead_letter(Heard(topic, int(partition), int(at), b"k", b"{}"), service, reason)
    return Heard(saying.topic, int(partition), offset, saying.key, saying.value, saying.headers)


def named(letters: list[Heard]) -> list[tuple[str, str]]:
    return [(one.header("dl_place"), one.header("dl_service")) for one in letters]


LETTERS = [
    a_letter("care.encounters.v1/1/10"),
    a_letter("care.encounters.v1/1/9"),
    a_letter("care.encounters.v1/1/9", service="notifier"),
    a_letter("care.encounters.v1/0/3", reason="other"),
    a_letter("care.transitions.v1/1/9", service="followup"),
]


def test_chosen__by_place_is_each_hearer_that_failed_there_or_the_one_that_is_named() -> None:
    place = "care.encounters.v1/1/9"
    assert named(chosen(LETTERS, place=place)) == [(place, "discharge"), (place, "notifier")]
    assert named(chosen(LETTERS, place=place, service="notifier")) == [(place, "notifier")]


def test_chosen__by_topic_and_reason_is_in_the_order_of_the_records() -> None:
    found = chosen(LETTERS, topic="care.encounters.v1", reason="bug", service="discharge")
    assert named(found) == [("care.encounters.v1/1/9", "discharge"), ("care.encounters.v1/1/10", "discharge")]


def test_chosen__of_one_that_failed_again_is_the_last() -> None:
    first, again = a_letter("care.tasks.v1/1/1"), a_letter("care.tasks.v1/1/1", reason="worse", offset=1)
    assert chosen([first, again], place="care.tasks.v1/1/1") == [again]
    assert chosen([first, again], topic="care.tasks.v1", reason="bug") == [], "it failed for another reason since"


def test_chosen__a_letter_that_does_not_say_its_place_is_never_meant() -> None:
    bare = Heard("care.tasks.v1.notifier.dlq", 0, 0, b"", b"", (("dl_reason", b"bug"),))
    assert chosen([bare], topic="", reason="bug") == []
