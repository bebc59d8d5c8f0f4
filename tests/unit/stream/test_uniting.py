"""Documents that become one: all or none, nothing said twice under two numbers, nothing left unsaid, in any order."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.stream.decisions import Decision, Desk, Fact, Refs, Refused, Say, Standing
from shared.stream.outages import Away
from shared.stream.records import Heard
from tests.contracts_suite.counting import COUNTERS, Counted, CountingHandler, a_poke, heard, heard_all
from tests.unit.stream.office import Office, cause_of, summary


@dataclass
class Uniting(CountingHandler):
    """Keeps a document for each group of numbers that were ever named together, and the ids of what it heard in it.

    `claim` is several numbers, as in `x+y`. The holder with the lowest id keeps, and takes the others in.
    """

    absorbs: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def read(self, record: Heard) -> Fact | None:
        fact = super().read(record)
        if fact is None:
            return None
        numbers = tuple(sorted(fact.body.claim.split("+")))
        return Fact(record, fact.envelope, fact.body, (Refs(COUNTERS, (numbers[0],), numbers),), stream=False)

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        numbers = fact.refs[0].claims
        found = {one.id: one for one in (desk.by_claim(COUNTERS, number) for number in numbers) if one}
        self.decided.append(fact.envelope.id)
        keep = min(found, default=numbers[0])
        heard = sorted({id_ for one in found.values() for id_ in one.state["heard"]})
        if fact.envelope.id in heard and len(found) == 1:
            return Decision(COUNTERS, keep)
        return self._united(fact, keep, found, heard)

    def _united(self, fact: Fact, keep: str, found: dict[str, Standing], heard: list[str]) -> Decision:
        claims = sorted({*fact.refs[0].claims, *(number for one in found.values() for number in one.state["claims"])})
        state = {"heard": sorted({*heard, fact.envelope.id}), "claims": claims}
        losers = self.absorbs.get(fact.envelope.id, tuple(sorted(found.keys() - {keep})))
        said = Counted(total=len(state["heard"]), cause=fact.envelope.id, filling="x" * fact.body.fill)
        stones = tuple((id_, {"alias_of": keep, "heard": [], "claims": []}) for id_ in losers)
        return Decision(
            COUNTERS,
            keep,
            state=state,
            say=(Say(said, fact.body.do or keep, key="one-key"),),
            claims=tuple(claims),
            absorbs=stones,
        )


class ById(Uniting):
    """As somebody who was told the id once: knows everything again, and looks nowhere but there."""

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        return Decision(COUNTERS, fact.refs[0].ids[0])


class RefusesTheSecondTime(Uniting):
    def decide(self, fact: Fact, desk: Desk) -> Decision:
        if fact.envelope.id in self.decided:
            raise Refused("changed-its-mind")
        return super().decide(fact, desk)


def uniting(**changes: object) -> Office:
    return Office(handler=Uniting(**changes))  # type: ignore[arg-type]


def records(*claims: str, first: int = 0) -> list[Heard]:
    """Messages m0, m1 ... that each name these numbers."""
    return heard_all([a_poke(f"m{first + n}", 1, claim=claim) for n, claim in enumerate(claims)], first)


def alive(office: Office) -> dict[str, list[str]]:
    """Document id → the messages it has heard; tombstones left out."""
    return {d.id: d.state["heard"] for d in office.documents.stored.values() if "alias_of" not in d.state}


async def test_hear__one_message_makes_two_documents_one() -> None:
    office = uniting()
    await office.hear(records("x", "y"))
    await office.hear(records("x+y", first=2))
    x, y = office.counter("x"), office.counter("y")
    assert (x.state["heard"], x.claims) == (["m0-1.1", "m1-1.1", "m2-1.1"], ("x", "y"))
    assert (y.state, y.claims, y.next_alarm_at) == ({"alias_of": "x", "heard": [], "claims": []}, (), None)
    assert office.documents.together == [["y", "x"]]
    assert sorted(set(summary(office.said()))) == [
        ("x", "1.1", "m0-1.1"),
        ("x", "1.2", "m2-1.1"),
        ("y", "1.1", "m1-1.1"),
    ]


async def test_hear__all_in_one_batch_the_tombstones_stand_before_who_takes_their_claims() -> None:
    office = uniting()
    await office.hear(records("z", "y", "x", "x+y+z", "z"))
    assert office.documents.together == [["y", "z", "x"]]
    assert alive(office) == {"x": [f"m{n}-1.1" for n in range(5)]}
    assert [cause_of(record) for record in office.said()].count("m3-1.1") == 1


async def test_hear__a_stream_goes_on_where_the_one_taken_in_had_left_it() -> None:
    """Both said of `s`: the number after the highest of the two is the next, so that none is given twice."""
    office = uniting()
    await office.hear(heard_all([a_poke("a", 1, claim="x", do="s"), *[a_poke(n, 1, claim="y", do="s") for n in "bcd"]]))
    await office.hear([heard(a_poke("e", 1, claim="x+y", do="s"), 4)])
    assert ("s", "1.4", "e-1.1") in summary(office.said())


async def test_hear__a_key_and_a_lane_stay_with_each() -> None:
    office = uniting()
    await office.hear(records("x", "y"))
    before = office.counter("x"), office.counter("y")
    await office.hear(records("x+y", first=2))
    after = office.counter("x"), office.counter("y")
    assert [(one.key, one.lane) for one in after] == [(one.key, one.lane) for one in before]


@pytest.mark.parametrize("overtaken", ["x", "y"])
async def test_hear__a_rival_that_writes_one_of_them_first_has_it_decided_again(overtaken: str) -> None:
    office = uniting()
    await office.hear(records("x", "y"))

    async def rival() -> None:
        await office.another_uniting().hear(records(overtaken, first=5))

    office.documents.rivals_of_uniting = [rival]
    await office.hear(records("x+y", "z", first=2))
    assert alive(office) == {"x": ["m0-1.1", "m1-1.1", "m2-1.1", "m5-1.1"], "z": ["m3-1.1"]}
    assert office.documents.together == [["y", "x"], ["y", "x"]]
    assert office.letters() == []


async def test_hear__a_rival_that_unites_the_same_first_leaves_nothing_to_unite() -> None:
    office = uniting()
    await office.hear(records("x", "y"))

    async def rival() -> None:
        await office.another_uniting().hear(records("x+y", first=5))

    office.documents.rivals_of_uniting = [rival]
    await office.hear(records("x+y", first=2))
    assert alive(office) == {"x": ["m0-1.1", "m1-1.1", "m2-1.1", "m5-1.1"]}
    assert {cause_of(record) for record in office.said()} == {"m0-1.1", "m1-1.1", "m2-1.1", "m5-1.1"}


async def test_hear__what_comes_before_it_in_a_batch_is_saved_first_and_if_lost_decided_before_it_again() -> None:
    office = uniting()
    await office.hear(records("x", "y"))

    async def rival() -> None:
        await office.another_uniting().hear(records("w", first=5))

    office.documents.rivals = [rival]
    office.handler.decided.clear()
    await office.hear(records("w", "x+y", "y", first=2))
    assert office.handler.decided == ["m2-1.1", "m3-1.1", "m2-1.1", "m3-1.1", "m4-1.1"]
    assert alive(office) == {"w": ["m2-1.1", "m5-1.1"], "x": ["m0-1.1", "m1-1.1", "m3-1.1", "m4-1.1"]}


async def test_hear__what_the_one_taken_in_had_not_said_is_said_by_who_took_it() -> None:
    office = uniting()
    await office.hear(records("x"))
    office.saying.before = 1
    with pytest.raises(Away):
        await office.hear(records("y", first=1))
    assert ("y", "1.1", "m1-1.1") not in summary(office.said())
    stored = office.counter("y").outbox[0].saying
    await office.another_uniting().hear(records("x+y", first=2))
    (said,) = [record for record in office.said() if record.header("ce_subject") == "y"]
    assert (said.key, said.value, said.headers) == (stored.key, stored.value, stored.headers)


async def test_hear__a_tombstone_keeps_what_is_unsaid_for_who_comes_by_its_id() -> None:
    """The uniting process dies before it says. Who hears the first message again settles it, and must say it before."""
    office = uniting()
    office.saying.before = 1
    with pytest.raises(Away):
        await office.hear(records("b", "c"))
    uniter = office.another_uniting()
    uniter.saying.before = 1
    with pytest.raises(Away):
        await uniter.hear(records("b+c", first=2))
    assert office.said() == []
    await Office(office.log, documents=office.documents, handler=ById()).hear(records("b", "c")[1:])
    assert summary(office.said()) == [("c", "1.1", "m1-1.1")]


async def test_hear__what_was_saved_and_then_lost_to_a_rival_is_said_all_the_same() -> None:
    """Saved in this batch, then taken in by a rival that dies, and never touched again: the commit would settle it."""
    office = Office(handler=RefusesTheSecondTime())
    await office.hear(records("x", "y"))

    async def takes_it_in() -> None:
        rival = Office(office.log, documents=office.documents, handler=Uniting())
        rival.saying.before = 1
        with pytest.raises(Away):
            await rival.hear(heard_all([a_poke("r", 1, claim="a+x+y")], 9))

    office.documents.rivals_of_uniting = [takes_it_in]
    await office.hear(records("x", "x+y", first=2))
    assert [letter.header("dl_reason") for letter in office.letters()] == ["changed-its-mind"]
    assert ("x", "1.2", "m2-1.1") in summary(office.said())


async def test_hear__an_output_too_large_unites_nothing() -> None:
    office = uniting()
    await office.hear(records("x", "y"))
    await office.hear([heard(a_poke("m2", 1, claim="x+y", fill=2_000_000), 2)])
    assert [letter.header("dl_reason") for letter in office.letters()] == ["output-too-large"]
    assert sorted(alive(office)) == ["x", "y"]
    assert office.documents.together == []


@pytest.mark.parametrize(
    ("absorbs", "reason"),
    [(("x",), "MisplacedDecision"), (("y", "y"), "MisplacedDecision"), (("nobody",), "KeyError")],
    ids=["itself", "one-twice", "one-that-is-not-there"],
)
async def test_hear__what_cannot_be_taken_in_is_a_bug_of_this_record_alone(
    absorbs: tuple[str, ...], reason: str
) -> None:
    office = uniting(absorbs={"m2-1.1": absorbs})
    await office.hear(records("x", "y"))
    await office.hear(records("x+y", "y", first=2))
    assert [letter.header("dl_reason").split("-")[1] for letter in office.letters()] == [reason]
    assert alive(office) == {"x": ["m0-1.1"], "y": ["m1-1.1", "m3-1.1"]}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["uniting", "saving", "saying"])
async def test_hear__away_at_any_step_and_heard_again_is_once(step: str, when: str) -> None:
    office = uniting()
    await office.hear(records("x", "y"))
    faults = office.documents.uniting if step == "uniting" else getattr(office, step)
    setattr(faults, when, 1)
    batch = records("y", "x+y", "z", first=2)
    with pytest.raises(Away):
        await office.hear(batch)
    await office.another_uniting().hear(batch)
    assert alive(office) == {"x": ["m0-1.1", "m1-1.1", "m2-1.1", "m3-1.1"], "z": ["m4-1.1"]}
    assert told(office) == {f"m{n}-1.1" for n in range(5)}
    assert_numbered_once(office)


def told(office: Office) -> set[str]:
    return {cause_of(record) for record in office.said()}


def assert_numbered_once(office: Office) -> None:
    """No id with two contents; no number of a subject given to two."""
    by_id = {(r.header("ce_id"), r.value) for r in office.said()}
    by_place = {(r.header("ce_subject"), r.header("ce_sequence"), r.header("ce_id")) for r in office.said()}
    assert len(by_id) == len({id_ for id_, _ in by_id})
    assert len(by_place) == len({(subject, n) for subject, n, _ in by_place})


CLAIMS = st.lists(st.sampled_from("uvwxyz"), min_size=1, max_size=3, unique=True).map("+".join)
FAULTS = st.sampled_from(["none", "none", "saving.before", "saving.after", "uniting.before", "uniting.after", "saying"])


@given(st.lists(CLAIMS, min_size=1, max_size=9), st.data())
async def test_hear__in_any_order_and_under_any_fault_the_groups_are_those_named_together(
    claims: list[str], data: st.DataObject
) -> None:
    """The groups are worked out here by repainting: each message gives all its numbers one colour."""
    office, all_of = uniting(), records(*claims)
    left = [all_of[i] for i in data.draw(st.permutations(range(len(all_of))))]
    while left:
        size = data.draw(st.integers(1, len(left)))
        batch, fault = left[:size], data.draw(FAULTS)
        plant(office, fault)
        try:
            await office.hear(batch)
            left = left[size:]
        except Away:
            office = office.another_uniting()
        clear(office)
    assert sorted(sorted(heard) for heard in alive(office).values()) == groups(claims)
    assert told(office) == {f"m{n}-1.1" for n in range(len(claims))}
    assert_numbered_once(office)
    held = [claim for document in office.documents.stored.values() for claim in document.claims]
    assert sorted(held) == sorted({number for claim in claims for number in claim.split("+")})


def plant(office: Office, fault: str) -> None:
    name, _, when = fault.partition(".")
    if name == "uniting":
        setattr(office.documents.uniting, when, 1)
    elif name != "none":
        setattr(getattr(office, name), when or "before", 1)


def clear(office: Office) -> None:
    for faults in (office.saving, office.saying, office.documents.uniting):
        faults.before = faults.after = 0


def groups(claims: list[str]) -> list[list[str]]:
    colour: dict[str, str] = {}
    for claim in claims:
        numbers = claim.split("+")
        old = {colour.get(number, number) for number in numbers}
        for number in [*numbers, *(n for n, c in colour.items() if c in old)]:
            colour[number] = min(old)
    found: dict[str, list[str]] = {}
    for n, claim in enumerate(claims):
        found.setdefault(colour[claim.split("+")[0]], []).append(f"m{n}-1.1")
    return sorted(sorted(group) for group in found.values())
