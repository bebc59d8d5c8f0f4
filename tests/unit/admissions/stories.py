"""Stories of one stay, and what stands at their end: worked out by hand from HL7 v2.5.1 ch. 3 and 42 CFR 482.24(d).

Times are local to New York, UTC-5. A story's messages may come in any order; the ending is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.unit.admissions.messages import adt


@dataclass(frozen=True)
class Story:
    """`stands`: what hearers hold for true, of registered, admitted, discharged. `carried`: last said, by path."""

    name: str
    messages: tuple[bytes, ...]
    stage: str
    stands: str
    carried: dict[str, Any] = field(default_factory=dict)
    reviews: tuple[str, ...] = ()


ADMIT = adt("A01", "01 0905", start="01 0900", location="4W^12^A")
REGISTER = adt("A04", "01 0705", start="01 0700", **{"class": "E"})
DISCHARGE = adt("A03", "03 1505", end="03 1500", disposition="01")
CANCEL_DISCHARGE = adt("A13", "03 1530", happened="03 1500")
CANCEL_ADMIT = adt("A11", "01 1000", happened="01 0900")
DISCHARGE_AGAIN = adt("A03", "04 1105", end="04 1100", disposition="06")
MOVED_HOUSE = adt("A08", "02 1200", address="1 New Street^^Albany^NY^12207")

STORIES = (
    Story(
        "a plain stay",
        (ADMIT, MOVED_HOUSE, DISCHARGE),
        "discharged",
        "discharged",
        {
            "encounter.disposition": "01",
            "encounter.discharged_at.instant": "2026-11-03T20:00:00Z",
            "encounter.admitted_at.instant": "2026-11-01T14:00:00Z",
            "encounter.discharge_version": 1,
            "patient.addresses.0.city": "Albany",
            "encounter.location.room": "12",
        },
    ),
    Story(
        "a discharge in error",
        (ADMIT, DISCHARGE, CANCEL_DISCHARGE),
        "admitted",
        "admitted",
        {"encounter.status": "in-progress", "encounter.discharged_at": None, "encounter.disposition": ""},
    ),
    Story(
        "discharged again after an error",
        (ADMIT, DISCHARGE, CANCEL_DISCHARGE, DISCHARGE_AGAIN),
        "discharged",
        "discharged",
        {"encounter.disposition": "06", "encounter.discharged_at.instant": "2026-11-04T16:00:00Z"},
    ),
    Story(
        "the second discharge does not inherit the first one's end",
        (
            ADMIT,
            adt("A03", "03 1505", end="03 1500", disposition="20", destination="MORGUE"),
            CANCEL_DISCHARGE,
            adt("A03", "04 1105", happened="04 1100"),
        ),
        "discharged",
        "discharged",
        {
            "encounter.disposition": "",
            "encounter.discharged_to": "",
            "encounter.discharged_at.instant": "2026-11-04T16:00:00Z",
            "patient.deceased": False,
        },
    ),
    Story(
        "the disposition comes after the discharge",
        (ADMIT, adt("A03", "03 1505", end="03 1500"), adt("A08", "03 1800", disposition="3"), MOVED_HOUSE),
        "discharged",
        "discharged",
        {"encounter.disposition": "03", "encounter.discharge_version": 1},
    ),
    Story(
        "a visit to the emergency department",
        (
            REGISTER,
            adt("A08", "01 0800", phone="^PRN^PH^^^518^5550100", **{"class": "E"}),
            adt("A03", "01 1105", end="01 1100", disposition="01", **{"class": "E"}),
        ),
        "discharged",
        "discharged",
        {"encounter.class": "E", "patient.telecoms.0.value": "518 5550100"},
    ),
    Story(
        "from the emergency department to a bed",
        (REGISTER, ADMIT),
        "admitted",
        "admitted",
        {"encounter.class": "I", "encounter.admitted_at.instant": "2026-11-01T14:00:00Z"},
    ),
    Story(
        "a decision not to admit",
        (
            REGISTER,
            adt("A01", "01 0905", happened="01 0900"),
            adt("A11", "01 1000", happened="01 0900", **{"class": "E"}),
        ),
        "registered",
        "registered",
        {
            "encounter.status": "in-progress",
            "encounter.class": "E",
            "encounter.admitted_at.instant": "2026-11-01T12:00:00Z",
        },
    ),
    Story("a registration in error", (REGISTER, adt("A11", "01 0730", happened="01 0700")), "cancelled", ""),
    Story("an admission in error, and an update of it", (ADMIT, CANCEL_ADMIT, MOVED_HOUSE), "cancelled", ""),
    Story(
        "cancelled and reinstated",
        (ADMIT, CANCEL_ADMIT, adt("A01", "01 1205", start="01 1200")),
        "admitted",
        "admitted",
        {"encounter.admitted_at.instant": "2026-11-01T17:00:00Z"},
    ),
    Story(
        "cancelled, reinstated and discharged",
        (ADMIT, CANCEL_ADMIT, adt("A01", "01 1205", start="01 1200"), DISCHARGE),
        "discharged",
        "discharged",
        {"encounter.admitted_at.instant": "2026-11-01T17:00:00Z"},
    ),
    Story(
        "a cancelled admission whose discharge stands is for a person to see",
        (ADMIT, DISCHARGE, adt("A11", "03 1600", happened="01 0900")),
        "discharged",
        "discharged",
        reviews=("cancelled-yet-discharged",),
    ),
    Story(
        "once the discharge is cancelled too, the stay never was",
        (ADMIT, DISCHARGE, adt("A11", "03 1600", happened="01 0900"), adt("A13", "03 1610", happened="03 1500")),
        "cancelled",
        "",
    ),
    Story(
        "an amended discharge is the same discharge",
        (ADMIT, DISCHARGE, adt("A03", "03 1700", end="03 1630", disposition="03", control="amended")),
        "discharged",
        "discharged",
        {
            "encounter.disposition": "03",
            "encounter.discharged_at.instant": "2026-11-03T21:30:00Z",
            "encounter.discharge_version": 1,
        },
    ),
    Story(
        "an amended discharge is cancelled as a whole",
        (ADMIT, DISCHARGE, adt("A03", "03 1700", end="03 1630"), adt("A13", "03 1800", happened="03 1630")),
        "admitted",
        "admitted",
    ),
    Story(
        "a discharge amended to an earlier time and cancelled",
        (ADMIT, DISCHARGE, adt("A03", "03 1700", end="03 1400"), adt("A13", "03 1800", happened="03 1400")),
        "admitted",
        "admitted",
    ),
    Story(
        "a cancel without EVN-6 does not reach a later, backdated discharge",
        (ADMIT, DISCHARGE, adt("A13", "03 1600"), adt("A03", "03 1700", end="03 1430", disposition="06")),
        "discharged",
        "discharged",
        {"encounter.discharged_at.instant": "2026-11-03T19:30:00Z", "encounter.disposition": "06"},
    ),
    Story(
        "a discharge cancelled and entered anew for the same minute",
        (ADMIT, DISCHARGE, CANCEL_DISCHARGE, adt("A03", "03 1600", end="03 1500", disposition="06")),
        "discharged",
        "discharged",
        {"encounter.discharged_at.instant": "2026-11-03T20:00:00Z", "encounter.disposition": "06"},
    ),
    Story(
        "a cancel without EVN-6 takes back what there was",
        (ADMIT, DISCHARGE, adt("A13", "03 1600")),
        "admitted",
        "admitted",
    ),
    Story(
        "a cancel to the minute finds a discharge to the second",
        (ADMIT, adt("A03", "03 1505", end="03 150042"), adt("A13", "03 1530", happened="03 1500", evn2="")),
        "admitted",
        "admitted",
    ),
    Story(
        "two cancels of one discharge do not touch the next",
        (ADMIT, DISCHARGE, CANCEL_DISCHARGE, adt("A13", "03 1545", happened="03 1500"), DISCHARGE_AGAIN),
        "discharged",
        "discharged",
        {"encounter.disposition": "06"},
    ),
    Story(
        "death in hospital",
        (
            ADMIT,
            adt("A08", "03 1400", died="202611031355", dead="Y"),
            adt("A03", "03 1505", end="03 1355", disposition="20"),
        ),
        "discharged",
        "discharged",
        {"patient.deceased": True, "encounter.disposition": "20"},
    ),
    Story(
        "a mention alone is not a stay",
        (MOVED_HOUSE, adt("A08", "03 0900", phone="^PRN^PH^^^518^5550100")),
        "inferred",
        "",
    ),
    Story("a discharge nobody saw begin, withdrawn", (DISCHARGE, CANCEL_DISCHARGE), "inferred", ""),
    Story(
        "set, changed and cleared",
        (
            ADMIT,
            adt("A08", "01 1000", language="spa", attending="77^House^Greg^^^^^^NORTH"),
            adt("A08", "01 1100", language="fra", location="5E^1^B"),
            adt("A08", "01 1200", language='""', attending="78^Cuddy^Lisa^^^^^^NORTH"),
        ),
        "admitted",
        "admitted",
        {
            "patient.language": "",
            "encounter.location.point_of_care": "5E",
            "care_team.0.provider.value": "78",
            "care_team.0.role": "ATND",
        },
    ),
    Story(
        "a cancelled registration leaves the admission",
        (REGISTER, ADMIT, adt("A11", "01 1000", happened="01 0700")),
        "admitted",
        "admitted",
    ),
    Story(
        "an admission amended after the discharge is no second stay",
        (ADMIT, DISCHARGE, adt("A01", "03 1700", admission="E")),
        "discharged",
        "discharged",
        {"encounter.admission_type": "E", "encounter.admitted_at.instant": "2026-11-01T14:00:00Z"},
    ),
    Story(
        "a visit that begins after it ended is for a person to see",
        (DISCHARGE, adt("A04", "04 0800", start="04 0755")),
        "discharged",
        "discharged",
        reviews=("begun-after-discharge",),
    ),
    Story(
        "the long way",
        (
            REGISTER,
            ADMIT,
            adt("A08", "02 1200", pcp="55^Primary^Pat^^^^^^NORTH"),
            DISCHARGE,
            CANCEL_DISCHARGE,
            DISCHARGE_AGAIN,
        ),
        "discharged",
        "discharged",
        {"encounter.disposition": "06", "care_team.0.role": "PCP", "encounter.class": "I"},
    ),
)
