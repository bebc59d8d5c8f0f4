"""The comparison with other readers' values says so where one differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.samples.__main__ import main

MESSAGE = (
    "MSH|^~\\&|EHR|HOSP|||20260302101500||ADT^A40^ADT_A39|C7|P|2.5\rEVN||20260302101400\r"
    "PID|1|X1|A1^^^HOSP&1.2&ISO^MR||Rossi^Ada^^^^^L||196109040730|F|||||||||||||||||||||20260301|Y\r"
    "PD1|||Elm Practice^^9|55^Katz^Jo\rMRG|B2^^^HOSP^MR||ACC0||V0\rPV1|1|I|W4|||W3|77^Hall^Eve\rDG1|1||I10^Pressure^I10"
)
ID = {"authority": "HOSP", "authority_id": "1.2", "authority_type": "ISO", "type": "MR"}
EXPECTED: dict[str, Any] = {
    "file": "a.hl7",
    "tier": "rich",
    "control_id": "C7",
    "message_code": "ADT",
    "trigger": "A40",
    "structure": "ADT_A39",
    "version": "2.5",
    "message_time": "20260302101500",
    "event_time": "20260302101400",
    "sending_application": "EHR",
    "sending_facility": "HOSP",
    "patient": {
        "patient_ids": [{"id": "A1 ", **ID}],
        "pid2": [{"id": "X1"}],
        "names": [{"family": "Rossi", "given": "Ada", "type": "L"}],
        "birth": "196109040730",
        "sex": "F",
        "death_time": "20260301",
        "death_indicator": "Y",
    },
    "visit": {
        "patient_class": "I",
        "location": {"point_of_care": "W4"},
        "prior_location": {"point_of_care": "W3"},
        "attending": [{"id": "77", "family": "Hall", "given": "Eve"}],
    },
    "merge": [{"prior_ids": [{"id": "B2", **ID}], "prior_account": [{"id": "ACC0"}], "prior_visit": [{"id": "V0"}]}],
    "pcp": [{"id": "55", "family": "Katz", "given": "Jo"}],
    "primary_facility": [{"name": "Elm Practice", "id": "9"}],
    "diagnoses": [{"set_id": "1", "code": "I10", "text": "Pressure", "system": "I10"}],
    "birth_date": "1961-09-04",
}


def _run(folder: Path, expected: dict[str, Any], message: str = MESSAGE) -> int:
    (folder / "a.hl7").write_text(message)
    (folder / "b.hl7").write_text("MSH|^~\\&|LAB||||20260302||ORU^R01|C8|P|2.5")
    kinds = [{"file": "a.hl7", "kind": "adt"}, {"file": "b.hl7", "kind": "other"}]
    (folder / "manifest.jsonl").write_text("\n".join(map(json.dumps, kinds)))
    (folder / "expected.jsonl").write_text(json.dumps(expected))
    return main(folder)


def test_samples__all_values_equal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(tmp_path, EXPECTED) == 0
    assert "1 messages, 45 values expected, 0 differ\nother: {'not_adt ORU': 1}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "change",
    [{"sex": "M"}, {"names": []}, {"pid2": [{"id": "X1"}, {"id": "X2"}]}, {"birth": "19610904"}],
    ids=["other", "ours-alone", "theirs-alone", "other-precision"],
)
def test_samples__a_value_that_differs(tmp_path: Path, change: dict[str, Any]) -> None:
    assert _run(tmp_path, EXPECTED | {"patient": EXPECTED["patient"] | change}) == 1


def test_samples__a_message_that_was_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(tmp_path, EXPECTED, "MSH|^~\\&|EHR||||20260302||ADT^A40|C7|P|2.5") == 1
    assert "not read: a.hl7: no_patient" in capsys.readouterr().out
