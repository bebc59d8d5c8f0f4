"""What a receiver answered to an HL7 message, and whether it is the answer to ours; no socket here.

Failures are codes, never a piece of a message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from shared.hl7.er7 import Message, parse
from shared.hl7.malformed import Malformed
from shared.hl7.mllp import FrameDecoder, TooLarge

POSITIVE: Final = frozenset({"AA", "CA"})
"""MSA-1 of HL7 table 0008 that release the sender from its message."""

_NEVER: Final = "NE"


class Failure(StrEnum):
    """Why there is no acknowledgement."""

    UNREACHABLE = "unreachable"
    CONNECTION_LOST = "connection-lost"
    NO_ANSWER = "no-answer"
    OTHER_ANSWER = "answer-for-another-message"
    UNREADABLE_ANSWER = "unreadable-answer"
    UNREADABLE_FILE = "unreadable-file"
    NO_MESSAGE = "no-message-in-file"
    NOT_SENT = "not-sent"


class MllpError(Exception):
    """The message was not acknowledged in time and is still the sender's; its text is the code of the last failure."""

    def __init__(self, code: Failure) -> None:
        super().__init__(code.value)
        self.code = code


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """One answer. `code` is MSA-1, "" if the message itself asked for none (MSH-15 or -16 NE).

    `control_id` is MSA-2. `text` is MSA-3, else ERR-3, else ERR-1's code: the receiver's words.
    """

    code: str
    control_id: str
    text: str = ""
    raw: bytes = field(default=b"", repr=False)

    @property
    def positive(self) -> bool:
        """The receiver has the message; it need not be kept."""
        return self.code in POSITIVE


def asked_of(body: bytes) -> tuple[str, bool]:
    """MSH-10, and whether an answer is to be expected. What cannot be read is sent all the same, to be refused."""
    try:
        message = parse(body)
    except Malformed:
        return "", True
    header = message.header
    return message.control_id, _NEVER not in (header.text(15) or header.text(16)).strip().upper()


class Answers:
    """Bytes of a connection to the answer that is waited for; those for other messages do not count as ours."""

    def __init__(self, control_id: str) -> None:
        self._control_id = control_id
        self._frames = FrameDecoder()
        self.others = 0
        """How many were for other messages."""

    def feed(self, data: bytes) -> Acknowledgement | None:
        """The answer that is ours, if these bytes complete it. Raises MllpError(UNREADABLE_ANSWER)."""
        for payload in self._frames.feed(data):
            found = _acknowledgement(payload)
            if self._is_ours(found):
                return found
            self.others += 1
        return None

    def _is_ours(self, found: Acknowledgement) -> bool:
        """A receiver that could not read our header echoes nothing; only a refusal is believed then."""
        return found.control_id == self._control_id or (not found.control_id and not found.positive)


def _acknowledgement(payload: bytes | TooLarge) -> Acknowledgement:
    if isinstance(payload, TooLarge):
        raise MllpError(Failure.UNREADABLE_ANSWER)
    try:
        message = parse(payload)
    except Malformed:
        raise MllpError(Failure.UNREADABLE_ANSWER) from None
    msa = message.segment("MSA")
    if not msa.text(1):
        raise MllpError(Failure.UNREADABLE_ANSWER)
    return Acknowledgement(msa.text(1), msa.text(2), _text(message), payload)


def _text(message: Message) -> str:
    err = message.segment("ERR")
    coded = " ".join(part for part in (err.text(3), err.text(3, 2)) if part)
    return message.segment("MSA").text(3) or coded or err.text(1, 4)
