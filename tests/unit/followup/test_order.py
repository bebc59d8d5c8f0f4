"""Properties: any order of a transition's events ends with the same open tasks; no repeat changes anything."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.followup.domain.alarms import alarms_due
from shared.stream.decisions import Refused
from tests.builders import T0
from tests.unit.followup.transitions import (
    HOME,
    HOME_HEALTH,
    Ear,
    a_deadline,
    cancel,
    closed,
    complete,
    opened,
    updated,
    utc,
    withdrawn,
)

LATER = (a_deadline("contact"), a_deadline("home-visit", timedelta(hours=5)))

events = st.sampled_from(
    [opened(), updated(deadlines=HOME_HEALTH), updated(deadlines=LATER), updated(deadlines=()), closed(), withdrawn()]
)
commands = st.sampled_from(
    [
        complete("contact", "2026-11-04T15:00:00"),
        complete("home-visit", "2026-11-09T15:00:00"),
        cancel("home-visit"),
        cancel("practitioner-visit"),
        cancel("contact", "not a code"),
    ]
)
moments = st.sampled_from(["2026-11-03T15:00:00", "2026-11-05T15:00:00", "2026-11-06T20:00:00", "2026-11-20T00:00:00"])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("event"), events),
        st.tuples(st.just("command"), commands),
        st.tuples(st.just("ring"), moments),
    ),
    max_size=8,
)


def open_tasks(ear):
    times = ("code", "opens_at", "due_at", "escalates_at", "zone")
    return sorted(
        tuple(r["task"][name] for name in times) for r in ear.state["tasks"] if r["task"]["status"] == "requested"
    )


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_order_of_its_events__ends_with_the_same_open_tasks(data):
    heard = data.draw(st.lists(events, min_size=1, max_size=6))
    numbers = list(range(1, len(heard) + 1))
    in_order, shuffled = Ear(), Ear()
    for n in numbers:
        in_order.hear(heard[n - 1], n)
    for n in data.draw(st.permutations(numbers)):
        shuffled.hear(heard[n - 1], n)
    assert open_tasks(shuffled) == open_tasks(in_order)
    assert shuffled.state["transition"] == in_order.state["transition"]


@settings(max_examples=200, deadline=None)
@given(steps)
def test_a_repeat_of_anything__changes_nothing_and_says_nothing(story):
    ear = Ear()
    ear.hear(opened(), 1)
    for kind, what in story:
        if kind == "event":
            ear.hear(what, ear.highest + 1)
            before = ear.state
            assert ear.hear(what, ear.highest) == []
        elif kind == "command":
            before = _obeyed(ear, what)
        else:
            before = _rung(ear, what)
        assert ear.state == before


def _obeyed(ear, command):
    for _ in range(2):
        try:
            ear.command(command)
        except Refused:
            return ear.state
        before = ear.state
    assert ear.last.say == ()
    return before


def _rung(ear, until):
    for alarm, due in alarms_due(ear.state, utc(until)):
        ear.timer(alarm, due)
        before = ear.state
        assert ear.timer(alarm, due) == []
        assert ear.state == before
    return ear.state


@settings(max_examples=200, deadline=None)
@given(steps)
def test_at_every_moment__the_next_alarm_and_the_last_word_of_each_task_fit_the_state(story):
    ear = Ear()
    ear.hear(opened(deadlines=HOME), 1)
    for kind, what in story:
        try:
            if kind == "event":
                ear.hear(what, ear.highest + 1)
            elif kind == "command":
                ear.command(what)
            else:
                ear.ring_until(what)
        except Refused:
            continue
        if ear.last.state is not None:
            alarms = alarms_due(ear.state, T0 + timedelta(days=400))
            assert ear.last.next_alarm_at == (alarms[0][1] if alarms else None)
        last = {say.data.task.task_id: say.data.task.business_status for say in ear.said}
        stands = {record["task"]["task_id"]: record["task"]["business_status"] for record in ear.state["tasks"]}
        assert last == stands
        assert len({say.id for say in ear.said}) == len(ear.said)
