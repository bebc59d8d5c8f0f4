"""Bytes to text by MSH-18 (HL7 table 0211), without ever replacing a byte that we cannot read.

Order: the feed's own charset, MSH-18, UTF-8, Windows-1252. What was not what the message promised is marked `assumed`.
UTF-16 and UTF-32 are known by their byte order mark; an MSH-18 that claims them and can be read as bytes is wrong.
"""

from __future__ import annotations

import codecs
from functools import lru_cache
from typing import NamedTuple

from shared.hl7.malformed import Malformed, Reason

_TABLE_0211 = {
    "": "utf-8",
    "ASCII": "ascii",
    **{f"8859/{part}": f"iso8859-{part}" for part in (*range(1, 10), 15)},
    "ISO IR6": "ascii",
    "ISO IR14": "iso2022_jp",
    "ISO IR87": "iso2022_jp_2",
    "ISO IR159": "iso2022_jp_2",
    "GB 18030-2000": "gb18030",
    "KS X 1001": "euc_kr",
    "BIG-5": "big5",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "WINDOWS-1252": "cp1252",
}
_SWITCHING = ("ISO IR87", "ISO IR159")
_HEADER = 4096
_UNMARKED = (b"M", b"m")  # MSH; no mark begins so
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Decoded(NamedTuple):
    """`charset` is a Python codec; `assumed`: it is not the one that was declared."""

    text: str
    charset: str
    assumed: bool


def decode(data: bytes, override: str | None = None) -> Decoded:
    """Decode one message; `override` is the feed's codec. Raises `Malformed(UNDECODABLE)`."""
    marked = _marked(data)
    if marked:
        return _first_of(data, (marked,), marked)
    declared = override or _TABLE_0211.get(_declared(data), "")
    return _first_of(data, (declared, "utf-8", "cp1252"), declared)


def _marked(data: bytes) -> str | None:
    if data[:1] in _UNMARKED:  # as nearly always
        return None
    return next((codec for mark, codec in _MARKS if data.startswith(mark)), None)


def _declared(data: bytes) -> str:
    """MSH-18 as `_meant` reads it, from the first line."""
    head = data[:_HEADER]
    line = head.partition(b"\r")[0].partition(b"\n")[0]
    fields = line.split(line[3:4] or b"|", 18)
    return _meant(fields[17], fields[1][1:2] or b"~") if len(fields) >= 18 else ""


@lru_cache(maxsize=64)
def _meant(field: bytes, repetition: bytes) -> str:
    """A charset's name in capitals: the first repetition, or a Japanese one, whose codec reads the first as well."""
    sent = [name.decode("latin-1").strip() for name in field.upper().split(repetition)]
    return next((name for name in sent if name in _SWITCHING), sent[0])


def _first_of(data: bytes, codecs_to_try: tuple[str, ...], declared: str) -> Decoded:
    for codec in codecs_to_try:
        try:
            text = data.decode(codec) if codec else None
        except UnicodeDecodeError:
            continue
        if text is not None:
            return Decoded(text.removeprefix("\ufeff"), codec.removesuffix("-sig"), codec != declared)
    raise Malformed(Reason.UNDECODABLE)
