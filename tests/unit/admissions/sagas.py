"""Stories of several patients, numbers and hospitals, worked out by hand from HL7 v2.5.1 ch. 3.3 and docs/adr/0016.

Merges and moves: .18, .30, .34 to .36, .40 to .50; the swap: .17.

Times are local to New York. The messages may come in any order, once or twice; the ending is the same.
"""

from __future__ import annotations

from typing import Any, Final

from tests.unit.admissions.messages import adt
from tests.unit.admissions.saga_accounts import Saga, Sent, Stands, human

P, Q, T, U = (f"{number}^^^NORTH^MR" for number in (100200, 100201, 100202, 100203))
S = "900^^^SOUTH^MR"
R1, R2 = "R1^^^STATE^PI", "R2^^^STATE^PI"
"""STATE is enterprise-wide: its numbers are the same in every hospital."""
ED: Final = {"class": "E"}


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


P_IN = north("A01", "01 0905", P, start="01 0900", location="4W^12^A")
P_OUT = north("A03", "03 1505", P, end="03 1500", disposition="01")
Q_IN = north("A01", "01 1005", Q, "V2", start="01 1000", location="5E^2^B")
Q_ED = north("A04", "01 1005", Q, "V2", start="01 1000", location="ED", **ED)
Q_IS_P = merge("02 1200", Q, P)

V1_IN, V1_OUT = Stands("V1", "admitted", "4W"), Stands("V1", "discharged", "4W", "01")
V2_IN, V2_ED = Stands("V2", "admitted", "5E"), Stands("V2", "registered", "ED")

MERGES: Final = (
    Saga("a merge in mid-stay", (P_IN, Q_ED, Q_IS_P, P_OUT), frozenset({human("100200", V1_OUT, V2_ED)})),
    Saga(
        "one stay begun under the old number and ended under the new one",
        (north("A01", "01 0905", Q, start="01 0900", location="4W^12^A"), Q_IS_P, P_OUT),
        frozenset({human("100200", V1_OUT._replace(joined=("same-number",)))}),
    ),
    Saga(
        "a cycle of two merges: the later one has the last word on the name",
        (P_IN, Q_IN, merge("02 0900", P, Q), Q_IS_P),
        frozenset({human("100200", V1_IN, V2_IN)}),
        frozenset({"retired-number-used"}),
    ),
    Saga(
        "three numbers, one after the other",
        (P_IN, Q_IN, north("A01", "01 1105", T, "V3", start="01 1100"), Q_IS_P, merge("02 1300", P, T)),
        frozenset({human("100202", V1_IN, V2_IN, Stands("V3", "admitted"))}),
    ),
    Saga(
        "a late cancel under the retired number",
        (P_IN, P_OUT, merge("03 1600", P, Q), north("A13", "03 1530", P, happened="03 1500")),
        frozenset({human("100201", V1_IN)}),
    ),
    Saga(
        "two groups in one merge",
        (
            P_IN,
            Q_IN,
            north("A01", "01 1105", U, "V3", start="01 1100"),
            north("A40", "02 1200", P, "", Q, extra=(f"PID|||{T}", f"MRG|{U}"), **{"class": ""}),
        ),
        frozenset({human("100200", V1_IN, V2_IN), human("100202", Stands("V3", "admitted"))}),
    ),
    Saga(
        "who is merged with a dead patient is dead",
        (P_IN, Q_IN, north("A03", "02 0905", Q, "V2", end="02 0900", disposition="20"), Q_IS_P),
        frozenset({human("100200", V1_IN, Stands("V2", "discharged", "5E", "20"), dead=True)}),
    ),
    Saga(
        "an older form of the merge (A34)",
        (P_IN, Q_IN, merge("02 1200", Q, P, "A34")),
        frozenset({human("100200", V1_IN, V2_IN)}),
    ),
    Saga(
        "a changed number (A47)",
        (
            P_IN,
            north("A47", "02 1200", T, "", P, **{"class": ""}),
            north("A03", "03 1505", T, end="03 1500", disposition="01"),
        ),
        frozenset({human("100202", V1_OUT._replace(joined=("same-number",)))}),
    ),
)

