"""Who is owed a correction because of an event, and of what: by recipient and channel.

Three kinds: what is taken back; a death that was told beside a fact that stands; and a fact that stands with another
content (where to, which day). The last two take no message back: it is still to be sent, and they follow it. An
amendment is a message like any other: it is taken back with what it corrects, and amended by the next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple

from services.notifier.domain.model import Subject, Told
from services.notifier.domain.notices import DEATH_WITHDRAWN, DIED
from shared.schemas.encounters import AboutEncounter, EncounterEvent
from shared.schemas.tasks import TaskEvent
from shared.schemas.transitions import TransitionEvent

Ledger = Mapping[str, Told]
Kind = Literal["correction", "death-correction", "amendment"]
TAKEN_BACK: Final[Kind] = "correction"
ALIVE: Final[Kind] = "death-correction"
AMENDED: Final[Kind] = "amendment"


class Owed(NamedTuple):
    """One correction: to whom, by which channel, of which kind."""

    recipient: str
    channel: str
    kind: Kind


def owed(subject: Subject, data: AboutEncounter, *, late: bool) -> dict[Owed, dict[str, Told]]:
    """The corrections that an event brings, each with the deliveries that it corrects. `late`: as in `decide`."""
    alive = _known_alive(subject, data, late=late)
    if not (data.withdraws or data.amends or alive):
        return {}
    owing = _Owing(subject.ledger, data, alive=alive, late=late)
    found: dict[Owed, dict[str, Told]] = {}
    for delivery_id, told in subject.ledger.items():
        for kind in owing.kinds(delivery_id, told):
            found.setdefault(Owed(told.recipient, told.channel, kind), {})[delivery_id] = told
    return found


class _Owing:
    """The ledger as an event finds it: which deliveries were corrected already, and in what way."""

    def __init__(self, ledger: Ledger, data: AboutEncounter, *, alive: frozenset[str], late: bool) -> None:
        self._ledger, self._denied, self._late = ledger, alive, late
        self._withdrawn = {one.event_id for one in data.withdraws}
        self._amended = {one.event_id for one in data.amends}
        lines = ledger.values()
        self._gone = {id_ for told in lines if told.withdraws for id_ in told.corrects}
        self._alive = {id_ for told in lines if _is_of_a_death(told) for id_ in told.corrects}
        self._known = {id_ for told in lines if _is_amendment(told) for id_ in told.corrects}

    def kinds(self, delivery_id: str, told: Told) -> Iterator[Kind]:
        """What is owed to who may have been told by this delivery. A late amendment is none where another one came."""
        if told.status != "pending" or delivery_id in self._gone:
            return
        if self._is_about(told, self._withdrawn):
            yield TAKEN_BACK
            return
        if told.died and told.cause in self._denied and delivery_id not in self._alive:
            yield TAKEN_BACK if told.notice == DIED else ALIVE
        if self._is_about(told, self._amended) and not (self._late and self._is_history(delivery_id, told)):
            yield AMENDED

    def _is_history(self, delivery_id: str, told: Told) -> bool:
        return delivery_id in self._known or _is_amendment(told)

    def _is_about(self, told: Told, events: set[str]) -> bool:
        """Does it tell one of these events, or amend a message that did?"""
        corrected = told.corrects if _is_amendment(told) else ()
        return told.cause in events or any(self._ledger[id_].cause in events for id_ in corrected)


def _is_of_a_death(told: Told) -> bool:
    return not told.withdraws and told.notice == DEATH_WITHDRAWN


def _is_amendment(told: Told) -> bool:
    return bool(told.corrects) and not told.withdraws and told.notice != DEATH_WITHDRAWN


def _known_alive(subject: Subject, data: AboutEncounter, *, late: bool) -> frozenset[str]:
    """The causes of messages of a death that this event denies.

    The stay's own event denies whatever was said before it. A transition's denies what transitions said, and a task's
    what tasks did: that may be heard after the stay's, which then found nothing to deny.
    """
    died = {told.cause: told.tells for told in subject.ledger.values() if told.died}
    if late or not died or data.patient.deceased:
        return frozenset()
    if isinstance(data, (TransitionEvent, TaskEvent)):
        if subject.deceased:
            return frozenset()  # as it was carried then, perhaps; the stay's own event will say
        kind = data.TYPE.partition(".")[0]
        return frozenset(cause for cause, tells in died.items() if tells.startswith(f"{kind}."))
    return frozenset(died) if isinstance(data, EncounterEvent) and subject.deceased else frozenset()
