"""Where HL7's syntax is easily read almost rightly. Each test here kills a mutant that the others let live."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from shared.hl7.ack import ErrorCode, Verdict, build_ack, build_nak
from shared.hl7.batch import split_messages
from shared.hl7.charset import decode
from shared.hl7.er7 import parse
from shared.hl7.mllp import DEFAULT_LIMIT, FrameDecoder, TooLarge, frame
from shared.hl7.separators import STANDARD, Separators, escape, read_separators
from shared.hl7.times import read_moment

AT = "20260302101500+0000"


@pytest.mark.parametrize(
    "data",
    [
        b"MSH|^~\\&|APP|NORTH|CARE|HUB|20260302101500||ADT^A01^ADT_A01|C7|P|2.5.1\rPID|1",
        b"MSH|^~\\&\rPID|1",
        b"MSH|^~\\&\nPID|1",
        b"MSH|^~\\&",
    ],
)
def test_parse__usual_separators_are_not_assumed_ones_wherever_the_header_ends(data: bytes) -> None:
    assert parse(data).separators == STANDARD


def test_parse__msh_2_that_is_empty_takes_nothing_from_the_next_field() -> None:
    assert parse(b"MSH||*|APP").separators == Separators(assumed=True)


@pytest.mark.parametrize("end", [b"\r", b"\n"])
def test_parse__blanks_within_a_line_end_nothing(end: bytes) -> None:
    message = parse(end.join((b"MSH|^~\\&|OUR EHR", b"PID|||A 1^^^NORTH CARE")))
    assert message.header.text(3) == "OUR EHR"
    assert message.segment("PID").text(3, 4) == "NORTH CARE"


def test_parse__blanks_before_a_name_are_dropped_and_nothing_of_the_name() -> None:
    assert parse(b"MSH|^~\\&\r XAB|local").segment("XAB").text(1) == "local"


def test_parse__noise_before_the_header_does_not_hide_its_charset() -> None:
    message = parse(b"\x0b\r\nMSH|^~\\&" + b"|" * 16 + "8859/2\rPID|||||Łukasz".encode("iso8859-2"))
    assert (message.charset, message.charset_assumed) == ("iso8859-2", False)
    assert message.segment("PID").text(5) == "Łukasz"


def test_parse__the_feeds_charset_is_the_one_that_reads() -> None:
    message = parse("MSH|^~\\&|Łukasz".encode("iso8859-2"), charset="iso8859-2")
    assert (message.header.text(3), message.charset_assumed) == ("Łukasz", False)


def test_text__hexadecimal_escape_in_the_messages_own_charset() -> None:
    message = parse(b"MSH|^~\\&" + b"|" * 16 + b"8859/1\rPID|||||M\\XFC\\ller")
    assert message.segment("PID").text(5) == "Müller"


def test_element__by_component_and_subcomponent() -> None:
    pid = parse(b"MSH|^~\\&\rPID|||A 1^check^M10^NORTH&2.16&ISO^ MR |").segment("PID")
    element = pid.element(3)
    assert [element.text(n) for n in (1, 2, 3, 4, 5, 6)] == ["A 1", "check", "M10", "NORTH", " MR ", ""]
    assert [element.text(4, n) for n in (1, 2, 3, 4)] == ["NORTH", "2.16", "ISO", ""]


def test_value__by_component_and_subcomponent_without_blanks_around_it() -> None:
    element = parse(b'MSH|^~\\&\rPID|||A 1^""^^NORTH&2.16^ MR |').segment("PID").element(3)
    assert [element.value(n) for n in (1, 2, 3, 4, 5, 6)] == ["A 1", "", "", "NORTH", "MR", ""]
    assert (element.value(), element.value(4, 2), element.value(1, 2)) == ("A 1", "2.16", "")


def test_separators__usual_characters_of_which_one_is_the_fields() -> None:
    # ^ is the field's; what was sent or is usual counts where it is free, else the next spare one: ~ \ & |
    assert read_separators("MSH^^~\\&") == Separators("^", "~", "\\", "&", "|", assumed=True)


@pytest.mark.parametrize("end", [b"\r", b"\n"])
def test_decode__only_the_header_declares_the_charset(end: bytes) -> None:
    data = b"MSH|^~\\&|A" + end + b"NTE" + b"|" * 15 + b"8859/2" + end + "PID|||||Müller".encode()
    decoded = decode(data)
    assert (decoded.charset, decoded.assumed) == ("utf-8", False)
    assert decoded.text.endswith("Müller")


@pytest.mark.parametrize("end", [b"\r", b"\n"])
def test_decode__declared_as_the_headers_last_word(end: bytes) -> None:
    data = b"MSH|^~\\&" + b"|" * 16 + b"8859/2" + end + "PID|||||Łukasz".encode("iso8859-2")
    assert decode(data)[1:] == ("iso8859-2", False)


def test_decode__declared_behind_other_separators() -> None:
    data = b"MSH@~&#\\" + b"@" * 16 + "8859/2@Łukasz".encode("iso8859-2")
    assert decode(data)[1:] == ("iso8859-2", False)


@pytest.mark.parametrize(
    ("msh_2", "declared"),
    [(b"^*\\&", b"*ISO IR87"), (b"^", b"~ISO IR87")],  # the message's own repetition separator; the usual one
)
def test_decode__a_second_charset_behind_the_repetition_separator(msh_2: bytes, declared: bytes) -> None:
    decoded = decode(b"MSH|" + msh_2 + b"|" * 16 + declared + b"\rPID|||||" + "山田".encode("iso2022_jp"))
    assert (decoded.text[-2:], decoded.charset, decoded.assumed) == ("山田", "iso2022_jp_2", False)


@pytest.mark.parametrize(("codec", "told"), [("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("utf-32", "utf-32")])
def test_decode__byte_order_mark_is_no_part_of_the_charsets_name(codec: str, told: str) -> None:
    assert decode("MSH|^~\\&|Zoë".encode(codec)).charset == told


def test_decode__byte_order_mark_of_another_charset_is_no_text() -> None:
    assert decode("\ufeffMSH|^~\\&".encode("gb18030"), "gb18030").text == "MSH|^~\\&"


@pytest.mark.parametrize(
    ("body", "offsets"),
    [
        ("MSH|^~\\&|A".encode("utf-16"), [0]),
        (b"PID|1||X\rMSH|^~\\&|A", [0, 9]),
        (b"FHS|^~\\&\rMSH|^~\\&|A", [9]),
    ],
)
def test_split__every_piece_says_where_it_began(body: bytes, offsets: list[int]) -> None:
    assert [piece.offset for piece in split_messages(body)] == offsets


def test_split__byte_order_mark_is_no_part_of_a_piece() -> None:
    assert [piece.data for piece in split_messages(b"\xef\xbb\xbfhello")] == [b"hello"]


@pytest.mark.parametrize("version", ["2.5", "2.5.1", "2.8"])
def test_ack__error_segment_from_v25_on(version: str) -> None:
    message = parse(f"MSH|^~\\&|EHR||||||ADT^A01|7|P|{version}".encode())
    answer = build_ack(message, Verdict.ERROR, at=AT, control_id="1") or b""
    assert answer.split(b"\r")[2] == b"ERR|||207^Application internal error^HL70357|E"


def test_ack__our_time_is_escaped_in_the_senders_separators() -> None:
    message = parse(b"MSH|+~\\&|EHR||||||ADT+A01|7|P|2.4")  # + parts components here
    answer = build_ack(message, Verdict.ACCEPT, at=AT, control_id="1") or b""
    assert answer.split(b"|")[6] == b"20260302101500\\S\\0000"


def test_feed__an_empty_frame_before_others_is_not_measured_with_them() -> None:
    assert FrameDecoder(limit=4).feed(frame(b"") + frame(b"1234") + frame(b"5")) == [b"", b"1234", b"5"]


def test_feed__noise_is_not_held() -> None:
    decoder = FrameDecoder(limit=4)
    for _ in range(50):
        assert decoder.feed(b"x" * 10_000) == []
    assert len(decoder._held) == 0
    assert decoder.feed(frame(b"ok")) == [b"ok"]


def test_feed__too_large_in_one_chunk_with_what_comes_before_and_after() -> None:
    found = FrameDecoder(limit=2).feed(frame(b"1") + frame(b"123") + frame(b"2"))
    assert found == [b"1", TooLarge(b"12"), b"2"]


@pytest.mark.parametrize("month", ["01", "07"])
def test_moment__a_time_that_comes_once_is_neither_ambiguous_nor_nonexistent(month: str) -> None:
    moment = read_moment(f"2026{month}02101500", zone=ZoneInfo("America/New_York"))
    assert moment is not None
    assert (moment.ambiguous, moment.nonexistent) == (False, False)


def test_moment__offset_of_fifty_nine_minutes() -> None:
    moment = read_moment("20260302101500+0059")
    assert moment is not None
    assert moment.instant is not None
    assert moment.instant.isoformat() == "2026-03-02T09:16:00+00:00"


def test_moment__is_told_in_utc_wherever_the_machine_stands(machine_in_auckland: None) -> None:
    moment = read_moment("20260302101500-0500")
    assert moment is not None
    assert moment.instant is not None
    assert moment.instant.isoformat() == "2026-03-02T15:15:00+00:00"


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (ErrorCode.SEGMENT_SEQUENCE, "100", "Segment sequence error"),
        (ErrorCode.REQUIRED_FIELD, "101", "Required field missing"),
        (ErrorCode.DATA_TYPE, "102", "Data type error"),
        (ErrorCode.UNSUPPORTED_TYPE, "200", "Unsupported message type"),
        (ErrorCode.UNSUPPORTED_TRIGGER, "201", "Unsupported event code"),
        (ErrorCode.UNSUPPORTED_PROCESSING_ID, "202", "Unsupported processing id"),
        (ErrorCode.UNSUPPORTED_VERSION, "203", "Unsupported version id"),
        (ErrorCode.INTERNAL, "207", "Application internal error"),
    ],
)
def test_ack__an_error_is_told_in_the_words_of_hl7_table_0357(error: ErrorCode, code: str, text: str) -> None:
    answer = build_nak(at=AT, control_id="1", error=error)
    assert answer.split(b"\r")[2] == f"ERR|||{code}^{text}^HL70357|E".encode()


@pytest.mark.parametrize(
    ("declared", "codec", "text"),
    [
        ("8859/3", "iso8859-3", "Ĝ"),
        ("8859/4", "iso8859-4", "Ģ"),
        ("8859/5", "iso8859-5", "Ж"),
        ("8859/6", "iso8859-6", "ب"),
        ("8859/7", "iso8859-7", "Ω"),
        ("8859/8", "iso8859-8", "א"),
        ("8859/9", "iso8859-9", "Ğ"),
        ("8859/15", "iso8859-15", "Œ"),
        ("ISO IR6", "ascii", "A"),
        ("KS X 1001", "euc_kr", "김"),
        ("BIG-5", "big5", "李"),
        ("UNICODE", "utf-8", "Ж"),
        ("UTF-8", "utf-8", "Ж"),
        ("WINDOWS-1252", "cp1252", "Œ"),
        ("~ISO IR159", "iso2022_jp_2", "山"),
        ("ISO IR14", "iso2022_jp", "山"),
    ],
)
def test_decode__every_name_of_hl7_table_0211_that_is_read(declared: str, codec: str, text: str) -> None:
    data = b"MSH|^~\\&" + b"|" * 16 + declared.encode() + b"\rPID|||||" + text.encode(codec)
    decoded = decode(data)
    assert (decoded.text[-len(text) :], decoded.charset, decoded.assumed) == (text, codec, False)


def test_escape__each_separator_by_its_letter() -> None:
    assert escape("|^&~\\") == "\\F\\\\S\\\\T\\\\R\\\\E\\"


def test_separators__more_than_the_truncation_character_behind_them_is_damage() -> None:
    assert read_separators("MSH|^~\\&#%") == Separators(assumed=True)


@pytest.mark.parametrize("name", ["SFT", "NPU"])
def test_line_feed__mixed_with_cr_ends_a_segment_before_the_first_and_last_known_name(name: str) -> None:
    message = parse(f"MSH|^~\\&\rNTE|text\n{name}|1\rZZZ|1".encode())
    assert (message.segment("NTE").text(1), message.segment(name).text(1)) == ("text", "1")


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
def test_split__either_order_of_utf16_is_one_piece(mark: str) -> None:
    body = "\ufeffMSH|^~\\&|A\rPID|1\rMSH|^~\\&|B\r".encode(mark)
    assert [piece.data for piece in split_messages(body)] == [body]


def test_limit__is_a_mebibyte_unless_told_otherwise() -> None:
    assert DEFAULT_LIMIT == 1_048_576


@pytest.mark.parametrize(
    ("mark", "codec", "told"),
    [
        (b"\xff\xfe", "utf-16-le", "utf-16"),
        (b"\xfe\xff", "utf-16-be", "utf-16"),
        (b"\xff\xfe\x00\x00", "utf-32-le", "utf-32"),
        (b"\x00\x00\xfe\xff", "utf-32-be", "utf-32"),
    ],
)
def test_decode__byte_order_mark_in_either_order(mark: bytes, codec: str, told: str) -> None:
    decoded = decode(mark + "MSH|^~\\&|Zoë".encode(codec))
    assert decoded == ("MSH|^~\\&|Zoë", told, False)


def test_decode__a_part_of_iso_8859_that_table_0211_does_not_name_is_not_declared() -> None:
    assert decode(b"MSH|^~\\&" + b"|" * 16 + b"8859/10\rPID|1").assumed


def test_escape__letters_are_left_alone() -> None:
    assert escape("FSTREPX 0x7f") == "FSTREPX 0x7f"
