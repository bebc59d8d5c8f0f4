"""Stories of one stay that is planned, foreseen, or goes from bed to bed: HL7 v2.5.1 ch. 3.3.2 and .5 to .7.

Worked out by hand, as in `stories`.
"""

from __future__ import annotations

from typing import Final

from tests.unit.admissions.messages import adt
from tests.unit.admissions.stories import ADMIT, DISCHARGE, REGISTER, Story

TO_ICU: Final = adt("A02", "02 1005", happened="02 1000", location="ICU^1^A")
NOT_TO_ICU: Final = adt("A12", "02 1100", happened="02 1000")
TO_5E: Final = adt("A02", "02 1405", happened="02 1400", location="5E^2^B")
PRE_ADMIT: Final = adt("A05", "01 0600", planned="01 0900")
EXPECTED: Final = adt("A14", "01 0600", planned="01 0900")
TO_OUTPATIENT: Final = adt("A07", "02 0905", happened="02 0900", **{"class": "O"})
TO_INPATIENT: Final = adt("A06", "02 1205", happened="02 1200", **{"class": "I"})
ER_DISCHARGE: Final = adt("A03", "03 1505", end="03 1500", disposition="01", **{"class": ""})
NORTH_ROOM: Final = "encounter.location.point_of_care"

BEDS: Final = (
    Story(
        "a transfer taken back gives the bed back",
        (ADMIT, TO_ICU, NOT_TO_ICU, DISCHARGE),
        "discharged",
        "discharged",
        {NORTH_ROOM: "4W", "encounter.location.room": "12", "encounter.disposition": "01"},
    ),
    Story("a transfer", (ADMIT, TO_ICU), "admitted", "admitted", {NORTH_ROOM: "ICU", "encounter.location.bed": "A"}),
    Story(
        "the first of two transfers is taken back",
        (ADMIT, TO_ICU, TO_5E, adt("A12", "02 1500", happened="02 1000")),
        "admitted",
        "admitted",
        {NORTH_ROOM: "5E"},
    ),
    Story(
        "the second of two transfers is taken back",
        (ADMIT, TO_ICU, TO_5E, adt("A12", "02 1500", happened="02 1400")),
        "admitted",
        "admitted",
        {NORTH_ROOM: "ICU"},
    ),
    Story(
        "both transfers are taken back",
        (ADMIT, TO_ICU, TO_5E, NOT_TO_ICU, adt("A12", "02 1500", happened="02 1400")),
        "admitted",
        "admitted",
        {NORTH_ROOM: "4W"},
    ),
    Story(
        "a cancel without a time takes the transfer before it back and not the next",
        (ADMIT, TO_ICU, adt("A12", "02 1100"), TO_5E),
        "admitted",
        "admitted",
        {NORTH_ROOM: "5E"},
    ),
    Story(
        "a cancel without a time after both",
        (ADMIT, TO_ICU, TO_5E, adt("A12", "02 1500")),
        "admitted",
        "admitted",
        {NORTH_ROOM: "ICU"},
    ),
    Story(
        "a cancel of a transfer says where the patient really is",
        (ADMIT, TO_ICU, adt("A12", "02 1100", happened="02 1000", location="6N^3^A")),
        "admitted",
        "admitted",
        {NORTH_ROOM: "6N"},
    ),
    Story(
        "a cancelled transfer to another house gives the house back",
        (ADMIT, adt("A02", "02 1005", happened="02 1000", location="ICU^1^A^NORTH"), NOT_TO_ICU),
        "admitted",
        "admitted",
        {NORTH_ROOM: "4W", "encounter.facility": "NORTH"},
    ),
    Story("a transfer of nobody known", (TO_ICU, NOT_TO_ICU), "inferred", ""),
    Story(
        "planned, begun and ended",
        (PRE_ADMIT, ADMIT, DISCHARGE),
        "discharged",
        "discharged",
        {"encounter.admitted_at.instant": "2026-11-01T14:00:00Z", "encounter.discharge_version": 1},
    ),
    Story("a plan is told to nobody", (PRE_ADMIT,), "planned", ""),
    Story("a plan called off", (PRE_ADMIT, adt("A38", "01 0700", happened="01 0600")), "cancelled", ""),
    Story(
        "an admission that goes back to a plan",
        (PRE_ADMIT, ADMIT, adt("A11", "01 1000", happened="01 0900")),
        "planned",
        "",
    ),
    Story(
        "an expected patient who does not come", (EXPECTED, adt("A27", "01 0700", happened="01 0600")), "cancelled", ""
    ),
    Story(
        "a plan that is called off after the patient came",
        (PRE_ADMIT, ADMIT, adt("A38", "01 1000", happened="01 0600")),
        "admitted",
        "admitted",
    ),
    Story(
        "planned again after it was called off",
        (PRE_ADMIT, adt("A38", "01 0700", happened="01 0600"), adt("A05", "01 0800", planned="02 0900")),
        "planned",
        "",
    ),
    Story(
        "a plan that is sent again after the begin",
        (PRE_ADMIT, REGISTER, adt("A05", "01 1000", happened="01 1000", planned="02 0900")),
        "registered",
        "registered",
    ),
    Story(
        "a discharge foreseen and no longer",
        (ADMIT, adt("A16", "02 0905", expected="04 1000"), adt("A25", "02 1200")),
        "admitted",
        "admitted",
        {"encounter.expected_discharge_at": None},
    ),
    Story(
        "a discharge foreseen",
        (ADMIT, adt("A16", "02 0905", expected="04 1000"), adt("A15", "02 1000", pending="5E^2^B")),
        "admitted",
        "admitted",
        {"encounter.expected_discharge_at.instant": "2026-11-04T15:00:00Z", NORTH_ROOM: "4W"},
    ),
    Story(
        "a discharge foreseen, not so, and yet",
        (
            ADMIT,
            adt("A16", "02 0905", expected="04 1000"),
            adt("A25", "02 1200"),
            adt("A15", "02 1300", pending="5E^2^B"),
            adt("A26", "02 1400"),
            DISCHARGE,
        ),
        "discharged",
        "discharged",
        {"encounter.disposition": "01", "encounter.expected_discharge_at": None},
    ),
    Story(
        "from the emergency department to a bed by a change of class",
        (REGISTER, TO_INPATIENT, DISCHARGE),
        "discharged",
        "discharged",
        {"encounter.class": "I", "encounter.admitted_at.instant": "2026-11-01T12:00:00Z"},
    ),
    Story(
        "a bed that only a change of class tells of",
        (TO_INPATIENT,),
        "admitted",
        "admitted",
        {"encounter.class": "I", "encounter.admitted_at.instant": "2026-11-02T17:00:00Z"},
    ),
    Story(
        "a visit that only a change of class tells of",
        (TO_OUTPATIENT,),
        "registered",
        "registered",
        {"encounter.class": "O", "encounter.admitted_at.instant": "2026-11-02T14:00:00Z"},
    ),
    Story(
        "an inpatient becomes an outpatient",
        (ADMIT, TO_OUTPATIENT),
        "registered",
        "begun",
        {"encounter.class": "O", "encounter.status": "in-progress"},
    ),
    Story("an inpatient leaves as an outpatient", (ADMIT, TO_OUTPATIENT, ER_DISCHARGE), "discharged", "discharged"),
    Story(
        "an inpatient, an outpatient and an inpatient again",
        (ADMIT, TO_OUTPATIENT, TO_INPATIENT, DISCHARGE),
        "discharged",
        "discharged",
        {"encounter.class": "I", "encounter.admitted_at.instant": "2026-11-01T14:00:00Z"},
    ),
    Story(
        "an admission taken back after it became a visit leaves the visit",
        (ADMIT, TO_OUTPATIENT, adt("A11", "02 1000", happened="01 0900", **{"class": "O"})),
        "registered",
        "registered",
        {"encounter.class": "O"},
    ),
)
