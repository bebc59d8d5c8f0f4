"""A batch on the twins: once whatever is repeated, lost or poisoned; nothing said before its save is known."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mongo.memory import MemoryDocuments
from shared.schemas.envelope import Event
from shared.schemas.topics import MAX_MESSAGE_BYTES
from shared.stream.batch import BatchHearing
from shared.stream.decisions import Decision, Desk, Fact, Refs, Say
from shared.stream.documents import Document, Stream
from shared.stream.kafka import lane_of
from shared.stream.ledger import Ledger
from shared.stream.memory import MemoryLog, MemoryPublisher
from shared.stream.outages import Away
from shared.stream.records import Heard
from shared.telemetry import metrics
from tests.builders import a_discharge
from tests.contracts_suite.counting import COUNTERS, HEARD, T0, CountingHandler, Poked, a_poke, heard, heard_all
from tests.unit.stream.office import Faults, Office, summary


def reasons(office: Office) -> list[str]:
    return [letter.header("dl_reason") for letter in office.letters()]


async def test_hear__each_event_is_counted_and_said_once_in_order() -> None:
    office = Office()
    await office.hear(heard_all([a_poke("a", 1), a_poke("a", 2), a_poke("a", 3)]))
    assert summary(office.said()) == [("a", "1.1", "a-1.1"), ("a", "1.2", "a-1.2"), ("a", "1.3", "a-1.3")]
    assert office.counter().state == {"total": 3}


async def test_hear__repeats_in_one_batch_are_decided_once_and_said_once() -> None:
    office = Office()
    await office.hear(heard_all([a_poke("a", 1), a_poke("a", 1), a_poke("a", 2), a_poke("a", 1)]))
    assert summary(office.said()) == [("a", "1.1", "a-1.1"), ("a", "1.2", "a-1.2")]
    assert office.counter().state == {"total": 2}


async def test_hear__heard_again_says_the_same_bytes_and_decides_nothing() -> None:
    office = Office()
    records = heard_all([a_poke("a", 1), a_poke("a", 2)])
    await office.hear(records)
    await office.another().hear(records)
    said = [(r.key, r.value, r.headers) for r in office.said()]
    assert said[:2] == said[2:]
    assert len(said) == 4
    assert office.counter().state == {"total": 2}


async def test_hear__heard_again_under_other_code_still_says_the_stored_bytes() -> None:
    """A release between crash and redelivery must not change what was decided: the bytes are stored, not made anew."""
    office = Office()
    records = heard_all([a_poke("a", 1)])
    office.saying.before = 1
    with pytest.raises(Away):
        await office.hear(records)
    stored = office.counter().outbox[0].saying
    newer = office.another()
    newer.handler = CountingHandler(hook=lambda _fact: pytest.fail("decided twice"))
    await newer.hear(records)
    assert [(r.value, r.headers) for r in office.said()] == [(stored.value, stored.headers)]


async def test_hear__nothing_is_said_before_the_save_is_known() -> None:
    office = Office(saving=Faults(before=1))
    with pytest.raises(Away):
        await office.hear(heard_all([a_poke("a", 1)]))
    assert office.said() == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["saving", "saying"])
@pytest.mark.parametrize("times", [1, 3])
async def test_hear__a_driver_away_at_any_step_and_heard_again_is_once(step: str, when: str, times: int) -> None:
    """`after` is the unknown outcome: it was done and the answer was lost."""
    office = Office()
    setattr(getattr(office, step), when, times)
    records = heard_all([a_poke("a", 1), a_poke("b", 1), a_poke("a", 2)])
    with pytest.raises(Away):
        await office.hear(records)
    for _ in range(times):
        with suppress(Away):
            await office.hear(records)
    assert office.counter().state == {"total": 2}
    firsts = list(dict.fromkeys((r.header("ce_subject"), r.header("ce_sequence"), r.value) for r in office.said()))
    assert sorted(first[:2] for first in firsts) == [("a", "1.1"), ("a", "1.2"), ("b", "1.1")]
    decided_once = len(office.handler.decided) == 3
    assert decided_once or (step, when) == ("saving", "before")


async def test_hear__the_version_was_another_writers_is_decided_again_on_what_he_left() -> None:
    office = Office()
    await office.hear(heard_all([a_poke("a", 1)]))
    rival = office.another()
    office.documents.rivals = [lambda: rival.hear([heard(a_poke("a", 2), 1)])]
    await office.hear([heard(a_poke("a", 3), 0, partition=1)])
    assert office.counter().state == {"total": 3}
    assert office.counter().streams == {f"{HEARD}|a": Stream(1, 3, [])}
    assert list(dict.fromkeys(summary(office.said()))) == [
        ("a", "1.1", "a-1.1"),
        ("a", "1.2", "a-1.2"),
        ("a", "1.3", "a-1.3"),
    ]


async def test_hear__the_id_was_another_writers_is_known_again() -> None:
    office = Office()
    rival = office.another()
    record = heard(a_poke("a", 1))
    office.documents.rivals = [lambda: rival.hear([record])]
    await office.hear([record])
    assert office.counter().state == {"total": 1}
    assert {r.value for r in office.said()} == {rival.counter().outbox[0].saying.value}


async def test_hear__what_a_loser_would_have_said_is_not_said() -> None:
    office = Office()
    rival = office.another()
    office.documents.rivals = [lambda: rival.hear([heard(a_poke("a", 2), 1)])]
    await office.hear([heard(a_poke("a", 1), 0)])
    totals = [(r.header("ce_sequence"), r.header("ce_id")) for r in office.said()]
    assert len(set(totals)) == 2
    assert office.counter().state == {"total": 2}


async def test_hear__the_claim_was_another_writers_goes_to_its_holder() -> None:
    office = Office()
    rival = office.another()
    office.documents.rivals = [lambda: rival.hear([heard(a_poke("b", None, claim="MR-1"), 7, partition=2)])]
    await office.hear([heard(a_poke("a", None, claim="MR-1"))])
    assert (COUNTERS, "a") not in office.documents.stored
    assert office.counter("b").state == {"total": 2}
    assert office.counter("b").claims == ("MR-1",)


async def test_hear__others_of_a_batch_with_a_lost_race_are_saved_and_said_once() -> None:
    office = Office()
    rival = office.another()
    office.documents.rivals = [lambda: rival.hear([heard(a_poke("a", 1), 0)])]
    await office.hear(heard_all([a_poke("a", 1), a_poke("b", 1), a_poke("b", 2)]))
    assert office.counter("b").state == {"total": 2}
    assert [line for line in summary(office.said()) if line[0] == "b"] == [("b", "1.1", "b-1.1"), ("b", "1.2", "b-1.2")]


async def test_hear__a_document_saved_in_the_first_round_can_be_saved_again_in_the_second() -> None:
    class Wandering(CountingHandler):
        """A poke whose claim turns out to be taken counts for b instead."""

        def decide(self, fact: Fact, desk: Desk) -> Decision:
            if desk.by_claim(COUNTERS, fact.body.claim):
                return Decision(COUNTERS, "b", state={"total": 100})
            return super().decide(fact, desk)

    office, rival = Office(handler=Wandering()), Office()
    rival.documents = office.documents
    office.documents.rivals = [lambda: rival.hear([heard(a_poke("z", None, claim="MR-1"), 9, partition=2)])]
    await office.hear([heard(a_poke("b", None)), heard(a_poke("a", None, claim="MR-1"), 1)])
    assert office.counter("b").state == {"total": 100}
    assert office.counter("b").version == 2


async def test_hear__races_lost_without_end_wait_instead_of_spinning() -> None:
    """A decision that insists on another's claim is a bug: it must not burn a core, and the probes must show it."""

    class Insisting(CountingHandler):
        def decide(self, fact: Fact, desk: Desk) -> Decision:
            return replace(super().decide(fact, desk), id="a", claims=("taken",))

    office = Office()
    await office.hear([heard(a_poke("b", None, claim="taken"))])
    office.handler = Insisting()
    with pytest.raises(Away, match="lost-every-race"):
        await office.hear([heard(a_poke("a", None), 1)])
    assert len(office.handler.decided) == 10


