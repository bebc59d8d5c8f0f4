"""What a screen may show of a record that nobody asked to see with its patient."""

from __future__ import annotations

import json

import pytest

from care.masking import MASK, masked
from care.tail import line
from shared.stream.records import Heard
from tests.builders import a_discharge

ER7 = b"MSH|^~\\&|ADT|NORTH\rPID|1||77^^^NORTH^MR||Chainperson^Ada\rZ@1|Ada\r"


def shown(content: object, *, ours: bool = True) -> object:
    return json.loads(masked(json.dumps(content).encode(), ours=ours))


def test_masked__keeps_fields_ids_codes_and_times_of_ours() -> None:
    event = {
        "encounter": {"encounter_id": "e-1", "status": "finished", "class": "I"},
        "occurred_at": "2026-11-02T05:00Z",
    }
    assert shown(event) == event


def test_masked__hides_every_value_of_a_person_under_its_field_name() -> None:
    patient = {
        "patient_id": "p-1",
        "name": {"family": "Chainperson"},
        "birth_date": "1941",
        "deceased": True,
        "sex": "",
    }
    hidden = {"patient_id": MASK, "name": {"family": MASK}, "birth_date": MASK, "deceased": True, "sex": ""}
    assert shown({"patient": patient}) == {"patient": hidden}
    assert shown({"care_team": [{"role": "PCP", "provider": {"value": 9}}]}) == {
        "care_team": [{"role": MASK, "provider": {"value": MASK}}]
    }


def test_masked__hides_what_it_does_not_know_and_what_looks_like_no_code() -> None:
    assert shown({"remark": "x-1", "reason": "she said no", "code": "home-visit", "version": 3}) == {
        "remark": MASK,
        "reason": MASK,
        "code": "home-visit",
        "version": 3,
    }


def test_masked__of_what_is_not_ours_shows_the_form_alone() -> None:
    assert shown({"status": "finished", "n": 7, "none": None}, ours=False) == {"status": MASK, "n": MASK, "none": None}
    assert shown(["a", 1], ours=False) == [MASK, MASK]


def test_masked__er7_shows_segments_and_how_many_fields_they_have() -> None:
    assert masked(ER7, ours=False) == f"MSH:3 PID:5 {MASK}:1"


@pytest.mark.parametrize("value", [b"", b"MS", b"\xff\xfe", b"Chainperson|Ada"])
def test_masked__what_is_neither_is_only_counted(value: bytes) -> None:
    assert masked(value, ours=True) == f"{len(value)} bytes that are neither JSON nor HL7 v2"


def test_masked__a_real_discharge_shows_nobody() -> None:
    data = a_discharge()
    text = masked(data.model_dump_json(by_alias=True).encode(), ours=True)
    assert data.patient.name.family
    assert data.patient.name.family not in text
    assert data.encounter.encounter_id in text


def test_line__of_a_hospitals_own_topic_shows_neither_its_key_nor_its_headers() -> None:
    record = Heard("hospital.north.adt", 2, 7, b"770001", ER7, (("ce_type", b"Chainperson"),), 1_000)
    assert line(record, phi=False) == f"1970-01-01 00:00:01.000Z  2/7  {MASK}  {MASK}  MSH:3 PID:5 {MASK}:1"


def test_line__of_a_dead_letter_shows_its_reason_and_no_value() -> None:
    headers = (("ce_subject", b"e-1"), ("dl_reason", b"bug"))
    record = Heard("care.tasks.v1.notifier.dlq", 0, 0, b"k-1", b'{"status": "Chainperson"}', headers, 0)
    assert line(record, phi=False).endswith(f'0/0  e-1  k-1  bug  {{"status": "{MASK}"}}')
    assert line(record, phi=True).endswith('{"status": "Chainperson"}')


def test_masked__who_looked_is_legible_but_for_the_name() -> None:
    look = {"actor": {"value": "nurse-7", "assigner": "care-cli"}, "command": "care-dlq-show", "shown": ["id-1"]}
    look |= {"place": "adt.inbound.v1/3/4711", "reason": "treatment"}
    shown = json.loads(masked(json.dumps(look).encode(), ours=True))
    assert shown == look | {"actor": {"value": MASK, "assigner": MASK}}
