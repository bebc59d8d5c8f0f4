"""Planted bugs of the engine: batches, documents, outboxes, dead letters, commits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import patch

from shared.mongo.memory import MemoryDocuments
from shared.stream.batch import BatchHearing, _event_of
from shared.stream.desk import BatchDesk
from shared.stream.documents import Document, Stream
from shared.stream.loop import Loop
from shared.stream.outages import Away


def says_before_save() -> Any:
    real = BatchHearing._save

    async def save(self: BatchHearing, desk: BatchDesk) -> Any:
        await self._say(desk.unsaid(), [])
        return await real(self, desk)

    return patch.object(BatchHearing, "_save", save)


def projects_before_saying() -> Any:
    real = BatchHearing._say

    async def say(self: BatchHearing, unsaid: Any, letters: Any) -> None:
        private = [(_event_of(entry.saying), entry.private) for entry in unsaid if entry.private is not None]
        if self.project is not None and private:
            await self.project(private)
        await real(self, unsaid, letters)

    return patch.object(BatchHearing, "_say", say)


def commits_before_hearing() -> Any:
    async def carry(self: Loop, part: Any) -> None:
        await self._patiently(lambda: self._commit(part))
        await self._patiently(lambda: self._hearing.hear(part))

    return patch.object(Loop, "_carry_through", carry)


def swallows_an_outage() -> Any:
    real = BatchHearing.hear

    async def hear(self: BatchHearing, records: Any) -> None:
        try:
            await real(self, records)
        except Away:
            return

    return patch.object(BatchHearing, "hear", hear)


def saves_without_version_guard() -> Any:
    real = MemoryDocuments._save_one

    def save(self: MemoryDocuments, document: Document) -> bool:
        stored = self.stored.get((document.collection, document.id))
        return real(self, replace(document, version=stored.version if stored else 0))

    return patch.object(MemoryDocuments, "_save_one", save)


def takes_a_lost_race_for_saved() -> Any:
    async def save(self: BatchHearing, desk: BatchDesk) -> Any:
        changed = desk.changed()
        if changed:
            await self.documents.save(changed)
        desk.saved(set())
        return set()

    return patch.object(BatchHearing, "_save", save)


def knows_no_repeat() -> Any:
    def hear(self: Stream, epoch: int, n: int) -> None:
        self.epoch, self.last = epoch, max(n, self.last)

    return patch.multiple(Stream, knows=lambda self, epoch, n: False, hear=hear)


def takes_missing_numbers_for_heard() -> Any:
    return patch.object(Stream, "knows", lambda self, epoch, n: (epoch, n) <= (self.epoch, self.last))


def repeats_say_nothing_again() -> Any:
    real = BatchDesk.repeats

    def repeats(self: BatchDesk, fact: Any) -> bool:
        known = real(self, fact)
        if known:
            self._touched.clear()
        return known

    return patch.object(BatchDesk, "repeats", repeats)


def late_event_overwrites() -> Any:
    real = BatchDesk.by_id

    def by_id(self: BatchDesk, collection: str, id_: str) -> Any:
        standing = real(self, collection, id_)
        return replace(standing, late=False) if standing else None

    return patch.object(BatchDesk, "by_id", by_id)


def drops_the_outbox_at_the_next_write() -> Any:
    real = BatchDesk._decided

    def decided(self: BatchDesk, old: Document, fact: Any, decision: Any) -> Any:
        return real(self, replace(old, outbox=[]), fact, decision)

    return patch.object(BatchDesk, "_decided", decided)


def does_not_wait_for_the_dead_letter() -> Any:
    real = BatchHearing._say

    async def say(self: BatchHearing, unsaid: Any, letters: Any) -> None:
        await real(self, unsaid, [])
        try:
            await real(self, [], letters)
        except Away:
            return

    return patch.object(BatchHearing, "_say", say)


def keys_by_cause_and_not_by_patient() -> Any:
    real = BatchDesk._envelope

    def envelope(self: BatchDesk, document: Any, cause: Any, say: Any, ordinal: int, n: int) -> Any:
        return replace(real(self, document, cause, say, ordinal, n), key=cause.id)

    return patch.object(BatchDesk, "_envelope", envelope)


def numbers_start_anew() -> Any:
    real = BatchDesk._decided

    def decided(self: BatchDesk, old: Document, fact: Any, decision: Any) -> Any:
        return real(self, replace(old, counters={}), fact, decision)

    return patch.object(BatchDesk, "_decided", decided)