async def test_hear__new_ones_that_share_a_claim_in_one_batch_become_one() -> None:
    office = Office()
    await office.hear(heard_all([a_poke("a", None, claim="MR-1"), a_poke("b", None, claim="MR-1")]))
    assert office.counter("a").state == {"total": 2}
    assert (COUNTERS, "b") not in office.documents.stored


async def test_hear__a_claim_given_up_in_the_batch_is_nobodys() -> None:
    class GivingUp(CountingHandler):
        def decide(self, fact: Fact, desk: Desk) -> Decision:
            decision = super().decide(fact, desk)
            return replace(decision, claims=()) if fact.body.fill else decision

    office = Office(handler=GivingUp())
    await office.hear([heard(a_poke("a", None, claim="MR-1"))])
    await office.hear(heard_all([a_poke("a", None, fill=1), a_poke("b", None, claim="MR-1")], 1))
    assert office.counter("a").claims == ()
    assert office.counter("b").claims == ("MR-1",)
    assert office.counter("b").state == {"total": 1}


@pytest.mark.parametrize(
    ("do", "reason"),
    [
        ("refuse", "not-counted"),
        ("bug", "bug-ZeroDivisionError-decide:"),
        ("bug-in-read", "bug-KeyError-read:"),
    ],
)
async def test_hear__one_poison_record_goes_alone_with_a_code_and_no_content(do: str, reason: str) -> None:
    office = Office()
    poison = a_poke("a", 2, do=do)
    await office.hear(heard_all([a_poke("a", 1), poison, a_poke("a", 3)]))
    [letter] = office.letters()
    assert letter.header("dl_reason").startswith(reason)
    assert "Testperson" not in repr([pair for pair in letter.headers if pair[0].startswith("dl_")])
    assert letter.header("dl_place") == f"{HEARD}/0/1"
    assert (letter.key, letter.value) == (poison.key, poison.value)
    assert office.counter().state == {"total": 2}


