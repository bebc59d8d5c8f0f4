"""Stories of one stay that need more than a begin and an end, worked out by hand from HL7 v2.5.1 ch. 3.3.

As in `stories`: times are local to New York, the messages may come in any order, the ending is the same. `begun` in
`stands` is a begin of either kind: a patient who was admitted and is one no longer (A07) was rightly told of as one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.unit.admissions.messages import adt
from tests.unit.admissions.stories import ADMIT, CANCEL_ADMIT, CANCEL_DISCHARGE, DISCHARGE, REGISTER, Story
from tests.unit.admissions.stories_of_beds import BEDS, NORTH_ROOM

OUT: Final = adt("A21", "02 0905", happened="02 0900", back="02 1800")
BACK: Final = adt("A22", "02 1705", happened="02 1700")
BEDDED: Final = adt("A08", "01 0905", **{"class": "I"})
ER_REGISTER: Final = REGISTER
SERIES: Final = adt("A04", "01 0705", start="01 0700", **{"class": "R"})
MONTH: Final = adt("A03", "30 2305", end="30 2300", **{"class": "R"})
NEXT_MONTH: Final = MONTH.replace(b"20261130", b"20261231")
ATTENDED: Final = adt("A01", "01 0905", start="01 0900", attending="77^House^Greg^^^^^^NORTH")
HANDED_OVER: Final = adt("A54", "02 0905", happened="02 0900", attending="78^Cuddy^Lisa^^^^^^NORTH")
CONSULTED: Final = adt("A61", "02 0905", happened="02 0900", consulting="79^Wilson^James^^^^^^NORTH")
DIED: Final = adt("A03", "03 1505", end="03 1500", disposition="20")
NOT_DEAD: Final = adt("A08", "03 1600", dead="N")
WENT_HOME: Final = adt("A08", "03 1700", disposition="01")

STORIES2: Final = (
    *BEDS,
    Story(
        "on leave and back",
        (ADMIT, OUT, BACK, DISCHARGE),
        "discharged",
        "discharged",
        {"encounter.on_leave": False},
    ),
    Story("on leave", (ADMIT, OUT), "admitted", "admitted", {"encounter.on_leave": True}),
    Story("never on leave", (ADMIT, OUT, adt("A52", "02 1000", happened="02 0900")), "admitted", "admitted"),
    Story(
        "not back after all",
        (ADMIT, OUT, BACK, adt("A53", "02 1800", happened="02 1700")),
        "admitted",
        "admitted",
        {"encounter.on_leave": True},
    ),
    Story(
        "on leave for the second time",
        (ADMIT, OUT, BACK, adt("A21", "03 0905", happened="03 0900")),
        "admitted",
        "admitted",
        {"encounter.on_leave": True},
    ),
    Story("discharged from leave", (ADMIT, OUT, DISCHARGE), "discharged", "discharged", {"encounter.on_leave": False}),
    Story(
        "the attending doctor changed, and not so",
        (ATTENDED, HANDED_OVER, adt("A55", "02 1000", happened="02 0900")),
        "admitted",
        "admitted",
        {"care_team.0.provider.value": "77", "care_team.0.role": "ATND"},
    ),
    Story(
        "the attending doctor changed",
        (ATTENDED, HANDED_OVER),
        "admitted",
        "admitted",
        {"care_team.0.provider.value": "78", "care_team.0.role": "ATND"},
    ),
    Story(
        "a consulting doctor who came, and one who did not",
        (ATTENDED, CONSULTED, adt("A61", "02 1205", happened="02 1200"), adt("A62", "02 1300", happened="02 1200")),
        "admitted",
        "admitted",
        {"care_team.0.provider.value": "77", "care_team.1.provider.value": "79", "care_team.1.role": "CON"},
    ),
    Story(
        "the end of a month of a series is no discharge",
        (SERIES, MONTH, adt("A08", "30 2310", language="spa", **{"class": "R"}), NEXT_MONTH),
        "registered",
        "registered",
        {"encounter.class": "R", "encounter.discharged_at": None, "encounter.discharge_version": 0},
    ),
    Story(
        "a month of a series that was closed too early",
        (SERIES, MONTH, adt("A13", "30 2330", happened="30 2300", **{"class": "R"})),
        "registered",
        "registered",
        {"encounter.discharged_at": None},
    ),
    Story(
        "two discharges in error",
        (
            ADMIT,
            DISCHARGE,
            CANCEL_DISCHARGE,
            adt("A03", "04 1105", end="04 1100", disposition="06"),
            adt("A13", "04 1200", happened="04 1100"),
        ),
        "admitted",
        "admitted",
        {"encounter.discharged_at": None, "encounter.disposition": ""},
    ),
    Story(
        "a death in error",
        (ADMIT, DIED, NOT_DEAD, WENT_HOME),
        "discharged",
        "discharged",
        {"patient.deceased": False, "encounter.disposition": "01"},
    ),
    Story(
        "a death in error of which the discharge still tells is for a person to see",
        (ADMIT, DIED, NOT_DEAD),
        "discharged",
        "discharged",
        {"patient.deceased": False, "encounter.disposition": "20"},
        ("death-taken-back",),
    ),
    Story(
        "a death that was denied and then came",
        (ADMIT, adt("A08", "02 0900", dead="N"), DIED),
        "discharged",
        "discharged",
        {"patient.deceased": True},
    ),
    Story(
        "a death in error whose discharge is taken back too",
        (ADMIT, DIED, NOT_DEAD, adt("A13", "03 1700", happened="03 1500")),
        "admitted",
        "admitted",
        {"patient.deceased": False},
    ),
    Story(
        "the person is described apart from the stay",
        (
            adt("A28", "01 0600", language="spa", visit=""),
            ADMIT,
            adt("A31", "02 0900", language="fra", location="XX^1"),
        ),
        "admitted",
        "admitted",
        {"patient.language": "fra", NORTH_ROOM: "4W"},
    ),
    Story(
        "an admission taken back takes its bed and class along",
        (
            adt("A04", "01 0705", start="01 0700", location="ED^1", **{"class": "E"}),
            ADMIT,
            adt("A11", "01 1000", happened="01 0900", **{"class": ""}),
        ),
        "registered",
        "registered",
        {"encounter.class": "E", NORTH_ROOM: "ED", "encounter.admitted_at.instant": "2026-11-01T12:00:00Z"},
    ),
    Story(
        "an admission done anew does not lie in the bed of the one that was taken back",
        (ADMIT, CANCEL_ADMIT, adt("A01", "01 1205", start="01 1200")),
        "admitted",
        "admitted",
        {NORTH_ROOM: "", "encounter.admitted_at.instant": "2026-11-01T17:00:00Z"},
    ),
)
"""Of a feed whose updates describe."""

MOVING: Final = (
    Story(
        "an update brings a bed",
        (ER_REGISTER, BEDDED),
        "admitted",
        "admitted",
        {"encounter.class": "I", "encounter.admitted_at.instant": "2026-11-01T12:00:00Z"},
    ),
    Story("an update brings a bed, and the end", (ER_REGISTER, BEDDED, DISCHARGE), "discharged", "discharged"),
    Story(
        "an update brings a bed, and the end was in error",
        (ER_REGISTER, BEDDED, DISCHARGE, CANCEL_DISCHARGE),
        "admitted",
        "admitted",
    ),
    Story(
        "an update takes the bed",
        (ADMIT, adt("A08", "02 0900", **{"class": "O"})),
        "registered",
        "begun",
        {"encounter.class": "O"},
    ),
    Story(
        "an update that came before the admission moves nothing",
        (adt("A08", "01 0800", **{"class": "E"}), ADMIT),
        "admitted",
        "admitted",
        {"encounter.class": "I"},
    ),
    Story(
        "a cancelled admission repeats its class and moves nothing",
        (ER_REGISTER, ADMIT, CANCEL_ADMIT),
        "registered",
        "registered",
    ),
    Story(
        "an update without a class moves nothing",
        (ER_REGISTER, adt("A08", "01 0905", language="spa", **{"class": ""})),
        "registered",
        "registered",
        {"encounter.class": "E"},
    ),
    Story("an update of a stay that is unknown", (BEDDED,), "inferred", ""),
)
"""Of a feed whose updates move the stay (`a08_class`)."""

DESCRIBING: Final = tuple(
    replace(story, name=f"{story.name}, in a feed whose updates describe", stage="registered", stands="registered")
    for story in MOVING[:1]
)
