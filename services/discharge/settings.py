"""discharge's settings, beyond what every service has."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment variables of discharge."""

    pathways_file: Path | None = Field(
        default=None, description="TOML file of pathways and their clocks; without it the one that ships is used."
    )
