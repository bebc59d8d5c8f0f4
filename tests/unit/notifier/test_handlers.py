"""What the engine is given: refs, decisions, sayings with their private part, and refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.notifier.domain import decide as decide_module
from services.notifier.domain import directory as directory_module
from services.notifier.handlers import handlers
from shared.schemas.encounters import EncounterEvent, EncounterMerged, EncounterMoved, PersonName
from shared.schemas.envelope import derived_id
from shared.schemas.identifiers import Identifier
from shared.schemas.patients import PatientEvent, PatientMerged, PatientSeparated
from shared.stream.codec import Undecodable
from shared.stream.decisions import Fact, Refs, Refused
from shared.stream.records import Heard
from tests.builders import T0, DeskOf, a_discharge, a_patient, a_record, an_event, heard
from tests.unit.notifier.givens import (
    a_cancellation_of,
    a_policy,
    a_task,
    a_transition,
    a_withdrawal_of,
    an_admission,
    coordinator,
    primary,
)

BY_TOPIC = handlers(a_policy())


def hear(desk: DeskOf, data: Any, n: int = 1) -> Any:
    return heard(BY_TOPIC[data.TOPIC], data, desk, n=n)


def a_desk(*entries: Any) -> DeskOf:
    desk = DeskOf()
    for entry in entries or (primary(), coordinator()):
        hear(desk, entry)
    return desk


def test_topics__each_that_notifier_hears() -> None:
    assert set(BY_TOPIC) == {"care.encounters.v1", "care.transitions.v1", "care.tasks.v1", "care.directory.v1"}


def test_read__names_the_subject_and_the_directory() -> None:
    fact = BY_TOPIC["care.tasks.v1"].read(a_record(a_task()))
    assert isinstance(fact, Fact)
    assert fact.refs == (Refs("subjects", ("encounter-1",)), Refs("directories", ("tenant-1",)))
    assert fact.stream
    entry = BY_TOPIC["care.directory.v1"].read(a_record(primary()))
    assert isinstance(entry, Fact)
    assert (entry.refs, entry.stream) == ((Refs("directories", ("tenant-1",)),), False)


def test_decide__says_each_delivery_under_its_own_id() -> None:
    desk = a_desk()
    decision = hear(desk, a_discharge())
    assert (decision.collection, decision.id, decision.key) == ("subjects", "encounter-1", "patient-key-1")
    (say,) = decision.say
    state = say.data.delivery
    assert say.subject == state.delivery_id
    assert (state.status, state.reason, state.recipient, state.tells) == (
        "pending",
        "",
        "primary",
        "encounter.discharged.v1",
    )
    assert say.data.occurred_at == T0
    assert say.private["address"] == "primary@example.org"
    assert say.private["notice"] == "encounter.discharged"
    assert say.private["context"]["patient"] == "Testperson, Ada"
    json.dumps(decision.state)
    json.dumps(say.private)


def test_decide__a_suppressed_delivery_keeps_nothing_private() -> None:
    desk = a_desk(primary(subscriptions=()))
    (say,) = hear(desk, a_discharge()).say
    assert (say.data.delivery.status, say.data.delivery.reason) == ("suppressed", "not-subscribed")
    assert say.private == {"notice": "encounter.discharged", "withdraws": True}


def test_decide__a_correction_names_all_it_takes_back() -> None:
    desk = a_desk(primary())
    admission, discharge = an_event(an_admission(), n=1), an_event(a_discharge(), n=2)
    hear(desk, admission.data, 1)
    hear(desk, discharge.data, 2)
    (say,) = hear(desk, a_cancellation_of(admission, discharge), 3).say
    told = [derived_id("delivery", one.envelope.id, "primary", "email") for one in (admission, discharge)]
    assert say.data.delivery.corrects == tuple(told)


def test_decide__late_by_the_engines_word() -> None:
    desk = a_desk()
    hear(desk, a_withdrawal_of(), 2)
    desk.late = True
    decision = hear(desk, a_discharge(), 1)
    assert [say.data.delivery.reason for say in decision.say] == ["superseded"]
    assert decision.state["encounter"]["status"] == "in-progress"


def test_decide__hears_of_a_changed_directory_at_once() -> None:
    desk = a_desk()
    hear(desk, primary(version=2, active=False))
    assert [say.data.delivery.reason for say in hear(desk, a_discharge()).say] == ["inactive"]


def test_directory__an_old_version_changes_nothing() -> None:
    desk = a_desk(primary(version=2))
    decision = hear(desk, primary())
    assert (decision.collection, decision.id, decision.key, decision.state) == (
        "directories",
        "tenant-1",
        "tenant-1",
        None,
    )


def test_refused__by_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_module, "ENTRY_LIMIT", 1)
    desk = a_desk(primary())
    with pytest.raises(Refused, match=r"^directory-full$"):
        hear(desk, coordinator())
    monkeypatch.setattr(decide_module, "LEDGER_LIMIT", 0)
    with pytest.raises(Refused, match=r"^ledger-full$"):
        hear(desk, a_discharge())


@pytest.mark.parametrize("topic", ["care.encounters.v1", "care.directory.v1"])
def test_refused__a_record_of_another_topic(topic: str) -> None:
    record = a_record(a_transition())
    with pytest.raises(Refused, match=r"^type-not-of-topic$"):
        BY_TOPIC[topic].read(Heard(topic, 0, 0, record.key, record.value, record.headers))


@pytest.mark.parametrize("type_", [PatientMerged, PatientSeparated])
def test_read__what_is_about_a_person_only_is_passed(type_: type[PatientEvent]) -> None:
    said = type_(patient=a_patient(), replaced=("patient-2",), reason="A40", occurred_at=T0)
    assert BY_TOPIC[said.TOPIC].read(a_record(said, subject="patient-1")) is None


@pytest.mark.parametrize("type_", [EncounterMerged, EncounterMoved])
def test_decide__a_stay_told_twice_or_of_the_wrong_patient_is_taken_back(type_: type[EncounterEvent]) -> None:
    desk = a_desk()
    admission = an_admission()
    told = hear(desk, admission, n=1).say
    taken = type_.model_validate(
        {
            **admission.model_dump(by_alias=True),
            "encounter": admission.encounter.model_copy(update={"status": "cancelled"}),
            "withdraws": [{"event_id": an_event(admission, n=1).envelope.id, "type": admission.TYPE}],
        }
    )
    decision = hear(desk, taken, n=2)
    sent = [say.data.delivery for say in told if say.data.delivery.status == "pending"]
    corrected = [one for say in decision.say for one in say.data.delivery.corrects if say.data.delivery.corrects]
    assert sent
    assert sorted(corrected) == sorted(one.delivery_id for one in sent)


def test_undecodable__says_a_code_only() -> None:
    record = a_record(a_discharge())
    torn = Heard(record.topic, 0, 0, record.key, b'{"patient": "Marked-Name"', record.headers)
    with pytest.raises(Undecodable) as refused:
        BY_TOPIC[record.topic].read(torn)
    assert "Marked-Name" not in repr(refused.value)


def test_planted_patient__is_in_nothing_that_is_said() -> None:
    marked = a_patient(
        name=PersonName(family="Marked-Family", given="Marked-Given"),
        birth_date="1901-02-03",
        identifiers=(Identifier(value="MARKED-777", assigner="NORTH", type="MR"),),
    )
    desk = a_desk()
    admission = an_event(an_admission(patient=marked), n=1)
    says = [
        say
        for n, data in enumerate(
            (
                admission.data,
                a_discharge(patient=marked),
                a_transition(patient=marked),
                a_task(patient=marked),
                a_cancellation_of(admission, patient=marked),
            ),
            1,
        )
        for say in hear(desk, data, n).say
    ]
    assert len(says) >= 6
    for say in says:
        said = say.data.model_dump_json() + say.subject + say.key + say.id
        assert not any(planted in said for planted in ("Marked", "1901-02-03", "MARKED-777", "@example.org"))
    assert "Marked-Family" not in json.dumps(desk.states[("subjects", "encounter-1")])
