"""Any message at all: read, said to be no ADT, or refused with a code; never another exception, never without end."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.admissions.adt import FeedFacts, NotAdt, read_adt
from shared.hl7.er7 import parse
from shared.hl7.malformed import Malformed
from shared.schemas.adt import AdtEvent

FEED = FeedFacts("north", "America/New_York", default_authority="NORTH", provider_authority="STAFF")
MSH = b"MSH|^~\\&|EHR|HOSP|||20260302101500||ADT^A01|C1|P|2.5"
SEGMENTS = ("EVN", "PID", "PD1", "NK1", "MRG", "PV1", "PV2", "ARV", "ROL", "PRT", "DG1", "IN1", "OBX", "GT1", "ZZZ")
TIMES = ("2026", "20261101013000", "20260308023000", "99991231235959-2359", "00010101", "20260302+0500", "2026-03-02")
_values = st.one_of(
    st.sampled_from(
        ("", '""', "Y", "N", "A1", "D", "@", "\\F\\", "\\X4D\\", "\\M2442\\", "\\.sp9\\", "\\", "ADT", *TIMES)
    ),
    st.text(string.ascii_letters + '^~\\&|@" .²é\u0130\u2028', max_size=8),
)
_components = st.lists(_values, min_size=1, max_size=6).map("^".join)
_fields = st.lists(_components, min_size=1, max_size=3).map("~".join)
_segments = st.builds(
    lambda name, places, end: "|".join([name, *(places.get(number, "") for number in range(1, 50))]).rstrip("|") + end,
    st.sampled_from(SEGMENTS),
    st.dictionaries(st.integers(1, 49), _fields, max_size=12),
    st.sampled_from(("\r", "\r", "\r", "\n", "\r\n", "\r ")),
)
messages = st.builds(
    lambda header, body: (header + "\r" + "".join(body)).encode(),
    st.sampled_from(
        (MSH.decode(), MSH.decode().replace("A01", "A17"), MSH.decode() + "||||||~ISO IR87", "MSH|^~\\&|||||||ADT")
    ),
    st.lists(_segments, max_size=12),
)


def _outcome(body: bytes) -> AdtEvent | NotAdt | Malformed:
    try:
        return read_adt(parse(body), feed=FEED)
    except Malformed as bad:
        return bad


@settings(max_examples=50)  # each is a dozen segments
@given(messages)
@example(MSH + b"\rPID|" + b"\\M2442\\" * 3)
@example(MSH + b"\rPID|1||A1||||99991231235959-2359\rPV1|1|I" + b"|" * 42 + b"00010101000000+2359")
@example(MSH + b"\rPID|1||A1\rARV|\rROL|\rIN1|\rDG1|\rNK1|\rMRG|\rMRG|\rPV2|\rPRT|")
def test_read_adt__any_segments(body: bytes) -> None:
    outcome = _outcome(body)
    if isinstance(outcome, AdtEvent):
        assert AdtEvent.model_validate_json(outcome.model_dump_json(by_alias=True)) == outcome
        assert all(name in AdtEvent.model_fields or name.endswith("_roles") for name in outcome.cleared)
        assert all(getattr(outcome.patient, name) in (None, ()) for name in outcome.patient.cleared)


@given(st.binary(max_size=200))
def test_read_adt__any_bytes(tail: bytes) -> None:
    for body in (tail, MSH + tail, MSH + b"\rPID|1||A1|" + tail, MSH[:-8] + tail):
        assert isinstance(_outcome(body), AdtEvent | NotAdt | Malformed)


@pytest.mark.parametrize(
    ("head", "repeated", "middle", "again"),
    [
        (b"\rPID|1||", b"A1~", b"", b""),
        (b"\rPID|1||A1", b"\rMRG|A0", b"", b""),
        (b"\rPID|1||A1", b"\rPD1|", b"", b"\rMRG|A0"),
        (b"\rPID|1||A1", b"\rPID|1||A1", b"", b""),
        (b"", b"\rPV1|1|I", b"\rPID|1||A1", b"\rROL|"),
        (b"\rPID|1||A1\rNTE|", b"\\M2442\\", b"", b""),
        (b"||||||~ISO IR87\rPID|1||A1\rNTE|", b"\\M2442\\", b"", b""),
        (b"\rPID|1||A1||", b"\\", b"", b""),
        (b"\rPID|1||A1\rNTE|", b"\n", b"", b"\nPV1|"),
        (b"\rPID|1||A1", b"\r \n\t", b"", b""),
        (b"", b"|", b"", b""),
    ],
    ids=[
        "numbers",
        "merges",
        "practices",
        "patients",
        "early",
        "shifts",
        "followed",
        "escapes",
        "feeds",
        "blanks",
        "long",
    ],
)
def test_read_adt__takes_no_longer_than_in_proportion(
    head: bytes, repeated: bytes, middle: bytes, again: bytes
) -> None:
    """Four times the message may cost ten times the processor, not sixteen; a fiftieth of a second is no cost."""

    def cost(times: int) -> float:
        return min(_seconds(MSH + head + repeated * times + middle + again * times) for _ in range(2))

    assert cost(2_400) < 10 * cost(600) + 0.02


def _seconds(body: bytes) -> float:
    begun = time.process_time()
    _outcome(body)
    return time.process_time() - begun