@pytest.mark.parametrize(
    "record",
    [
        Heard(HEARD, 0, 1, None, None),
        Heard(HEARD, 0, 1, b"\xff", b"\xff\x00", (("ce_id", b"\xff"),)),
        Heard(HEARD, 0, 1, b"a", b"{}", (("ce_id", None),)),  # type: ignore[arg-type] # Kafka allows it
        Heard(HEARD, 0, 1, b"a", b"not json", a_poke("a", 2).headers),
    ],
)
async def test_hear__bytes_of_any_kind_stop_nobody(record: Heard) -> None:
    office = Office()
    await office.hear([heard(a_poke("a", 1), 0), record, heard(a_poke("a", 3), 2)])
    assert office.counter().state == {"total": 2}
    assert len(office.letters()) == 1


async def test_hear__a_fact_that_names_no_document_is_a_bug_of_that_record_alone() -> None:
    class Nameless(CountingHandler):
        def read(self, record: Heard) -> Fact | None:
            fact = super().read(record)
            return replace(fact, refs=()) if fact and fact.body.do else fact

    office = Office(handler=Nameless())
    await office.hear(heard_all([a_poke("a", 1, do="nameless"), a_poke("a", 2)]))
    assert office.counter().state == {"total": 1}
    assert reasons(office)[0].startswith("bug-IndexError")


async def test_hear__a_numbered_fact_decided_upon_another_document_is_refused() -> None:
    """Its number would be noted where nobody looks for it, and its repeat would be counted again."""
    office = Office()
    await office.hear([heard(a_poke("b", None, claim="MR-1"))])
    await office.hear([heard(a_poke("a", 1, claim="MR-1"), 1)])
    assert office.counter("b").state == {"total": 1}
    assert reasons(office)[0].startswith("bug-MisplacedDecision")


async def test_hear__not_for_us_is_passed() -> None:
    office = Office()
    await office.hear(heard_all([a_poke("a", 1, do="not-ours")]))
    assert (office.said(), office.letters(), office.documents.stored) == ([], [], {})


async def test_hear__output_too_large_refuses_the_record_and_changes_nothing() -> None:
    office = Office()
    await office.hear(heard_all([a_poke("a", 1), a_poke("a", 2, fill=MAX_MESSAGE_BYTES), a_poke("a", 3)]))
    assert reasons(office) == ["output-too-large"]
    assert summary(office.said()) == [("a", "1.1", "a-1.1"), ("a", "1.2", "a-1.3")]
    assert office.counter().state == {"total": 2}
    assert office.counter().streams == {f"{HEARD}|a": Stream(1, 3, [2])}


async def test_hear__a_refused_one_replayed_from_the_dead_letters_is_new() -> None:
    office = Office()
    await office.hear(heard_all([a_poke("a", 1), a_poke("a", 2, do="refuse"), a_poke("a", 3)]))
    replayed = [heard(a_poke("a", 2), 3), heard(a_poke("a", 2), 4)]
    await office.hear(replayed)
    assert office.counter().state == {"total": 3}
    assert summary(office.said())[-1] == ("a", "1.3", "a-1.2")


