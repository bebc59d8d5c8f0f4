"""ER7: bytes of one HL7 v2 message to segments, fields, repetitions, components and subcomponents, cut when asked for.

Numbers are HL7's own, from 1, MSH-1 being the field separator. What is not there is "", what was explicitly cleared is
`NULL`. Unknown segments and surplus fields are no error (HL7 v2.5.1 ch. 2.6); versions 2.1 to 2.9 read the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from shared.hl7.charset import decode
from shared.hl7.lines import cut, ends_doubtful, ends_mixed
from shared.hl7.malformed import Malformed, Reason
from shared.hl7.separators import Separators, keeps_switch, read_separators, unescape

NULL = '""'
_HEADERS = frozenset({"MSH", "FHS", "BHS"})
_NOISE = b"\x0b \t\r\n"
_MESSAGE_CODE = re.compile(r"[A-Z][A-Z0-9]{2}")
_TRIGGER = re.compile(r"A\d\d")


class Message:
    """One message. `charset` is the codec it was read with, `charset_assumed` that it is not the declared one."""

    def __init__(self, text: str, separators: Separators, charset: str, *, charset_assumed: bool) -> None:
        self.separators = separators
        self.charset = charset
        self.charset_assumed = charset_assumed
        self._text = text
        self._cut: list[str] | None = None
        self._firsts: dict[str, Segment] = {}

    @property
    def _lines(self) -> list[str]:
        if self._cut is None:
            self._cut = cut(self._text, self.separators.field)
        return self._cut

    @property
    def line_ends_mixed(self) -> bool:
        """Whether lone LF stands among CR, so that what ends a segment had to be judged."""
        return ends_mixed(self._text)

    @property
    def line_ends_doubtful(self) -> bool:
        """Whether so judged a text might have become another message or another patient."""
        return ends_doubtful(self._text, self.separators.field)

    @property
    def keeps_charset_escape(self) -> bool:
        """Whether a change of the character set stands in a value as it was sent, for it could not be followed."""
        mark, text = self.separators.escape, self._text
        if mark + "C" not in text and mark + "M" not in text:
            return False
        values = _between(self.separators).split(text)
        return any(keeps_switch(value, self.separators, self.charset) for value in values)

    def all_segments(self) -> list[Segment]:
        """Every segment in order, blank lines left out."""
        return [Segment(line, self) for line in self._lines if line]

    def segments(self, name: str) -> list[Segment]:
        """All segments of that name, in order."""
        start = name + self.separators.field
        return [Segment(line, self) for line in self._lines if line.startswith(start) or line == name]

    def segments_among(self, names: frozenset[str]) -> list[Segment]:
        """All segments of these names, in order: one pass for several."""
        sent = [Segment(line, self) for line in self._lines if line[:3] in names]
        return [segment for segment in sent if segment.name]

    def segment(self, name: str) -> Segment:
        """The first segment of that name; an empty one if there is none."""
        first = self._firsts.get(name)
        if first is None:
            first = self._firsts[name] = Segment(self._first_line(name), self)
        return first

    def _first_line(self, name: str) -> str:
        start = name + self.separators.field
        for line in self._lines:
            if line.startswith(start) or line == name:
                return line
        return ""

    @property
    def nothing(self) -> Segment:
        """A segment that was not sent."""
        return Segment("", self)

    @property
    def header(self) -> Segment:
        """MSH."""
        return self.segment("MSH")

    @property
    def is_damaged_adt(self) -> bool:
        """Whether MSH-9.1 is no message code (`ADT_A01`, `A01`) though EVN-1 names a trigger of ADT (ch. 3.3)."""
        code = self.code.strip().upper()
        is_none = bool(code) and (not _MESSAGE_CODE.fullmatch(code) or bool(_TRIGGER.fullmatch(code)))
        return is_none and bool(_TRIGGER.fullmatch(self.segment("EVN").text(1).strip().upper()))

    @property
    def code(self) -> str:
        """MSH-9.1, the message code: ADT, ORU, ACK ..."""
        return self.header.text(9)

    @property
    def control_id(self) -> str:
        """MSH-10."""
        return self.header.text(10)


class Segment:
    """One segment; its fields are cut at the first question."""

    __slots__ = ("_component", "_fields", "_line", "_message", "_plain", "_repetition", "name")

    def __init__(self, line: str, message: Message) -> None:
        separators = message.separators
        self.name = line[:3] if line[3:4] in ("", separators.field) else ""
        self._component, self._repetition = separators.component, separators.repetition
        self._line = line
        self._message = message
        self._fields: list[str] | None = None
        self._plain = False  # neither an escape nor a subcomponent in it, so that a component is its own text

    def raw(self, field: int) -> str:
        """The field as it stands on the wire, all repetitions, still escaped."""
        fields = self._fields or self._cut()
        return fields[field] if field < len(fields) else ""

    def _cut(self) -> list[str]:
        separators = self._message.separators
        fields = self._fields = self._line.split(separators.field)
        line = self._line
        if self.name in _HEADERS:
            fields.insert(1, separators.field)
            line = line[5 + len(fields[2]) :]  # MSH-2 shows all separators
        self._plain = separators.escape not in line and separators.subcomponent not in line
        return fields

    def is_null(self, field: int) -> bool:
        """The sender clears this field (HL7 v2.5.1 ch. 2.5.3)."""
        return self.raw(field) == NULL

    def elements(self, field: int) -> list[Element]:
        """The field's repetitions that hold anything."""
        raw = self.raw(field)
        if not raw:
            return []
        message, plain = self._message, self._plain
        return [Element(repetition, message, plain) for repetition in raw.split(self._repetition) if repetition]

    def element(self, field: int) -> Element:
        """The field's first repetition, perhaps an empty one."""
        return Element(self.raw(field).partition(self._repetition)[0], self._message, self._plain)

    def text(self, field: int, component: int = 1, subcomponent: int = 1, repetition: int = 1) -> str:
        """One value, unescaped; `NULL` stays as it is."""
        fields = self._fields or self._cut()
        raw = fields[field] if field < len(fields) else ""
        if not raw or (field <= 2 and self.name in _HEADERS):
            return raw
        if repetition == subcomponent == 1 and self._plain:  # as most that is asked for
            first = raw.partition(self._repetition)[0]
            if component == 1:
                return first.partition(self._component)[0]
            parts = first.split(self._component, component)
            return parts[component - 1] if component <= len(parts) else ""
        repetitions = raw.split(self._repetition)
        raw = repetitions[repetition - 1] if repetition <= len(repetitions) else ""
        return _part(raw.split(self._component), component, subcomponent, self._message)


