"""The simulated hospital's messages through the real admissions handler: what it tells is what is believed."""

from __future__ import annotations

import tomllib
from collections import Counter
from datetime import UTC, datetime
from importlib.resources import files
from random import Random

import pytest

from demo.hospital import Note, Sending, schedule
from shared.feeds import parse_feeds
from shared.schemas.encounters import EncounterEvent
from shared.stream.decisions import Refused
from tests.unit.admissions.house import Hearer, House

START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def heard(sendings: list[Sending]) -> tuple[House, list[Note]]:
    """The house that heard them, and what it refused."""
    house = House(profiles=parse_feeds(tomllib.loads((files("demo") / "data" / "feeds.toml").read_text())))
    refused = []
    for sending in sendings:
        try:
            house.hear(sending.body, feed=sending.feed)
        except Refused:
            refused.append(sending.note)
    return house, refused


def stages(house: House) -> dict[str, str]:
    """Visit number to where the stay stands."""
    return {
        visit["key"][-1]: encounter["stage"]
        for patient in house.patients
        for encounter in patient["encounters"].values()
        for visit in patient["visits"]
        if visit["visit_id"] == encounter["anchor"]
    }


def believed(house: House) -> dict[str, Hearer]:
    hearers: dict[str, Hearer] = {}
    for say in house.said:
        if not isinstance(say.data, EncounterEvent):
            continue
        hearers.setdefault(say.data.encounter.encounter_id, Hearer()).believe(say)
    return hearers


@pytest.mark.parametrize("seed", [1, 7])
def test_heard__only_poison_is_refused_and_nobody_must_look_but_at_who_was_told_wrongly(seed: int) -> None:
    house, refused = heard(schedule(seed, 60, 10, START))
    assert set(refused) == {Note.POISON}
    reviews = [review["code"] for patient in house.patients for review in patient["reviews"]]
    assert 0 < len(reviews) == house.types.count("moved")
    assert {*reviews} == {"told-of-another"}
    assert set(house.types) == {
        "registered",
        "admitted",
        "discharged",
        "updated",
        "cancelled",
        "discharge-withdrawn",
        "patient-merged",
        "moved",
    }


def test_heard__every_stay_is_believed_at_its_own_facility_and_zone() -> None:
    last = [hearer.last for hearer in believed(heard(schedule(7, 60, 10, START))[0]).values()]
    assert {(one.encounter.facility, one.encounter.zone) for one in last if one} == {
        ("NORTH", "America/New_York"),
        ("SUMMIT", "America/Denver"),
        ("LAKESIDE", "America/Chicago"),
        ("PRAIRIE", "America/Chicago"),
    }


def test_heard__the_cast_ends_as_its_plots_say() -> None:
    """`plots.CAST` in its order, with the sequels: of 16 first stays two are cancelled (the 7th and the 15th)."""
    house, _ = heard(schedule(7, 16, 12, START))
    ends = Counter(stages(house).values())
    assert ends["cancelled"] == 2
    # 14 first stays that ended, two that came back, one that was transferred; beside them the test message's stay
    assert ends["discharged"] == 17
    assert ends["admitted"] == 1
    versions = Counter(hearer.version for hearer in believed(house).values() if hearer.status == "finished")
    assert versions == {1: 16, 2: 1}
    told = [hearer.last for hearer in believed(house).values()]
    assert sum(one.patient.deceased for one in told if one) == 2


def test_heard__the_rest_of_the_cast_is_moved_planned_and_corrected() -> None:
    """The 17th to the 25th: seven stays end, the series goes on, of the plan nobody is told."""
    house, _ = heard([one for one in schedule(7, 25, 12, START) if is_of_the_rest(one)])
    ends = Counter(stages(house).values())
    assert (ends["discharged"], ends["registered"], ends["cancelled"]) == (7, 1, 1)
    hearers = believed(house).values()
    assert Counter(hearer.status for hearer in hearers) == {"finished": 7, "in-progress": 1}
    assert sorted(hearer.last.encounter.class_ for hearer in hearers if hearer.last) == [*"IIIIII", "R", "V"]
    assert not [one for one in hearers if one.last and one.last.patient.deceased], "the death was an error"


def is_of_the_rest(sending: Sending) -> bool:
    return sending.meant is not None and 17 <= sending.meant.visit.person.number <= 25


def test_heard__in_any_order_the_same_stands() -> None:
    """But of those who got another number on the way: under which of the two it is kept is no affair of ours."""
    everything = schedule(7, 60, 10, START)
    renumbered = {one.patient for one in everything if one.note is Note.RENUMBERED}
    sendings = [one for one in everything if one.patient not in renumbered]
    shuffled = Random(3).sample(sendings, len(sendings))  # noqa: S311  a shuffle, not a secret
    assert stages(heard(shuffled)[0]) == stages(heard(sendings)[0])
