"""A record that tells of several aggregates is several facts of one cause; one that is not for us is set aside."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from shared.stream.decisions import Decision, Desk, Fact, Reading, Refs, Refused, Say, SetAside
from shared.stream.outages import Away
from shared.stream.records import Heard
from shared.telemetry import registry
from tests.contracts_suite.counting import COUNTERS, HEARD, Counted, CountingHandler, a_poke, heard, heard_all
from tests.unit.stream.office import Office, summary


@dataclass
class Doubling(CountingHandler):
    """A poke of `a` pokes `a` and `a-2`; `do` names the parts that are refused, e.g. `1`, `2` or `12`."""

    def read(self, record: Heard) -> Reading:
        fact = super().read(record)
        if not isinstance(fact, Fact):
            return fact
        if fact.body.do == "nobody":
            return ()
        names = (fact.envelope.subject, f"{fact.envelope.subject}-2")
        return tuple(Fact(record, fact.envelope, fact.body, (Refs(COUNTERS, (name,)),), fact.stream) for name in names)

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        id_ = fact.refs[0].ids[0]
        self.decided.append(id_)
        if ("2" if id_.endswith("-2") else "1") in fact.body.do:
            raise Refused("not-counted")
        standing = desk.by_id(COUNTERS, id_)
        total = (standing.state["total"] if standing else 0) + 1
        say = Say(Counted(total=total, cause=fact.envelope.id), id_)
        return Decision(COUNTERS, id_, state={"total": total}, say=(say,))


class Aside(CountingHandler):
    def read(self, record: Heard) -> Reading:
        raise SetAside("not-a-poke")


def doubling() -> Office:
    return Office(handler=Doubling())


async def test_hear__each_fact_of_a_record_is_decided_about_its_own_document() -> None:
    office = doubling()
    await office.hear(heard_all([a_poke("a", 1), a_poke("a", 2)]))
    assert [office.counter(id_).state for id_ in ("a", "a-2")] == [{"total": 2}, {"total": 2}]
    assert summary(office.said()) == [
        ("a", "1.1", "a-1.1"),
        ("a", "1.2", "a-1.2"),
        ("a-2", "1.1", "a-1.1"),
        ("a-2", "1.2", "a-1.2"),
    ]
    assert len({record.header("ce_id") for record in office.said()}) == 4


async def test_hear__a_record_of_several_facts_heard_again_says_the_same_and_decides_nothing() -> None:
    office = doubling()
    records = heard_all([a_poke("a", 1)])
    await office.hear(records)
    again = office.another()
    again.handler = Doubling()
    await again.hear(records)
    assert [office.counter(id_).state for id_ in ("a", "a-2")] == [{"total": 1}, {"total": 1}]
    said = [(r.key, r.value, r.headers) for r in office.said()]
    assert said[:2] == said[2:]
    assert again.handler.decided == []


@pytest.mark.parametrize(("refused", "counted"), [("1", ["a-2"]), ("2", ["a"]), ("12", [])])
async def test_hear__however_many_facts_are_refused_the_record_is_one_dead_letter(
    refused: str, counted: list[str]
) -> None:
    office = doubling()
    await office.hear([heard(a_poke("a", 1, do=refused))])
    assert [letter.header("dl_reason") for letter in office.letters()] == ["not-counted"]
    assert [id_ for id_ in ("a", "a-2") if (COUNTERS, id_) in office.documents.stored] == counted


async def test_hear__a_lost_race_of_one_fact_decides_only_that_one_again() -> None:
    office = doubling()
    await office.hear([heard(a_poke("a", 1))])

    async def overtakes() -> None:
        stored = office.documents.stored[(COUNTERS, "a-2")]
        await office.documents.save([stored])

    office.documents.rivals = [overtakes]
    office.handler.decided.clear()
    await office.hear([heard(a_poke("a", 2), 1)])
    assert office.handler.decided == ["a", "a-2", "a-2"]
    assert [office.counter(id_).state for id_ in ("a", "a-2")] == [{"total": 2}, {"total": 2}]


async def test_refuse__keeps_what_each_of_its_facts_left_unsaid() -> None:
    """Saved, never said, and then found to kill its hearer: the commit must not settle what nobody has heard."""
    office = doubling()
    record = heard(a_poke("a", 1))
    office.saying.before = 1
    with pytest.raises(Away):
        await office.hear([record])
    await office.hearing.refuse(record, "kills-its-hearer")
    office.ledger.note(HEARD, 0, 1)
    await office.hear([heard(a_poke("a", 2), 1)])
    assert summary(office.said())[:1] == [("a", "1.1", "a-1.1")]
    assert ("a-2", "1.1", "a-1.1") in summary(office.said())


async def test_hear__no_fact_at_all_is_passed() -> None:
    office, before = doubling(), passed()
    await office.hear([heard(a_poke("a", 1, do="nobody"))])
    assert (office.said(), office.letters(), office.documents.stored) == ([], [], {})
    assert passed() == before + 1


@pytest.mark.parametrize("ahead", [False, True], ids=["at-its-turn", "read-ahead"])
async def test_hear__what_is_set_aside_is_passed_and_counted_by_its_code(ahead: bool) -> None:
    office, record = Office(handler=Aside()), heard(a_poke("a", 1))
    before = passed(), noted("not-a-poke")
    hearing = office.hearing
    if ahead:
        hearing.read_ahead([record])
        office.handler.read = _never  # type: ignore[method-assign]
    await hearing.hear([record])
    assert (office.said(), office.letters(), office.documents.stored) == ([], [], {})
    assert (passed(), noted("not-a-poke")) == (before[0] + 1, before[1] + 1)


async def test_refuse__of_what_is_set_aside_is_a_dead_letter_alone() -> None:
    office = Office(handler=Aside())
    await office.hearing.refuse(heard(a_poke("a", 1)), "kills-its-hearer")
    assert [letter.header("dl_reason") for letter in office.letters()] == ["kills-its-hearer"]


def _never(_record: Heard) -> Reading:
    pytest.fail("read twice")


def passed() -> float:
    return registry.get_sample_value("care_records_passed_total", {"topic": HEARD}) or 0.0


def noted(what: str) -> float:
    return registry.get_sample_value("care_decisions_noted_total", {"topic": HEARD, "what": what}) or 0.0
