"""Six messages each: whatever befalls a stay befalls it while the patient is merged, moved or known elsewhere.

The sections of HL7 v2.5.1 ch. 3 stand with each. What a cancel takes back it finds by EVN-6 (ch. 3.3.11 to .13).
"""

from __future__ import annotations

from typing import Final

from tests.unit.admissions.saga_accounts import Saga, Stands, human
from tests.unit.admissions.sagas.words import (
    A1,
    BIRTH,
    BORN,
    ED,
    N_IN,
    N_OUT,
    OTHER,
    P_IN,
    P_OUT,
    P_TO_ICU,
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

A2: Final = {"account": "A2^^^NORTH^AN"}
SAME: Final = ("same-number",)
SIX: Final = (
    # .40: the stay under the retired number goes on under the other; .12: the bed before the transfer counts again
    Saga(
        "a merge in mid-stay, between a transfer and its cancel",
        (P_IN, Q_IN, Q_TO_ICU, Q_IS_P, north("A12", "02 1500", P, "V2", happened="02 1000"), P_OUT),
        frozenset({human("100200", V1_OUT, V2_IN._replace(joined=SAME))}),
    ),
    # .45: the visit is Q's with all that was said of it under P; .13: the first end never was, the second one is
    Saga(
        "the wrong patient's visit moves after an end that was none (A45)",
        (
            P_IN,
            north("A03", "02 1505", P, end="02 1500", disposition="01"),
            repair("A45", "02 1600", Q, f"{P}||||V1^^^NORTH^VN", "V1"),
            north("A13", "03 0900", Q, happened="02 1500"),
            north("A03", "04 1105", Q, end="04 1100", disposition="06"),
            north("A04", "05 0905", P, "V3", start="05 0900", location="ED", **ED),
        ),
        frozenset(
            {
                human("100201", Stands("V1", "discharged", "4W", "06", SAME)),
                human("100200", Stands("V3", "registered", "ED")),
            }
        ),
    ),
    # .44: what comes under the wrong number later follows the account; .2: the ward goes with it
    Saga(
        "the wrong patient's account moves in mid-stay, and the old number ends the stay by mistake (A44)",
        (
            north("A01", "01 0905", P, start="01 0900", location="4W^12^A", **A1),
            north("A02", "02 1005", P, happened="02 1000", location="ICU^1^A", **A1),
            repair("A44", "02 1200", Q, f"{P}||A1^^^NORTH^AN", **A1),
            north("A03", "03 1505", P, end="03 1500", disposition="01", **A1),
            north("A13", "03 1530", Q, happened="03 1500", **A1),
            north("A01", "04 1005", Q, "V2", start="04 1000", location="5E^2^B", **A2),
        ),
        frozenset({human("100201", Stands("V1", "admitted", "ICU", "", SAME), V2_IN)}),
    ),
    # PID-3 and PID-7 (ch. 3.4.2): one enterprise number, one birth date after .31; day 7 of CMS's 30
    Saga(
        "back elsewhere within the month, once the birth date is put right",
        (
            N_IN,
            N_OUT,
            south("A01", "10 1005", f"{S}~{R1}", start="10 1000", **OTHER),
            south("A02", "11 1005", f"{S}~{R1}", happened="11 1000", location="ICU^1^A", **OTHER),
            south("A31", "11 1105", f"{S}~{R1}", "", **{**BORN, "class": ""}),
            south("A03", "12 0905", f"{S}~{R1}", end="12 0900", disposition="01", **BORN),
        ),
        frozenset(
            {
                human(
                    "100200 900 R1",
                    V1_OUT._replace(returned="unplanned"),
                    Stands("V9", "discharged", "ICU", "01"),
                    born=BIRTH,
                )
            }
        ),
        frozenset({"birth-dates-disagree"}),
    ),
    # .6 with MRG-5: one stay of two visits, and the emergency visit's own end (09) ends nothing; then .40
    Saga(
        "from the emergency department to a bed, merged there, sent home and back",
        (
            north("A04", "01 0705", Q, start="01 0700", location="ED", **ED),
            north("A06", "01 1105", Q, "V2", "||||V1^^^NORTH^VN", happened="01 1100", location="4W^12^A"),
            north("A03", "01 1110", Q, end="01 1105", disposition="09", **ED),
            Q_IS_P,
            north("A03", "03 1505", P, "V2", end="03 1500", disposition="01"),
            north("A01", "10 0905", P, "V3", start="10 0900", location="5E^2^B"),
        ),
        frozenset(
            {
                human(
                    "100200",
                    Stands("V2", "discharged", "4W", "01", ("prior-number", "same-number"), "unplanned"),
                    Stands("V3", "admitted", "5E"),
                )
            }
        ),
    ),
    # PID-30 (ch. 3.4.2.30), the last word of both numbers: Y on the 4th, N on the 6th; neither stay says expired
    Saga(
        "dead after the discharge, and alive after the merge",
        (
            P_IN,
            P_OUT,
            Q_IN,
            north("A31", "04 0900", Q, "", dead="Y", **{"class": ""}),
            merge("05 1200", Q, P),
            north("A31", "06 0900", P, "", dead="N", **{"class": ""}),
        ),
        frozenset({human("100200", V1_OUT, V2_IN)}),
    ),
    # .40 twice: Q was T, T was P; the middle number was in use between the two
    Saga(
        "a chain of merges with an end under the middle number",
        (
            P_IN,
            Q_IN,
            north("A01", "01 1105", T, "V3", start="01 1100", location="6N^3^A"),
            merge("02 0900", Q, T),
            north("A03", "02 1105", T, "V2", end="02 1100", disposition="01"),
            merge("02 1300", T, P),
        ),
        frozenset(
            {human("100200", V1_IN, Stands("V2", "discharged", "5E", "01", SAME), Stands("V3", "admitted", "6N"))}
        ),
    ),
    # .17: each lies where the other was; .12: the cancelled transfer gives back the bed of the swap
    Saga(
        "two patients change beds between a transfer and another that never was (A17)",
        (
            P_IN,
            Q_IN,
            north("A02", "02 0905", P, happened="02 0900", location="ICU^1^A"),
            north(
                "A17",
                "02 1205",
                P,
                happened="02 1200",
                location="5E^2^B",
                extra=(f"PID|||{Q}", "PV1||I|ICU^1^A" + "|" * 16 + "V2^^^NORTH^VN"),
            ),
            north("A02", "02 1505", Q, "V2", happened="02 1500", location="6N^3^A"),
            north("A12", "02 1600", Q, "V2", happened="02 1500"),
        ),
        frozenset({human("100200", V1_IN._replace(place="5E")), human("100201", V2_IN._replace(place="ICU"))}),
    ),
    # .43: all that P had until then was Q's, also what comes of it later; what begins afterwards is P's
    Saga(
        "what a patient had until then was another's (A43), and she came herself",
        (
            P_IN,
            P_TO_ICU,
            repair("A43", "02 1200", Q, P),
            P_OUT,
            north("A01", "04 0905", P, "V2", start="04 0900", location="5E^2^B"),
            north("A03", "06 0905", P, "V2", end="06 0900", disposition="06"),
        ),
        frozenset(
            {human("100201", V1_OUT._replace(place="ICU")), human("100200", Stands("V2", "discharged", "5E", "06"))}
        ),
    ),
    # .42: one stay of both, which the end of the one ended; .13 under the number that is left takes that back
    Saga(
        "two visits were one (A42), and the end of the one was none",
        (
            P_IN,
            north("A04", "01 0705", P, "V2", start="01 0700", location="ED", **ED),
            north("A03", "01 0910", P, "V2", end="01 0905", disposition="01", **ED),
            P_TO_ICU,
            repair("A42", "02 1200", P, f"{P}||||V2^^^NORTH^VN", "V1"),
            north("A13", "03 0900", P, happened="01 0905"),
        ),
        frozenset({human("100200", Stands("V1", "admitted", "ICU", "", ("visits-merged",)))}),
    ),
)
