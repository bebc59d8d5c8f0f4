"""MSH-1 and MSH-2: the characters one message is cut by, and the escapes that let them stand in its text.

HL7 v2.5.1 ch. 2.5.4 (delimiters) and 2.7 (escape sequences). Damaged encoding characters are completed, not refused.
Of formatted text (ch. 2.7.6) the lines and blanks are read, its indents and wrapping are not: they say nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from shared.hl7.malformed import Malformed, Reason
from shared.hl7.repertoires import SWITCH, as_escape, followed, is_switch, may_switch

_USUAL = "^~\\&"
_SPARE = "^~\\&|#@!%$"
_CONTROL = "\\x00-\\x1f\\x7f"
_BODY = rf"[FSTREPHN]|X(?:[0-9A-Fa-f]{{2}})+|\.[A-Za-z]{{2}} ?[+-]?\d*|{SWITCH}|[ZCM][0-9A-Za-z]{{1,64}}"
_UNSEEN = (".in", ".ti")
_COUNT = re.compile(r" ?\+?(\d{0,2})", re.ASCII)  # more is no layout, and makes a long text of a short message


@dataclass(frozen=True, slots=True)
class Separators:
    """One character each, all different; `truncation` is "" before v2.7. `assumed`: MSH-2 had to be completed."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""
    assumed: bool = False

    @property
    def encoding_characters(self) -> str:
        """MSH-2 as we would write it."""
        return self.component + self.repetition + self.escape + self.subcomponent + self.truncation


STANDARD = Separators()


@lru_cache(maxsize=256)
def read_separators(head: str) -> Separators:
    """Read `MSH` + MSH-1 + MSH-2; `head` ends before the second field separator. Raises `Malformed(BAD_SEPARATORS)`."""
    field, sent = head[3:4], head[4:]
    if not _may_separate(field):
        raise Malformed(Reason.BAD_SEPARATORS)
    four, truncation = _completed(field, sent), sent[4:5]
    if "".join(four) == sent[:4] and len(sent) <= 5 and (not truncation or _may_extend(truncation, field, four)):
        return Separators(field, *four, truncation=truncation)
    return Separators(field, *four, assumed=True)


def _may_separate(character: str) -> bool:
    return bool(character) and not character.isalnum() and character.isprintable() and character not in ' "'


def _may_extend(truncation: str, field: str, four: tuple[str, str, str, str]) -> bool:
    return _may_separate(truncation) and truncation != field and truncation not in four


def _completed(field: str, sent: str) -> tuple[str, str, str, str]:
    """Four different characters: those sent where they can be, else the usual one, else any that is free."""
    distinct = "".join(dict.fromkeys(sent))
    if distinct[:4] == _USUAL and field not in _USUAL:
        return ("^", "~", "\\", "&")
    chosen: list[str] = []
    for place, usual in enumerate(_USUAL):
        own = sent[place : place + 1]
        candidates = own + usual + _SPARE
        chosen.append(next(c for c in candidates if _may_separate(c) and c != field and c not in chosen))
    return (chosen[0], chosen[1], chosen[2], chosen[3])


@lru_cache(maxsize=64)
def _escapes(separators: Separators) -> tuple[re.Pattern[str], dict[str, str]]:
    mark = re.escape(separators.escape)
    plain = {
        "F": separators.field,
        "S": separators.component,
        "T": separators.subcomponent,
        "R": separators.repetition,
        "E": separators.escape,
        "P": separators.truncation or "#",
        "H": "",
        "N": "",
        ".br": "\n",
        ".ce": "\n",
        ".fi": "",
        ".nf": "",
    }
    return re.compile(f"{mark}({_BODY}){mark}", re.ASCII), plain


def unescape(text: str, separators: Separators = STANDARD, charset: str = "utf-8") -> str:
    """Give back the text that was meant. Sequences that we do not know, and a lone escape character, stay as sent."""
    if separators.escape not in text:
        return text
    followed_text = _switched(text, separators, charset) if may_switch(charset) else None
    if followed_text is not None:
        return followed_text
    pattern, plain = _escapes(separators)
    return pattern.sub(lambda match: _meant(match, plain, charset), text)


def keeps_switch(text: str, separators: Separators = STANDARD, charset: str = "utf-8") -> bool:
    """Whether `unescape` leaves a change of the character set as it was sent."""
    pattern, _ = _escapes(separators)
    if not any(is_switch(match[1]) for match in pattern.finditer(text)):
        return False
    return not may_switch(charset) or _switched(text, separators, charset) is None


def _switched(text: str, separators: Separators, charset: str) -> str | None:
    """With changes of the character set followed last, for what comes after one may itself be written with escapes.

    None where there are none, or one leads nowhere.
    """
    pattern, plain = _escapes(separators)
    if not any(is_switch(match[1]) for match in pattern.finditer(text)):
        return None
    return followed(
        pattern.sub(lambda match: as_escape(match[1]) if is_switch(match[1]) else _meant(match, plain, charset), text),
        charset,
    )


def _meant(match: re.Match[str], plain: dict[str, str], charset: str) -> str:
    body = match[1]
    if body in plain:
        return plain[body]
    if body[0] == "X":
        return _from_hex(body[1:], charset) or match[0]
    return _layout(body, match[0])


def _layout(body: str, sent: str) -> str:
    """`.sp` without a number is `.br` (HL7 v2.5.1 ch. 2.7.6); it ends its line, however few are skipped."""
    command, number = body[:3], _COUNT.fullmatch(body[3:])
    if command == ".sp" and number:
        return "\n" * max(1, int(number[1] or 1))
    if command == ".sk" and number:
        return " " * int(number[1] or 1)
    return "" if command in _UNSEEN else sent


def _from_hex(digits: str, charset: str) -> str | None:
    try:
        return bytes.fromhex(digits).decode(charset)
    except UnicodeDecodeError:
        return None


@lru_cache(maxsize=64)
def _unsafe(separators: Separators) -> tuple[re.Pattern[str], dict[str, str]]:
    letters = {
        separators.field: "F",
        separators.component: "S",
        separators.subcomponent: "T",
        separators.repetition: "R",
        separators.escape: "E",
    }
    if separators.truncation:
        letters[separators.truncation] = "P"
    return re.compile(f"[{re.escape(''.join(letters))}{_CONTROL}]"), letters


def escape(text: str, separators: Separators = STANDARD) -> str:
    """Write `text` so that it cannot end a field, a segment or a frame; `unescape` is its inverse."""
    pattern, letters = _unsafe(separators)
    mark = separators.escape

    def written(match: re.Match[str]) -> str:
        letter = letters.get(match[0]) or f"X{ord(match[0]):02X}"
        return mark + letter + mark

    return pattern.sub(written, text)
