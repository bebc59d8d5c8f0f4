"""By what two patients look alike: keys made of a few things that were said of each, for a person to look and decide.

Of equal keys nothing follows by itself. A key is made only where all its parts were sent and none stands for nobody,
of real patients (HL7 table 0103 P) and under a number, without which nobody could say who is meant. Compared is how
a registrar would: letters without case, accents and signs, digits without signs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, Final

from services.admissions.domain.identity import PRODUCTION
from services.admissions.domain.model import Patient, Record
from services.admissions.domain.registers import value_of
from services.admissions.domain.repairs import DIFFERENT, MOVE, UNDO

Key = Callable[..., str]
"""A keyed hash of parts, which holds none of them."""

BORN_SEX_NAME: Final = "s"
BORN_PHONE: Final = "p"
NAME_POSTAL_CODE: Final = "a"
RULES: Final = {
    BORN_SEX_NAME: "birth-date-sex-name",
    BORN_PHONE: "birth-date-phone",
    NAME_POSTAL_CODE: "name-postal-code",
}
"""What is alike, by the first letter of a key: a birth date, a sex and the first four letters of a family name; a
birth date and a telephone; a family name, the first of the given ones and a postal code."""

_READ: Final = ("identity_unknown", "birth_date", "sex", "name", "phones", "addresses")
_NOBODY: Final = frozenset({"unknown", "unk", "none", "noname", "doe", "test"})
_NO_DAY: Final = frozenset({"0001-01-01", "1800-01-01", "1900-01-01", "1901-01-01", "9999-12-31"})
_SEXES: Final = frozenset({"F", "M"})  # HL7 table 0001: the others tell nobody apart
_DAY: Final = len("1941-05-06")
_LETTERS: Final = 4
_DIGITS: Final = range(7, 11)  # the North American plan: with or without the area; before it stands the country's
_ZIP_AND_FOUR: Final = re.compile(r"(\d{5})\d{4}")


def looked(after: Patient, before: Patient | None, key: Key) -> Patient:
    """The document with the keys of those records of which something was said that they are made of."""
    if after.processing_id != PRODUCTION:
        return after
    known = {record.key: record for record in before.records} if before else {}
    records = tuple(_looked(record, known.get(record.key), key) for record in after.records)
    is_other = after.processing_id == PRODUCTION and any(
        a is not b for a, b in zip(records, after.records, strict=True)
    )
    return after.model_copy(update={"records": records}) if is_other else after


def _looked(record: Record, before: Record | None, key: Key) -> Record:
    if record is before or not record.key or (before and before.looks and _read(before) == _read(record)):
        return record
    found = tuple(looks_of(record, key))
    return record if found == record.looks else record.model_copy(update={"looks": found})


def _read(record: Record) -> list[Any]:
    return [value_of(record.registers, name) for name in _READ]


def looks_of(record: Record, key: Key) -> Iterator[str]:
    """The keys of one record, a rule's letter before each; none of somebody whom the hospital itself does not know."""
    unknown, birth_date, sex, name, phones, addresses = _read(record)
    if unknown:
        return
    born, called = _born(birth_date), _called(name)
    if born and sex in _SEXES and called:
        yield BORN_SEX_NAME + key(BORN_SEX_NAME, born, sex, called[0][:_LETTERS])
    if born and (phone := _phone(phones)):
        yield BORN_PHONE + key(BORN_PHONE, born, phone)
    if called and called[1] and (code := _postal_code(addresses)):
        yield NAME_POSTAL_CODE + key(NAME_POSTAL_CODE, *called, code)


def text_of(patient: Patient) -> str:
    """All keys of a document in one text, as an index holds them without its being opened.

    Each once: whoever stands in one document was named together by a message or by somebody, and is one person or under
    review. Only where two were parted each of theirs stands there, so that a third one is proposed with either.
    """
    found = [look for record in patient.records for look in record.looks]
    is_parted = any(repair.kind in (DIFFERENT, MOVE, UNDO) for repair in patient.repairs)
    return " ".join(sorted(found if is_parted else set(found)))


def _born(sent: str | None) -> str:
    """A whole day."""
    return sent if sent and len(sent) == _DAY and sent not in _NO_DAY else ""


def _called(sent: dict[str, str] | None) -> tuple[str, str] | None:
    """Family name and the first of the given ones, which may be ""; None for a name that is nobody's."""
    family = _letters(sent["family"]) if sent else ""
    if not sent or not family or family in _NOBODY:
        return None
    first = sent["given"].split()[:1]
    return family, _letters(*first) if first else ""


def _letters(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKD", text.casefold()) if letter.isalpha())


def _phone(sent: list[dict[str, str]] | None) -> str:
    """The first one: the primary residence's (HL7 v2.5.1 ch. 3.4.2.13), by its last ten digits."""
    digits = "".join(re.findall(r"[0-9]", sent[0]["value"]))[-max(_DIGITS) :] if sent else ""
    return digits if len(digits) in _DIGITS and len(set(digits)) > 1 else ""


def _postal_code(sent: list[dict[str, str]] | None) -> str:
    """Of the first address, where mail goes (ch. 3.4.2.11); of ZIP+4 the ZIP code."""
    code = "".join(sign for sign in sent[0]["postal_code"].upper() if sign.isalnum()) if sent else ""
    whole = _ZIP_AND_FOUR.fullmatch(code)
    code = whole[1] if whole else code
    return code if len(set(code)) > 1 else ""
