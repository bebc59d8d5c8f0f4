"""The account that must come out: from what was meant and in which order it was let in to every visit's end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from demo.oracle.audience import GREATEST_AGE, Directory, outcome
from demo.oracle.facts import (
    ABSENT,
    SENT,
    SUPERSEDED,
    UNKNOWN,
    WITHDRAWN,
    Account,
    Arrival,
    Done,
    Message,
    Pace,
    Task,
    Telling,
    Transition,
    Visit,
)
from demo.oracle.persons import Patient, hear_all
from demo.oracle.shields import INCIDENT, Shield
from demo.oracle.stays import NOTICE, Move, Stay
from demo.oracle.work import (
    Course,
    Work,
    alarms,
    courses,
    done_before,
    rang_before,
    rings,
    status_of,
    surely_wanted,
    was_off,
)

NEVER_TOLD = "suppressed:never-told"
TAKEN_BACK = frozenset({"discharge-withdrawn", "not-dead"})
"""Why work is called off so that who was told of it hears of that, too: it should never have been."""
BEGUN = {NOTICE["registered"]: ("A04", "A07"), NOTICE["admitted"]: ("A01", "A06")}


class _Event(NamedTuple):
    """One thing that somebody may hear of. `moved`: when it stopped to stand, or the patient's state moved on.

    `known`: when that was known because of which it is said; None: at that moment.
    """

    notice: str
    code: str
    version: int
    n: int
    at: datetime
    occurred: datetime
    message: Message
    surely: bool = True
    moved: datetime | None = None
    owed: bool | None = False
    known: datetime | None = None


def expect(
    meant: Mapping[str, Message],
    unreadable: Iterable[str],
    arrivals: Sequence[Arrival],
    done: Iterable[Done],
    directory: Directory,
    pace: Pace,
) -> Account:
    """Everything that must have become of these messages (`meant` by control id) by `pace.until`.

    `unreadable` control ids are dead-lettered if they arrived; `done` is what people said they did.
    """
    let_in = [(arrival.at, meant[arrival.control_id]) for arrival in arrivals if arrival.control_id in meant]
    stays = hear_all(let_in)
    work: dict[str, dict[tuple[int, str], Done]] = {}
    for one in sorted(done, key=lambda one: one.performed_at, reverse=True):
        work.setdefault(one.visit, {})[one.version, one.code] = one
    visits = {visit: _visit(*found, work.get(visit, {}), directory, pace) for visit, found in stays.items()}
    dead = {arrival.control_id for arrival in arrivals} & set(unreadable)
    return Account({visit: end for visit, end in visits.items() if end.status}, frozenset(dead))


def _visit(
    stay: Stay, patient: Patient, done: Mapping[tuple[int, str], Done], directory: Directory, pace: Pace
) -> Visit:
    if stay.taken_away is not None:
        return _taken_away(stay, stay.taken_away, directory, pace)
    shield = Shield(stay.shielded, patient.is_crossed or len(patient.called) > 1)
    found = courses(stay, stay.messages[-1].zone)
    events = [*_of_encounter(stay, pace), *_of_transitions(stay, found), *_of_tasks(stay, found, done, pace)]
    ended, disposition = stay.left() if stay.status == "finished" else (None, "")
    rebuilt = None if stay.is_near_its_move(pace.step) else stay.rebuilt
    told, corrections = _told(events, directory, pace, shield, rebuilt=rebuilt)
    transitions = {version: _transition(course, done, pace) for version, course in found.items()}
    numbers = patient.numbers if stay.status != "cancelled" else frozenset()
    where = stay.where() if stay.status != "cancelled" else ("", "", False)
    shielded = shield.surely_from(pace)
    return Visit(stay.status, ended, disposition, numbers, *where, transitions, told, corrections, shielded=shielded)


def _taken_away(stay: Stay, move: Move, directory: Directory, pace: Pace) -> Visit:
    """What was told of somebody whose stay it was not: corrected, and the supervisor hears of it (45 CFR 164.402). What
    was let in near to the move may have been heard after it, and then was told of nobody else.
    """
    events = [
        _Event(one.notice, "", 0, one.n, one.at, one.occurred, one.message, one.at < move.at - pace.step, move.at, True)
        for one in stay.said
        if one.at <= move.at + pace.step
    ]
    surely = any(one.surely for one in events)
    if events:
        events.append(_Event(INCIDENT, "", 0, 1, move.at, move.at, move.message, surely))
    shield = Shield(stay.shielded, loose=False)
    told, corrections = _told(events, directory, pace, shield)
    said, shielded = "cancelled" if events else "", shield.surely_from(pace)
    return Visit(said, told=told, corrections=corrections, surely=surely, shielded=shielded)


_Tellings = dict[Telling, frozenset[str]]


def _told(
    events: Iterable[_Event], directory: Directory, pace: Pace, shield: Shield, *, rebuilt: bool | None = False
) -> tuple[_Tellings, _Tellings]:
    """What may become of each telling, and of what takes it back."""
    told: _Tellings = {}
    corrections: _Tellings = {}
    for event in events:
        for telling, allowed in _tellings(event, directory, pace, rebuilt, shield):
            told[telling] = allowed
            if event.owed is not False and allowed & {SENT, WITHDRAWN}:
                corrections[telling] = frozenset({SENT, NEVER_TOLD} | ({ABSENT} if event.owed is None else set()))
    return told, corrections


def _transition(course: Course, done: Mapping[tuple[int, str], Done], pace: Pace) -> Transition:
    tasks = {code: _task(work, done.get((course.version, code)), pace) for code, work in course.tasks.items()}
    return Transition(course.status, course.pathway, tasks)


def _task(work: Work, done: Done | None, pace: Pace) -> Task:
    history = (Task(opens, due, frozenset({how})) for opens, due, how in done_before(work, done, pace))
    return Task(work.opens_at, work.due_at, status_of(work, done, pace), surely_wanted(work, pace), tuple(history))


def _of_encounter(stay: Stay, pace: Pace) -> Iterator[_Event]:
    maybe = BEGUN if stay.is_near_its_move(pace.step) else {}
    for one in stay.said:
        owed = one.taken_back is not None or _denied(stay, one.at)
        what = (one.notice, "", one.version, one.n, one.at, one.occurred, one.message)
        yield _Event(*what, one.notice not in maybe, one.taken_back, owed)
    yield from _may_be_said(stay, {*maybe} - {one.notice for one in stay.said})


def _may_be_said(stay: Stay, notices: set[str]) -> Iterator[_Event]:
    """Of a begin that was filed under another's number, if the move was heard before it after all."""
    for notice in sorted(notices):
        for at, _ in stay.filed[:1]:
            begun = next((m.occurred for m in stay.messages if m.trigger in BEGUN[notice]), None)
            if begun and stay.moved:
                yield _Event(notice, "", 0, 1, at, begun, stay.moved.message, False)


