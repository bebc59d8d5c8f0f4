"""What discharge keeps and what it reads at start: collection and indexes, the pathway table, the holidays.

One collection, `encounters`: `_id` is the encounter id, `state` an `EncounterDocument` (each transition with pathway,
deadlines and their inputs, as last said). No copy of the patient is kept. Indexes every aggregate needs (claims,
alarms) are the engine's own and not named here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from services.discharge.domain.deadlines import Calendar
from services.discharge.domain.pathways import Pathways, PathwaysInvalid, parse_pathways
from services.discharge.handlers import COLLECTION

PATHWAYS: Final = Path(__file__).with_name("pathways.toml")
YEARS: Final = range(2015, 2051)

INDEXES: Final[list[tuple[str, list[tuple[str, int]], dict[str, Any]]]] = [
    (COLLECTION, [("key", 1)], {"name": "key"}),
    (COLLECTION, [("state.transitions.transition.transition_id", 1)], {"name": "transition_id"}),
]
"""(collection, keys, options): by patient key and by transition, for `care trace`."""


def load_pathways(path: Path = PATHWAYS) -> Pathways:
    """The table of a TOML file; raises PathwaysInvalid, also for text that is no TOML, and OSError."""
    try:
        return parse_pathways(tomllib.loads(path.read_text("utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise PathwaysInvalid(f"pathways: no TOML: {error}") from None


def federal_holidays(years: Iterable[int]) -> frozenset[date]:
    """The federal holidays of the United States, with the weekdays they are observed on (5 U.S.C. 6103)."""
    import holidays  # it is slow to import and only the composition root needs it

    return frozenset(holidays.country_holidays("US", years=years))


def federal_calendar(years: range = YEARS) -> Calendar:
    """The calendar business days are counted on; its name and editions go into every deadline's inputs."""
    name = f"us-federal/{years[0]}-{years[-1]}/holidays-{version('holidays')}"
    return Calendar(name, federal_holidays(years), years[0], years[-1], tzdata=version("tzdata"))
