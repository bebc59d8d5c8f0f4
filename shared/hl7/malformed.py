"""Why bytes could not be read: a code for people and programs, never a piece of the message (it may hold PHI)."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """What is wrong with a message that can never succeed, however often it comes."""

    EMPTY = "empty"
    NO_MSH = "no_msh"
    BAD_SEPARATORS = "bad_separators"
    UNDECODABLE = "undecodable"
    SEVERAL_HEADERS = "several_headers"
    MIXED_LINE_ENDS = "mixed_line_ends"
    NO_MESSAGE_TYPE = "no_message_type"
    NO_TRIGGER = "no_trigger"
    NO_PATIENT = "no_patient"
    NO_TIME = "no_time"


class Malformed(Exception):
    """The message is not readable; its text is the reason's code alone."""

    def __init__(self, code: Reason) -> None:
        super().__init__(code.value)
        self.code = code
