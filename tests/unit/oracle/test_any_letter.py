"""Any messages at all through all services, which hear in any turn: the same work follows, no dead letter.

No oracle knows what such messages mean; but what follows from them may not hang on the order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import pytest

from shared.feeds import FeedProfile
from shared.schemas.encounters import EncounterEvent
from shared.schemas.envelope import Event, Mode
from shared.schemas.identifiers import Identifier
from shared.schemas.tasks import TaskEvent
from shared.schemas.transitions import TransitionEvent
from shared.stream.codec import decode
from shared.stream.records import Saying
from tests.unit.admissions.house import a_raw_record, feeds
from tests.unit.admissions.letters import PROFILES, UNITS, letters
from tests.unit.admissions.saga_accounts import is_readable
from tests.unit.admissions.test_two_feeds import CARE, Region
from tests.unit.admissions.walks import Sent
from tests.unit.notifier.givens import coordinator, primary, supervisor

MANY = 40


@pytest.mark.parametrize("n", range(len(PROFILES)), ids=lambda n: next(iter(PROFILES[n]), "as-shipped"))
async def test_any_letters__bring_the_same_work_in_any_order(n: int) -> None:
    profiles, wanted = feeds(**UNITS, **PROFILES[n]), 0
    for seed in range(n * MANY, (n + 1) * MANY):
        draw = Random(seed)  # noqa: S311  a shuffle, not a secret
        messages = [message for message in letters(draw) if is_readable(message, profiles)]
        as_sent = await _work(messages, profiles, None)
        assert await _work(draw.sample(messages, len(messages)), profiles, draw) == as_sent, seed
        wanted += len(as_sent)
    assert wanted > 2, "hardly anything followed from anything"


async def _work(messages: Sequence[Sent], profiles: dict[str, FeedProfile], dice: Random | None) -> list[str]:
    """What is wanted of each stay when all is heard. With `dice` the services hear in any turn."""
    region = Region(profiles)
    await region.know(coordinator(), supervisor(), primary(identifiers=(Identifier(value="77", assigner="NORTH"),)))
    for feed, message in messages:
        raw = a_raw_record(message, feed=feed, mode=Mode.LIVE)
        await region.log.append(Saying(raw.topic, raw.key or b"", message, raw.headers))
        if dice is None:
            await region.run()
            continue
        for _ in range(dice.randint(0, 5)):
            await dice.choice(region.services).hear()
    await region.run()
    assert [topic for topic in region.letters() if not topic.startswith("adt.inbound")] == []
    return sorted(_wanted(region))


def _wanted(region: Region) -> Iterator[str]:
    """A line for each transition that was not withdrawn and for each task that was not called off, without made-up ids.

    A transition of a stay that is not over would be one of nobody.
    """
    last: dict[str, Event] = {}
    for record in (record for topic in CARE[:3] for record in region.log.all_of(topic)):
        event = decode(record)
        last[_what(event)] = max(last.get(_what(event), event), event, key=_turn)
    stays = {id_: event.data for id_, event in last.items() if isinstance(event.data, EncounterEvent)}
    for event in last.values():
        match event.data:
            case TransitionEvent() as data if data.transition.status != "withdrawn":
                stay, state = stays[data.encounter.encounter_id], data.transition
                assert stay.encounter.status == "finished", "the work of a stay that goes on, or never was"
                clocks = sorted((one.code, one.due_at.isoformat()) for one in state.deadlines)
                yield f"{_who(stay)} {state.status} {state.pathway} {state.reason} {clocks}"
            case TaskEvent() as data if data.task.status != "cancelled":
                stay, task = stays[data.encounter.encounter_id], data.task
                yield f"{_who(stay)} {task.code} {task.status} {task.due_at.isoformat()}"


def _who(stay: EncounterEvent) -> str:
    number, begin = stay.encounter.visit_number or stay.encounter.account_number, stay.encounter.admitted_at
    called = sorted(f"{one.assigner}|{one.value}" for one in stay.patient.identifiers)
    return f"{called} {number and number.value} {begin and begin.instant.isoformat()}"


def _turn(event: Event) -> tuple[int, int]:
    sequence = event.envelope.sequence
    return (sequence.epoch, sequence.n) if sequence else (0, 0)


def _what(event: Event) -> str:
    match event.data:
        case TaskEvent() as data:
            return data.task.task_id
        case TransitionEvent() as data:
            return data.transition.transition_id
        case EncounterEvent() as data:
            return data.encounter.encounter_id
        case _:
            return event.envelope.id
