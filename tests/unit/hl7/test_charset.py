"""MSH-18 and what stands in for it; no byte is ever replaced."""

from __future__ import annotations

import pytest

from shared.hl7.charset import decode
from shared.hl7.malformed import Malformed, Reason


def _message(declared: str, name: bytes) -> bytes:
    return b"MSH|^~\\&" + b"|" * 16 + declared.encode() + b"\rPID|||||" + name


@pytest.mark.parametrize(
    ("declared", "sent", "meant", "codec", "assumed"),
    [
        ("", "Müller".encode(), "Müller", "utf-8", False),
        ("UNICODE UTF-8", "李".encode(), "李", "utf-8", False),
        ("8859/1", "Müller".encode("latin-1"), "Müller", "iso8859-1", False),
        ("8859/2", "Łukasz".encode("iso8859-2"), "Łukasz", "iso8859-2", False),
        ("unicode utf-8", b"\xc3\xbc", "ü", "utf-8", False),
        ("ASCII", b"Miller", "Miller", "ascii", False),
        ("ASCII", "Müller".encode(), "Müller", "utf-8", True),
        ("", "Müller".encode("cp1252"), "Müller", "cp1252", True),
        ("UNICODE UTF-16", b"even", "even", "utf-8", True),
        ("NO SUCH THING", b"Miller", "Miller", "utf-8", True),
        ("GB 18030-2000", "李".encode("gb18030"), "李", "gb18030", False),
        ("~ISO IR87", "山田".encode("iso2022_jp"), "山田", "iso2022_jp_2", False),
    ],
)
def test_decode(declared: str, sent: bytes, meant: str, codec: str, assumed: bool) -> None:
    decoded = decode(_message(declared, sent))
    assert decoded.text.endswith("|" + meant)
    assert (decoded.charset, decoded.assumed) == (codec, assumed)


def test_decode__the_feeds_charset_overrules_the_message() -> None:
    decoded = decode(_message("UNICODE UTF-8", b"M\xfcller"), "cp1252")
    assert decoded.text.endswith("Müller")
    assert decoded.assumed is False


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_decode__byte_order_mark_tells_the_charset(codec: str) -> None:
    decoded = decode("MSH|^~\\&|Zoë".encode(codec))
    assert decoded.text == "MSH|^~\\&|Zoë"
    assert decoded.assumed is False


def test_decode__bytes_of_no_charset_that_could_be_meant() -> None:
    with pytest.raises(Malformed) as caught:
        decode(b"MSH|^~\\&|\x81\xff")
    assert caught.value.code is Reason.UNDECODABLE


def test_decode__broken_behind_a_byte_order_mark() -> None:
    with pytest.raises(Malformed) as caught:
        decode(b"\xff\xfeM\x00S")
    assert caught.value.code is Reason.UNDECODABLE


def test_decode__header_too_short_to_declare() -> None:
    assert decode(b"MSH").charset == "utf-8"
