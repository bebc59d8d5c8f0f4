"""Any message at all: a trigger of the whole table, over few patients, numbers, stays and times, so that they meet.

Nothing of it need make sense. What two hospitals would never send together must end alike in any order all the same:
who reads what cannot be meant has no order to lean on.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

from services.admissions.domain.triggers import TRIGGERS
from tests.unit.admissions.messages import adt
from tests.unit.admissions.walks import Sent

PROFILES: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"a08_class": "moves"},
    {"led_in_minutes": 240},
    {"snapshots": {"DG1": "adds"}},
)
"""Of north; every one of them also has units under either law and a placeholder."""
UNITS: Final = {"part2_units": ["DETOX"], "behavioural_units": ["PSY"], "placeholders": ["0000"]}

_USUAL: Final = ("A01", "A03", "A04", "A08", "A13", "A11", "A02", "A12", "A06", "A07", "A40", "A43", "A44", "A45")
_WITH_MRG: Final = frozenset(
    f"A{n:02}" for n in (6, 7, 18, 30, 34, 35, 36, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51)
)
_MAYBE: Final[dict[str, tuple[float, str]]] = {
    "born": (0.1, "19410506 19500101"),
    "sex": (0.1, "F M"),
    "dead": (0.1, "Y N"),
    "language": (0.1, 'en es ""'),
    "protected": (0.1, "Y N"),
    "shielded": (0.05, "Y N"),
    "admission": (0.2, "E C U N"),
    "attending": (0.1, "1234567893^Example^Grace^^^^^^NPI 77^Example^Karl"),
    "pcp": (0.1, "1234567893^Example^Grace^^^^^^NPI"),
    "service": (0.1, "DETOX MED"),
}
"""The chance of a field, and what may be in it."""


def letters(draw: Random, most: int = 8) -> list[Sent]:
    """Two to `most` of them."""
    return [_letter(draw, n) for n in range(draw.randint(2, most))]


def _letter(draw: Random, n: int) -> Sent:
    feed = "south" if draw.random() < 0.25 else "north"
    house, trigger = feed.upper(), draw.choice(_USUAL if draw.random() < 0.6 else tuple(TRIGGERS))
    said: dict[str, Any] = {
        "mrn": _numbers(draw, house),
        "visit": _one(draw, "V", house, "VN", chance=0.9),
        "account": _one(draw, "AC", house, "AN", chance=0.3),
        "class": draw.choice(("I", "I", "E", "O", "V", "R", "P", "")),
        "facility": house,
        "control": f"letter-{n}",
        "extra": [*_second_patient(draw, trigger, house), *_diagnosis(draw), *_prior(draw, trigger, house)],
    }
    said |= {name: draw.choice(of.split()) for name, (chance, of) in _MAYBE.items() if draw.random() < chance}
    return feed, adt(trigger, _time(draw, 25), **said, **_times(draw, trigger), **_place(draw, house, trigger))


def _times(draw: Random, trigger: str) -> dict[str, str]:
    chances = {"start": 0.5, "happened": 0.6, "end": 1.0 if trigger == "A03" else 0.1}
    return {name: _time(draw) for name, chance in chances.items() if draw.random() < chance}


def _place(draw: Random, house: str, trigger: str) -> dict[str, str]:
    found = {}
    if draw.random() < 0.3:
        found["location"] = f"{draw.choice(['4W', 'ICU', 'PSY', 'DETOX'])}^1^A^{house}"
    if trigger == "A03" or draw.random() < 0.1:
        found["disposition"] = draw.choice(["01", "02", "03", "09", "20", "30", "HOME", ""])
    return found


def _time(draw: Random, days: int = 20) -> str:
    return f"{draw.randint(1, days):02} {draw.choice(('0900', '1200', '1800'))}"


def _numbers(draw: Random, house: str) -> str:
    """One of two of the house's own, perhaps with what both houses know, a third, or nothing but a placeholder."""
    shared = f"S{draw.choice('12')}^^^STATE^PE"
    alone = draw.random()
    if alone < 0.06:
        return shared if alone < 0.03 else f"0000^^^{house}^MR"
    others = ((0.3, shared), (0.1, f"3^^^{house}^MR"))
    return "~".join([f"{draw.choice('12')}^^^{house}^MR", *(one for chance, one in others if draw.random() < chance)])


def _one(draw: Random, prefix: str, house: str, type_: str, *, chance: float) -> str:
    return f"{prefix}{draw.choice('123')}^^^{house}^{type_}" if draw.random() < chance else ""


def _second_patient(draw: Random, trigger: str, house: str) -> list[str]:
    if trigger != "A17":
        return []
    visit = _one(draw, "V", house, "VN", chance=1)
    return [f"PID|||{_numbers(draw, house)}", f"PV1||I|ICU^1^B^{house}{'|' * 16}{visit}"]


def _diagnosis(draw: Random) -> list[str]:
    return [f"DG1|1||{draw.choice(('I50.9', 'J44.1'))}^^I10|||F"] if draw.random() < 0.15 else []


def _prior(draw: Random, trigger: str, house: str) -> list[str]:
    if trigger not in _WITH_MRG and draw.random() > 0.05:
        return []
    return [_mrg(draw, house) for _ in range(2 if draw.random() < 0.05 else 1)]


def _mrg(draw: Random, house: str) -> str:
    numbers = _numbers(draw, house) if draw.random() < 0.9 else ""
    one: Callable[[str, str], str] = lambda prefix, type_: _one(draw, prefix, house, type_, chance=0.5)  # noqa: E731
    return f"MRG|{numbers}||{one('AC', 'AN')}||{one('V', 'VN')}"
