"""Header, trigger, times, groups and refusals of `read_adt`; messages are written by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.admissions.adt import FeedFacts, NotAdt, read_adt
from shared.hl7.er7 import parse
from shared.hl7.malformed import Malformed, Reason
from shared.hl7.times import DateOrder
from shared.schemas.adt import AdtEvent, Authority, OffsetSource
from shared.schemas.identifiers import Identifier

FEED = FeedFacts("north", "America/New_York", default_authority="NORTH")


def _read(*segments: str, feed: FeedFacts = FEED) -> AdtEvent:
    event = read_adt(parse("\r".join(segments).encode()), feed=feed)
    assert isinstance(event, AdtEvent)
    return event


def _msh(kind: str = "ADT^A01^ADT_A01", at: str = "20260302101500") -> str:
    return f"MSH|^~\\&|EHR|HOSP|CARE|HUB|{at}||{kind}|C7|P|2.5.1"


def _refused(*segments: str) -> Reason:
    with pytest.raises(Malformed) as caught:
        read_adt(parse("\r".join(segments).encode()), feed=FEED)
    return caught.value.code


def test_event__header() -> None:
    event = _read(_msh(), "EVN||20260302101400|||U1^Clerk||CLINIC^1.2^ISO", "PID|1||A1")
    assert (event.control_id, event.trigger, event.structure, event.version) == ("C7", "A01", "ADT_A01", "2.5.1")
    assert (event.feed, event.sending_application, event.sending_facility) == ("north", "EHR", "HOSP")
    assert (event.processing_id, event.event_facility) == ("P", "CLINIC")
    assert event.flags == ()
    assert event.roles is None
    assert event.diagnoses is None
    assert event.coverage is None


def test_event__sender_known_by_its_universal_id_alone() -> None:
    event = _read("MSH|^~\\&|^1.2.3^ISO||||20260302||ADT^A01|1", "PID|1||A1")
    assert event.sending_application == "1.2.3"
    assert event.processing_id == ""


def test_trigger__of_the_header_and_not_of_evn() -> None:
    assert _read(_msh("ADT^A03"), "EVN|A01|20260302", "PID|1||A1").trigger == "A03"


def test_trigger__of_evn_where_the_header_has_none() -> None:
    assert _read(_msh("ADT"), "EVN|a08|20260302", "PID|1||A1").trigger == "A08"


@pytest.mark.parametrize(
    ("trigger", "evn", "pv1", "occurred"),
    [
        ("A01", "20260302101400||||20260302095500", "20260302090000|20260302100000", "20260302095500"),
        ("A01", "20260302101400", "20260302090000|20260302100000", "20260302090000"),
        ("A04", "20260302101400", "20260302090000|", "20260302090000"),
        ("A03", "20260302101400", "20260302090000|20260302100000", "20260302100000"),
        ("A03", "20260302101400", "20260302090000|", "20260302101400"),
        ("A08", "20260302101400", "20260302090000|20260302100000", "20260302101400"),
        ("A08", "", "", "20260302101500"),
        ("A13", "20260302101400||||20260301180000", "|20260301180000", "20260301180000"),
    ],
)
def test_occurred__when_it_was_before_when_it_was_told(trigger: str, evn: str, pv1: str, occurred: str) -> None:
    event = _read(_msh(f"ADT^{trigger}"), f"EVN|{trigger}|{evn}", "PID|1||A1", "PV1|1|I" + "|" * 42 + pv1)
    assert event.occurred_at.text == occurred
    assert event.message_at is not None
    assert event.message_at.text == "20260302101500"


def test_times__in_the_zone_of_the_feed() -> None:
    moment = _read(_msh(), "EVN|A01|20260302101400", "PID|1||A1").occurred_at
    assert moment.instant == datetime(2026, 3, 2, 15, 14, tzinfo=UTC)
    assert moment.offset_source is OffsetSource.FEED_ZONE


def test_times__in_the_offset_of_the_message() -> None:
    moment = _read(_msh(at="20260302101500+0100"), "EVN|A01|20260302101400", "PID|1||A1").occurred_at
    assert moment.instant == datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
    assert moment.offset_source is OffsetSource.MESSAGE


def test_times__unreadable_is_flagged_and_the_next_one_counts() -> None:
    event = _read(_msh(), "EVN|A01|02/03/2026", "PID|1||A1||||soon")
    assert event.occurred_at == event.message_at
    assert event.recorded_at is None
    assert event.patient.birth_date is None
    assert event.flags == ("unreadable_time",)


def test_times__with_slashes_in_the_order_that_they_can_only_have() -> None:
    event = _read(_msh(at="03/15/2026"), "EVN|A08|03/14/2026", "PID|1||A1||||15/09/1961")
    assert event.occurred_at.instant == datetime(2026, 3, 14, 4, tzinfo=UTC)
    assert event.patient.birth_date == "1961-09-15"
    assert event.flags == ("date_order_assumed",)


def test_times__with_slashes_in_the_order_of_the_feed() -> None:
    feed = FeedFacts("north", "UTC", date_order=DateOrder.DAY_FIRST)
    event = _read(_msh(at="03/02/2026"), "EVN|A08|02/02/2026", "PID|1||A1||||04/09/1961", feed=feed)
    assert event.occurred_at.instant == datetime(2026, 2, 2, tzinfo=UTC)
    assert event.message_at is not None
    assert event.message_at.instant == datetime(2026, 2, 3, tzinfo=UTC)
    assert (event.patient.birth_date, event.flags) == ("1961-09-04", ())


def test_flags__what_had_to_be_assumed() -> None:
    message = parse(b"MSH|^~|EHR|HOSP|||20260302||ADT^A01||P|2.5\rPID|1||A1||M\xfcller")
    event = read_adt(message, feed=FEED)
    assert isinstance(event, AdtEvent)
    assert event.flags == ("charset_assumed", "no_control_id", "separators_assumed")
    assert event.patient.name is not None
    assert event.patient.name.family == "Müller"


def test_flags__a_change_of_character_set_that_could_not_be_followed() -> None:
    assert _read(_msh(), "PID|1||A1||\\M2442\\;3ED").flags == ("charset_escape_kept",)
    assert _read(_msh(), "PID|1||A1||\\Mills\\Cox").flags == ()  # no character set
    japanese = f"{_msh()}||||||~ISO IR87"
    assert _read(japanese, "PID|1||A1||\\M2442\\;3ED\\C2842\\^A").flags == ()
    event = _read(japanese, "PID|1||A1||\\M2442\\;3ED^\\M2442\\x")
    assert event.flags == ("charset_escape_kept",)
    assert event.patient.name is not None
    assert (event.patient.name.family, event.patient.name.given) == ("山田", "\\M2442\\x")


@pytest.mark.parametrize(
    "body",
    [
        f"{_msh()}\rPID|1||A1\nPV1|1|I",  # ends a segment that we know
        f"{_msh()}\rPID|1||A1\rNTE|1||one\ntwo",  # is text
        f"{_msh()}\r\nPID|1||A1\nPV1|1|I",
        f"{_msh('ADT^A17')}\nPID|1||A1\nPV1|1|I\nPID|2||B2\rPV1|2|I",  # a swap whose every PID is begun by LF
    ],
)
def test_flags__line_feeds_among_carriage_returns(body: str) -> None:
    event = read_adt(parse(body.encode()), feed=FEED)
    assert isinstance(event, AdtEvent)
    assert event.flags == ("line_ends_mixed",)


@pytest.mark.parametrize(
    "body",
    [
        f"{_msh()}\rPID|1||A1\rNTE|1||he said\nPID|2||B2\rPV1|1|I",  # text, or another patient?
        f"{_msh()}\r pid|1||A1\rPV1|1\nPID|2||B2",
        f"{_msh()}\rPID|1||A1\n{_msh()}\rPID|1||B2",  # text, or another message?
    ],
)
def test_refused__line_ends_that_may_hide_another_patient(body: str) -> None:
    assert _refused(body) is Reason.MIXED_LINE_ENDS


@pytest.mark.parametrize(
    "body",
    [
        f"{_msh('ADT^A17')}\rPID|1||A1\rPV1|1|I\rPID|2||B2\nPV1|2|I",
        f"{_msh()}\rPID|1||A1\rNTE|1||a\n PID|2||B2",  # blanks before a name: text
        f"{_msh()}\nPID|1||A1\nPV1|1|I\n",
        f"{_msh()}\r\nPID|1||A1\r\nPV1|1|I\r\n",
    ],
)
def test_read__line_ends_that_hide_nobody(body: str) -> None:
    assert isinstance(read_adt(parse(body.encode()), feed=FEED), AdtEvent)


def test_authorities__those_with_a_universal_id_once_each() -> None:
    event = _read(_msh(), "PID|1||A1^^^N&1.2&ISO^MR~A2^^^N&1.2&ISO^PI~A3^^^&9.9&ISO^SS~A4^^^X^MR")
    assert event.authorities == (
        Authority(name="N", universal_id="1.2", universal_id_type="ISO"),
        Authority(name="9.9", universal_id="9.9", universal_id_type="ISO"),
    )
    assert event.patient.identifiers is not None
    assert [i.assigner for i in event.patient.identifiers] == ["N", "N", "9.9", "X"]


def test_groups__what_stands_before_the_only_pid_is_that_patients() -> None:
    event = _read(_msh(), "PV1|1|E|ED^1", "NK1|1|Rossi^Leo", "ZZZ|1", "PID|1||A1", "PV1|2|I|W^2", "DG1|1||I10")
    assert (event.encounter.class_, event.other_patients) == ("E", ())
    assert event.patient.contacts is not None
    assert event.diagnoses is not None


def test_groups__what_stands_before_the_first_of_two_is_nobodys() -> None:
    event = _read(_msh("ADT^A17"), "PV1|1|E|ED^1", "PID|1||A1", "PID|2||B2", "PV1|2|I")
    assert event.encounter.class_ is None
    assert [other.encounter.class_ for other in event.other_patients] == ["I"]


def test_groups__swap_of_two_patients() -> None:
    event = _read(
        _msh("ADT^A17"), "EVN|A17|20260302", "PID|1||A1", "PV1|1|I|W^1^A", "PID|2||B2", "PV1|2|I|W^2^B", "DG1|1||I10"
    )
    (other,) = event.other_patients
    assert event.patient.identifiers == (Identifier(value="A1", assigner="NORTH"),)
    assert other.patient.identifiers == (Identifier(value="B2", assigner="NORTH"),)
    assert event.encounter.location is not None
    assert other.encounter.location is not None
    assert (event.encounter.location.bed, other.encounter.location.bed) == ("A", "B")
    assert event.diagnoses is None  # the second patient's


def test_groups__merge_of_two_pairs() -> None:
    event = _read(_msh("ADT^A40"), "PID|1||A1", "MRG|OLD1", "PID|2||B2", "MRG|OLD2")
    (other,) = event.other_patients
    assert event.patient.prior_identifiers == (Identifier(value="OLD1", assigner="NORTH"),)
    assert other.patient.prior_identifiers == (Identifier(value="OLD2", assigner="NORTH"),)


def test_groups__several_visits_moved_of_one_patient() -> None:
    event = _read(
        *(
            _msh("ADT^A45"),
            "PID|1||A1||Rossi",
            "NK1|1|Rossi",
            "PD1||||88",
            "MRG|A1||ACC1||V1",
            "PV1|1|I" + "|" * 17 + "V8",
        ),
        *("MRG|A1||ACC2||V2", "PV1|1|I" + "|" * 17 + "V9"),
    )
    (other,) = event.other_patients
    assert event.encounter.prior_visit_number == Identifier(value="V1", assigner="NORTH")
    assert event.encounter.visit_number == Identifier(value="V8", assigner="NORTH")
    assert other.encounter.prior_visit_number == Identifier(value="V2", assigner="NORTH")
    assert other.encounter.visit_number == Identifier(value="V9", assigner="NORTH")
    assert other.encounter.prior_account_number == Identifier(value="ACC2", assigner="NORTH")
    assert other.patient.name == event.patient.name
    assert other.patient.primary_care_providers == event.patient.primary_care_providers


def test_bed_status__is_an_event_of_no_patient() -> None:
    event = _read(_msh("ADT^A20"), "EVN|A20|20260302", "NPU|W^1^A|C")
    assert event.patient.identifiers is None
    assert event.encounter.class_ is None


@pytest.mark.parametrize(
    ("segments", "reason"),
    [
        ((_msh(""), "PID|1||A1"), Reason.NO_MESSAGE_TYPE),
        ((_msh("ADT_A01"), "EVN|A01|20260302", "PID|1||A1"), Reason.NO_MESSAGE_TYPE),
        ((_msh("A03"), "EVN|a03|20260302", "PID|1||A1"), Reason.NO_MESSAGE_TYPE),
        ((_msh("ADT"), "PID|1||A1"), Reason.NO_TRIGGER),
        ((_msh("ADT"), "EVN|Subject", "PID|1||A1"), Reason.NO_TRIGGER),
        ((_msh(), "EVN|A01|20260302"), Reason.NO_PATIENT),
        ((_msh(at=""), "EVN|A01|", "PID|1||A1"), Reason.NO_TIME),
        ((_msh(), "PID|1||A1", _msh(), "PID|1||B2"), Reason.SEVERAL_HEADERS),
    ],
)
def test_refused__what_can_never_be_applied(segments: tuple[str, ...], reason: Reason) -> None:
    assert _refused(*segments) is reason


@pytest.mark.parametrize(
    ("kind", "code"), [("ORU^R01", "ORU"), ("ack", "ACK"), ("Rossi^Ada", "unknown"), ("ADTX^A01", "unknown")]
)
def test_not_adt__says_its_code_and_nothing_else(kind: str, code: str) -> None:
    assert read_adt(parse(_msh(kind).encode()), feed=FEED) == NotAdt(code)


@pytest.mark.parametrize(("kind", "trigger"), [("ORU^R01", "A01"), ("ADT_A01", "R01"), ("ADT_A01", "")])
def test_not_adt__unless_both_of_its_words_are_of_adt(kind: str, trigger: str) -> None:
    assert isinstance(read_adt(parse(f"{_msh(kind)}\rEVN|{trigger}".encode()), feed=FEED), NotAdt)


def test_event__goes_through_json_and_back() -> None:
    event = _read(_msh(), "EVN|A01|20260302101400", "PID|1||A1||Rossi^Ada", "PV1|1|I", "DG1|1||I10")
    written = event.model_dump(mode="json")
    assert written["encounter"]["class"] == "I"
    assert AdtEvent.model_validate(written) == event
    assert AdtEvent.model_validate_json(event.model_dump_json()) == event


@pytest.mark.parametrize("facts", [{"zone": "Nowhere/Land"}, {"zone": "UTC", "charset": "no-such"}])
def test_feed__that_names_what_does_not_exist(facts: dict[str, str]) -> None:
    with pytest.raises(LookupError):
        FeedFacts("north", **facts)


def test_feed__with_a_charset() -> None:
    assert FeedFacts("north", "UTC", charset="cp1252").charset == "cp1252"
