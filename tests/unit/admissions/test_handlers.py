"""What admissions hears, sets aside and refuses, and what it decides of a message it knows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.admissions.handlers import COLLECTION, handlers
from services.admissions.store import INDEXES
from shared.schemas.commands import CancelTask, DecideIdentity, IdentityCommand, UndoRepair
from shared.schemas.encounters import EncounterDischarged
from shared.schemas.envelope import Mode, derived_id
from shared.schemas.identifiers import Identifier
from shared.schemas.topics import COMMANDS, heard_by
from shared.stream.decisions import Fact, Refs, Refused, SetAside
from shared.telemetry import registry
from tests.builders import a_record
from tests.unit.admissions.house import SECRET, TOPIC, House, a_raw_record, feeds
from tests.unit.admissions.messages import adt
from tests.unit.admissions.stories import ADMIT, CANCEL_DISCHARGE, DISCHARGE, MOVED_HOUSE, REGISTER


def test_handlers__hear_every_topic_of_admissions() -> None:
    assert set(handlers(feeds(), SECRET)) == {topic.name for topic in heard_by("admissions")}


def flagged(flag: str, feed: str = "north") -> float:
    return registry.get_sample_value("care_messages_flagged_total", {"feed": feed, "flag": flag}) or 0.0


def test_read__counts_by_feed_what_had_to_be_assumed() -> None:
    handler = handlers(feeds(), SECRET)[TOPIC]
    before = flagged("charset_assumed"), flagged("line_ends_mixed")
    handler.read(a_raw_record(ADMIT.replace(b"PID|", b"PID|\xe4")))
    handler.read(a_raw_record(ADMIT))
    assert (flagged("charset_assumed"), flagged("line_ends_mixed")) == (before[0] + 1, before[1])


def test_read__a_flag_that_a_sender_made_up_is_no_label() -> None:
    event = handlers(feeds(), SECRET)[TOPIC].read(a_raw_record(ADMIT))
    assert isinstance(event, Fact)
    made_up = event.body.event.model_copy(update={"flags": ("Canarybird", "unreadable_time")})
    before = flagged("unreadable_time")
    value = made_up.model_dump_json(by_alias=True).encode()
    handlers(feeds(), SECRET)[TOPIC].read(a_raw_record(value, content_type="application/json"))
    assert (flagged("unreadable_time"), flagged("Canarybird")) == (before + 1, 0)


def test_handlers__without_an_identity_secret() -> None:
    with pytest.raises(ValueError, match="empty"):
        handlers(feeds(), b"")


IDENTITY_WORD = {"command_id": "1", "actor": Identifier(value="registrar-4"), "reason": "registered-twice"}


@pytest.mark.parametrize(
    ("word", "refs"),
    [
        (
            DecideIdentity(documents=("p-1",), records=("t|N|MR|1", "t|N|MR|2"), verdict="same", **IDENTITY_WORD),
            Refs(COLLECTION, ("p-1",), ("t|N|MR|1", "t|N|MR|2")),
        ),
        (UndoRepair(document="p-1", repair_id="r-1", **IDENTITY_WORD), Refs(COLLECTION, ("p-1",), ())),
    ],
)
def test_read__a_persons_word_about_identity_names_the_documents(word: IdentityCommand, refs: Refs) -> None:
    fact = handlers(feeds(), SECRET)[COMMANDS.name].read(a_record(word))
    assert isinstance(fact, Fact)
    assert fact.refs == (refs,)


def test_read__commands_about_a_task_are_passed() -> None:
    by_topic = handlers(feeds(), SECRET)
    task = {"command_id": "1", "transition_id": "t-1", "task_id": "task-1", "actor": Identifier(value="nurse-1")}
    assert by_topic[COMMANDS.name].read(a_record(CancelTask(reason="duplicate", **task))) is None


def test_store__declares_indexes_of_its_collection_only() -> None:
    assert {collection for collection, _, _ in INDEXES} == {COLLECTION}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"MSH|^~\\&|LAB|NORTH|||20261103||ORU^R01|1|P|2.5.1\rPID|||1^^^NORTH^MR\r", "not-adt"),
        (adt("A09", "02 0900"), "trigger-a09"),
        (adt("A24", "02 0900"), "trigger-a24"),
        (adt("A99", "02 0900"), "trigger-unknown"),
    ],
)
def test_read__sets_aside_what_it_does_not_act_on_and_says_what_it_was(value: bytes, code: str) -> None:
    with pytest.raises(SetAside) as aside:
        handlers(feeds(), SECRET)[TOPIC].read(a_raw_record(value))
    assert aside.value.code == code
    house = House()
    assert house.hear(value) is None
    assert house.patients == []


def test_read__of_a_feed_that_is_off() -> None:
    assert House().hear(ADMIT, mode=Mode.OFF) is None


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (a_raw_record(ADMIT, feed="west"), "feed-unknown"),
        (a_raw_record(ADMIT, content_type="text/plain"), "content-type-unknown"),
        (a_raw_record(b"{}", content_type="application/json"), "json-missing"),
        (a_raw_record(b"MSH|^~\\&|ADT|NORTH|||20261103||ADT^A01|1|P|2.5.1\rEVN|A01|20261103\r"), "no-patient"),
        (a_raw_record(b"MSH|^~\\&|ADT|NORTH|||||ADT^A01|1|P|2.5.1\rPID|||1^^^NORTH^MR\r"), "no-time"),
        (a_raw_record(b""), "empty"),
    ],
)
def test_read__refuses_with_a_code(record: Any, code: str) -> None:
    with pytest.raises(Refused) as refused:
        handlers(feeds(), SECRET)[TOPIC].read(record)
    assert (refused.value.code, str(refused.value)) == (code, code)


def test_read__the_same_event_as_json_of_the_feed_of_its_door() -> None:
    handler = handlers(feeds(), SECRET)[TOPIC]
    er7 = handler.read(a_raw_record(DISCHARGE))
    assert er7 is not None
    event = er7.body.event
    sent = event.model_copy(update={"feed": "says-it-is-another"}).model_dump_json(by_alias=True).encode()
    as_json = handler.read(a_raw_record(sent, content_type="application/json"))
    assert as_json is not None
    assert (as_json.body.event, as_json.refs) == (event, er7.refs)


def test_read__json_as_loosely_as_er7() -> None:
    """A trigger in any case; the zero that a program lost of PV1-36 (NUBC UB-04 FL17: 1 is 01)."""
    handler = handlers(feeds(), SECRET)[TOPIC]
    event = handler.read(a_raw_record(DISCHARGE)).body.event  # type: ignore[union-attr]
    encounter = event.encounter.model_copy(update={"discharge_disposition": "1"})
    sent = event.model_copy(update={"trigger": " a03 ", "encounter": encounter}).model_dump_json(by_alias=True)
    as_json = handler.read(a_raw_record(sent.encode(), content_type="application/json"))
    assert as_json is not None
    assert (as_json.body.event.trigger, as_json.body.event.encounter.discharge_disposition) == ("A03", "01")


def test_read__refuses_json_of_a_time_without_an_offset() -> None:
    """The contract says aware; an hour that nobody knows must not become one of ours."""
    handler = handlers(feeds(), SECRET)[TOPIC]
    event = handler.read(a_raw_record(DISCHARGE)).body.event  # type: ignore[union-attr]
    sent = json.loads(event.model_dump_json(by_alias=True))
    sent["occurred_at"]["instant"] = "2026-11-03T15:00:00"
    with pytest.raises(Refused, match="json-timezone-aware"):
        handler.read(a_raw_record(json.dumps(sent).encode(), content_type="application/json"))


def test_read__refuses_json_without_a_time() -> None:
    handler = handlers(feeds(), SECRET)[TOPIC]
    event = handler.read(a_raw_record(DISCHARGE)).body.event  # type: ignore[union-attr]
    timeless = event.model_copy(update={"occurred_at": event.occurred_at.model_copy(update={"instant": None})})
    with pytest.raises(Refused, match="no-time"):
        handler.read(a_raw_record(timeless.model_dump_json(by_alias=True).encode(), content_type="application/json"))


def test_read__names_what_must_be_loaded() -> None:
    fact = handlers(feeds(), SECRET)[TOPIC].read(a_raw_record(adt("A01", "01 0905", mrn="7^^^NORTH^MR~9^^^STATE^PE")))
    assert fact is not None
    assert not fact.stream
    (refs,) = fact.refs
    assert (refs.collection, len(refs.ids)) == (COLLECTION, 1)
    assert refs.claims == ("tenant-1|NORTH|MR|7", "tenant-1|STATE|PE|9")


def test_decide__says_the_discharge_under_the_patient_key() -> None:
    house = House()
    decision = house.hear(DISCHARGE)
    assert decision is not None
    (say,) = decision.say
    assert isinstance(say.data, EncounterDischarged)
    assert decision.key == say.key == decision.id == say.data.patient.patient_id
    assert say.subject == say.data.encounter.encounter_id
    assert say.id == derived_id(a_raw_record(DISCHARGE).header("ce_id"), "encounter.discharged.v1", say.subject)
    assert decision.claims == ("tenant-1|NORTH|MR|100200",)


@pytest.mark.parametrize("message", [ADMIT, MOVED_HOUSE, CANCEL_DISCHARGE], ids=["fact", "update", "waiting-cancel"])
def test_decide__a_message_known_again_changes_nothing(message: bytes) -> None:
    house = House().hear_all(message)
    decision = house.hear(message)
    assert decision is not None
    assert (decision.id, decision.state, decision.say) == (house.patient["patient_id"], None, ())
    assert decision.metrics == {"known_again": 1}


def test_decide__a_fact_known_again_after_the_profile_changed() -> None:
    house = House().hear_all(ADMIT)
    later = House(feeds(class_codes={"I": "O"}), house.desk)
    decision = later.hear(ADMIT)
    assert decision is not None
    assert decision.state is None


def test_decide__the_same_control_id_with_other_bytes_is_another_message() -> None:
    house = House().hear_all(ADMIT, ADMIT.replace(b"|I|", b"|V|"))
    assert len(house.encounter["facts"]) == 2


def test_decide__counts_reviews() -> None:
    house = House().hear_all(adt("A01", "01 0905", born="19410506"))
    decision = house.hear(adt("A08", "01 1005", born="19410507"))
    assert decision is not None
    assert decision.metrics == {"reviews_opened": 1}


def test_decide__the_whole_state_travels_in_every_event() -> None:
    house = House().hear_all(
        adt(
            "A01",
            "01 0905",
            start="01 0900",
            name="Testperson^Ada^B^Jr^Dr^^L",
            born="19410506",
            sex="f",
            language="eng",
            address="1 Main St^Apt 2^Albany^NY^12207^USA^H",
            phone="5185550100^PRN^PH~^NET^Internet^ada@example.org",
            account="ACC1^^^NORTH^AN",
            location="4W^12^A^NORTH",
            admission="e",
            service="MED",
            expected="04 1200",
        )
    )
    assert house.types == ["admitted"]
    said = house.last.model_dump(mode="json")
    assert said["patient"] == {
        "patient_id": house.patient["patient_id"],
        "identifiers": [{"value": "100200", "assigner": "NORTH", "type": "MR"}],
        "name": {"family": "Testperson", "given": "Ada", "middle": "B", "prefix": "Dr", "suffix": "Jr"},
        "birth_date": "1941-05-06",
        "sex": "F",
        "language": "eng",
        "telecoms": [
            {"system": "phone", "value": "5185550100", "use": "PRN"},
            {"system": "email", "value": "ada@example.org", "use": "NET"},
        ],
        "addresses": [
            {
                "lines": ["1 Main St", "Apt 2"],
                "city": "Albany",
                "state": "NY",
                "postal_code": "12207",
                "country": "USA",
                "use": "H",
            }
        ],
        "deceased": False,
        "identity_unknown": False,
        "identity_disputed": False,
        "also_known_as": [],
    }
    assert said["encounter"] == {
        "encounter_id": house.encounter["encounter_id"],
        "status": "in-progress",
        "class": "I",
        "visit_number": {"value": "V1", "assigner": "NORTH", "type": "VN"},
        "account_number": {"value": "ACC1", "assigner": "NORTH", "type": "AN"},
        "facility": "NORTH",
        "zone": "America/New_York",
        "location": {"point_of_care": "4W", "room": "12", "bed": "A", "facility": "NORTH"},
        "admission_type": "E",
        "hospital_service": "MED",
        "admitted_at": {"instant": "2026-11-01T14:00:00Z", "precision": "minute", "flags": ["no-offset"]},
        "discharged_at": None,
        "expected_discharge_at": {"instant": "2026-11-04T17:00:00Z", "precision": "minute", "flags": ["no-offset"]},
        "disposition": "",
        "discharged_to": "",
        "discharge_version": 0,
        "protected": False,
        "on_leave": False,
        "closed_by": "",
        "merged_into": "",
        "rebuilt": False,
        "other_numbers": [],
        "joined_by": [],
        "labels": [],
        "greatest_age_s": 0,
        "returns": None,
        "returned": None,
        "risk": {
            "algorithm": "lace",
            "version": 1,
            "value": 3,
            "low": 3,
            "high": 19,
            "inputs": {
                "length_days": "0",
                "admission_type": "E",
                "from_emergency": "false",
                "categories": "",
                "emergency_visits": "0",
                "known_since": "2026-11-01",
                "L": "0",
                "A": "3",
                "C": "0",
                "E": "0",
            },
            "missing": ["L", "C", "E"],
            "state": "provisional",
            "as_of": "2026-11-01T14:00:00Z",
        },
    }
    assert said["occurred_at"] == "2026-11-01T14:00:00Z"


def test_decide__a_test_message_does_not_touch_the_real_patient() -> None:
    house = House().hear_all(ADMIT, adt("A03", "03 1505", end="03 1500", processing="T"))
    real, training = sorted(house.patients, key=lambda patient: str(patient["processing_id"]))
    assert (real["processing_id"], training["processing_id"]) == ("P", "T")
    assert training["claims"] == ["tenant-1~T|NORTH|MR|100200"]
    assert [encounter["stage"] for encounter in real["encounters"].values()] == ["admitted"]
    assert house.last.processing_id == "T"


def test_decide__no_processing_id_is_production() -> None:
    house = House().hear_all(adt("A01", "01 0905", processing=""))
    assert house.last.processing_id == "P"


def test_decide__no_patient_data_in_keys_subjects_and_ids() -> None:
    house = House().hear_all(REGISTER, ADMIT, DISCHARGE)
    for say in house.said:
        assert "100200" not in f"{say.key}{say.id}{say.subject}"
        assert say.subject == say.data.encounter.encounter_id  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("said", "instant"),
    [
        ({"location": "4W^401^1^LAKE"}, "2026-11-03T21:00:00Z"),
        ({"where": "LAKE"}, "2026-11-03T21:00:00Z"),
        ({"facility": "LAKE"}, "2026-11-03T21:00:00Z"),
        ({"location": "4W^401^1^ELSEWHERE"}, "2026-11-03T20:00:00Z"),
    ],
    ids=["pv1-3", "evn-7", "msh-4", "unknown"],
)
def test_read__a_time_without_an_offset_is_of_the_facility(said: dict[str, str], instant: str) -> None:
    """15:00 is 21:00 UTC in Chicago (UTC-6) and 20:00 in the feed's own New York (UTC-5), in November."""
    house = House(feeds(facility_zones={"LAKE": "America/Chicago"}))
    house.hear(adt("A03", "03 1510", happened="03 1500", end="03 1500", **said))
    (discharged,) = house.said
    assert isinstance(discharged.data, EncounterDischarged)
    at = discharged.data.encounter.discharged_at
    assert at is not None
    assert at.model_dump(mode="json")["instant"] == instant
