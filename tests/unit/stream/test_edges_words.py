"""What stands on the wire and what is counted: headers, dead letters, suspicion, offsets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.mongo.memory import MemoryAttempts
from shared.schemas.envelope import Envelope, Event, Label, Mode
from shared.schemas.envelope import Sequence as Number
from shared.stream.codec import encode, envelope_of
from shared.stream.deadletters import dead_letter, replayed
from shared.stream.documents import MAX_MISSING
from shared.stream.ledger import Ledger
from shared.stream.records import Cause, Heard
from shared.stream.suspects import CRASH_LOOP, LIMIT, UNREAD, Suspects
from tests.builders import T0, a_discharge
from tests.contracts_suite.counting import HEARD, a_poke, heard

SERVICE = "counter"


def bare(**headers: bytes) -> Heard:
    """A record with the headers that CloudEvents demands, and no others."""
    record = heard(a_poke())
    demanded = {name: value for name, value in record.headers if name in ("ce_id", "ce_source", "ce_type", "ce_time")}
    return replace(record, key=None, headers=tuple({**demanded, **headers}.items()))


def test_envelope__what_a_sender_leaves_out_has_its_plain_value() -> None:
    envelope = envelope_of(bare())
    assert (envelope.subject, envelope.key, envelope.tenant, envelope.feed, envelope.traceparent) == ("",) * 5
    assert (envelope.mode, envelope.label, envelope.sequence, envelope.quiet) == (Mode.LIVE, Label.NORMAL, None, False)


def test_header__bytes_that_are_no_text_are_escaped() -> None:
    assert bare(note=b"a\xffb").header("note") == "a\\xffb"
    assert bare(note=b"one").header("missing") == ""


def test_dead_letter__of_a_record_without_key_and_value_has_neither() -> None:
    letter = dead_letter(replace(heard(a_poke(), 7), key=None, value=None), SERVICE, "bug")
    assert (letter.key, letter.value) == (b"", b"")
    again = replayed(Heard(letter.topic, 0, 0, None, None, letter.headers))
    assert (again.key, again.value, again.topic) == (b"", b"", f"{HEARD}.{SERVICE}.replay")


class Unclean(MemoryAttempts):
    """Whoever had any partition before ended uncleanly, and each record was tried `times` times."""

    times = 0

    async def open(self, committed: dict[tuple[str, int], int]) -> set[tuple[str, int]]:
        return set(committed)

    async def attempt(self, cause: Cause) -> int:
        return self.times


async def under_suspicion(span: int, refused: list[str], tried: int = 1) -> Suspects:
    async def refuse(_record: Heard, reason: str) -> None:
        refused.append(reason)

    attempts = Unclean()
    attempts.times = tried
    suspects = Suspects(attempts, refuse, span)
    await suspects.open({(HEARD, 0): 0})
    return suspects


async def test_suspicion__ends_when_as_many_records_as_a_batch_may_hold_are_through() -> None:
    suspects = await under_suspicion(3, [])
    records = [heard(a_poke(n=n + 1), n) for n in range(5)]
    sizes = []
    for record in records[:3]:
        sizes.append(len(suspects.parts(records)))
        await suspects.through([record])
    assert sizes == [5, 5, 5], "one at a time"
    assert suspects.parts(records) == [records], "trusted again"


@pytest.mark.parametrize(
    ("tried", "reasons"),
    [
        (LIMIT, []),
        (LIMIT + 1, [CRASH_LOOP]),
        (2 * LIMIT, [CRASH_LOOP]),
        (2 * LIMIT + 1, [UNREAD]),
    ],
)
async def test_suspicion__a_record_is_heard_refused_or_refused_unread_by_how_often_it_was_tried(
    tried: int, reasons: list[str]
) -> None:
    refused: list[str] = []
    suspects = await under_suspicion(3, refused, tried)
    assert await suspects.admits([heard(a_poke())]) == (not reasons)
    assert refused == reasons


def test_ledger__a_group_that_committed_nothing_settles_nothing() -> None:
    ledger = Ledger()
    ledger.note(HEARD, 0, 0)
    assert not ledger.settled(Cause(HEARD, 0, 0))
    ledger.note(HEARD, 0, 1)
    assert ledger.settled(Cause(HEARD, 0, 0))
    assert not ledger.settled(Cause(HEARD, 0, 1))


def test_limit__five_may_die_of_a_record_and_a_thousand_may_be_missing() -> None:
    assert (LIMIT, MAX_MISSING) == (5, 1_000)


def test_size__is_all_that_is_sent_and_a_little_more() -> None:
    saying = a_poke()
    sent = len(saying.key) + len(saying.value) + sum(len(name) + len(value) for name, value in saying.headers)
    assert sent + 8 * len(saying.headers) <= saying.size <= sent + 8 * len(saying.headers) + 100


def test_encode__is_cloudevents_in_kafkas_binary_mode_header_by_header() -> None:
    envelope = Envelope(
        id="id-1",
        source="care-transitions/test",
        type="org.caretransitions.encounter.discharged.v1",
        subject="encounter-1",
        time=T0,
        key="key-1",
        tenant="tenant-1",
        feed="north",
        mode=Mode.SHADOW,
        label=Label.RESTRICTED,
        sequence=Number(2, 7),
        traceparent="00-trace-span-01",
    )
    saying = encode(Event(envelope, a_discharge()), "care.encounters.v1")
    assert saying.headers == (
        ("ce_specversion", b"1.0"),
        ("ce_id", b"id-1"),
        ("ce_source", b"care-transitions/test"),
        ("ce_type", b"org.caretransitions.encounter.discharged.v1"),
        ("ce_subject", b"encounter-1"),
        ("ce_time", b"2026-11-03T15:00:00+00:00"),
        ("ce_dataschema", envelope.dataschema.encode()),
        ("ce_partitionkey", b"key-1"),
        ("ce_tenant", b"tenant-1"),
        ("ce_feed", b"north"),
        ("ce_mode", b"shadow"),
        ("ce_label", b"restricted"),
        ("ce_sequence", b"2.7"),
        ("traceparent", b"00-trace-span-01"),
        ("content-type", b"application/json"),
    )
    assert b'"class":"I"' in saying.value, "by the contract's names, not by Python's"


def test_suspicion__before_anything_was_assigned_there_is_none() -> None:
    async def refuse(_record: Heard, _reason: str) -> None:
        """Nobody is refused here."""

    records = [heard(a_poke())]
    assert Suspects(MemoryAttempts(), refuse, 1).parts(records) == [records]
