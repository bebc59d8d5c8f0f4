"""discharge's topics → handlers, hosted in a Faust worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from services.discharge.handlers import COLLECTION, handlers
from services.discharge.store import INDEXES, PATHWAYS, federal_calendar, load_pathways
from shared.process import Process


async def agents(process: Process, pathways_file: Path | None) -> list[Any]:
    """The services of this process, in start order. Raises PathwaysInvalid."""
    pathways = load_pathways(pathways_file or PATHWAYS)
    await process.open(INDEXES, [COLLECTION])
    return process.hearer(handlers(pathways, federal_calendar()))
