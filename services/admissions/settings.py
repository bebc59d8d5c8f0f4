"""admissions' settings, beyond what every service has."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment variables of admissions."""

    feeds_file: Path = Field(
        description="TOML file of feed profiles, or a directory of one a feed; read again when changed (docs/feeds)."
    )
    identity_secret_file: Path = Field(
        description="File with the identity secret: at least 32 bytes, set once per deployment, never changed."
    )
