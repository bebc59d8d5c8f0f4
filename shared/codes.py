"""The words and codes that a feed's profile may hold, each held against the table that it is of.

Raises ValueError with what would be right; no value is quoted that could be a patient's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_CODE = re.compile(r"[^\s|][^|]{0,198}")
PATIENT_CLASSES: Final = frozenset("BCEINOPRUVS")
"""HL7 table 0004, and observation (V) and short stay (S) as Da Vinci's Notifications guide has them."""
ADMISSION_TYPES: Final = frozenset("ACELNRU123459")
"""HL7 table 0007, and the digits that NUBC's UB-04 has in form locator 14."""
DISPOSITIONS: Final = frozenset(
    f"{code:02}"
    for code in (*range(1, 8), 9, 20, 21, 30, *range(40, 44), 50, 51, *range(61, 67), 69, 70, *range(81, 96))
)
"""NUBC's UB-04 form locator 17, without what is retired; 81 to 95 are planned returns."""
SHARED_NUMBERS: Final = {
    "SS": "a social security number",
    "DL": "a driver's licence",
    "PPN": "a passport",
    "MC": "a Medicare number",
    "MA": "a Medicaid number",
    "AN": "an account",
    "VN": "a visit",
}
"""Types of PID-3 that are wrong, shared or of something else too often to find a patient by."""
_ANY_NUMBERS: Final = ("48213907", "Q7Z31K", "0")


def _slug(value: str) -> str:
    if not _SLUG.fullmatch(value):
        raise ValueError("lower-case letters, digits and hyphens only, at most 63")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("not an IANA time zone") from None
    return value


def _topic(value: str) -> str:
    if not _TOPIC.fullmatch(value):
        raise ValueError("not a legal topic name")
    return value


def _code(value: str) -> str:
    if not _CODE.fullmatch(value):
        raise ValueError("empty, too long, or holds a vertical bar")
    return value.strip().upper()


def _codec(value: str) -> str:
    try:
        "".encode(value)
    except LookupError:
        raise ValueError("not a character set that Python knows (8859/1 of HL7 table 0211 is iso-8859-1)") from None
    return value


def upper_keys(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    return {str(key).strip().upper(): member for key, member in value.items()}


def _two_digits(found: dict[str, str]) -> dict[str, str]:
    """PV1-36 is read so, however a number was sent."""
    return {key.zfill(2) if key.isdigit() else key: member for key, member in found.items()}


def _class(value: str) -> str:
    if value not in PATIENT_CLASSES:
        raise ValueError(f"not in HL7 table 0004 ({', '.join(sorted(PATIENT_CLASSES))})")
    return value


def _admission_type(value: str) -> str:
    if value not in ADMISSION_TYPES:
        raise ValueError(f"not in HL7 table 0007 nor UB-04 FL14 ({', '.join(sorted(ADMISSION_TYPES))})")
    return value


def _disposition(value: str) -> str:
    if value not in DISPOSITIONS:
        raise ValueError("not a code of UB-04 FL17 in use (two digits: 01 home, 03 nursing facility, 20 expired ...)")
    return value


def _kind_of_number(value: str) -> str:
    if value in SHARED_NUMBERS:
        raise ValueError(f"{SHARED_NUMBERS[value]} (HL7 table 0203) tells nobody apart")
    return value


_OF_PATTERNS: Final = frozenset("*?+[](){}^$\\")


def _numbers(value: str) -> str:
    """A number as it is sent, or `/a regular expression/` that the whole number matches."""
    if not is_pattern(value):
        if {*value} & _OF_PATTERNS:
            raise ValueError("looks like a pattern, which stands between slashes: 999 and more is /999.*/")
        return _code(value)
    try:
        pattern = re.compile(value[1:-1], re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error.msg}") from None
    if all(pattern.fullmatch(number) for number in _ANY_NUMBERS):
        raise ValueError("would take every number")
    return value


def _digest(value: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", value):
        raise ValueError("not the SHA-256 of a token: 64 hexadecimal digits in lower case")
    return value


def is_pattern(value: str) -> bool:
    return len(value) > 1 and value.startswith("/") and value.endswith("/")


Slug = Annotated[str, AfterValidator(_slug)]
Code = Annotated[str, AfterValidator(_code)]
Zone = Annotated[str, AfterValidator(_zone)]
Class = Annotated[Code, AfterValidator(_class)]
AdmissionType = Annotated[Code, AfterValidator(_admission_type)]
Disposition = Annotated[Code, AfterValidator(_disposition)]
KindOfNumber = Annotated[Code, AfterValidator(_kind_of_number)]
Numbers = tuple[Annotated[str, AfterValidator(_numbers)], ...]
Digest = Annotated[str, AfterValidator(_digest)]
Topic = Annotated[str, AfterValidator(_topic)]
Codec = Annotated[str, AfterValidator(_codec)]
UpperKeys = BeforeValidator(upper_keys)
Days = Annotated[dict[Class, Annotated[float, Field(gt=0, allow_inf_nan=False)]], UpperKeys]
"""A number of days by patient class."""
TwoDigits = AfterValidator(_two_digits)
