"""Visits and accounts that were one: HL7 v2.5.1 ch. 3.3.6 (MRG-5), .36, .41, .42, .50 (A36, A41, A42, A50)."""

from __future__ import annotations

from typing import Final

from tests.unit.admissions.saga_accounts import Saga, Stands, human
from tests.unit.admissions.sagas.words import ED, P_IN, P_OUT, P, Q, north

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
