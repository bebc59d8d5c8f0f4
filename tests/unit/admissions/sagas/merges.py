"""Patients who were one: HL7 v2.5.1 ch. 3.3.34 (A34), .40 (A40), .47 (A47)."""

from __future__ import annotations

from typing import Final

from tests.unit.admissions.saga_accounts import Saga, Stands, human
from tests.unit.admissions.sagas.words import (
    P_IN,
    P_OUT,
    Q_ED,
    Q_IN,
    Q_IS_P,
    R1,
    V1_IN,
    V1_OUT,
    V2_ED,
    V2_IN,
    P,
    Q,
    T,
    U,
    merge,
    north,
    repair,
)

P_SPEAKS = north("A08", "06 0900", P, language="spa")

MERGES: Final = (
    Saga("a merge in mid-stay", (P_IN, Q_ED, Q_IS_P, P_OUT), frozenset({human("100200", V1_OUT, V2_ED)})),
    Saga(
        "a rename whose numbers do not pair: the patient's own stands on both sides (A47)",
        (P_IN, repair("A47", "02 1200", f"{P}~{R1}", f"{P}~300^^^NORTH^PI"), P_OUT),
        frozenset({human("100200", V1_OUT)}),
    ),
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
    Saga(
        "a retired number that is used again still leads to the person",
        (P_IN, Q_IS_P, north("A03", "05 1505", Q, "V2", end="05 1500", disposition="01"), P_SPEAKS),
        frozenset({human("100200", V1_IN, Stands("V2", "discharged", "", "01"), language="spa")}),
        frozenset({"retired-number-used"}),
    ),
    Saga(
        "a retired number that has the last word is not what the patient is called",
        (P_IN, Q_IS_P, north("A03", "05 1505", Q, "V2", end="05 1500", disposition="01")),
        frozenset({human("100200", V1_IN, Stands("V2", "discharged", "", "01"))}),
        frozenset({"retired-number-used"}),
    ),
    Saga(
        "merged into each other and back: the last word leads",
        (P_IN, Q_IS_P, merge("03 1200", P, Q), merge("04 1200", Q, P)),
        frozenset({human("100200", V1_IN)}),
        frozenset({"retired-number-used"}),
    ),
    Saga(
        "merged patients whose birth dates disagree are one, and reviewed: the later word counts",
        (
            north("A01", "01 0905", P, start="01 0900", location="4W^12^A", born="19410506"),
            north("A01", "01 1005", Q, "V2", start="01 1000", location="5E^2^B", born="19500101"),
            Q_IS_P,
        ),
        frozenset({human("100200", V1_IN, V2_IN, born="1950-01-01")}),
        frozenset({"merged-yet-disagree"}),
    ),
    Saga(
        "the newest word on each of two numbers is of both",
        (north("A01", "01 0905", P, start="01 0900", location="4W^12^A", born="19410506"), Q_IN, Q_IS_P, P_SPEAKS),
        frozenset({human("100200", V1_IN, V2_IN, born="1941-05-06", language="spa")}),
    ),
)
