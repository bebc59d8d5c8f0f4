"""From how a stay stood to its transitions and their tasks, each with when it was wanted (domain rules §8.1, §8.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from demo.oracle.facts import Done, Pace
from demo.oracle.pathways import NOT_OPENED, Discharge, pathway, windows
from demo.oracle.stays import State, Stay

READMITTED: Final = "readmitted"
LADDER: Final = timedelta(hours=24)
"""How long a task is overdue before the next one up is told."""


@dataclass
class Work:
    """One task. `off_at`: when it was called off, None while it is wanted; `reason` says why.

    `left`: when the patient left. `earlier`: windows it had before an amendment, and when that came.
    """

    opens_at: datetime
    due_at: datetime
    wanted_at: datetime
    left: datetime
    off_at: datetime | None = None
    reason: str = ""
    earlier: list[tuple[datetime, datetime, datetime]] = field(default_factory=list)


@dataclass
class Course:
    """One transition: opened and perhaps closed at a state of the stay, perhaps withdrawn.

    `reopened_at`: the death that closed it was taken back.
    """

    version: int
    opened: State
    pathway: str
    closed: State | None = None
    withdrawn_at: datetime | None = None
    reopened_at: datetime | None = None
    tasks: dict[str, Work] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """open, closed or withdrawn."""
        if self.withdrawn_at:
            return "withdrawn"
        return "closed" if self.pathway == "died" else "open"


def courses(stay: Stay, zone: str) -> dict[int, Course]:
    """Every transition of a stay by discharge version."""
    found: dict[int, Course] = {}
    for state in stay.states:
        discharge = _discharge(state, zone)
        for course in found.values():
            if course.withdrawn_at is None and (discharge is None or course.version != state.version):
                course.withdrawn_at = state.at
                _call_off(course, {}, state.at, "discharge-withdrawn")
        if discharge is not None:
            _follow(found, state, discharge)
    return found


def _discharge(state: State, zone: str) -> Discharge | None:
    """What opens a transition, if anything does."""
    if state.status != "finished" or state.ended is None:
        return None
    left = Discharge(state.ended, zone, state.class_, state.admission_type, state.disposition, state.dead)
    return None if pathway(left) in NOT_OPENED else left


def _follow(found: dict[int, Course], state: State, left: Discharge) -> None:
    name = pathway(left)
    course = found.setdefault(state.version, Course(state.version, state, name))
    if name == "died" and course.pathway != "died":
        course.closed = state
    if name != "died" and course.pathway == "died":
        course.reopened_at = state.at
    readmitted = state.back and name != "died"
    wanted = {} if readmitted else windows(left)
    if readmitted and state is course.opened:
        course.tasks = {code: _never_wanted(left, state.at, *window) for code, window in windows(left).items()}
    _call_off(course, wanted, state.at, _why(course, name, readmitted=readmitted))
    course.pathway, course.withdrawn_at = name, None
    for code, (opens, due) in wanted.items():
        known = course.tasks.get(code)
        if known is None or known.off_at:
            course.tasks[code] = Work(opens, due, state.at, left.at, earlier=_before(known))
        elif (known.opens_at, known.due_at) != (opens, due):
            known.earlier.append((known.opens_at, known.due_at, state.at))
            known.opens_at, known.due_at, known.left = opens, due, left.at


def _never_wanted(left: Discharge, at: datetime, opens: datetime, due: datetime) -> Work:
    """The patient was back before the end was heard: unless the two came by different ways, and the other way round."""
    return Work(opens, due, at, left.at, off_at=at, reason=READMITTED)


def _why(course: Course, name: str, *, readmitted: bool) -> str:
    if name == "died":
        return "deceased"
    if course.pathway == "died":
        return "not-dead"
    return READMITTED if readmitted else "pathway-changed"


def _before(known: Work | None) -> list[tuple[datetime, datetime, datetime]]:
    """The windows of work that was called off and is wanted again."""
    return [*known.earlier, (known.opens_at, known.due_at, known.off_at)] if known and known.off_at else []


def _call_off(course: Course, wanted: dict[str, tuple[datetime, datetime]], at: datetime, reason: str) -> None:
    for code, work in course.tasks.items():
        if code not in wanted and work.off_at is None:
            work.off_at, work.reason = at, reason


def surely_wanted(work: Work, pace: Pace) -> bool:
    """Not so where the patient was back near to the end: that may have been heard first."""
    return work.reason != READMITTED or work.off_at is None or work.off_at - work.wanted_at > pace.step


def status_of(work: Work, done: Done | None, pace: Pace) -> frozenset[str]:
    """What the business status of a task may be in the end, by its last window (`done_before`: by an earlier one)."""
    if done is not None and (work.off_at is None or done.performed_at <= work.off_at):
        if _may_be_refused(work, done):
            return _reached(work, pace)
        surely = work.off_at is None or _said_done(work, done) + pace.step < work.off_at
        return frozenset({_done(work, done.performed_at)} | (set() if surely else {"called-off"}))
    return frozenset({"called-off"}) if work.off_at is not None else _reached(work, pace)


def done_before(work: Work, done: Done | None, pace: Pace) -> Iterator[tuple[datetime, datetime, str]]:
    """What is done is history, and no amendment moves it: the windows that it may have had when somebody said so, each
    with the status by it. When that was said nobody knows: not before it was done.
    """
    for opens, due, moved in work.earlier if done else ():
        if done and done.performed_at <= moved + pace.step:
            at = done.performed_at
            yield opens, due, "done-early" if at < opens else "done" if at <= due else "done-late"


def _reached(work: Work, pace: Pace) -> frozenset[str]:
    return frozenset({_climbed(work, pace.until - pace.slack), _climbed(work, pace.until)})


def _may_be_refused(work: Work, done: Done) -> bool:
    """Done before the patient left, as an amendment has it: refused if it was said only after that, else history."""
    return bool(work.earlier) and work.off_at is None and done.performed_at < work.left


def _said_done(work: Work, done: Done) -> datetime:
    """When that can have been said at the earliest: not before the work was wanted, even if it was done before."""
    return max(done.performed_at, work.wanted_at)


def _done(work: Work, at: datetime) -> str:
    """Before the window counts, after the deadline counts too; both ends belong to the window (§8.2)."""
    if at < work.opens_at:
        return "done-early"
    return "done" if at <= work.due_at else "done-late"


def _climbed(work: Work, until: datetime) -> str:
    reached = [until >= moment for moment in (work.opens_at, work.due_at, work.due_at + LADDER)]
    return ("planned", "due", "overdue", "escalated")[sum(reached)]


def alarms(work: Work) -> dict[str, datetime]:
    """Notice → when it is said at the earliest, if the task is still open then."""
    return {notice: max(at, work.wanted_at) for notice, at in _moments(work.opens_at, work.due_at).items()}


def rang_before(work: Work, notice: str, pace: Pace) -> int:
    """How often it may have been said of windows that an amendment then moved: what is due anew is said anew."""
    return sum(_moments(opens, due)[notice] <= moved + pace.step for opens, due, moved in work.earlier)


def was_off(work: Work) -> datetime | None:
    """When it was called off, if it is wanted again since."""
    return next((moved for _, _, moved in reversed(work.earlier) if moved <= work.wanted_at), None)


def _moments(opens_at: datetime, due_at: datetime) -> dict[str, datetime]:
    return {"task.due": opens_at, "task.overdue": due_at, "task.escalated": due_at + LADDER}


def rings(at: datetime, work: Work, done: Done | None, pace: Pace) -> bool | None:
    """Whether an alarm is said: True, False, or None where something ended the task near to it."""
    if at > pace.until:
        return False
    if done is not None and _may_be_refused(work, done):
        return None
    ends = [moment for moment in (work.off_at, _said_done(work, done) if done else None) if moment is not None]
    if ends and at > min(ends) + pace.step:
        return False
    near = bool(ends) and at + pace.step >= min(ends)
    return None if near or at > pace.until - pace.slack else True
