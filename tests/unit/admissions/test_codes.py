"""Codes are kept as they were sent, and mean what the feed's profile says when something is decided."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

from services.admissions.domain.codes import AS_SENT, Codes
from services.admissions.handlers import COLLECTION, handlers
from shared.schemas.envelope import Event
from shared.schemas.timers import TimerDue
from shared.schemas.topics import ADMISSIONS_TIMERS
from shared.stream.codec import encode
from shared.stream.decisions import Decision
from shared.stream.records import Heard
from tests.builders import an_event
from tests.unit.admissions.accounts import belief, state_of
from tests.unit.admissions.house import SECRET, House, feeds, hearer_of
from tests.unit.admissions.messages import adt

ADMIT = adt("A01", "01 0905", **{"class": "INP"})
DISCHARGE = adt("A03", "03 1500", disposition="home", **{"class": "INP"})
UPDATE = adt("A08", "03 1600")


def with_visit(body: bytes, visit: str) -> bytes:
    """The message with this PV1."""
    lines = body.decode().rstrip("\r").split("\r")
    return "\r".join([visit if line.startswith("PV1") else line for line in lines]).encode() + b"\r"


def learn(house: House, **profile: Any) -> House:
    """The profile as somebody changed it while the service runs."""
    house.profiles.update(feeds(**profile))
    return house


def test_codes__stay_in_facts_and_registers_as_they_were_sent() -> None:
    profile = {"class_codes": {"INP": "I"}, "dispositions": {"HOME": "01"}, "admission_types": {"EM": "E"}}
    house = House(feeds(**profile, services={"MEDI": "MED"}))
    house.hear_all(with_visit(ADMIT, "PV1|1|Inp||em||||||medi|||||||||V1^^^NORTH^VN"), DISCHARGE)
    facts = {fact["trigger"]: fact for fact in house.encounter["facts"]}
    kept = {name: house.encounter["registers"][name]["value"] for name in ("admission_type", "hospital_service")}
    assert (facts["A01"]["own"]["class_"], facts["A03"]["own"]["discharge_disposition"]) == ("Inp", "home")
    assert kept == {"admission_type": "em", "hospital_service": "medi"}
    said = house.last.encounter
    assert (said.class_, said.disposition, said.admission_type, said.hospital_service) == ("I", "01", "E", "MED")


def test_codes__learnt_between_two_messages_count_for_what_was_sent_before() -> None:
    house = House().hear_all(ADMIT, DISCHARGE)
    before = house.last.encounter
    learn(house, class_codes={"INP": "I"}, dispositions={"HOME": "01"}).hear(UPDATE)
    after = house.last.encounter
    assert (before.class_, before.disposition) == ("INP", "HOME")
    assert (after.class_, after.disposition, after.discharge_version) == ("I", "01", 1)


def test_codes__an_expired_one_that_is_learnt_says_that_the_patient_died() -> None:
    house = House().hear_all(ADMIT, DISCHARGE)
    assert not house.last.patient.deceased
    assert learn(house, dispositions={"HOME": "20"}).hear_all(UPDATE).last.patient.deceased


def test_codes__a_series_that_is_learnt_was_never_over() -> None:
    house = House().hear_all(adt("A04", "01 0905", **{"class": "SER"}), adt("A03", "30 1500", **{"class": "SER"}))
    learn(house, class_codes={"SER": "R"}).hear(adt("A08", "30 1600"))
    assert house.types == ["registered", "discharged", "discharge-withdrawn"]
    assert house.encounter["stage"] == "registered"


def test_codes__observation_outweighs_whatever_its_class_is_mapped_to() -> None:
    observed = "PV1|1|{}||||||||||||||||OBS|V1^^^NORTH^VN"
    house = House(feeds(class_codes={"V": "I"}, observation={"patient_types": ["OBS"]}))
    for class_ in ("I", ""):
        house.hear(with_visit(adt("A08", "01 0905", control=f"c{class_}"), observed.format(class_)))
    house.hear(with_visit(adt("A01", "01 0905"), observed.format("E")))
    assert house.last.encounter.class_ == "V"
    assert house.encounter["facts"][0]["own"]["class_"] == "E"
    house.hear(with_visit(adt("A08", "01 1200"), "PV1|1|V||||||||||||||||INP|V1^^^NORTH^VN"))
    assert house.last.encounter.class_ == "I"


def test_codes__an_update_moves_the_stay_by_what_its_class_means() -> None:
    house = House(feeds(a08_class="moves", class_codes={"INP": "I"}, observation={"patient_types": ["OBS"]}))
    house.hear_all(adt("A04", "01 0905", **{"class": "E"}), adt("A08", "01 1200", **{"class": "inp"}))
    assert house.encounter["stage"] == "admitted"
    house.hear(with_visit(adt("A08", "01 1300"), "PV1|1|INP||||||||||||||||OBS|V1^^^NORTH^VN"))
    assert (house.encounter["stage"], house.last.encounter.class_) == ("registered", "V")


def test_codes__of_a_feed_that_has_no_profile_any_more_are_as_sent() -> None:
    assert Codes({}).meaning("discharge_disposition", "north", " home ") == "HOME"
    assert AS_SENT.meaning("hospital_service", "north", "Med") == "Med"


LEARNT_AT = datetime(2026, 11, 4, 12, tzinfo=UTC)


def decide_again(house: House, aggregate: str = "", at: datetime = LEARNT_AT) -> Decision:
    """The word of a process that has read the profiles anew."""
    id_ = aggregate or house.patient["patient_id"]
    saying = encode(
        an_event(TimerDue(aggregate=id_, alarm="codes:r2", due=at), id=f"timer-{at}-{aggregate}"),
        ADMISSIONS_TIMERS.name,
    )
    handler = handlers(house.profiles, SECRET)[ADMISSIONS_TIMERS.name]
    fact = handler.read(Heard(saying.topic, 0, 0, saying.key, saying.value, saying.headers))
    return house.apply(handler.decide(fact, house.desk))


def unmapped(house: House) -> list[tuple[str, str]]:
    return [(one["code"], one["since"][:16]) for one in house.patient["unmapped"]]


def test_unmapped__what_is_in_no_table_and_no_map_since_it_was_recorded() -> None:
    house = House(feeds(class_codes={"ER": "E"}, services={"MEDI": "MED"}))
    house.hear(with_visit(adt("A04", "01 0905"), "PV1|1|ER||xx||||||medi|||||||||V1^^^NORTH^VN"))
    assert unmapped(house) == [("north|PV1-4|XX", "2026-11-01T14:05")]
    decision = house.hear(with_visit(adt("A08", "01 1000"), "PV1|1|Inp||E||||||surg|||||||||V1^^^NORTH^VN"))
    assert unmapped(house) == [("north|PV1-10|SURG", "2026-11-01T15:00"), ("north|PV1-2|INP", "2026-11-01T15:00")]
    assert decision is not None
    assert decision.metrics["codes_unmapped"] == 2


def test_unmapped__a_service_only_where_the_feed_maps_services() -> None:
    house = House().hear_all(with_visit(adt("A01", "01 0905"), "PV1|1|I||||||||medi|||||||||V1^^^NORTH^VN"))
    assert unmapped(house) == []


def test_unmapped__a_disposition_only_of_a_stay_that_is_over() -> None:
    early, over = adt("A08", "02 1000", disposition="home"), adt("A03", "03 1500")
    house = House().hear_all(adt("A01", "01 0905"), early)
    assert unmapped(house) == []
    assert unmapped(house.hear_all(over)) == [("north|PV1-36|HOME", "2026-11-02T15:00")]
    house.hear(adt("A13", "03 1600", happened="03 1500"))
    assert unmapped(house) == []


def test_unmapped__nothing_of_a_stay_that_never_was_nor_of_an_observed_class() -> None:
    house = House(feeds(observation={"patient_types": ["OBS"]}))
    house.hear(with_visit(adt("A01", "01 0905"), "PV1|1|INP||||||||||||||||OBS|V1^^^NORTH^VN"))
    house.hear_all(adt("A01", "01 0906", visit="V2^^^NORTH^VN", **{"class": "INP"}))
    assert unmapped(house) == [("north|PV1-2|INP", "2026-11-01T14:06")]
    house.hear(adt("A11", "01 1000", visit="V2^^^NORTH^VN", happened="01 0906"))
    assert unmapped(house) == []


def test_unmapped__of_several_stays_once_and_since_the_earliest() -> None:
    late = adt("A01", "05 0905", visit="V2^^^NORTH^VN", **{"class": "INP"})
    for messages in ((ADMIT, late), (late, ADMIT)):
        assert unmapped(House().hear_all(*messages)) == [("north|PV1-2|INP", "2026-11-01T14:05")]


def test_codes__in_any_order_of_the_messages() -> None:
    messages = (ADMIT, DISCHARGE, UPDATE, adt("A08", "02 1000", **{"class": "ELSE"}))
    profile = {"dispositions": {"HOME": "01"}}
    ends = [House(feeds(**profile)).hear_all(*order) for order in permutations(messages)]
    assert unmapped(ends[0]) == []
    assert ends[0].last.encounter.disposition == "01"
    assert all(state_of(end) == state_of(ends[0]) for end in ends)
    assert all(belief(hearer_of(end.said)) == belief(hearer_of(ends[0].said)) for end in ends)


def test_again__a_disposition_that_is_mapped_amends_the_discharge() -> None:
    house = House().hear_all(ADMIT, DISCHARGE)
    (admitted, discharged), before = house.said, house.patient
    learn(house, dispositions={"HOME": "01"}, class_codes={"INP": "I"})
    decide_again(house)
    assert house.types == ["admitted", "discharged", "updated"]
    assert (house.last.encounter.disposition, house.last.encounter.class_) == ("01", "I")
    assert [one.event_id for one in house.last.amends] == [discharged.id]
    assert (house.last.occurred_at, house.said[-1].feed) == (LEARNT_AT, "north")
    assert unmapped(house) == []
    assert before["unmapped"] != []
    assert admitted.key == house.said[-1].key


def test_again__ends_as_if_the_code_had_been_known() -> None:
    known = House(feeds(dispositions={"HOME": "20"})).hear_all(ADMIT, DISCHARGE)
    learnt = House().hear_all(ADMIT, DISCHARGE)
    decide_again(learn(learnt, dispositions={"HOME": "20"}))
    assert belief(hearer_of(learnt.said)) == belief(hearer_of(known.said))
    assert learnt.last.patient.deceased


def test_again__nothing_while_the_code_is_unknown_and_nothing_twice() -> None:
    house = House().hear_all(ADMIT, DISCHARGE)
    assert decide_again(house).metrics == {"timer-stale": 1}
    learn(house, dispositions={"HOME": "01"})
    decide_again(house)
    said = len(house.said)
    assert decide_again(house).metrics == {"timer-stale": 1}
    assert decide_again(house, "nobody").metrics == {"timer-stale": 1}
    assert len(house.said) == said
    assert unmapped(house) == [("north|PV1-2|INP", "2026-11-03T20:00")]


def test_again__a_stay_that_nobody_follows_any_more_leaves_the_list_and_is_not_told() -> None:
    house = House().hear_all(adt("A01", "01 0905"), adt("A03", "03 1500", disposition="home"))
    learn(house, dispositions={"HOME": "01"})
    decide_again(house, at=LEARNT_AT + timedelta(days=61))
    assert house.types == ["admitted", "discharged"]
    assert unmapped(house) == []


def test_again__passes_what_is_no_timer() -> None:
    handler = handlers(feeds(), SECRET)[ADMISSIONS_TIMERS.name]
    house = House().hear_all(ADMIT)
    event: Event[Any] = an_event(house.said[0].data)
    saying = encode(event, ADMISSIONS_TIMERS.name)
    assert handler.read(Heard(saying.topic, 0, 0, saying.key, saying.value, saying.headers)) is None


def test_again__not_of_a_document_that_another_took_in() -> None:
    house = House().hear_all(ADMIT)
    taken = {**house.patient, "patient_id": "taken", "alias_of": house.patient["patient_id"]}
    house.desk.states[(COLLECTION, "taken")] = taken
    learn(house, class_codes={"INP": "I"})
    assert decide_again(house, "taken").metrics == {"timer-stale": 1}


def test_a08_moves__a_class_that_nobody_knows_moves_nothing_until_it_is_mapped() -> None:
    house = House(feeds(a08_class="moves"))
    house.hear_all(adt("A04", "01 0905", **{"class": "E"}), adt("A08", "01 1200", **{"class": "INP"}))
    assert house.encounter["stage"] == "registered"
    decide_again(learn(house, a08_class="moves", class_codes={"INP": "I"}))
    assert house.encounter["stage"] == "admitted"
    assert house.types == ["registered", "updated", "admitted"]
