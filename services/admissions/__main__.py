"""Runs admissions: `python -m services.admissions`. Reads the environment, hands the values to the rooms."""

from __future__ import annotations

from typing import Any

from services.admissions.agents import agents
from services.admissions.settings import Settings
from shared.process import Process, serve


async def _agents(process: Process, settings: Settings) -> list[Any]:
    return await agents(process, settings.feeds_file, settings.identity_secret_file)


if __name__ == "__main__":
    serve("admissions", Settings, _agents)