async def test_hear__dead_letters_are_confirmed_before_hear_returns() -> None:
    office = Office(saying=Faults(before=1))
    records = heard_all([a_poke("a", 1, do="refuse")])
    with pytest.raises(Away):
        await office.hear(records)
    await office.hear(records)
    assert reasons(office) == ["not-counted"]


async def test_hear__older_unsaid_events_are_said_before_newer_ones() -> None:
    office = Office(saying=Faults(before=1))
    with pytest.raises(Away):
        await office.hear([heard(a_poke("a", 1), 0)])
    await office.another().hear([heard(a_poke("a", 2), 0, partition=1)])
    assert summary(office.said()) == [("a", "1.1", "a-1.1"), ("a", "1.2", "a-1.2")]


async def test_outbox__keeps_what_is_not_known_to_be_committed() -> None:
    office = Office()
    await office.hear([heard(a_poke("a", 1), 0)])
    await office.hear([heard(a_poke("a", 2), 1)])
    assert [entry.cause.offset for entry in office.counter().outbox] == [0, 1]


async def test_outbox__drops_what_is_committed_at_the_next_write_only() -> None:
    office = Office()
    await office.hear(heard_all([a_poke("a", 1), a_poke("a", 2)]))
    office.ledger.note(HEARD, 0, 1)
    assert [entry.cause.offset for entry in office.counter().outbox] == [0, 1]
    await office.hear([heard(a_poke("a", 3), 2)])
    assert [entry.cause.offset for entry in office.counter().outbox] == [1, 2]


async def test_outbox__what_is_settled_is_not_said_again_though_it_is_still_there() -> None:
    office = Office()
    await office.hear(heard_all([a_poke("a", 1), a_poke("a", 2)]))
    office.ledger.note(HEARD, 0, 1)
    await office.hear([heard(a_poke("a", 1), 2)])
    assert summary(office.said())[2:] == [("a", "1.2", "a-1.2")]


async def test_outbox__a_commit_of_another_partition_settles_nothing() -> None:
    office = Office()
    await office.hear([heard(a_poke("a", 1), 0)])
    office.ledger.note(HEARD, 1, 99)
    await office.another().hear([heard(a_poke("a", 2), 1)])
    assert len(office.counter().outbox) == 2


class Discharging:
    """Says a discharge with something private, once for each poke."""

    def read(self, record: Heard) -> Fact | None:
        fact = CountingHandler().read(record)
        return fact and replace(fact, stream=False)

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        say = Say(a_discharge(), "encounter-1", private={"mail-to": fact.envelope.id})
        return Decision(COUNTERS, fact.envelope.subject, state={"seen": True}, say=(say,))


async def test_project__gets_what_is_private_once_it_is_said() -> None:
    """A sender acts on what is projected, and its word must not overtake the decision's."""
    log, told = MemoryLog(), []

    async def project(private: Sequence[tuple[Event, dict[str, Any]]]) -> None:
        told.extend([(event.data, mine, len(log.all_of("care.encounters.v1"))) for event, mine in private])

    hearing = BatchHearing(
        "counter", {HEARD: Discharging()}, MemoryDocuments(), MemoryPublisher(log), Ledger(), lane_of, project
    )
    await hearing.hear([heard(a_poke("a", 1))])
    assert told == [(a_discharge(), {"mail-to": "a-1.1"}, 1)]
    [said] = log.all_of("care.encounters.v1")
    assert b"mail-to" not in (said.value or b"")
    assert not any(b"a-1.1" in value for _, value in said.headers)


async def test_project__nothing_is_projected_that_could_not_be_said() -> None:
    office, told = Office(saying=Faults(before=1)), []

    async def project(private: Sequence[tuple[Event, dict[str, Any]]]) -> None:
        told.extend([mine for _, mine in private])

    office.project, office.handler = project, Discharging()  # type: ignore[assignment]
    records = [heard(a_poke("a", 1)), heard(a_poke("b", 1, do="bug-in-read"), 1)]
    with pytest.raises(Away):
        await office.hear(records)
    assert told == []
    await office.hear(records)
    assert told[0] == {"mail-to": "a-1.1"}
    assert len(office.letters()) == 1


