"""The messages of which several sagas are made, and what stands of their stays. Times are local to New York."""

from __future__ import annotations

from typing import Any, Final

from tests.unit.admissions.messages import adt
from tests.unit.admissions.saga_accounts import Stands
from tests.unit.admissions.walks import Sent

P, Q, T, U = (f"{number}^^^NORTH^MR" for number in (100200, 100201, 100202, 100203))
S = "900^^^SOUTH^MR"
R1, R2 = "R1^^^STATE^PI", "R2^^^STATE^PI"
"""STATE is enterprise-wide: its numbers are the same in every hospital."""
ED: Final = {"class": "E"}
A1: Final = {"account": "A1^^^NORTH^AN"}


def north(trigger: str, recorded: str, who: str, visit: str = "V1", mrg: str = "", **said: Any) -> Sent:
    """A message of the feed north. `mrg`: the fields of MRG."""
    numbers = {"mrn": who, "visit": f"{visit}^^^NORTH^VN" if visit else ""}
    extra = (*([f"MRG|{mrg}"] if mrg else []), *said.pop("extra", ()))
    return "north", adt(trigger, recorded, extra=extra, **{**numbers, **said})


def south(trigger: str, recorded: str, who: str, visit: str = "V9", **said: Any) -> Sent:
    """A message of the feed south, whose clocks are an hour behind."""
    return "south", adt(trigger, recorded, mrn=who, visit=f"{visit}^^^SOUTH^VN", facility="SOUTH", **said)


def merge(recorded: str, old: str, new: str, trigger: str = "A40") -> Sent:
    """`old` is never to be used again: it was `new` (ch. 3.3.40)."""
    return north(trigger, recorded, new, "", old, **{"class": ""})


def repair(trigger: str, recorded: str, who: str, mrg: str, visit: str = "", **said: Any) -> Sent:
    """Another message with an MRG segment: who it is now, and what it was."""
    return north(trigger, recorded, who, visit, mrg, **{"class": "", **said})


P_IN = north("A01", "01 0905", P, start="01 0900", location="4W^12^A")
P_TO_ICU = north("A02", "02 1005", P, happened="02 1000", location="ICU^1^A")
P_OUT = north("A03", "03 1505", P, end="03 1500", disposition="01")
Q_IN = north("A01", "01 1005", Q, "V2", start="01 1000", location="5E^2^B")
Q_TO_ICU = north("A02", "02 1005", Q, "V2", happened="02 1000", location="ICU^1^A")
Q_ED = north("A04", "01 1005", Q, "V2", start="01 1000", location="ED", **ED)
Q_IS_P = merge("02 1200", Q, P)

V1_IN, V1_OUT = Stands("V1", "admitted", "4W"), Stands("V1", "discharged", "4W", "01")
V2_IN, V2_ED = Stands("V2", "admitted", "5E"), Stands("V2", "registered", "ED")

BORN: Final = {"born": "19500101", "sex": "F"}
BIRTH: Final = "1950-01-01"
OTHER: Final = {"born": "19510101", "sex": "F"}
N_IN = north("A01", "01 0905", f"{P}~{R1}", start="01 0900", location="4W^12^A", **BORN)
N_OUT = north("A03", "03 1505", f"{P}~{R1}", end="03 1500", disposition="01", **BORN)
