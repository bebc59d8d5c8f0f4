"""One event about one encounter: who is told, who is not and why, and who is owed a correction.

A correction goes to those whose delivery was decided and may have been sent, by the same channel, once for everything
the event takes back and once for everything it changes; whether they were really told is seen when it is about to be
sent. It names what it corrects.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from services.notifier.domain.audience import Candidate, candidates
from services.notifier.domain.content import context_of
from services.notifier.domain.directory import Directory
from services.notifier.domain.gates import Case, Kind, is_restricted, reason_against
from services.notifier.domain.held import held
from services.notifier.domain.model import LEDGER_LIMIT, Decided, Reason, Rules, Subject, Told
from services.notifier.domain.notices import (
    CORRECTION,
    DEATH_WITHDRAWN,
    INCIDENT,
    WRONG_PATIENT,
    amendment_of,
    correction_of,
    notice_of,
    tells_of_the_wrong_patient,
)
from services.notifier.domain.owed import ALIVE, AMENDED, TAKEN_BACK, owed
from services.notifier.domain.owed import Kind as OwedKind
from services.notifier.domain.standing import absorb, superseded
from shared.schemas.encounters import AboutEncounter
from shared.schemas.envelope import Event, derived_id

Ledger = dict[str, Told]


class LedgerFull(Exception):
    """More was decided about this encounter than one document may hold."""


def decide(
    subject: Subject, event: Event, directory: Directory, rules: Rules, *, late: bool
) -> tuple[Subject, tuple[Decided, ...]]:
    """The subject after an event whose data is AboutEncounter, and the deliveries it brings. Raises LedgerFull.

    `late`: the event is older than one of its stream that was already applied.
    """
    one = _Deciding(subject, event, directory, rules, late)
    decided = (*one.corrections(), *one.tellings(), *one.releases())
    ledger = {**subject.ledger, **{each.delivery_id: each.told for each in decided}}
    if len(ledger) > LEDGER_LIMIT:
        raise LedgerFull
    after = absorb(subject, event, late=late)
    return after.model_copy(update={"ledger": ledger}), decided


class _Deciding:
    def __init__(self, subject: Subject, event: Event, directory: Directory, rules: Rules, late: bool) -> None:
        if not isinstance(event.data, AboutEncounter):
            raise TypeError("not about an encounter")
        self._subject, self._envelope, self._data = subject, event.envelope, event.data
        self._directory, self._rules, self._late = directory, rules, late
        self._notice = notice_of(subject, event.data, late=late)
        self._superseded = superseded(subject, event, late=late)

    def tellings(self) -> Iterator[Decided]:
        """Everybody considered for the event itself."""
        kind: Kind = "incident" if self._notice == INCIDENT else "notice"
        for candidate in candidates(self._notice, self._data, self._directory):
            reason = reason_against(self._case(candidate, candidate.address, kind))
            yield self._told(candidate, candidate.channel, candidate.address, reason)

    def releases(self) -> Iterator[Decided]:
        """Everybody considered now for what was held back while it was not known whose news it was."""
        for one in held(self._subject, self._data, self._notice, late=self._late):
            data = self._data.model_copy(update={"occurred_at": one.happened or self._data.occurred_at})
            context = context_of(data)
            of = {"notice": one.notice, "cause": one.cause, "tells": one.tells, "died": bool(context.get("died"))}
            for candidate in candidates(one.notice, data, self._directory):
                case = Case(self._envelope, data, candidate, candidate.address, self._rules, self._superseded)
                told = self._line(candidate, candidate.channel, candidate.address, reason_against(case), **of)
                ids = (self._envelope.id, one.cause, candidate.recipient, candidate.channel)
                yield Decided(derived_id("delivery", *ids), told, context)

    def corrections(self) -> Iterator[Decided]:
        """One for each recipient, channel and kind of what the event takes back or changes."""
        for one, lines in owed(self._subject, self._data, late=self._late).items():
            newest = list(lines.values())[-1]
            candidate = Candidate(one.recipient, newest.role)
            reason = reason_against(self._case(candidate, newest.address, "correction"))
            context = self._correction_context(lines)
            told = self._line(
                candidate,
                one.channel,
                newest.address,
                reason,
                notice=self._correction(one.kind),
                corrects=tuple(lines),
                withdraws=one.kind == TAKEN_BACK,
                died=one.kind == AMENDED and bool(context.get("died")),
            )
            yield Decided(derived_id("delivery", self._envelope.id, *one), told, context)

    def _correction(self, kind: OwedKind) -> str:
        """The kind of message. One heard after something newer says only that the earlier message does not stand:
        its own kind would say how things are, which is no longer so.
        """
        if kind == ALIVE:
            return DEATH_WITHDRAWN
        if kind == AMENDED:
            return CORRECTION if self._late else amendment_of(self._data)
        notice = correction_of(self._notice)
        return CORRECTION if self._superseded and notice != WRONG_PATIENT else notice

    @cached_property
    def _context(self) -> dict[str, Any]:
        """The values of a text, the same for every recipient. An incident's name nobody."""
        if self._notice != INCIDENT:
            return context_of(self._data)
        told = [id_ for id_, one in self._subject.ledger.items() if one.status == "pending" and not one.corrects]
        return {"encounter": self._subject.encounter_id, "told": told}

    def _case(self, candidate: Candidate, address: str, kind: Kind) -> Case:
        return Case(self._envelope, self._data, candidate, address, self._rules, self._superseded, kind)

    def _told(self, candidate: Candidate, channel: str, address: str, reason: Reason | None) -> Decided:
        context = self._context
        told = self._line(candidate, channel, address, reason, notice=self._notice, died=bool(context.get("died")))
        return Decided(derived_id("delivery", self._envelope.id, candidate.recipient, channel), told, context)

    def _correction_context(self, lines: Ledger) -> dict[str, Any]:
        """What is taken back, by kind and reference; nothing else of a restricted stay, nor of one told of the wrong
        patient or under a disputed number, where the name that stands may be the other person's.
        """
        took_back = [{"reference": reference, "notice": told.notice} for reference, told in lines.items()]
        disputed = self._data.patient.identity_disputed or tells_of_the_wrong_patient(self._data)
        masked = disputed or is_restricted(self._envelope, self._data)
        return {"masked": masked, "takes_back": took_back, **({} if masked else context_of(self._data))}

    def _line(self, candidate: Candidate, channel: str, address: str, reason: Reason | None, **more: Any) -> Told:
        of = {"cause": self._envelope.id, "tells": self._data.TYPE, **more}
        return Told(
            recipient=candidate.recipient,
            role=candidate.role,
            channel=channel,
            address=address,
            status="suppressed" if reason else "pending",
            reason=reason.value if reason else "",
            **of,
        )
