"""followup's settings, beyond what every service has."""

from __future__ import annotations

from pydantic import Field

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment variables of followup."""

    escalation_hours: float = Field(
        default=24.0, gt=0, description="An overdue task that nobody did for so many hours goes up to the supervisor."
    )
