"""By which numbers a message is found again; expected keys by `openssl dgst -sha256 -hmac`, cut to 32 digits."""

from __future__ import annotations

import json

import pytest

from services.gateway.domain.message import Judge, Received
from services.gateway.domain.search import search_key, search_keys
from services.gateway.store import message_of
from tests.unit.gateway.parts import AT, BODY, LIMIT, SECRET, a_feed, received

# printf 'search\x1ftenant-1\x1fmrn\x1fE1' | openssl dgst -sha256 -hmac SECRET
E1, M100200, M100300 = (
    "5882c4b7608021e7b90f4bb557b670ae",
    "73e6384a74a1114d0984556d5c0e095d",
    "cf1b020ace56bb3ca8d772654e723b23",
)
V7, V8 = "3833505019b551295ffc75e26ac0591b", "a39ff9a896026792d78db87e743a0108"
HEADER = BODY[: BODY.index(b"EVN")]
PV1_19 = b"PV1|1|I" + b"|" * 17


def keys_of(*segments: bytes, **profile: object) -> tuple[str, ...]:
    return received(HEADER + b"\r".join(segments), **profile).search


def of_json(content: object) -> tuple[str, ...]:
    letter = Judge(SECRET, LIMIT).record(json.dumps(content).encode(), a_feed(), AT).letter
    assert isinstance(letter, Received)
    return letter.search


def test_keys__of_every_patient_and_visit_number() -> None:
    assert received().search == (E1, M100200)
    assert keys_of(b"PID|1||100200^^^NORTH^MR", PV1_19 + b"V7^^^NORTH^VN") == (M100200, V7)
    merge = b"MRG|100300^^^NORTH^MR||||V8^^^NORTH^VN"
    assert keys_of(b"PID|1||100200", merge, PV1_19 + b"V7") == (M100200, M100300, V8, V7)
    assert keys_of(b"PID|1||100200", PV1_19 + b"V7", b"PID|2||100300", PV1_19 + b"V8") == (M100200, V7, M100300, V8)


def test_keys__of_a_number_sent_twice_null_or_not_at_all() -> None:
    assert keys_of(b"PID|1||100200^^^NORTH^MR~100200^^^SOUTH^MR", PV1_19 + b'""') == (M100200,)
    assert keys_of(b"PID|1|", b"PV1|1|I") == ()
    assert keys_of(b"PIDX|1||100200") == ()


def test_keys__case_and_blanks_do_not_matter_but_kind_tenant_and_secret_do() -> None:
    assert keys_of(b"PID|1|| e1 ^^^NORTH^PI") == (E1,)
    assert search_key(SECRET, "tenant-1", "mrn", " e1 ") == E1
    others = {search_key(SECRET, "tenant-1", "visit", "E1"), search_key(SECRET, "tenant-2", "mrn", "E1")}
    assert len({E1, search_key(b"another", "tenant-1", "mrn", "E1"), *others}) == 4


def test_keys__where_an_older_site_numbers_its_patients() -> None:
    pid, merge = b"PID|1|100200||100300", b"MRG|x|100300||100200"
    assert keys_of(pid, merge, patient_fields=("PID-2",)) == (M100200,)
    assert keys_of(pid, merge, patient_fields=("PID-4", "PID-2")) == (M100300, M100200)


def test_keys__at_most_sixteen() -> None:
    numbers = [("mrn", f"{n}") for n in range(40)]
    assert len(search_keys(SECRET, "tenant-1", numbers)) == 16  # type: ignore[arg-type]
    assert keys_of(b"PID|1||" + b"~".join(b"%d" % n for n in range(1_000)))[15:] == (
        search_key(SECRET, "tenant-1", "mrn", "15"),
    )


def test_keys__of_what_cannot_be_put_in_utf_8() -> None:
    assert len(search_key(SECRET, "tenant-1", "mrn", "\ud800")) == 32


def test_keys__of_a_json_message() -> None:
    patient = {"identifiers": [{"value": "100200"}, {"value": " "}, 7], "prior_identifiers": [{"value": "100300"}]}
    visit = {"visit_number": {"value": "V7"}, "prior_visit_number": {"value": "V8"}}
    assert of_json({"patient": patient, "encounter": visit}) == (M100200, M100300, V7, V8)
    assert of_json({"patient": {"prior_patient_id": {"value": "E1"}, "identifiers": {"value": 5}}}) == (E1,)


@pytest.mark.parametrize("odd", [None, 7, "100200", [{"value": "100200"}], {"identifiers": "100200"}])
def test_keys__of_json_in_another_form_are_none(odd: object) -> None:
    assert of_json({"patient": odd, "encounter": odd}) == ()


def test_row__of_an_earlier_edition_has_no_keys() -> None:
    row = {"_id": "i", "feed": "f", "tenant": "t", "mode": "live", "control_id": "c", "sha256": "s", "key": "k"}
    row |= {"media_type": "m", "received_at": AT, "body": b"b"}
    assert message_of(row).search == ()
    assert message_of(row | {"search": [E1]}).search == (E1,)