class Element:
    """One repetition of a field."""

    __slots__ = ("_components", "_message", "_plain")

    def __init__(self, raw: str, message: Message, plain: bool) -> None:
        self._components = raw.split(message.separators.component) if raw else ()
        self._message, self._plain = message, plain

    def text(self, component: int = 1, subcomponent: int = 1) -> str:
        """One value, unescaped; "" if it was not sent, `NULL` if it was cleared."""
        return _part(self._components, component, subcomponent, self._message)

    def value(self, component: int = 1, subcomponent: int = 1) -> str:
        """One value without blanks around it; "" if it was not sent, or is null within a field that was sent."""
        components = self._components
        if component > len(components) or not components[component - 1]:
            return ""
        if not self._plain:
            text = _part(components, component, subcomponent, self._message).strip()
        else:
            text = components[component - 1].strip() if subcomponent == 1 else ""
        return "" if text == NULL else text


def _part(components: Sequence[str], component: int, subcomponent: int, message: Message) -> str:
    if component > len(components):
        return ""
    part = components[component - 1]
    separators = message.separators
    if separators.subcomponent in part:
        parts = part.split(separators.subcomponent)
        part = parts[subcomponent - 1] if subcomponent <= len(parts) else ""
    elif subcomponent > 1:
        return ""
    return unescape(part, separators, message.charset) if separators.escape in part else part


def parse(data: bytes, *, charset: str | None = None) -> Message:
    """Read one unframed message; `charset` (a Python codec) overrules MSH-18. Raises `Malformed` and nothing else."""
    stripped = data.lstrip(_NOISE)
    if not stripped:
        raise Malformed(Reason.EMPTY)
    decoded = decode(stripped, charset)
    text = decoded.text.strip()
    if not text.startswith("MSH"):
        raise Malformed(Reason.NO_MSH)
    separators = read_separators(_head(text))
    return Message(text, separators, decoded.charset, charset_assumed=decoded.assumed)


@lru_cache(maxsize=64)
def _between(separators: Separators) -> re.Pattern[str]:
    """What stands between two values."""
    four = separators.field + separators.component + separators.repetition + separators.subcomponent
    return re.compile(f"[{re.escape(four)}\r\n]")


def _head(text: str) -> str:
    """`MSH`, MSH-1 and MSH-2: up to the second field separator or the end of the line, and never much."""
    line = text[:32].replace("\n", "\r").partition("\r")[0]
    second = line.find(line[3:4], 4) if len(line) > 3 else -1
    return line if second < 0 else line[:second]
