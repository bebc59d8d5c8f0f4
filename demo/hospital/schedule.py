"""Seed to sendings: the whole of what a simulated hospital sends, before anything is sent. Pure but for its seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

from demo.hospital.course import Happening, Note
from demo.hospital.deliveries import with_faults
from demo.hospital.facilities import NORTH, Via
from demo.hospital.faults import USUAL, Faults, Harm, harm_of, harmed
from demo.hospital.lives import Window, life, visit_number
from demo.hospital.messages import TRAINING, adt, oru
from demo.hospital.people import Person, people
from demo.hospital.plots import HOME, Opening, Plot
from demo.hospital.sendings import Delivery, Sending
from demo.hospital.shields import PROTECTED
from demo.hospital.stays import Arrival, stay

__all__ = ["Delivery", "Faults", "Harm", "Note", "Sending", "Via", "schedule"]

Write = Callable[[str, datetime], bytes]
"""Control id (MSH-10) and time of writing (MSH-7) to a message."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """A message without its control id."""

    happening: Happening
    note: Note
    write: Write


def schedule(
    seed: int, patients: int, days: float, start: datetime, faults: Faults = USUAL, protected: float = PROTECTED
) -> list[Sending]:
    """Everything sent within `days` from `start` (aware) about so many patients, in order of sending.

    The same arguments give the same bytes. Three messages more are of nobody: one of training, one that cannot be
    read, one that is no ADT. Harm to the bytes changes nothing of what happens or of when it is sent.
    `protected`: about so much of the stays is protected (0 to 1). Raises ValueError for a naive `start`.
    """
    if start.tzinfo is None:
        raise ValueError("naive time")
    rng = Random(seed)  # noqa: S311  a simulation must be repeatable, not secret
    window = Window(start.astimezone(UTC).replace(microsecond=0), days)
    everybody = people(rng, seed, patients + len(_ODD))
    drafts = [_draft(told) for person in everybody[:patients] for told in life(rng, person, window, protected)]
    drafts += _odd_ones(rng, everybody[patients:], window)
    drafts.sort(key=lambda draft: (draft.happening.recorded, draft.happening.visit.number, draft.note))
    written = list(_written(rng, drafts, f"{seed % 1000:03d}{window.tag}"))
    torn = Random(f"{seed}/harm")  # noqa: S311  as above
    return with_faults(rng, [_harmed(torn, one, faults) for one in written], window.end, faults)


def _harmed(rng: Random, sending: Sending, faults: Faults) -> Sending:
    body, harm = harmed(sending.body, harm_of(rng, faults)) if sending.meant else (sending.body, Harm.NONE)
    return replace(sending, body=body, harm=harm)


def _draft(happening: Happening) -> _Draft:
    return _Draft(happening, happening.note, partial(adt, happening))


def _odd_ones(rng: Random, persons: list[Person], window: Window) -> Iterator[_Draft]:
    """Each of a person of its own, spread over the first half."""
    for place, (person, (note, write)) in enumerate(zip(persons, _ODD.items(), strict=True), start=1):
        at = window.start + timedelta(days=window.days * place / 8)
        arrival = Arrival(person, NORTH, at, visit_number(window, person, 1))
        begin = stay(rng, arrival, Plot(Opening.DIRECT, HOME))[0]
        yield _Draft(begin, note, write(begin))


def _training(happening: Happening) -> Write:
    return partial(adt, happening, processing_id=TRAINING)


def _unreadable(happening: Happening) -> Write:
    return partial(adt, happening, without_pid=True)


def _laboratory(happening: Happening) -> Write:
    return partial(oru, happening.visit)


_OF_NOBODY = frozenset({Note.POISON, Note.OTHER_KIND})
_ODD = {Note.TEST: _training, Note.POISON: _unreadable, Note.OTHER_KIND: _laboratory}


def _written(rng: Random, drafts: list[_Draft], run: str) -> Iterator[Sending]:
    """Control ids count what a feed has written, in order."""
    counts: dict[str, int] = {}
    for draft in drafts:
        visit = draft.happening.visit
        feed = visit.facility.feed
        counts[feed] = counts.get(feed, 0) + 1
        control_id = f"{feed[0].upper()}{run}{counts[feed]:06d}"
        written = draft.happening.recorded + timedelta(seconds=rng.randint(2, 15))
        yield Sending(
            at=written + timedelta(seconds=rng.randint(1, 4)),
            feed=feed,
            body=draft.write(control_id, written),
            control_id=control_id,
            note=draft.note,
            via=visit.facility.via,
            patient=visit.person.played_with,
            meant=draft.happening if draft.note not in _OF_NOBODY else None,
        )