async def test_project__away_says_the_same_bytes_again_and_then_projects() -> None:
    log, calls = MemoryLog(), []

    async def project(private: Sequence[tuple[Event, dict[str, Any]]]) -> None:
        calls.append([mine for _, mine in private])
        if len(calls) == 1:
            raise Away("mongodb", "Planted")

    documents = MemoryDocuments()
    hearing = BatchHearing("c", {HEARD: Discharging()}, documents, MemoryPublisher(log), Ledger(), lane_of, project)
    with pytest.raises(Away):
        await hearing.hear([heard(a_poke("a", 1))])
    [first] = log.all_of("care.encounters.v1")
    await hearing.hear([heard(a_poke("b", 1), 1), heard(a_poke("a", 2), 2)])
    assert {"mail-to": "a-1.1"} in calls[1]
    said = [(one.key, one.value, one.headers) for one in log.all_of("care.encounters.v1")]
    assert said.count((first.key, first.value, first.headers)) == 2


class Noting(CountingHandler):
    """Notes each decision as `late` and twice as `odd`."""

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        return replace(super().decide(fact, desk), metrics={"late": 1, "odd": 2})


async def test_noted__is_counted_by_topic_and_code_and_not_for_what_was_refused() -> None:
    before = {what: metrics.noted.labels(HEARD, what)._value.get() for what in ("late", "odd")}
    office = Office(handler=Noting())
    await office.hear(heard_all([a_poke("a", 1), a_poke("a", 2, do="refuse"), a_poke("a", 2), a_poke("a", 2)]))
    assert metrics.noted.labels(HEARD, "late")._value.get() - before["late"] == 2
    assert metrics.noted.labels(HEARD, "odd")._value.get() - before["odd"] == 4


async def test_hear__a_thousand_of_poison_and_one_good_one() -> None:
    office = Office()
    records = heard_all([a_poke("a", n, do="refuse") for n in range(1, 1001)] + [a_poke("a", 1001)])
    await office.hear(records)
    assert len(office.letters()) == 1000
    assert office.counter().state == {"total": 1}


async def test_hear__a_batch_costs_one_load_and_one_save() -> None:
    office = Office()
    await office.hear(heard_all([a_poke(f"s{n % 50}", 1 + n // 50) for n in range(500)]))
    assert office.documents.loads == 1
    assert {d.version for d in office.documents.stored.values()} == {1}


async def test_stored__a_state_that_mongodb_cannot_hold_fails_on_the_twin_too() -> None:
    with pytest.raises(Exception, match="set"):
        await MemoryDocuments().save([Document(COUNTERS, "a", state={"tags": {"a", "b"}})])


async def test_envelope__carries_key_tenant_time_and_trace_of_its_cause() -> None:
    office = Office()
    await office.hear([heard(a_poke("a", 1))])
    [said] = office.said()
    assert (said.key, said.header("ce_tenant"), said.header("ce_time")) == (b"a", "tenant-1", T0.isoformat())
    assert said.header("ce_source") == "care-transitions/counter"


DELIVERIES = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(1, 5), st.sampled_from(["", "", "crash-save", "crash-say", "commit"])),
    min_size=1,
    max_size=25,
)


@given(DELIVERIES)
async def test_hear__whatever_comes_late_twice_or_after_a_crash_is_counted_once(
    deliveries: list[tuple[str, int, str]],
) -> None:
    """The whole promise on the twins: distinct events == total; first occurrences gapless; repeats byte-identical."""
    office = Office()
    for offset, (subject, n, fault) in enumerate(deliveries):
        record = heard(a_poke(subject, n), offset)
        if fault.startswith("crash"):
            faults = office.saving if fault == "crash-save" else office.saying
            faults.after = 1
            with suppress(Away):  # a known repeat saves nothing, so nothing can fail
                await office.hear([record])
            faults.after = 0
            office = office.another()
        await office.hear([record])
        if fault == "commit":
            office.ledger.note(HEARD, 0, offset + 1)
    for subject in {subject for subject, _, _ in deliveries}:
        distinct = {n for s, n, _ in deliveries if s == subject}
        assert office.counter(subject).state == {"total": len(distinct)}
        said = [r for r in office.said() if r.header("ce_subject") == subject]
        firsts = list(dict.fromkeys(r.header("ce_sequence") for r in said))
        assert firsts == [f"1.{n}" for n in range(1, len(distinct) + 1)]
        assert len({(r.header("ce_sequence"), r.value, r.headers) for r in said}) == len(distinct)


def test_poke__is_what_the_handler_reads() -> None:
    fact = CountingHandler().read(heard(a_poke("a", 3, claim="c")))
    assert fact is not None
    assert fact.body == Poked(claim="c")
    assert fact.refs == (Refs(COUNTERS, ("a",), ("c",)),)
