"""ER7: bytes of one HL7 v2 message to segments, fields, repetitions, components and subcomponents, cut when asked for.

Numbers are HL7's own, from 1, MSH-1 being the field separator. What is not there is "", what was explicitly cleared is
`NULL`. Unknown segments and surplus fields are no error (HL7 v2.5.1 ch. 2.6); versions 2.1 to 2.9 read the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache

from shared.hl7.charset import decode
from shared.hl7.malformed import Malformed, Reason
from shared.hl7.separators import Separators, read_separators, unescape

NULL = '""'
_HEADERS = frozenset({"MSH", "FHS", "BHS"})
_KNOWN = "MSH|SFT|EVN|PID|PD1|ARV|ROL|PRT|NK1|MRG|PV1|PV2|DB1|OBX|AL1|DG1|DRG|PR1|GT1|IN1|IN2|IN3|ACC|UB1|UB2|PDA|NPU|MSA|ERR"
_NOISE = b"\x0b \t\r\n"


class Message:
    """One message. `charset` is the codec it was read with, `charset_assumed` that it is not the declared one."""

    def __init__(self, text: str, separators: Separators, charset: str, *, charset_assumed: bool) -> None:
        self.separators = separators
        self.charset = charset
        self.charset_assumed = charset_assumed
        self._text = text

    @cached_property
    def all_segments(self) -> tuple[Segment, ...]:
        """Every segment in order, blank lines left out."""
        lines = (line.lstrip(" \t\n") for line in _lines(self._text, self.separators.field))
        return tuple(Segment(line, self) for line in lines if line)

    @cached_property
    def _by_name(self) -> dict[str, list[Segment]]:
        found: dict[str, list[Segment]] = {}
        for segment in self.all_segments:
            found.setdefault(segment.name, []).append(segment)
        return found

    def segments(self, name: str) -> list[Segment]:
        """All segments of that name, in order."""
        return self._by_name.get(name, [])

    def segment(self, name: str) -> Segment:
        """The first segment of that name; an empty one if there is none."""
        found = self._by_name.get(name)
        return found[0] if found else self.nothing

    @cached_property
    def nothing(self) -> Segment:
        """A segment that holds no field."""
        return Segment("", self)

    @cached_property
    def header(self) -> Segment:
        """MSH, without cutting the rest of the message."""
        end = "\r" if "\r" in self._text else "\n"
        return Segment(self._text.partition(end)[0], self)

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

    __slots__ = ("_fields", "_line", "_message", "name")

    def __init__(self, line: str, message: Message) -> None:
        self.name = line[:3].upper() if line[3:4] in ("", message.separators.field) else ""
        self._line = line
        self._message = message
        self._fields: list[str] | None = None

    def raw(self, field: int) -> str:
        """The field as it stands on the wire, all repetitions, still escaped."""
        fields = self._fields
        if fields is None:
            fields = self._fields = self._cut()
        return fields[field] if field < len(fields) else ""

    def _cut(self) -> list[str]:
        field = self._message.separators.field
        fields = self._line.split(field)
        if self.name in _HEADERS:
            fields.insert(1, field)
        return fields

    def is_null(self, field: int) -> bool:
        """The sender clears this field (HL7 v2.5.1 ch. 2.5.3)."""
        return self.raw(field) == NULL

    def elements(self, field: int) -> Iterator[Element]:
        """The field's repetitions that hold anything."""
        raw = self.raw(field)
        for repetition in raw.split(self._message.separators.repetition) if raw else ():
            if repetition:
                yield Element(repetition, self._message)

    def element(self, field: int) -> Element:
        """The field's first repetition, perhaps an empty one."""
        return Element(self.raw(field).partition(self._message.separators.repetition)[0], self._message)

    def text(self, field: int, component: int = 1, subcomponent: int = 1, repetition: int = 1) -> str:
        """One value, unescaped; `NULL` stays as it is."""
        if field <= 2 and self.name in _HEADERS:
            return self.raw(field)
        repetitions = self.raw(field).split(self._message.separators.repetition)
        chosen = repetitions[repetition - 1] if repetition <= len(repetitions) else ""
        return Element(chosen, self._message).text(component, subcomponent)


class Element:
    """One repetition of a field."""

    __slots__ = ("_components", "_message", "_raw")

    def __init__(self, raw: str, message: Message) -> None:
        self._raw = raw
        self._message = message
        self._components: list[str] | None = None

    def text(self, component: int = 1, subcomponent: int = 1) -> str:
        """One value, unescaped; "" if it was not sent, `NULL` if it was cleared."""
        components = self._components
        if components is None:
            components = self._components = self._raw.split(self._message.separators.component)
        if component > len(components):
            return ""
        return self._subcomponent(components[component - 1], subcomponent)

    def _subcomponent(self, component: str, number: int) -> str:
        separators = self._message.separators
        if separators.subcomponent in component:
            parts = component.split(separators.subcomponent)
            component = parts[number - 1] if number <= len(parts) else ""
        elif number > 1:
            return ""
        return unescape(component, separators, self._message.charset)


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


def _lines(text: str, field: str) -> list[str]:
    """Segments end with CR, or CRLF, or LF where there is no CR at all. Where CR and lone LF are mixed, LF ends one only
    if a segment that we know begins behind it: else it stands in somebody's text.
    """
    if "\n" not in text:
        return text.split("\r")
    if "\r" not in text:
        return text.split("\n")
    unix = text.replace("\r\n", "\r")
    return _mixed_end(field).split(unix) if "\n" in unix else unix.split("\r")


@lru_cache(maxsize=64)
def _mixed_end(field: str) -> re.Pattern[str]:
    return re.compile(rf"\r|\n(?=(?:{_KNOWN}){re.escape(field)})")


def _head(text: str) -> str:
    """`MSH`, MSH-1 and MSH-2: up to the second field separator or the end of the line, and never much."""
    line = text[:32].replace("\n", "\r").partition("\r")[0]
    second = line.find(line[3:4], 4) if len(line) > 3 else -1
    return line if second < 0 else line[:second]
