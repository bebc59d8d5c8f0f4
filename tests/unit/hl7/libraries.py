"""What python-hl7 and hl7apy read in a message, and what we do: every value by its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hl7
from hl7apy.parser import parse_message

from shared.hl7.er7 import Segment, parse

Place = tuple[int, str, int, int, int, int]
"""Segment from 0, its name, then field, repetition, component and subcomponent from 1."""
Values = dict[Place, str]


def ours(text: str) -> Values:
    """By our reader, by `text` alone; the raw field says only how far to ask."""
    return {
        (number, segment.name, *place): value
        for number, segment in enumerate(parse(text.encode()).all_segments())
        for place in _places(segment)
        if (value := segment.text(place[0], place[2], place[3], place[1]))
    }


def _places(segment: Segment) -> Iterator[tuple[int, int, int, int]]:
    for field in range(1, 80):
        raw = segment.raw(field)
        if raw and segment.name == "MSH" and field <= 2:
            yield field, 1, 1, 1
        elif raw:
            most = range(1, len(raw) + 2)  # no field has more parts than characters and one
            yield from (
                (field, repetition, component, subcomponent)
                for repetition in most[: raw.count("~") + 2]
                for component in most[: raw.count("^") + 2]
                for subcomponent in most[: raw.count("&") + 2]
            )


def python_hl7(text: str) -> Values:
    """By python-hl7's tree; each value by its `extract_field`, which undoes escapes."""
    found: Values = {}
    for number, segment in enumerate(hl7.parse(text)):
        name = str(segment[0])
        for place in _python_places(segment):
            field, repetition, component, subcomponent = place
            if value := str(segment.extract_field(1, field, repetition, component, subcomponent)):
                found[(number, name, *place)] = value
    return found


def _python_places(segment: Any) -> Iterator[tuple[int, int, int, int]]:
    for field in range(1, len(segment)):
        if str(segment[0]) == "MSH" and field <= 2:
            yield field, 1, 1, 1
            continue
        for repetition, parts in enumerate(segment[field], 1):
            for component, lesser in enumerate(_parts(parts), 1):
                yield from ((field, repetition, component, part) for part, _ in enumerate(_parts(lesser), 1))


def _parts(node: Any) -> list[Any]:
    return [node] if isinstance(node, str) else list(node)


def hl7apy(text: str) -> Values:
    """By hl7apy's tree, without groups. It leaves escapes as they are, so the five of separators are undone here."""
    found: Values = {}
    for number, segment in enumerate(parse_message(text, find_groups=False).children):
        repetitions: dict[int, int] = {}
        for field in segment.children:
            place = _number(field)
            repetitions[place] = repetitions.get(place, 0) + 1
            for component in field.children:
                for part in component.children:
                    value = _unescaped(part.to_er7()) if not (segment.name == "MSH" and place <= 2) else field.to_er7()
                    key = (number, segment.name, place, repetitions[place], _number(component), _number(part))
                    found |= {key: value} if value else {}
    return found


def _number(element: Any) -> int:
    """`CX_4` is a fourth component; a datatype's bare name is all there is; what it does not know has no name, so 0."""
    last = str(element.name or "_0").rpartition("_")[2]
    return int(last) if last.isdigit() else 1


def _unescaped(text: str) -> str:
    for letter, character in (("F", "|"), ("S", "^"), ("T", "&"), ("R", "~"), ("E", "\\")):
        text = text.replace(f"\\{letter}\\", character)
    return text
