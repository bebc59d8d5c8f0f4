"""Runs notifier: `python -m services.notifier`. Reads the environment, hands the values to the rooms."""

from __future__ import annotations

from typing import Any

from services.notifier.agents import agents
from services.notifier.settings import Settings
from shared.process import Process, serve


async def _agents(process: Process, settings: Settings) -> list[Any]:
    return await agents(process, settings.notifier)


if __name__ == "__main__":
    serve("notifier", Settings, _agents)