def _denied(stay: Stay, at: datetime) -> bool:
    """Was the patient believed dead at that time, and not for good? Whoever heard of anything then heard of that."""
    dead = [state.dead for state in stay.states if state.at >= at]
    return dead[:1] == [True] and False in dead


def _of_transitions(stay: Stay, found: Mapping[int, Course]) -> Iterator[_Event]:
    for course in found.values():
        message, void = _message_at(stay, course.opened.at), course.withdrawn_at
        for notice, state, back in (
            ("transition.opened", course.opened, void),
            ("transition.closed", course.closed, course.reopened_at or void),
        ):
            if state is not None:
                owed = back is not None or _denied(stay, state.at)
                moved = back or _moved_on(stay, stay.states.index(state))
                happened = (state.at, state.happened, message)
                yield _Event(notice, "", course.version, 1, *happened, True, moved, owed)


def _of_tasks(
    stay: Stay, found: Mapping[int, Course], done: Mapping[tuple[int, str], Done], pace: Pace
) -> Iterator[_Event]:
    """Told at the time of the alarm. Of work that was done before its discharge was withdrawn nothing is taken back."""
    message = max(stay.messages, key=lambda one: one.recorded)
    for course in found.values():
        for code, work in course.tasks.items():
            performed = done.get((course.version, code))
            owed: bool | None = work.reason in TAKEN_BACK
            owed = None if owed and performed else owed
            for notice, at in alarms(work).items():
                surely = rings(at, work, performed, pace)
                last = max(place for place, state in enumerate(stay.states) if state.at <= at)
                again = rang_before(work, notice, pace)
                moved = work.off_at or _moved_on(stay, last) or (was_off(work) if again else None)
                for n in range(1, (surely is not False) + again + 1):
                    sure = bool(surely) and n == 1
                    yield _Event(notice, code, course.version, n, at, at, message, sure, moved, owed, work.wanted_at)


def _message_at(stay: Stay, at: datetime) -> Message:
    heard = [one.message for one in stay.said if one.at <= at]
    return heard[-1] if heard else stay.messages[0]


def _moved_on(stay: Stay, place: int) -> datetime | None:
    """When, after its state at that place, the stay next ended otherwise, was reopened or a death was told."""
    states = [(state.at, (state.status, state.version, state.dead)) for state in stay.states]
    return next((at for at, stands in states[place:] if stands != states[place][1]), None)


def _tellings(
    event: _Event, directory: Directory, pace: Pace, rebuilt: bool | None, shield: Shield
) -> Iterator[tuple[Telling, frozenset[str]]]:
    message = event.message
    audience = directory.audience(event.notice, message.team, message.facility)
    ages, over = _ages(event, pace, rebuilt), shield.over(event.notice, event.at, event.known or event.at, pace)
    for recipient, personal in audience.items():
        allowed = {outcome(message.mode, message.training, one, old, personal) for old in ages for one in over}
        if event.moved is not None and event.moved - event.at <= pace.step:
            allowed |= {WITHDRAWN, UNKNOWN} if SENT in allowed and event.owed is not False else set()
            allowed |= {SUPERSEDED} if not event.notice.startswith("encounter.") and False in over else set()
        if not event.surely:
            allowed.add(ABSENT)
        yield Telling(event.notice, event.code, event.version, event.n, recipient), frozenset(allowed)


def _ages(event: _Event, pace: Pace, rebuilt: bool | None) -> set[bool]:
    """Is it too old to be told? A stay that is said anew of whose it is never is (`rebuilt`; None: it may be)."""
    if rebuilt:
        return {False}
    age = event.at - event.occurred
    ages = {age > GREATEST_AGE, age > GREATEST_AGE + pace.slack}
    return ages | {False, age + pace.step > GREATEST_AGE} if rebuilt is None else ages
