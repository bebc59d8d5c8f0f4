"""Runs followup: `python -m services.followup`. Reads the environment, hands the values to the rooms."""

from __future__ import annotations

from typing import Any

from services.followup.agents import agents
from services.followup.settings import Settings
from shared.process import Process, serve


async def _agents(process: Process, settings: Settings) -> list[Any]:
    return await agents(process, settings.escalation_hours)


if __name__ == "__main__":
    serve("followup", Settings, _agents)
