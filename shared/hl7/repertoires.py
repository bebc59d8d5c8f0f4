"""ISO 2022 within a message's text: escapes that change the character set (HL7 v2.5.1 ch. 2.7.2 and 2.7.3).

Followed where the message itself is read by an ISO 2022 codec, and nowhere else: what another charset would mean by
them nobody can say. What cannot be followed is given back as None, for its reader to keep and to flag.
"""

from __future__ import annotations

import re

SWITCH = r"C[0-9A-Fa-f]{4}|M(?:[0-9A-Fa-f]{2}){2,3}"
_IS_SWITCH = re.compile(SWITCH)
_ESC = "\x1b"
_FIRST = ("(B", "(J")  # ASCII and JIS X 0201 Roman: the text as it stands


def is_switch(body: str) -> bool:
    """Whether an escape sequence's body changes the character set."""
    return body[0] in "CM" and _IS_SWITCH.fullmatch(body) is not None


def may_switch(charset: str) -> bool:
    """Whether `charset` (a Python codec) has several repertoires to change between."""
    return charset.startswith("iso2022")


def as_escape(body: str) -> str:
    """The ISO 2022 escape that the sequence stands for."""
    return _ESC + bytes.fromhex(body[1:]).decode("latin-1")


def followed(text: str, charset: str) -> str | None:
    """`text` with every `as_escape` in it followed; None where one leads nowhere."""
    first, *parts = text.split(_ESC)
    try:
        read = "".join(_in_repertoire(part, charset) for part in parts)
    except UnicodeError:
        return None
    return first + read if _ESC not in read else None  # a codec hands on the escapes that it does not know


def _in_repertoire(part: str, charset: str) -> str:
    if part.startswith(_FIRST):
        return part[2:]
    return (_ESC + part).encode("ascii").decode(charset)
