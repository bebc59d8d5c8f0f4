"""What was another patient's: HL7 v2.5.1 ch. 3.3.43 to .45 (A43 to A45); and the swap, ch. 3.3.17 (A17)."""

from __future__ import annotations

from typing import Final

from tests.unit.admissions.saga_accounts import Saga, Stands, human
from tests.unit.admissions.sagas.words import (
    ED,
    P_IN,
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
    north,
    south,
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
