"""HL7 reading: ours, of twenty fields and of everything, beside python-hl7, hl7apy and HAPI on the JVM."""

from __future__ import annotations

from functools import cache, partial

from bench.edges.jvm import lacks
from bench.place import Place
from bench.rounds import Entry, Row, Sample

_MEANT = "the same twenty fields of the same 400 ADT messages (A01 A02 A03 A04 A08 A11 A13), values compared first"


def rows(place: Place) -> list[Entry]:
    """The rows of this topic."""
    return [
        Row(
            name="edges-hl7-python",
            what=f"reading HL7 in one thread: {_MEANT}; `event` is our whole AdtEvent, some 90 fields",
            unit="messages/s",
            ours="ours",
            against="python-hl7",
            must=20,
            aim=50,
            sides={name: partial(_side, name) for name in ("ours", "event", "python-hl7", "hl7apy")},
        ),
        Row(
            name="edges-hl7-jvm",
            what=f"reading HL7 in one thread: {_MEANT}; HAPI 2.6.0 warmed up by 30,000 messages, without validation",
            unit="messages/s",
            ours="ours",
            against="HAPI",
            must=3,
            aim=10,
            sides={"ours": partial(_side, "ours"), "HAPI": lambda: _hapi(place)},
            lacks=lacks(),
        ),
    ]


@cache
def _corpus() -> list[bytes]:
    """Compared once, before anything is timed."""
    from bench.edges import reading  # this side needs the group `bench`, listing the rows does not

    messages = reading.corpus()
    reading.hold_to_same_values(messages, reading.ours, reading.python_hl7)
    reading.hold_to_same_values(messages[:60], reading.ours, reading.hl7apy_fields)
    reading.hold_to_event(messages)
    return messages


def _side(name: str) -> Sample:
    from bench.edges import reading

    ways = {
        "ours": reading.ours,
        "event": reading.our_event,
        "python-hl7": reading.python_hl7,
        "hl7apy": reading.hl7apy_fields,
    }
    return reading.timed(ways[name], _corpus())


def _hapi(place: Place) -> Sample:
    from bench.edges.hapi import hapi

    return hapi(_corpus(), place.directory)
