"""Whose feed and which mode a document is: told by the newest numbered event, never by what merely comes by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from shared.schemas.envelope import TYPE_PREFIX, Envelope, Event, Label, Mode
from shared.schemas.envelope import Sequence as Place
from shared.stream.codec import encode, envelope_of
from shared.stream.deadletters import dead_letter, replayed
from shared.stream.decisions import Decision, Desk, Fact
from shared.stream.records import Heard, Saying
from tests.contracts_suite.counting import HEARD, T0, CountingHandler, Poked, heard_all
from tests.unit.stream.office import Office, cause_of

SHADOW = {"tenant": "tenant-1", "feed": "north", "mode": "shadow", "label": "restricted"}
LIVE = {"tenant": "tenant-2", "feed": "south", "mode": "live", "label": "normal"}


def of(context: dict[str, str], n: int | None) -> Saying:
    """The nth event of a stream in that context; `n` None: not numbered, as commands and alarms are."""
    envelope = Envelope(
        id=f"{context['feed']}-{n}",
        source="test",
        type=TYPE_PREFIX + Poked.TYPE,
        subject="a",
        time=T0,
        key="a",
        tenant=context["tenant"],
        feed=context["feed"],
        mode=Mode(context["mode"]),
        label=Label(context["label"]),
        sequence=None if n is None else Place(1, n),
    )
    return encode(Event(envelope, Poked()), HEARD)


def contexts_of(said: Sequence[Heard]) -> list[dict[str, str]]:
    envelopes = [envelope_of(record) for record in said]
    return [{"tenant": e.tenant, "feed": e.feed, "mode": e.mode.value, "label": e.label.value} for e in envelopes]


async def heard(*sayings: Saying, one_by_one: bool = False, office: Office | None = None) -> Office:
    office = office or Office()
    records = heard_all(sayings)
    for batch in [[record] for record in records] if one_by_one else [records]:
        await office.hear(batch)
    return office


TOGETHER = pytest.mark.parametrize("one_by_one", [False, True], ids=["in-one-batch", "one-by-one"])


@TOGETHER
async def test_context__a_command_or_an_alarm_does_not_change_it(one_by_one: bool) -> None:
    office = await heard(of(SHADOW, 1), of(LIVE, None), one_by_one=one_by_one)
    assert office.counter().context == SHADOW
    said = contexts_of(office.said())
    assert said == [SHADOW] * len(said)
    assert office.counter().state == {"total": 2}


@TOGETHER
async def test_context__an_event_that_comes_late_does_not_change_it_nor_speak_in_its_own(one_by_one: bool) -> None:
    office = await heard(of(LIVE, 1), of(SHADOW, 3), of(LIVE, 2), one_by_one=one_by_one)
    assert office.counter().context == SHADOW
    contexts = contexts_of(office.said())
    by_sequence = {r.header("ce_sequence"): context for r, context in zip(office.said(), contexts, strict=True)}
    assert by_sequence == {"1.1": LIVE, "1.2": SHADOW, "1.3": SHADOW}


@TOGETHER
async def test_context__the_newest_numbered_event_changes_it(one_by_one: bool) -> None:
    office = await heard(of(SHADOW, 1), of(LIVE, 2), one_by_one=one_by_one)
    assert office.counter().context == LIVE
    assert contexts_of(office.said())[-1] == LIVE


async def test_context__a_repeat_does_not_change_it() -> None:
    office = await heard(of(SHADOW, 1), of(LIVE, 1))
    assert office.counter().context == SHADOW
    assert contexts_of(office.said()) == [SHADOW]


async def test_context__what_begins_with_a_command_has_the_commands_until_an_event_tells() -> None:
    office = await heard(of(LIVE, None))
    assert office.counter().context == LIVE
    await heard(of(SHADOW, 1), office=office)
    assert office.counter().context == SHADOW


@dataclass
class Own(CountingHandler):
    """A document of several feeds: what it says is told in this feed and mode."""

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        """As in `Handler`."""
        decision = super().decide(fact, desk)
        (say,) = decision.say
        told: Any = replace(say, feed="west", mode=Mode.BACKLOAD)
        return replace(decision, say=(told,))


async def test_say__with_a_feed_and_a_mode_of_its_own_is_said_in_them() -> None:
    office = await heard(of(SHADOW, 1), office=Office(handler=Own()))
    assert contexts_of(office.said()) == [{**SHADOW, "feed": "west", "mode": "backload"}]
    assert office.counter().context == SHADOW


def hushed(saying: Saying) -> Saying:
    return replace(saying, headers=(*saying.headers, ("ce_quiet", b"true")))


def quiet_of(said: Sequence[Heard]) -> list[bool]:
    return [envelope_of(record).quiet for record in said]


@TOGETHER
async def test_quiet__goes_from_a_cause_to_what_it_causes_and_no_further(one_by_one: bool) -> None:
    office = await heard(of(LIVE, 1), hushed(of(LIVE, 2)), of(LIVE, 3), of(LIVE, None), one_by_one=one_by_one)
    by_cause = {cause_of(record): envelope_of(record).quiet for record in office.said()}
    assert by_cause == {"south-1": False, "south-2": True, "south-3": False, "south-None": False}
    assert office.counter().context == LIVE


async def test_quiet__is_said_again_as_it_was_by_who_hears_it_aloud_afterwards() -> None:
    """The same event again without the header is a repeat: what was decided quietly stays quiet."""
    office = await heard(hushed(of(LIVE, 1)))
    await heard(of(LIVE, 1), office=office)
    assert quiet_of(office.said()) == [True, True]


def test_quiet__stays_on_a_dead_letter_that_is_replayed() -> None:
    (record,) = heard_all([hushed(of(LIVE, 1))])
    letter = dead_letter(record, "counter", "bug")
    again = replayed(Heard(letter.topic, 0, 0, letter.key, letter.value, letter.headers))
    assert envelope_of(Heard(again.topic, 0, 0, again.key, again.value, again.headers)).quiet
