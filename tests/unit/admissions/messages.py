"""ER7 text, a segment a line, of which a test says only what it is about. Synthetic people only."""

from __future__ import annotations

from typing import Any

DAY = "202611"


def clock(text: str) -> str:
    """`03 1500` is 2026-11-03 15:00 in New York, to the minute; seconds may follow."""
    return DAY + text.replace(" ", "")


def adt(trigger: str, recorded: str, **said: Any) -> bytes:
    """One ADT message. `recorded` is EVN-2 and MSH-7; the control id is `control`, else made of trigger and time.

    Times are `clock` texts: `happened` (EVN-6), `start` (PV1-44), `end` (PV1-45), `planned`, `expected` and `back`
    (PV2-8, -9, -47). Every other key is a field of `_SEGMENTS` below, as on the wire.
    """
    fields = {"mrn": "100200^^^NORTH^MR", "visit": "V1^^^NORTH^VN", "class": "I", "processing": "P", **said}
    fields["control"] = said.get("control", f"{trigger}-{recorded}").replace(" ", "")
    for name in ("happened", "start", "end", "expected", "planned", "back"):
        if name in said:
            fields[name] = clock(said[name])
    message = clock(recorded)
    evn2 = said.get("evn2", message)
    msh = f"MSH|^~\\&|ADT|{fields.get('facility', 'NORTH')}|||{message}||ADT^{trigger}|{fields['control']}"
    lines = [
        f"{msh}|{fields['processing']}|2.5.1",
        _segment("EVN", {1: trigger, 2: evn2, 6: fields.get("happened", ""), 7: fields.get("where", "")}),
        *(_segment(name, {place: fields.get(key, "") for place, key in keys.items()}) for name, keys in _SEGMENTS),
        *said.get("extra", ()),
    ]
    return "\r".join(line for line in lines if not line.endswith("|empty")).encode() + b"\r"


_SEGMENTS: tuple[tuple[str, dict[int, str]], ...] = (
    (
        "PID",
        {
            3: "mrn",
            5: "name",
            7: "born",
            8: "sex",
            11: "address",
            13: "phone",
            15: "language",
            18: "account",
            29: "died",
            30: "dead",
            31: "unknown",
        },
    ),
    ("PD1", {4: "pcp", 12: "shielded"}),
    (
        "PV1",
        {
            2: "class",
            3: "location",
            4: "admission",
            7: "attending",
            8: "referring",
            9: "consulting",
            10: "service",
            17: "admitting",
            19: "visit",
            36: "disposition",
            37: "destination",
            44: "start",
            45: "end",
        },
    ),
    ("PV2", {1: "pending", 8: "planned", 9: "expected", 22: "protected", 47: "back"}),
)


def _segment(name: str, fields: dict[int, str]) -> str:
    """The segment, or a mark to leave it out when nothing is in it."""
    if not any(fields.values()):
        return f"{name}|empty"
    return "|".join([name, *(fields.get(place, "") for place in range(1, max(fields) + 1))]).rstrip("|")