MOVES: Final = (
    Saga(
        "an account that was the wrong patient's (A44), who was written under it once more",
        (
            north("A01", "01 0905", P, start="01 0900", location="4W^12^A", account="A1^^^NORTH^AN"),
            north("A44", "02 1200", Q, "", f"{P}||A1^^^NORTH^AN", account="A1^^^NORTH^AN", **{"class": ""}),
            north("A03", "03 1505", P, end="03 1500", disposition="01", account="A1^^^NORTH^AN"),
        ),
        frozenset({human("100201", V1_OUT)}),
    ),
    Saga(
        "one visit of two was the wrong patient's (A45)",
        (
            P_IN,
            north("A04", "01 1005", P, "V2", start="01 1000", location="ED", **ED),
            north("A45", "02 1200", Q, "V1", f"{P}||||V1^^^NORTH^VN", **{"class": ""}),
        ),
        frozenset({human("100200", V2_ED), human("100201", V1_IN._replace(joined=("same-number",)))}),
    ),
    Saga(
        "moved, and then both turn out to be one",
        (P_IN, north("A45", "02 0900", Q, "V1", f"{P}||||V1^^^NORTH^VN", **{"class": ""}), Q_IS_P),
        frozenset({human("100200", V1_IN._replace(joined=("same-number",)))}),
    ),
    Saga(
        "an enterprise-wide number that was another patient's (A43)",
        (
            north("A01", "01 0905", f"{P}~{R1}", start="01 0900", location="4W^12^A"),
            south("A01", "01 1005", f"{S}~{R1}", start="01 1000"),
            north("A43", "02 1200", f"{P}~{R2}", "", f"{P}~{R1}", **{"class": ""}),
        ),
        frozenset({human("100200 R2", V1_IN), human("900 R1", Stands("V9", "admitted"))}),
    ),
    Saga(
        "two patients change beds (A17)",
        (
            P_IN,
            Q_IN,
            north(
                "A17",
                "02 1200",
                P,
                happened="02 1155",
                location="5E^2^B",
                extra=(f"PID|||{Q}", "PV1||I|4W^12^A" + "|" * 16 + "V2^^^NORTH^VN"),
            ),
            north("A02", "02 1505", P, happened="02 1500", location="ICU^1^A"),
        ),
        frozenset({human("100200", V1_IN._replace(place="ICU")), human("100201", V2_IN._replace(place="4W"))}),
    ),
)

VISITS: Final = (
    Saga(
        "a changed visit number (A50)",
        (
            P_IN,
            north("A50", "02 1200", P, "V2", f"{P}||||V1^^^NORTH^VN", **{"class": ""}),
            north("A03", "03 1505", P, "V2", end="03 1500", disposition="01"),
        ),
        frozenset({human("100200", Stands("V2", "discharged", "4W", "01", ("visits-merged",)))}),
    ),
    Saga(
        "two visits turn out to be one (A42)",
        (
            P_IN,
            north("A04", "01 0705", P, "V2", start="01 0700", **ED),
            north("A42", "02 1200", P, "V1", f"{P}||||V2^^^NORTH^VN", **{"class": ""}),
            P_OUT,
        ),
        frozenset({human("100200", Stands("V1", "discharged", "4W", "01", ("visits-merged",)))}),
    ),
    Saga(
        "from the emergency department to a bed under a new number (A06 with MRG-5)",
        (
            north("A04", "01 0705", P, start="01 0700", location="ED", **ED),
            north("A06", "01 1105", P, "V2", f"{P}||||V1^^^NORTH^VN", happened="01 1100", location="4W^12^A"),
            north("A03", "03 1505", P, "V2", end="03 1500", disposition="01"),
        ),
        frozenset({human("100200", Stands("V2", "discharged", "4W", "01", ("prior-number",)))}),
    ),
    Saga(
        "stays that are known by their account alone, which are merged (A41)",
        (
            north("A01", "01 0905", P, "", start="01 0900", location="4W^12^A", account="A1^^^NORTH^AN"),
            north("A41", "02 1200", P, "", f"{P}||A1^^^NORTH^AN", account="A9^^^NORTH^AN", **{"class": ""}),
            north("A03", "03 1505", P, "", end="03 1500", disposition="01", account="A9^^^NORTH^AN"),
        ),
        frozenset({human("100200", Stands("A9", "discharged", "4W", "01", ("visits-merged",)))}),
    ),
    Saga(
        "patient and account at once (A36)",
        (
            north("A01", "01 0905", Q, "", start="01 0900", location="4W^12^A", account="A1^^^NORTH^AN"),
            north("A36", "02 1200", P, "", f"{Q}||A1^^^NORTH^AN", account="A9^^^NORTH^AN", **{"class": ""}),
            north("A03", "03 1505", P, "", end="03 1500", disposition="01", account="A9^^^NORTH^AN"),
        ),
        frozenset({human("100200", Stands("A9", "discharged", "4W", "01", ("visits-merged",)))}),
    ),
)

