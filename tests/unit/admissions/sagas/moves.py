"""What was another patient's: HL7 v2.5.1 ch. 3.3.43 to .45 (A43 to A45); and the swap, ch. 3.3.17 (A17)."""

from __future__ import annotations

from typing import Final

from tests.unit.admissions.saga_accounts import Saga, Stands, human
from tests.unit.admissions.sagas.words import (
    A1,
    ED,
    P_IN,
    P_OUT,
    Q_IN,
    Q_IS_P,
    R1,
    R2,
    V1_IN,
    V1_OUT,
    V2_ED,
    V2_IN,
    P,
    Q,
    S,
    T,
    north,
    repair,
    south,
)

Q_HAS_A1 = repair("A44", "02 1200", Q, f"{P}||A1^^^NORTH^AN", **A1)

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
            P_OUT,
        ),
        frozenset({human("100200", V2_ED), human("100201", V1_OUT._replace(joined=("same-number",)))}),
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
    Saga(
        "a visit is moved on, and gets another number on the way (A45 twice)",
        (
            P_IN,
            repair("A45", "02 1200", Q, f"{P}||||V1^^^NORTH^VN", "V1"),
            repair("A45", "03 1200", T, f"{Q}||||V1^^^NORTH^VN", "V3"),
        ),
        frozenset({human("100202", Stands("V3", "admitted", "4W", "", ("same-number", "visits-merged")))}),
    ),
    Saga(
        "ward and end go with the account, the other patient keeps her own (A44)",
        (
            north("A01", "01 0905", P, start="01 0900", location="4W^12^A", **A1),
            north("A02", "02 1005", P, happened="02 1000", location="ICU^1^A", **A1),
            Q_HAS_A1,
            north("A03", "05 1505", P, end="05 1500", disposition="01", **A1),
            north("A01", "06 0905", P, "V3", start="06 0900", account="A3^^^NORTH^AN"),
        ),
        frozenset({human("100201", V1_OUT._replace(place="ICU")), human("100200", Stands("V3", "admitted"))}),
    ),
    Saga(
        "moved, and the admission was in error altogether (A44, A11)",
        (
            north("A01", "01 0905", P, start="01 0900", **A1),
            Q_HAS_A1,
            north("A11", "03 0900", P, happened="01 0900", **A1),
            north("A01", "01 1005", Q, "V2", start="01 1000", location="5E^2^B", account="A2^^^NORTH^AN"),
        ),
        frozenset({human("100201", V2_IN)}),
    ),
    Saga(
        "discharged, moved, discharge and admission both taken back: nothing to review is left behind",
        (
            north("A01", "01 0905", P, start="01 0900", **A1),
            north("A03", "02 1105", P, end="02 1100", disposition="01", **A1),
            Q_HAS_A1,
            north("A13", "03 0900", Q, happened="02 1100", **A1),
            north("A11", "03 0900", P, happened="01 0900", **A1),
        ),
        frozenset(),
    ),
)
