"""A message read anew: as it was read it changes nothing; as the profile is now, what is other is said and no more.

Worked out by hand: hospital north is in New York (UTC-5 in November), Chicago is an hour behind it.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.schemas.encounters import EncounterEvent, EncounterUpdated
from shared.stream.codec import REREAD
from shared.stream.decisions import Say, SetAside
from tests.unit.admissions.accounts import standing
from tests.unit.admissions.house import House, a_raw_record, feeds, hearers_of
from tests.unit.admissions.messages import adt
from tests.unit.admissions.saga_accounts import Saga
from tests.unit.admissions.sagas import LONG, POOL, SAGAS
from tests.unit.admissions.stories import ADMIT, DISCHARGE, STORIES, Story
from tests.unit.admissions.stories2 import DESCRIBING, MOVING
from tests.unit.admissions.walks import Sent


def reread(house: House, *messages: Sent | bytes, asked: str = "once") -> list[Say]:
    """Read these anew, in this order; what is said of it."""
    before = len(house.said)
    for message in messages:
        feed, value = message if isinstance(message, tuple) else ("north", message)
        record = a_raw_record(value, feed=feed)
        read = house.handler.read(replace(record, headers=(*record.headers, (REREAD, asked.encode()))))
        assert isinstance(read, tuple)
        for fact in read:
            house.apply(house.handler.decide(fact, house.desk))
    return house.said[before:]


def after(house: House, **changes: Any) -> House:
    """The house with another profile of north, from now on."""
    house.profiles["north"] = feeds(**changes)["north"]
    return house


def kinds(said: Sequence[Say]) -> list[str]:
    return [say.data.TYPE.split(".")[1] for say in said]


def nothing_changes(house: House, messages: Sequence[Sent | bytes], asked: str = "once") -> None:
    states, claims = copy.deepcopy(house.desk.states), dict(house.desk.claims)
    assert reread(house, *messages, asked=asked) == []
    assert house.desk.states == states
    assert house.desk.claims == claims


@pytest.mark.parametrize("story", [*STORIES, *MOVING, *DESCRIBING], ids=lambda story: story.name)
def test_reread__of_a_story_by_the_same_profile_changes_nothing(story: Story) -> None:
    house = House().hear_all(*story.messages)
    nothing_changes(house, story.messages)
    nothing_changes(house, story.messages[::-1], "twice")


@pytest.mark.parametrize("saga", [*SAGAS, *LONG], ids=lambda saga: saga.name)
def test_reread__of_several_patients_by_the_same_profile_changes_nothing(saga: Saga) -> None:
    house = House(feeds(**saga.profile))
    for feed, value in Random(5).sample(saga.messages, len(saga.messages)):  # noqa: S311  an order, not a secret
        house.hear(value, feed)
    nothing_changes(house, saga.messages)
    nothing_changes(house, saga.messages[::-1], "twice")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(POOL), min_size=1, max_size=10), st.integers(0, 2**32))
def test_reread__of_any_messages_in_any_order_by_the_same_profile_changes_nothing(
    messages: list[Sent], seed: int
) -> None:
    house = House()
    for feed, value in messages:
        house.hear(value, feed)
    heard = [one for one in messages if _is_heard(house, one)]
    nothing_changes(house, Random(seed).sample(heard, len(heard)))  # noqa: S311  an order, not a secret


def _is_heard(house: House, message: Sent) -> bool:
    try:
        return house.handler.read(a_raw_record(message[1], feed=message[0])) is not None
    except SetAside:
        return False


IN_WEST = adt("A01", "01 0905", start="01 0900", location="4W^12^A^WEST")
OUT_WEST = adt("A03", "03 1505", end="03 1500", disposition="01", location="4W^12^A^WEST")


def when(said: Say) -> tuple[str, str]:
    """When it is said to have begun and ended."""
    assert isinstance(said.data, EncounterEvent)
    encounter = said.data.encounter
    return tuple(f"{one.instant:%d %H:%M}" if one else "" for one in (encounter.admitted_at, encounter.discharged_at))  # type: ignore[return-value]


def test_reread__in_another_zone_updates_the_times_and_says_no_event_again() -> None:
    house = after(House().hear_all(ADMIT, DISCHARGE), zone="America/Chicago")
    assert when(house.said[-1]) == ("01 14:00", "03 20:00")
    said = reread(house, ADMIT, DISCHARGE)
    assert kinds(said) == ["updated", "updated"]
    assert when(said[-1]) == ("01 15:00", "03 21:00")
    nothing_changes(house, (ADMIT, DISCHARGE), "twice")
    (hearer,) = hearers_of(house).values()
    assert standing(hearer) == standing(next(iter(hearers_of(House().hear_all(ADMIT, DISCHARGE)).values())))


def test_reread__with_a_facility_that_is_known_by_now() -> None:
    house = House().hear_all(IN_WEST, OUT_WEST)
    assert house.last.encounter.facility == "NORTH"
    after(house, facility_zones={"WEST": "America/Chicago"})
    said = reread(house, IN_WEST, OUT_WEST)
    assert kinds(said) == ["updated", "updated"]
    assert (house.last.encounter.facility, house.last.encounter.zone) == ("WEST", "America/Chicago")
    assert when(said[-1]) == ("01 15:00", "03 21:00")
    nothing_changes(house, (OUT_WEST, IN_WEST), "twice")


def test_reread__of_some_messages_only_changes_what_these_say() -> None:
    house = after(House().hear_all(ADMIT, DISCHARGE), zone="America/Chicago")
    said = reread(house, DISCHARGE)
    assert when(said[-1]) == ("01 14:00", "03 21:00")


def test_reread__each_asking_has_events_of_its_own() -> None:
    house = after(House().hear_all(ADMIT), zone="America/Chicago")
    (first,) = reread(house, ADMIT, asked="once")
    after(house, zone="America/Denver")
    (second,) = reread(house, ADMIT, asked="twice")
    assert len({say.id for say in house.said}) == 3
    assert when(first) != when(second)
    assert reread(house, ADMIT, asked="twice") == []


def test_reread__a_name_in_another_charset() -> None:
    message = ADMIT.replace(b"100200^^^NORTH^MR", b"100200^^^NORTH^MR||M\xfcller^Ann")
    house = House(feeds(charset="iso8859-5")).hear_all(message)
    after(house, charset="latin-1")
    (said,) = reread(house, message)
    assert isinstance(said.data, EncounterUpdated)
    name = said.data.patient.name
    assert name is not None
    assert name.family == "Müller"


def test_reread__what_is_not_read_today_is_empty_until_older_messages_are_read_again_too() -> None:
    """The limit, and the way out of it: a register does not hold what stood there before."""
    east, west = {"EAST": "America/New_York"}, {"WEST": "America/Chicago"}
    early = of("7^^^NORTH^MR", "A08", "02 0905", location="4W^12^A^EAST")
    late = of("7^^^NORTH^MR", "A08", "03 0905", location="4W^12^A^WEST")
    house = House(feeds(facility_zones=east | west)).hear_all(of("7^^^NORTH^MR"), early, late)
    assert house.last.encounter.facility == "WEST"
    after(house, facility_zones=east)
    reread(house, late)
    assert house.last.encounter.facility == "NORTH"  # where no facility is known, whoever sent it
    reread(house, early)
    assert house.last.encounter.facility == "EAST"


def of(number: str, trigger: str = "A01", at: str = "01 0905", visit: str = "V1", **said: Any) -> bytes:
    """A message of whoever has these numbers in PID-3."""
    control = f"{trigger}-{at}-{visit}".replace(" ", "")
    return adt(trigger, at, mrn=number, start="01 0900", visit=f"{visit}^^^NORTH^VN", control=control, **said)


def people(house: House) -> list[tuple[str, str, str]]:
    """Of each stay the number of the patient whom it was told of, if any, its status and its visit number."""
    numbers = {one["patient_id"]: one["key"].rpartition("|")[2] for state in house.patients for one in state["records"]}
    told = {say.subject: data for say, data in house.told}
    found = [(numbers[one.patient.patient_id], one.encounter) for one in told.values()]
    return sorted((who, one.status, one.visit_number.value) for who, one in found if one.visit_number)


def test_reread__a_placeholder_beside_two_patients_parts_them_and_ends_the_review() -> None:
    messages = of("0^^^NORTH^PI~1^^^NORTH^MR"), of("0^^^NORTH^PI~2^^^NORTH^MR", visit="V2")
    house = House().hear_all(*messages)
    assert [one["code"] for one in house.patient["reviews"]] == ["claimed-by-another"] * 2
    after(house, placeholders=["0"])
    assert kinds(reread(house, *messages)) == ["updated", "updated"]  # it is no number of theirs
    assert (house.patient["reviews"], [one["beside"] for one in house.patient["records"]]) == ([], [[], []])
    nothing_changes(house, messages, "twice")


def test_reread__a_placeholder_that_was_the_best_number_gives_each_his_own_stay() -> None:
    messages = of("0^^^NORTH^MR~1^^^NORTH^PI"), of("0^^^NORTH^MR~2^^^NORTH^PI", visit="V2")
    house = House().hear_all(*messages)
    assert people(house) == [("0", "in-progress", "V1"), ("0", "in-progress", "V2")]
    after(house, placeholders=["0"])
    reread(house, *messages)
    assert people(house) == [
        ("0", "cancelled", "V1"),
        ("0", "cancelled", "V2"),
        ("1", "in-progress", "V1"),
        ("2", "in-progress", "V2"),
    ]
    nothing_changes(house, messages[::-1], "twice")


@pytest.mark.parametrize(
    ("changes", "ends"),
    [({"placeholders": ["0"]}, ["finished", "in-progress"]), ({"test_numbers": ["0"]}, ["finished"])],
    ids=["nobody", "made-up"],
)
def test_reread__who_is_somebody_else_by_now_is_taken_back_where_he_was(
    changes: dict[str, Any], ends: list[str]
) -> None:
    """Each message without a number is of a patient of its own; one whom the site made up is one."""
    messages = of("0^^^NORTH^MR"), of("0^^^NORTH^MR", "A03", "03 1505", end="03 1500")
    house = after(House().hear_all(*messages), **changes)
    before = house.patient["patient_id"]
    said = reread(house, *messages)
    assert [say.key for say in said if kinds([say]) == ["cancelled"]] == [before]
    stays = [(state["patient_id"] == before, one) for state in house.patients for one in state["encounters"].values()]
    assert [one["said"]["status"] for is_old, one in stays if is_old] == ["cancelled"]
    assert sorted(one["said"]["status"] for is_old, one in stays if not is_old) == ends
    assert [standing(hearer) for id_, hearer in hearers_of(house).items() if hearer.status == "cancelled"] == [""]
    nothing_changes(house, messages, "twice")


def test_reread__a_number_from_a_further_field_leads_the_same_person() -> None:
    message = of("77^^^NORTH^MR").replace(b"PID|||77", b"PID||1^^^NORTH^MR|77")
    house = after(House().hear_all(message), patient_fields=["PID-2", "PID-3"])
    assert kinds(reread(house, message)) == ["updated", "merged"]
    assert people(house) == [("1", "in-progress", "V1")]
    nothing_changes(house, (message,), "twice")


def test_reread__a_patient_without_a_number_has_one_by_now() -> None:
    message = of("77^^^WEST^MR")
    house = House().hear_all(message)
    assert [one["key"] for one in house.patient["records"]] == [""]
    after(house, trusted_authorities=["WEST"])
    assert sorted(kinds(reread(house, message))) == ["admitted", "cancelled"]
    assert people(house) == [("", "cancelled", "V1"), ("77", "in-progress", "V1")]
    nothing_changes(house, (message,), "twice")


def test_reread__of_a_merge_takes_its_repair_along() -> None:
    merge = of("1^^^NORTH^MR", "A40", "02 1200", visit="", extra=["MRG|0^^^NORTH^MR~2^^^NORTH^PI"], **{"class": ""})
    house = House().hear_all(merge)
    (repair,) = house.patient["repairs"]
    assert repair["record"] == "tenant-1|NORTH|MR|0"
    reread(after(house, placeholders=["0"]), merge)
    (again,) = house.patient["repairs"]
    assert (again["record"], again["repair_id"]) == ("tenant-1|NORTH|PI|2", repair["repair_id"])


def test_reread__of_what_was_never_heard_is_heard() -> None:
    house = House()
    assert kinds(reread(house, ADMIT, DISCHARGE)) == ["admitted", "discharged"]
    said = len(house.said)
    house.hear_all(ADMIT, DISCHARGE)
    assert len(house.said) == said


def test_reread__of_a_number_that_was_merged_away_is_looked_for_once() -> None:
    """The document of another number of the message may be the one that it goes into."""
    message = of("1^^^NORTH^MR~77^^^WEST^MR")
    house = House(feeds(trusted_authorities=["WEST"])).hear_all(message)
    after(house)
    reread(house, message)
    assert [one["beside"] for one in house.patient["records"]] == [["tenant-1|WEST|MR|77"]]  # it only adds up
    nothing_changes(house, (message,), "twice")
