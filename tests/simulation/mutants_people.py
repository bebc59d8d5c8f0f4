"""Planted bugs of who is who: uniting documents, merges, moves, transfers, and stays that a rule closes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from services.admissions import handlers as admissions_handlers
from services.admissions.domain import closing, encounters, fold, journal, persons, registers, telling, unite
from services.admissions.domain.lifecycle import CANCELS, Trigger
from shared.stream import desk
from tests.simulation.ports import Documents


def takes_the_last_record_for_the_last_word() -> Any:
    def merged(several: Any) -> Any:
        found: dict[str, Any] = {}
        for of in several:
            found |= of
        return found

    return patch.object(registers, "merged", merged)


def the_last_merge_to_arrive_leads() -> Any:
    def remember(kept: Any, repairs: Any) -> Any:
        known = {one.repair_id for one in kept}
        return (*kept, *(one for one in repairs if one.repair_id not in known))

    return patch.object(journal, "remember", remember)


def the_retired_number_leads() -> Any:
    real = persons._Several._person

    def person(self: Any, group: Any) -> Any:
        turned = {one.key: "" for one in self.patient.records if one.key not in self.retired}
        self.retired, kept = turned, self.retired
        try:
            return real(self, group)
        finally:
            self.retired = kept

    return patch.object(persons._Several, "_person", person)


def cancels_the_transfer_that_arrived_last() -> Any:
    real_fold, real_target = fold.fold, fold._target
    arrived: dict[Any, int] = {}

    def remember(facts: Any, fact: Any) -> Any:
        return facts if any(one.source == fact.source for one in facts) else (*facts, fact)

    def of_arrival(facts: Any, *rest: Any, **more: Any) -> Any:
        facts = tuple(facts)
        arrived.clear()
        arrived.update({fact.source: n for n, fact in enumerate(facts)})
        return real_fold(facts, *rest, **more)

    def target(cancel: Any, ordered: Any, counting: Any, taken: Any) -> Any:
        if cancel.trigger is not Trigger("A12"):
            return real_target(cancel, ordered, counting, taken)
        open_ = [unit for unit, one in counting.items() if one.trigger in CANCELS[cancel.trigger] and unit not in taken]
        return max(open_, key=lambda unit: arrived[counting[unit].source], default=None)

    return patch.multiple(fold, remember=remember, fold=of_arrival, _target=target)


def saves_a_union_one_by_one() -> Any:
    async def save_together(self: Documents, documents: Any) -> Any:
        lost = set()
        for document in documents:
            lost |= await self.save([document])
            await self._at.perhaps_crash("crash-uniting")
        return lost

    return patch.object(Documents, "save_together", save_together)


@contextmanager
def drops_the_outbox_at_uniting() -> Iterator[None]:
    real, real_stone = desk._taking, desk._tombstone

    def taking(old: Any, losers: Any) -> Any:
        return real(old, [replace(one, outbox=[]) for one in losers])

    def stone(document: Any, state: Any) -> Any:
        return real_stone(replace(document, outbox=[]), state)

    with patch.multiple(desk, _taking=taking, _tombstone=stone):
        yield


def numbers_start_anew_at_uniting() -> Any:
    real = desk._taking
    return patch.object(desk, "_taking", lambda old, losers: real(old, [replace(one, counters={}) for one in losers]))


def forgets_at_uniting_what_was_told() -> Any:
    def told_of_one(united: Any, keep: Any) -> Any:
        return united.model_copy(update={"encounters": keep.encounters})

    return _uniting(told_of_one)


def forgets_at_uniting_what_was_merged() -> Any:
    return _uniting(lambda united, _: united.model_copy(update={"repairs": ()}))


def _uniting(change: Any) -> Any:
    """`change`: of the united document and the one that took the others in."""
    real = unite._united

    def united(holders: Any) -> Any:
        gathered = real(holders)
        keep = next(one for one in holders if one.patient_id == gathered.patient.patient_id)
        return gathered._replace(patient=change(gathered.patient, keep)) if gathered.absorbs else gathered

    return patch.object(unite, "_united", united)


def tells_a_merge_under_another_key() -> Any:
    real = telling.news

    def news(*of: Any) -> Any:
        return [one._replace(key=one.data.patient.patient_id) for one in real(*of)]

    return patch.object(telling, "news", news)


def takes_back_nothing_that_was_anothers() -> Any:
    real = encounters.known
    return patch.object(encounters, "known", lambda *of: replace(real(*of), moved=()))


def leaves_what_was_told_twice() -> Any:
    real = encounters.known
    return patch.object(encounters, "known", lambda *of: replace(real(*of), merged={}))


def closes_a_stay_that_spoke_again() -> Any:
    def laid(standing: Any, stay: Any, rule: Any) -> Any:
        after, closes_at = closing.laid(standing, stay, rule)
        rung = max((visit.closed for visit in stay.visits if visit.closed), default=None)
        return (
            (replace(after, closed=rung), None) if rung and standing.stage in closing._GOES_ON else (after, closes_at)
        )

    return patch.object(telling, "laid", laid)


def forgets_to_look_at_a_silent_stay() -> Any:
    return patch.object(admissions_handlers, "next_alarm_at", lambda _: None)
