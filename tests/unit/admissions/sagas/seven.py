"""Seven messages each: 5,040 orders. `make test` hears a drawn part of them, `make stories` all.

The sections of HL7 v2.5.1 ch. 3 stand with each. What a cancel takes back it finds by EVN-6 (ch. 3.3.11 to .13).
"""

from __future__ import annotations

from typing import Final

from tests.unit.admissions.saga_accounts import Saga, Stands, human
from tests.unit.admissions.sagas.six import SAME
from tests.unit.admissions.sagas.words import (
    A1,
    BIRTH,
    BORN,
    ED,
    OTHER,
    P_IN,
    P_OUT,
    Q_IN,
    Q_IS_P,
    Q_TO_ICU,
    R1,
    V1_IN,
    V1_OUT,
    V2_IN,
    P,
    Q,
    S,
    T,
    merge,
    north,
    repair,
    south,
)

SEVEN: Final = (
    # .40: V2 goes on under P; .12 gives back the bed, .13 the stay: both cancels name what was said under Q or after it
    Saga(
        "merged in mid-stay, and neither the transfer nor the end was one",
        (
            P_IN,
            Q_IN,
            Q_TO_ICU,
            Q_IS_P,
            north("A12", "02 1500", P, "V2", happened="02 1000"),
            north("A03", "03 1505", P, "V2", end="03 1500", disposition="01"),
            north("A13", "03 1530", P, "V2", happened="03 1500"),
        ),
        frozenset({human("100200", V1_IN, V2_IN._replace(joined=SAME))}),
    ),
    # .44, then .45: P's account was Q's and that visit was T's; .13 between them takes back the end that came under P
    Saga(
        "moved twice in mid-stay, with an end that was none and one that was (A44, A45)",
        (
            north("A01", "01 0905", P, start="01 0900", location="4W^12^A", **A1),
            north("A02", "02 1005", P, happened="02 1000", location="ICU^1^A", **A1),
            repair("A44", "02 1200", Q, f"{P}||A1^^^NORTH^AN", **A1),
            north("A03", "03 1505", P, end="03 1500", disposition="01", **A1),
            north("A13", "03 1530", Q, happened="03 1500", **A1),
            repair("A45", "04 0900", T, f"{Q}||||V1^^^NORTH^VN", "V1"),
            north("A03", "05 1105", T, end="05 1100", disposition="06"),
        ),
        frozenset({human("100202", Stands("V1", "discharged", "ICU", "06", SAME))}),
    ),
    # .6 with MRG-5; PID-3 and PID-7: one person at two houses after .31; .13: who was said to have died goes on
    Saga(
        "from the emergency department to a bed, home, and back elsewhere under a wrong birth date",
        (
            north("A04", "01 0705", f"{P}~{R1}", start="01 0700", location="ED", **BORN, **ED),
            north(
                "A06",
                "01 1105",
                f"{P}~{R1}",
                "V2",
                f"{P}||||V1^^^NORTH^VN",
                happened="01 1100",
                location="4W^12^A",
                **BORN,
            ),
            north("A03", "03 1505", f"{P}~{R1}", "V2", end="03 1500", disposition="01", **BORN),
            south("A01", "10 1005", f"{S}~{R1}", start="10 1000", location="2S^1^A", **OTHER),
            south("A31", "10 1105", f"{S}~{R1}", "", **{**BORN, "class": ""}),
            south("A03", "12 0905", f"{S}~{R1}", end="12 0900", disposition="20", **BORN),
            south("A13", "12 0930", f"{S}~{R1}", happened="12 0900", **BORN),
        ),
        frozenset(
            {
                human(
                    "100200 900 R1",
                    Stands("V2", "discharged", "4W", "01", ("prior-number",), "unplanned"),
                    Stands("V9", "admitted", "2S"),
                    born=BIRTH,
                )
            }
        ),
        frozenset({"birth-dates-disagree"}),
    ),
    # NUBC FL17 20: Q died, and so did whom she was merged with; .13 and PID-30 N: the end and the death never were
    Saga(
        "a death that is merged with a living patient, and taken back",
        (
            P_IN,
            Q_IN,
            north("A03", "02 0905", Q, "V2", end="02 0900", disposition="20"),
            Q_IS_P,
            north("A13", "02 1300", P, "V2", happened="02 0900"),
            P_OUT,
            north("A31", "04 0900", P, "", dead="N", **{"class": ""}),
        ),
        frozenset({human("100200", V1_OUT, V2_IN._replace(joined=SAME))}),
    ),
    # .17: V1 lies in 5E and V2 in 4W; .2 and .12: the transfer never was; .40: both stays are one patient's
    Saga(
        "two who changed beds were one",
        (
            P_IN,
            Q_IN,
            north(
                "A17",
                "02 1205",
                P,
                happened="02 1200",
                location="5E^2^B",
                extra=(f"PID|||{Q}", "PV1||I|4W^12^A" + "|" * 16 + "V2^^^NORTH^VN"),
            ),
            north("A02", "02 1505", P, happened="02 1500", location="ICU^1^A"),
            north("A12", "02 1600", P, happened="02 1500"),
            merge("03 0900", Q, P),
            P_OUT,
        ),
        frozenset({human("100200", V1_OUT._replace(place="5E"), V2_IN._replace(place="4W"))}),
    ),
)
