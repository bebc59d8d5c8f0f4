"""A message's text to its segments' lines, by CR, CRLF or LF (HL7 v2.5.1 ch. 2.4 knows CR alone).

LF ends a segment where there is no CR at all. Where lone LF stands among CR it ends one only if a segment that we know
begins behind it: else it is text, as senders that do not escape it mean it.
"""

from __future__ import annotations

import re
from functools import lru_cache

_KNOWN = "MSH|SFT|EVN|PID|PD1|ARV|ROL|PRT|NK1|MRG|PV1|PV2|DB1|OBX|AL1|DG1|DRG|PR1|GT1|IN1|IN2|IN3|ACC|UB1|UB2|PDA|NPU"
_BEGINNING = 32


def cut(text: str, field: str) -> list[str]:
    """The lines of a message, the blank ones too; `field` is its field separator."""
    if "\n" not in text:
        lines = text.split("\r")
    elif "\r" not in text:
        lines = text.split("\n")
    else:
        lines = _mixed_end(field).split(text.replace("\r\n", "\r"))
    return [line if line[:1] > " " and line[:3].isupper() else _mended(line) for line in lines]


def ends_mixed(text: str) -> bool:
    """Whether lone LF stands among CR."""
    return "\n" in text and "\r" in text and "\n" in text.replace("\r\n", "\r")


def ends_doubtful(text: str, field: str) -> bool:
    """Whether text that was not escaped might be taken for another message, or for another patient.

    That is: a lone LF would begin a second MSH, or a second PID in a message whose first PID a CR began.
    """
    if not ends_mixed(text):
        return False
    begun = _begun(text.replace("\r\n", "\r"), field)
    patients = [end for end, name in begun if name == "PID" + field]
    return ("\n", "MSH" + field) in begun or (patients[:1] == ["\r"] and "\n" in patients)


def _begun(text: str, field: str) -> list[tuple[str, str]]:
    """What ended each segment but the last, and how the next one begins."""
    ends = _mixed_end(field).finditer(text)
    return [(end[0], _mended(text[end.end() : end.end() + _BEGINNING])[:4]) for end in ends]


def _mended(line: str) -> str:
    """Blanks before a segment's name, or small letters in it, do not make it another one."""
    line = line.lstrip(" \t\n")
    return line[:3].upper() + line[3:]


@lru_cache(maxsize=64)
def _mixed_end(field: str) -> re.Pattern[str]:
    return re.compile(rf"\r|\n(?=(?:{_KNOWN}){re.escape(field)})")
