"""What every service must be told, from the environment (prefix `CARE_`) and nothing else.

No address and no secret has a default: a process that lacks one refuses to start and lists what is missing. Outside the
demo a fast clock, plain SMTP and a broker without idempotence are refused.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

EX_CONFIG = 78
Deployment = Literal["demo", "test", "live"]


class ServiceSettings(BaseSettings):
    """Common to all services. Times are in seconds unless a name says otherwise."""

    model_config = SettingsConfigDict(env_prefix="CARE_", frozen=True, extra="ignore")

    deployment: Deployment = Field(description="demo, test or live. Outside live only allow-listed people are told.")
    kafka_bootstrap: str = Field(description="Kafka's bootstrap servers, host:port, comma separated.")
    kafka_idempotent: bool = Field(
        default=True, description="Idempotent producer. False only for the demo's broker, which has none."
    )
    mongo_url: str = Field(description="MongoDB connection string of a replica set.")
    database_prefix: str = Field(
        default="care", description="Databases are called `<prefix>_<service>`; one per service, never shared."
    )
    group_prefix: str = Field(default="care", description="Consumer groups are called `<prefix>.<service>`.")
    clock_file: Path | None = Field(
        default=None, description="Demo only: the file that holds the business time. Without it the real clock counts."
    )
    admin_host: str = Field(default="127.0.0.1", description="Where /livez, /readyz, /startupz and /metrics listen.")
    admin_port: int = Field(default=0, description="Port of the same; 0: not listening.")
    batch_records: int = Field(default=500, ge=1, le=5000, description="Records heard as one batch, at most.")
    session_seconds: float = Field(
        default=10.0, ge=1, description="After this long without a heartbeat the group gives our partitions away."
    )

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.clock_file is not None and self.deployment != "demo":
            raise ValueError("a business clock other than the real one is refused outside the demo")
        if not self.kafka_idempotent and self.deployment == "live":
            raise ValueError("a live deployment needs an idempotent producer")
        return self


S = TypeVar("S", bound=ServiceSettings)


def read(settings: type[S]) -> S:
    """Read the environment, or say on stderr what is missing or wrong and exit with 78 (EX_CONFIG)."""
    try:
        return settings()
    except ValidationError as invalid:
        for error in invalid.errors(include_input=False, include_url=False):
            name = "CARE_" + "_".join(str(part) for part in error["loc"]).upper() if error["loc"] else "settings"
            sys.stderr.write(f"{name}: {error['msg']}\n")
        sys.stderr.write("See docs/configuration.md for every setting.\n")
        raise SystemExit(EX_CONFIG) from None


def fields_of(settings: type[ServiceSettings]) -> dict[str, Any]:
    """Environment name -> pydantic field, for docs/configuration.md and `care doctor`."""
    return {f"CARE_{name.upper()}": field for name, field in settings.model_fields.items()}
