"""`care feeds`: what the gateway counted has columns of its own, and a line says what was set aside or flagged."""

from __future__ import annotations

from rich.console import Console

from care.feeds import Kept, noticed, table
from care.pages import Page, Sample
from shared.feeds import FeedProfile
from tests.unit.admissions.house import a_feed

MESSAGES, ASIDE, FLAGGED = (
    "care_messages_received_total",
    "care_messages_set_aside_total",
    "care_messages_flagged_total",
)


def a_page(*samples: Sample) -> Page:
    return Page("ok", "ok", samples, 0.0)


def of(feed: str, outcome: str, count: float) -> Sample:
    return Sample(MESSAGES, {"feed": feed, "outcome": outcome}, count)


GATEWAY = a_page(
    of("north", "stored", 7),
    of("north", "repeated", 5),
    of("north", "control-id-reused", 3),
    of("south", "stored", 90),
    Sample(ASIDE, {"feed": "north", "kind": "SIU"}, 2),
    Sample(ASIDE, {"feed": "north", "kind": "ORU"}, 11),
)
ADMISSIONS = a_page(Sample(FLAGGED, {"feed": "north", "flag": "charset_assumed"}, 4))
PROFILES = {"north": FeedProfile.model_validate(a_feed(mllp_port=2575, http_token_sha256="ab12" * 16))}


def shown(gateway: Page | None) -> list[str]:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(table(PROFILES, {"north": Kept(None, 30, 1, 6)}, gateway, 5.0))
    return captured.get().splitlines()[1].split()


def test_table__tells_reused_control_ids_apart_from_what_was_stored() -> None:
    # door, mode, last message, a minute (30 in 5), stored, repeated, reused id, refused, unanswered, unsaid
    assert shown(GATEWAY) == ["north", "MLLP", "2575,", "HTTP", "live", "none", "6.0", "7", "5", "3", "1", "0", "6"]


def test_table__without_the_gateway_does_not_guess() -> None:
    assert shown(None)[7:] == ["–", "–", "–", "1", "–", "6"]


def test_table__shows_a_feed_that_sent_and_has_no_profile_to_go_by() -> None:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(table(PROFILES, {"north": Kept(None, 30, 1, 6), "gone": Kept(None, 0, 2, 0)}, GATEWAY, 5.0))
    gone = captured.get().splitlines()[2].split()
    assert gone == ["gone", "?", "?", "none", "0.0", "0", "0", "0", "2", "0", "0"]


def test_noticed__names_kinds_and_flags_of_each_feed() -> None:
    told = ["north: set aside: ORU 11, SIU 2", "north: flagged: charset_assumed 4"]
    assert noticed(["north", "south"], GATEWAY, ADMISSIONS) == told
    assert noticed(["south"], GATEWAY, ADMISSIONS) == []
    assert noticed(["north"], None, None) == []
