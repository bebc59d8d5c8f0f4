"""followup's ears: transitions, commands and timers → one transition's document → what is said of its tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.followup.domain.alarms import next_alarm_at, ring
from services.followup.domain.commands import CommandRefused, obey
from services.followup.domain.model import Told, TransitionDocument
from services.followup.domain.reconcile import Heard as HeardEvent
from services.followup.domain.reconcile import reconcile
from shared.schemas.commands import CancelTask, CompleteTask
from shared.schemas.timers import TimerDue
from shared.schemas.topics import COMMANDS, FOLLOWUP_TIMERS, TRANSITIONS
from shared.schemas.transitions import TransitionEvent
from shared.stream.codec import decode
from shared.stream.decisions import Decision, Desk, Fact, Handler, Refs, Refused, Say, Standing
from shared.stream.records import Heard

COLLECTION: Final = "transitions"
LADDER: Final = timedelta(hours=24)


def _document(standing: Standing) -> TransitionDocument:
    return TransitionDocument.model_validate(standing.state)


def _decision(key: str, document: TransitionDocument, told: Sequence[Told]) -> Decision:
    id_ = document.transition.transition_id
    return Decision(
        COLLECTION,
        id_,
        key,
        state=document.model_dump(mode="json", by_alias=True),
        say=tuple(Say(each.data, id_, id=each.id) for each in told),
        next_alarm_at=next_alarm_at(document),
    )


@dataclass(frozen=True, slots=True)
class TransitionHandler:
    """Hears what must follow a discharge. Implements `Handler`."""

    ladder: timedelta = LADDER

    def read(self, record: Heard) -> Fact | None:
        """As in `Handler`. Refuses an event whose sequence counts in another transition (`subject-mismatch`)."""
        event = decode(record)
        if not isinstance(event.data, TransitionEvent):
            return None
        if event.envelope.subject != event.data.transition.transition_id:
            raise Refused("subject-mismatch")
        refs = (Refs(COLLECTION, ids=(event.envelope.subject,)),)
        return Fact(record, event.envelope, event.data, refs)

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        """As in `Handler`. An event older than what was applied changes nothing: each carries the whole state."""
        standing = desk.by_id(COLLECTION, fact.envelope.subject)
        if standing is not None and standing.late:
            return Decision(COLLECTION, standing.id, fact.envelope.key, metrics={"late": 1})
        before = _document(standing) if standing else None
        heard = HeardEvent(fact.envelope.id, fact.envelope.time, self.ladder)
        return _decision(fact.envelope.key, *reconcile(before, fact.body, heard))


@dataclass(frozen=True, slots=True)
class CommandHandler:
    """Hears what people and programs ask of a task. Implements `Handler`."""

    def read(self, record: Heard) -> Fact | None:
        """As in `Handler`."""
        event = decode(record)
        if not isinstance(event.data, CompleteTask | CancelTask):
            return None
        refs = (Refs(COLLECTION, ids=(event.data.transition_id,)),)
        return Fact(record, event.envelope, event.data, refs, stream=False)

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        """As in `Handler`. Refuses what `obey` refuses; a command heard before has no effect."""
        standing = desk.by_id(COLLECTION, fact.body.transition_id)
        if standing is None:
            raise Refused("task-unknown")
        try:
            obeyed = obey(_document(standing), fact.body, fact.envelope.time, fact.envelope.id)
        except CommandRefused as refused:
            raise Refused(refused.code) from None
        if obeyed is None:
            return Decision(COLLECTION, standing.id, standing.key, metrics={"command-repeated": 1})
        document, told = obeyed
        return _decision(standing.key, document, [told])


@dataclass(frozen=True, slots=True)
class TimerHandler:
    """Hears that an alarm fell due. Implements `Handler`."""

    def read(self, record: Heard) -> Fact | None:
        """As in `Handler`."""
        event = decode(record)
        if not isinstance(event.data, TimerDue):
            return None
        refs = (Refs(COLLECTION, ids=(event.data.aggregate,)),)
        return Fact(record, event.envelope, event.data, refs, stream=False)

    def decide(self, fact: Fact, desk: Desk) -> Decision:
        """As in `Handler`. Valid only while (alarm, due) still stands; one that does not changes nothing."""
        timer: TimerDue = fact.body
        standing = desk.by_id(COLLECTION, timer.aggregate)
        rung = ring(_document(standing), timer.alarm, timer.due, fact.envelope.id) if standing else None
        if standing is None or rung is None:
            return Decision(COLLECTION, timer.aggregate, fact.envelope.key, metrics={"timer-stale": 1})
        document, told = rung
        return _decision(standing.key, document, [told])


def handlers(ladder: timedelta = LADDER) -> dict[str, Handler]:
    """One handler for each topic followup hears. `ladder`: how long a task is overdue before it is escalated."""
    return {
        TRANSITIONS.name: TransitionHandler(ladder),
        COMMANDS.name: CommandHandler(),
        FOLLOWUP_TIMERS.name: TimerHandler(),
    }
