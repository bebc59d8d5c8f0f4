"""The audits can disagree: each thing that may go wrong on a topic or in the mailbox is done, and is seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from email.message import Message
from itertools import pairwise

import pytest

from demo.mailbox import HANDED_TO
from demo.oracle.observing import REPEAT
from shared.stream.records import Heard
from tests.chaos.databases import TOLD_OF_ANOTHER, wrong_reviews
from tests.chaos.mails import Mailbook, Told, repeats, wrong_mails
from tests.chaos.scraping import sums
from tests.chaos.strikes import HEARERS, Kind, strikes
from tests.chaos.topics import TopicAudit

TOPIC = "care.tasks.v1"
ADDRESSES = {"nurse": "n@example.org"}
TOLD = {"d1": Told("nurse", "sent", 1, False)}
TWICE = {"d1": Told("nurse", "sent", 2, True)}
STRUCK = [(99.0, 111.0)]


def record(n: int, offset: int = 0, **changes: object) -> Heard:
    """Number `n` of the stream of t1."""
    headers = (("ce_id", f"id{n}".encode()), ("ce_subject", b"t1"), ("ce_sequence", f"1.{n}".encode()))
    told = {"topic": TOPIC, "partition": 3, "offset": offset, "key": b"p1", "value": b"v%d" % n, "headers": headers}
    return Heard(**{**told, **changes})  # type: ignore[arg-type]


def audited(*records: Heard) -> TopicAudit:
    audit = TopicAudit()
    for one in records:
        audit.hear(one)
    return audit


def test_topics__repeats_of_the_same_bytes_are_counted_and_no_difference() -> None:
    audit = audited(record(1), record(2), record(1), record(3), record(2))
    assert audit.differences == []
    assert (audit.records[TOPIC], audit.repeats[TOPIC], audit.different(TOPIC)) == (5, 2, 3)
    assert audit.streams(TOPIC) == {"t1": 3}


@pytest.mark.parametrize(
    ("records", "wrong"),
    [
        ((record(1), record(3)), ["care.tasks.v1: t1 says 1.3 after 1.1 (partition 3, offset 0)"]),
        ((record(2),), ["care.tasks.v1: t1 says 1.2 after 1.0 (partition 3, offset 0)"]),
        # what the outcome of a delivery did before its decision: number 2, then number 1
        (
            (record(2), record(1, 1)),
            [
                "care.tasks.v1: t1 says 1.2 after 1.0 (partition 3, offset 0)",
                "care.tasks.v1: t1 says 1.1 after 1.2 (partition 3, offset 1)",
            ],
        ),
        ((record(1), record(1, value=b"other")), ["care.tasks.v1: a repeat of id1 has other bytes"]),
        ((record(1), record(1, key=b"p2")), ["care.tasks.v1: a repeat of id1 has other bytes"]),
        (
            (record(1), record(1, headers=(*record(1).headers, ("x", b"")))),
            ["care.tasks.v1: a repeat of id1 has other bytes"],
        ),
        (
            (record(1), record(2, 7, partition=4)),
            ["care.tasks.v1: a key of partition 3 is in 4 (offset 7)"],
        ),
    ],
)
def test_topics__sees(records: Iterable[Heard], wrong: list[str]) -> None:
    assert audited(*records).differences == wrong


def test_topics__dead_letters_are_counted_by_id() -> None:
    letter = record(1, topic="care.tasks.v1.notifier.dlq")
    audit = audited(letter, letter)
    assert audit.letters == {("care.tasks.v1.notifier.dlq", "id1"): 2}
    assert audit.differences == []


def mail(delivery: str = "d1", at: float = 100.0, **headers: str) -> tuple[Message, float]:
    known = {"X-Care-Delivery": delivery, "Message-ID": f"<{delivery}>", "To": "n@example.org"}
    message = Message()
    for name, value in ({HANDED_TO: "n@example.org"} | known | headers).items():
        message[name.replace("_", "-")] = value
    return message, at


def again(at: float = 110.0, **headers: str) -> tuple[Message, float]:
    return mail("d1", at, **{REPEAT: "yes", **headers})


def wrong(told: dict[str, Told], *mails: tuple[Message, float]) -> list[str]:
    book = Mailbook()
    for one in mails:
        book.take(*one)
    return list(wrong_mails(book, told, ADDRESSES, STRUCK))


def test_mails__one_for_each_delivery_and_a_repeat_for_a_lost_answer_are_right() -> None:
    assert wrong(TOLD, mail()) == []
    assert wrong(TWICE, mail(), again()) == []
    # the first attempt never came as far as the mail server: the only mail says that it may be a repeat
    assert wrong(TWICE, again()) == []
    assert wrong({"d1": Told("nurse", "suppressed", 0, False)}) == []


@pytest.mark.parametrize(
    ("told", "mails", "sentence"),
    [
        (TOLD, (), "no mail came"),
        (TOLD, (mail(), mail("d2")), "mail of no delivery: d2"),
        ({"d1": Told("nurse", "withdrawn", 0, False)}, (mail(),), "is withdrawn, and 1 mails came"),
        (TOLD, (mail(To="else@example.org"),), "another than nurse"),
        (TOLD, (mail(**{HANDED_TO: "else@example.org"}),), "another than nurse"),
        (TWICE, (mail(), again(**{"Message-ID": "<other>"})), "several Message-IDs"),
        (TOLD, (mail(), again()), "2 mails of 1 attempts"),
        (TWICE, (mail(), mail(at=110.0)), "does not say that it may be a repeat"),
        ({"d1": Told("nurse", "sent", 2, False)}, (mail(), again()), "does not say that it may be a repeat"),
        (TWICE, (mail(at=112.0), again(at=115.0)), "nothing was struck"),
    ],
)
def test_mails__sees(told: dict[str, Told], mails: tuple[tuple[Message, float], ...], sentence: str) -> None:
    found = wrong(told, *mails)
    assert any(sentence in one for one in found), found


def test_mails__what_came_again_is_counted() -> None:
    book = Mailbook()
    for one in (mail(), again(), mail("d2")):
        book.take(*one)
    assert repeats(book) == 1


def test_strikes__are_the_same_for_a_seed_and_as_many_as_asked_for() -> None:
    plan = strikes(7, 200)
    assert plan == strikes(7, 200) != strikes(8, 200)
    kinds = Counter(one.kind for one in plan)
    assert kinds[Kind.KILL] == 200
    assert kinds[Kind.STALL] == 50
    assert {one.target for one in plan if one.kind is Kind.KILL} == {"gateway", *HEARERS, "kafka", "mongod"}


@pytest.mark.parametrize("seed", range(20))
def test_strikes__a_second_instance_joins_before_it_goes_and_none_stays(seed: int) -> None:
    plan = strikes(seed, 200)
    for service in HEARERS:
        moves = [one.kind for one in plan if one.target == service and one.kind not in (Kind.KILL, Kind.STALL)]
        assert moves
        assert len(moves) % 2 == 0
        assert moves[0] is Kind.JOIN
        assert all((one is Kind.JOIN) != (other is Kind.JOIN) for one, other in pairwise(moves))


def test_sums__add_up_over_labels_and_by_outcome() -> None:
    text = (
        "# HELP care_messages_received_total Messages\n"
        'care_messages_received_total{feed="a",outcome="stored"} 3.0\n'
        'care_messages_received_total{feed="b",outcome="repeated"} 1.0\n'
        'care_messages_received_created{feed="b",outcome="repeated"} 1.7e+09\n'
        "care_lost_races_total 2.0\n"
    )
    assert sums(text) == {
        "care_messages_received_total": 4.0,
        "care_messages_received_total stored": 3.0,
        "care_messages_received_total repeated": 1.0,
        "care_lost_races_total": 2.0,
    }


def test_reviews__only_of_stays_that_were_moved_and_no_more_than_those() -> None:
    assert list(wrong_reviews(Counter({TOLD_OF_ANOTHER: 2}), 2)) == []
    assert len(list(wrong_reviews(Counter({TOLD_OF_ANOTHER: 3}), 2))) == 1
    assert len(list(wrong_reviews(Counter({"identity-disputed": 1}), 2))) == 1
