"""Stays at several hospitals, or one after another: the rules of docs/adr/0016 and CMS's 30 days."""

from __future__ import annotations

from typing import Final

from tests.unit.admissions.saga_accounts import Saga, Stands, human
from tests.unit.admissions.sagas.words import (
    BIRTH,
    BORN,
    N_IN,
    N_OUT,
    OTHER,
    P_IN,
    R1,
    V1_IN,
    V1_OUT,
    P,
    Q,
    S,
    T,
    merge,
    north,
    repair,
    south,
)

V9_IN = Stands("V9", "admitted")

HOSPITALS: Final = (
    Saga(
        "a readmission elsewhere, seen by the number that all hospitals know",
        (N_IN, N_OUT, south("A01", "10 1005", f"{S}~{R1}", start="10 1000", **BORN)),
        frozenset({human("100200 900 R1", V1_OUT._replace(returned="unplanned"), V9_IN, born=BIRTH)}),
    ),
    Saga(
        "the same number, another birth date: two persons until somebody says",
        (N_IN, south("A01", "10 1005", f"{S}~{R1}", start="10 1000", **OTHER)),
        frozenset({human("100200 R1", V1_IN, born=BIRTH), human("900 R1", V9_IN, born="1951-01-01")}),
        frozenset({"enterprise-disagrees"}),
    ),
    Saga(
        "two persons share a number and a visit number: who was only mentioned was told of nobody",
        (
            north("A04", "05 0905", f"{P}~{R1}", "V3", start="05 0900", sex="F", **{"class": "V"}),
            repair("A42", "04 0905", f"{Q}~{R1}", f"{Q}||||V2^^^NORTH^VN", "V3"),
            north("A31", "03 0905", Q, "", sex="M", **{"class": ""}),
        ),
        frozenset({human("100200 R1", Stands("V3", "registered"))}),
        frozenset({"enterprise-disagrees"}),
    ),
    Saga(
        "the birth date was a slip of the pen, and is corrected",
        (
            N_IN,
            south("A01", "02 1005", f"{S}~{R1}", start="02 1000", **OTHER),
            south("A31", "02 1105", f"{S}~{R1}", "", **{**BORN, "class": ""}),
        ),
        frozenset({human("100200 900 R1", V1_IN, V9_IN, born=BIRTH)}),
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
                    born=BIRTH,
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
