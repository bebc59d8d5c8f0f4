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
)

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
