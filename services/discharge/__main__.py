"""Runs discharge: `python -m services.discharge`. Reads the environment, hands the values to the rooms."""

from __future__ import annotations

from typing import Any

from services.discharge.agents import agents
from services.discharge.settings import Settings
from shared.process import Process, serve


async def _agents(process: Process, settings: Settings) -> list[Any]:
    return await agents(process, settings.pathways_file)


if __name__ == "__main__":
    serve("discharge", Settings, _agents)