BORN: Final = {"born": "19500101", "sex": "F"}
OTHER: Final = {"born": "19510101", "sex": "F"}
N_IN = north("A01", "01 0905", f"{P}~{R1}", start="01 0900", location="4W^12^A", **BORN)
N_OUT = north("A03", "03 1505", f"{P}~{R1}", end="03 1500", disposition="01", **BORN)

HOSPITALS: Final = (
    Saga(
        "a readmission elsewhere, seen by the number that all hospitals know",
        (N_IN, N_OUT, south("A01", "10 1005", f"{S}~{R1}", start="10 1000", **BORN)),
        frozenset({human("100200 900 R1", V1_OUT._replace(returned="unplanned"), Stands("V9", "admitted"))}),
    ),
    Saga(
        "the same number, another birth date: two persons until somebody says",
        (N_IN, south("A01", "10 1005", f"{S}~{R1}", start="10 1000", **OTHER)),
        frozenset({human("100200 R1", V1_IN), human("900 R1", Stands("V9", "admitted"))}),
        frozenset({"enterprise-disagrees"}),
    ),
    Saga(
        "the birth date was a slip of the pen, and is corrected",
        (
            N_IN,
            south("A01", "02 1005", f"{S}~{R1}", start="02 1000", **OTHER),
            south("A31", "02 1105", f"{S}~{R1}", "", **{**BORN, "class": ""}),
        ),
        frozenset({human("100200 900 R1", V1_IN, Stands("V9", "admitted"))}),
        frozenset({"birth-dates-disagree"}),  # south sent two of one number: somebody should know
    ),
    Saga(
        "taken to another hospital for more care, and home from there",
        (
            N_IN,
            north("A03", "03 1505", f"{P}~{R1}", end="03 1500", disposition="02", **BORN),
            south("A01", "04 0805", f"{S}~{R1}", start="04 0800", **BORN),
            south("A03", "05 0905", f"{S}~{R1}", end="05 0900", disposition="01", **BORN),
        ),
        frozenset(
            {
                human(
                    "100200 900 R1",
                    Stands("V1", "discharged", "4W", "02", (), "transfer"),
                    Stands("V9", "discharged", "", "01"),
                )
            }
        ),
    ),
    Saga(
        "a planned return that was cancelled",
        (
            P_IN,
            north("A03", "03 1505", P, end="03 1500", disposition="81"),
            north("A01", "10 0905", P, "V2", start="10 0900", admission="C", location="5E^2^B"),
            north("A11", "10 1005", P, "V2", happened="10 0900", admission="C"),
        ),
        frozenset({human("100200", V1_OUT._replace(disposition="81"))}),
    ),
    Saga(
        "three ends at one instant, of two stays that nobody saw begin: their numbers say which came back",
        (
            P_IN,
            merge("02 1300", P, T),
            north("A03", "03 1505", T, end="03 1500", disposition="01", control="the-last"),
            north("A03", "03 1505", P, "V2", end="03 1500", disposition="01"),
            north("A03", "03 1505", P, "", end="03 1500", disposition="01", account="A9^^^NORTH^AN"),
        ),
        frozenset(
            {
                human(
                    "100202",
                    V1_OUT._replace(joined=("same-number",), returned="transfer"),
                    Stands("A9", "discharged", "", "01", (), "transfer"),
                    Stands("V2", "discharged", "", "01"),
                )
            }
        ),
        frozenset({"retired-number-used"}),
    ),
)

SAGAS: Final = (*MERGES, *MOVES, *VISITS, *HOSPITALS)
