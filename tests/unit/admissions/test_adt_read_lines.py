"""`care hl7 read`: one line a message, bad ones in their place and without a word of theirs."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from care.hl7_read import read_lines
from services.admissions.adt import FeedFacts
from shared.hl7.mllp import frame
from shared.schemas.adt import AdtEvent

FEED = FeedFacts("north", "UTC")
GOOD = b"MSH|^~\\&|EHR|HOSP|||20260302101500||ADT^A01|C1|P|2.5\rPID|1||A1||Rossi\rPV1|1|I"
OTHER = b"MSH|^~\\&|LAB|HOSP|||20260302101500||ORU^R01|C2|P|2.5\rPID|1||A1||Rossi"
BAD = b"MSH|^~\\&|EHR|HOSP|||20260302101500||ADT^A01|C3|P|2.5\rPV1|1|I"


def test_lines__good_other_and_bad_in_order() -> None:
    good, other, bad = read_lines(frame(GOOD) + frame(OTHER) + frame(BAD), FEED)
    assert AdtEvent.model_validate(good).control_id == "C1"
    assert good["encounter"]["class"] == "I"
    assert other == {"error": "not_adt", "message": 2, "offset": len(frame(GOOD)) + 1, "message_code": "ORU"}
    assert bad == {"error": "no_patient", "message": 3, "offset": len(frame(GOOD) + frame(OTHER)) + 1}


def test_lines__nothing_at_all_is_an_error_and_an_empty_batch_is_none() -> None:
    assert list(read_lines(b" \r\n", FEED)) == [{"error": "empty", "message": 1, "offset": 0}]
    assert list(read_lines(b"BHS|^~\\&\rBTS|0\r", FEED)) == []


def test_lines__the_feeds_charset_counts() -> None:
    (line,) = read_lines(GOOD.replace(b"Rossi", b"M\xfcller"), FeedFacts("north", "UTC", charset="cp1252"))
    assert line["patient"]["name"]["family"] == "Müller"
    assert line["flags"] == []


_FIELDS = st.sampled_from(
    [b"|", b"^", b"~", b"&", b'""', b"A1", b"20260302", b"Y", b"1", b"@", b"\\T\\", b" ", b"\xfc"]
)
_TAIL = st.lists(_FIELDS, max_size=25).map(b"".join)
_NAMES = st.sampled_from(
    [b"PID|", b"PD1|", b"NK1|", b"PV1|", b"PV2|", b"MRG|", b"ROL|", b"PRT|", b"DG1|", b"IN1|", b"ARV|", b"EVN|"]
)
_SEGMENTS = st.lists(st.tuples(_NAMES, _TAIL).map(b"".join), max_size=8)


@given(_SEGMENTS)
def test_lines__any_segments_give_an_event_or_an_error(segments: list[bytes]) -> None:
    body = b"\r".join([b"MSH|^~\\&|EHR|HOSP|||20260302||ADT^A08|1|P|2.5", *segments])
    (line,) = read_lines(body, FEED)
    assert "error" in line or AdtEvent.model_validate(json.loads(json.dumps(line))).trigger == "A08"


@given(st.binary())
def test_lines__any_bytes_give_lines(body: bytes) -> None:
    assert all("error" in line for line in read_lines(body, FEED))
