"""Acknowledgements: who gets which answer, and its bytes (HL7 v2.5.1 ch. 2.9 and 2.13).

Original mode (MSH-15 and -16 empty) answers AA, AE or AR. Enhanced mode answers CA, CE or CR if MSH-15's condition
asks for it; where only MSH-16 is valued the sender waits for AA on this channel and its condition decides. An
acknowledgement is never acknowledged. Whether a message may be accepted is the caller's decision.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from shared.hl7.er7 import Message
from shared.hl7.separators import STANDARD, Separators, escape

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_WIDE = re.compile(r"utf-(?:16|32)")


class Verdict(StrEnum):
    """What became of a message; the value is the second letter of MSA-1 (HL7 table 0008)."""

    ACCEPT = "A"
    ERROR = "E"
    REJECT = "R"


class Family(StrEnum):
    """The mode of an answer; the value is the first letter of MSA-1 (HL7 table 0008)."""

    ORIGINAL = "A"
    ENHANCED = "C"


class ErrorCode(StrEnum):
    """HL7 table 0357, for ERR-3; the text is the table's, so that it can never hold a piece of the message."""

    SEGMENT_SEQUENCE = "100"
    REQUIRED_FIELD = "101"
    DATA_TYPE = "102"
    UNSUPPORTED_TYPE = "200"
    UNSUPPORTED_TRIGGER = "201"
    UNSUPPORTED_PROCESSING_ID = "202"
    UNSUPPORTED_VERSION = "203"
    INTERNAL = "207"


_TEXTS = {
    ErrorCode.SEGMENT_SEQUENCE: "Segment sequence error",
    ErrorCode.REQUIRED_FIELD: "Required field missing",
    ErrorCode.DATA_TYPE: "Data type error",
    ErrorCode.UNSUPPORTED_TYPE: "Unsupported message type",
    ErrorCode.UNSUPPORTED_TRIGGER: "Unsupported event code",
    ErrorCode.UNSUPPORTED_PROCESSING_ID: "Unsupported processing id",
    ErrorCode.UNSUPPORTED_VERSION: "Unsupported version id",
    ErrorCode.INTERNAL: "Application internal error",
}
# MSH-15/-16, HL7 table 0155; anything else is read as AL: an answer too many is harmless, one too few is not
_WANTED = {
    "NE": frozenset[Verdict](),
    "ER": frozenset({Verdict.ERROR, Verdict.REJECT}),
    "SU": frozenset({Verdict.ACCEPT}),
}
_ALWAYS = frozenset(Verdict)
_LONG = 1_000


def build_ack(
    message: Message,
    verdict: Verdict,
    *,
    at: str,
    control_id: str,
    error: ErrorCode = ErrorCode.INTERNAL,
    family: Family | None = None,
) -> bytes | None:
    """The unframed answer in the sender's separators and charset, or None if it wants none.

    `at` is our MSH-7 (DTM with offset), `control_id` our MSH-10; `error` is told unless the verdict is ACCEPT.
    `family`: always answer so, whatever MSH-15 and MSH-16 ask for.
    """
    if _is_answer(message) or (family is None and verdict not in _wanted(message)):
        return None
    lines = _msh(message, at, control_id) + "\r" + _msa(message, verdict, family) + "\r"
    if verdict is not Verdict.ACCEPT:
        lines += _err(message, error) + "\r"
    # a few East Asian codecs read bytes that they cannot write: an answer with a mark in it is better than none
    return lines.encode(_codec(message), errors="replace")


def build_nak(*, at: str, control_id: str, error: ErrorCode = ErrorCode.SEGMENT_SEQUENCE) -> bytes:
    """The answer to bytes in which no header could be read: AR, in the usual separators, echoing nothing."""
    msh = join("|", ["MSH", "^~\\&", "", "", "", "", escape(at), "", "ACK", escape(control_id), "P", "2.5.1"])
    err = join("|", ["ERR", "", "", _coded(error, STANDARD.component), "E"])
    return "\r".join([msh, "MSA|AR", err, ""]).encode("ascii")


def _is_answer(message: Message) -> bool:
    return message.code in {"ACK", "MCF"} or (not message.code and bool(message.segments("MSA")))


def _wanted(message: Message) -> frozenset[Verdict]:
    header = message.header
    condition = header.text(15) or header.text(16)
    return _WANTED.get(condition.strip().upper(), _ALWAYS) if condition else _ALWAYS


def _msh(message: Message, at: str, control_id: str) -> str:
    """Theirs becomes the receiver, ours the sender: MSH-3 to -6 change places (HL7 v2.5.1 ch. 2.9.2)."""
    separators, sent = message.separators, message.header
    theirs = (sent.raw(3), sent.raw(4), sent.raw(5), sent.raw(6), sent.raw(9), sent.raw(11), sent.raw(12))
    # a cache must not hold what a sender makes long on purpose
    around = _around if sum(map(len, theirs)) < _LONG else _around.__wrapped__
    before, between, behind = around(separators, theirs, _charset(message))
    return f"{before}{escape(at, separators)}{between}{escape(control_id, separators)}{behind}"


@lru_cache(maxsize=256)
def _around(separators: Separators, theirs: tuple[str, ...], charset: str) -> tuple[str, str, str]:
    """What stands before, between and behind MSH-7 and MSH-10; a sender's messages differ little in it."""
    application, facility, receiver, at_facility, sent_kind, processing, version = map(echo, theirs)
    field = separators.field
    kind = _kind(sent_kind, separators.component)
    before = ["MSH", separators.encoding_characters, receiver, at_facility, application, facility, ""]
    behind = join(field, ["", processing, version, "", "", "", "", "", charset])
    return field.join(before), field.join(("", "", kind, "")), behind


def _kind(sent: str, component: str) -> str:
    """MSH-9: with the trigger of what is answered, where there is one."""
    trigger = "".join(sent.split(component)[1:2])
    return component.join(("ACK", trigger, "ACK")) if trigger else "ACK"


def _msa(message: Message, verdict: Verdict, family: Family | None) -> str:
    family = family or (Family.ENHANCED if message.header.raw(15) else Family.ORIGINAL)
    return join(message.separators.field, ["MSA", family + verdict, echo(message.header.raw(10))])


def echo(raw: str) -> str:
    """The sender's own words, still escaped; without control characters, which could end our segment or frame."""
    return raw if raw.isprintable() else _CONTROL.sub("", raw)


def join(separator: str, fields: list[str]) -> str:
    return separator.join(fields).rstrip(separator)


def _coded(error: ErrorCode, component: str) -> str:
    return component.join((error.value, _TEXTS[error], "HL70357"))


def _err(message: Message, error: ErrorCode) -> str:
    """ERR-3 from v2.5 on; before, ERR-1.4 is all there is (HL7 v2.4 ch. 2.16.5)."""
    separators = message.separators
    if message.header.text(12) >= "2.5":
        return join(separators.field, ["ERR", "", "", _coded(error, separators.component), "E"])
    location = separators.component * 3 + _coded(error, separators.subcomponent)
    return join(separators.field, ["ERR", location])


def _codec(message: Message) -> str:
    return "utf-8" if message.charset == "utf-8" or _WIDE.match(message.charset) else message.charset


def _charset(message: Message) -> str:
    """MSH-18 as the sender declares it, unless that is not true or cannot stand in a frame."""
    if message.charset_assumed or _codec(message) != message.charset:
        return "UNICODE UTF-8" if _codec(message) == "utf-8" else ""
    return echo(message.header.raw(18))
