"""How old a feed's news may be goes with the stay, by whose message it was about last."""

from __future__ import annotations

from shared.feeds import parse_feeds
from tests.unit.admissions.house import House, a_feed, feeds
from tests.unit.admissions.messages import adt


def test_greatest_age__of_the_feed_is_carried_and_else_the_deployments() -> None:
    assert House().hear_all(adt("A01", "01 0905")).last.encounter.greatest_age_s == 0
    house = House(feeds(greatest_age="PT72H")).hear_all(adt("A01", "01 0905"))
    assert house.last.encounter.greatest_age_s == 72 * 3600


def test_greatest_age__another_edition_counts_from_the_stays_next_message() -> None:
    """Both orders of the two messages: the one that was recorded last decides."""
    one, other = parse_feeds({"feed": [a_feed(greatest_age="PT72H")]}), parse_feeds({"feed": [a_feed(greatest_age=60)]})
    for first, second in ((0, 1), (1, 0)):
        messages = [(one, adt("A01", "01 0905")), (other, adt("A08", "01 1000", name="Canarybird^Ada"))]
        house = House(dict(one))
        for profiles, body in (messages[first], messages[second]):
            house.profiles.update(profiles)
            house.hear(body)
        assert house.last.encounter.greatest_age_s == 60
