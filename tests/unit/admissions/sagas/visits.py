"""Visits and accounts that were one: HL7 v2.5.1 ch. 3.3.6 (MRG-5), .36, .41, .42, .50 (A36, A41, A42, A50)."""

from __future__ import annotations

from typing import Final

from tests.unit.admissions.saga_accounts import Saga, Stands, human
from tests.unit.admissions.sagas.words import (
    A1,
    ED,
    P_IN,
    P_OUT,
    V1_IN,
    V1_OUT,
    V2_IN,
    P,
    Q,
    north,
    repair,
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
            north("A03", "01 1110", P, end="01 1105", disposition="09", **ED),
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
    Saga(
        "admitted under a new number, and the emergency department closes its visit (A01 with MRG-5)",
        (
            north("A04", "01 0705", P, start="01 0700", location="ED", **ED),
            north("A01", "01 0905", P, "V2", "||||V1^^^NORTH^VN", start="01 0900", location="5E^2^B"),
            north("A03", "01 0910", P, end="01 0905", disposition="09", **ED),
        ),
        frozenset({human("100200", V2_IN._replace(joined=("prior-number",)))}),
    ),
    Saga(
        "two patients with an account each were one, and so were the accounts (A36)",
        (
            north("A01", "01 0905", P, "", start="01 0900", location="4W^12^A", **A1),
            north("A01", "01 0905", Q, "", start="01 0900", location="4W^12^A", account="A2^^^NORTH^AN"),
            repair("A36", "02 1200", P, f"{Q}||A2^^^NORTH^AN", **A1),
        ),
        frozenset({human("100200", Stands("A1", "admitted", "4W", "", ("visits-merged",)))}),
    ),
    Saga(
        "an account that names no visit is the one visit of that account",
        (
            north("A01", "01 0905", P, start="01 0900", location="4W^12^A", **A1),
            north("A03", "03 1505", P, "", end="03 1500", disposition="01", **A1),
        ),
        frozenset({human("100200", V1_OUT._replace(joined=("of-account",)))}),
    ),
    Saga(
        "an account with two visits names none of them",
        (
            north("A01", "01 0905", P, start="01 0900", location="4W^12^A", **A1),
            north("A01", "01 1005", P, "V2", start="01 1000", location="5E^2^B", **A1),
            north("A03", "02 1505", P, "", end="02 1500", disposition="01", **A1),
        ),
        frozenset({human("100200", V1_IN, V2_IN, Stands("A1", "discharged", "", "01"))}),
    ),
    Saga(
        "two accounts were one (A41), and the visit ends under the other",
        (
            north("A01", "01 0905", P, start="01 0900", location="4W^12^A", **A1),
            repair("A41", "02 1200", P, f"{P}||A7^^^NORTH^AN", **A1),
            north("A03", "03 1505", P, "", end="03 1500", disposition="01", account="A7^^^NORTH^AN"),
        ),
        frozenset({human("100200", V1_OUT._replace(joined=("of-account",)))}),
    ),
)
