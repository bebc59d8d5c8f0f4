"""Properties: any order of an encounter's carried states ends the same, and what was said adds up to what stands."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.discharge.domain.deadlines import Calendar
from services.discharge.handlers import COLLECTION, handlers
from services.discharge.store import load_pathways
from shared.schemas.encounters import EncounterUpdated, When
from shared.schemas.topics import ENCOUNTERS
from tests.builders import T0, DeskOf, a_patient, an_encounter, heard

HANDLER = handlers(load_pathways(), Calendar("by-hand", frozenset({date(2026, 11, 26)}), 2026, 2027))[ENCOUNTERS.name]

carried = st.builds(
    lambda status, disposition, class_, deceased, version, minutes: EncounterUpdated(
        patient=a_patient(deceased=deceased),
        encounter=an_encounter(
            status=status,
            disposition=disposition,
            class_=class_,
            discharge_version=version,
            discharged_at=When(instant=T0 + timedelta(minutes=minutes)),
        ),
        occurred_at=T0,
    ),
    status=st.sampled_from(["in-progress", "finished", "finished", "finished", "cancelled"]),
    disposition=st.sampled_from(["", "01", "06", "03", "20", "30", "50", "07"]),
    class_=st.sampled_from(["I", "E", "O"]),
    deceased=st.sampled_from([False, False, True]),
    version=st.integers(0, 2),
    minutes=st.sampled_from([0, 5]),
)


def hear_all(events, order):
    """As the engine does: the sequence is the place in `events`; one below the highest heard is late."""
    desk, said, highest = DeskOf(), [], 0
    for n in order:
        desk.late = n < highest
        highest = max(highest, n)
        said += heard(HANDLER, events[n - 1], desk, n=n).say
    return desk.states[(COLLECTION, "encounter-1")], said


def standing(transitions):
    return {t["transition_id"]: t for t in transitions if t["status"] != "withdrawn"}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_order__ends_with_the_same_transitions_standing(data):
    events = data.draw(st.lists(carried, min_size=1, max_size=6))
    numbers = list(range(1, len(events) + 1))
    order = data.draw(st.permutations(numbers))
    in_order, _ = hear_all(events, numbers)
    shuffled, _ = hear_all(events, order)
    assert standing(r["transition"] for r in shuffled["transitions"]) == standing(
        r["transition"] for r in in_order["transitions"]
    )
    assert shuffled["not_opened"] == in_order["not_opened"]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_what_was_said__adds_up_to_what_stands_and_never_twice_the_same(data):
    events = data.draw(st.lists(carried, min_size=1, max_size=6))
    order = data.draw(st.permutations(list(range(1, len(events) + 1))))
    state, said = hear_all(events, order)
    last = {say.subject: say.data.transition.model_dump(mode="json") for say in said}
    assert last == {r["transition"]["transition_id"]: r["transition"] for r in state["transitions"]}
    assert sum(t["status"] != "withdrawn" for t in last.values()) <= 1
    assert len({say.id for say in said}) == len(said)
    withdrawn = [w.event_id for say in said for w in say.data.withdraws]
    assert set(withdrawn) <= {say.id for say in said}


@settings(max_examples=100, deadline=None)
@given(st.lists(carried, min_size=1, max_size=5))
def test_the_same_state_carried_again__says_nothing(events):
    desk = DeskOf()
    for n, event in enumerate(events, 1):
        heard(HANDLER, event, desk, n=n)
        before = desk.states[(COLLECTION, "encounter-1")]
        again = heard(HANDLER, event, desk, n=n + 100)
        assert again.say == ()
        assert again.state == before
