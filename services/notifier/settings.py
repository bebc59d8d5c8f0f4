"""What an operator decides about telling: where, how often, and to whom outside a live deployment.

Refuses a mail relay without TLS beyond loopback, and an attempt that may outlast its lease.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
HOUR: Final = 3600.0


class SmtpPolicy(BaseModel):
    """The mail relay that takes our messages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(description="Host name or address of the mail relay.")
    port: int = Field(default=587, ge=1, le=65535, description="TCP port of the mail relay.")
    sender: str = Field(description="Address in From and in the SMTP envelope; bounces go there.")
    message_id_domain: str = Field(description="Domain of our Message-ID headers and of our EHLO.")
    starttls: Literal["required", "never"] = Field(
        default="required", description="`never` is accepted for a relay on loopback only."
    )
    username: str = Field(default="", description="User of the relay; empty: no authentication.")
    password_file: Path | None = Field(default=None, description="File that holds the relay's password, nothing else.")
    ca_file: Path | None = Field(default=None, description="PEM file of a private authority the relay's name is under.")
    attempt_seconds: float = Field(
        default=15.0, gt=0, description="Total deadline of one attempt, connection included."
    )

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.starttls == "never" and self.host not in LOOPBACK:
            raise ValueError("starttls=never is for loopback only")
        if bool(self.username) != (self.password_file is not None):
            raise ValueError("username and password_file go together")
        return self


class NotifierPolicy(BaseModel):
    """Who may be told, how old a fact may be, and how hard to try."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    deployment: Literal["demo", "test", "live"] = Field(
        description="Only `live` may reach anybody; the others reach the allow-list, and record everybody else."
    )
    allow_list: tuple[str, ...] = Field(
        default=(),
        description="Outside `live`: the addresses (`a@example.org`) or domains (`@example.org`) to send to.",
    )
    greatest_age: timedelta = Field(
        default=timedelta(hours=24),
        gt=timedelta(0),
        description="A fact that was older than this when it reached our door tells nobody (reason too-old).",
    )
    smtp: SmtpPolicy = Field(description="The mail relay.")
    endpoint_limit: PositiveInt = Field(default=16, description="Attempts under way at one endpoint, per process.")
    recipient_limit: PositiveInt = Field(default=6, description="Attempts under way to one address, per process.")
    breaker_failures: PositiveInt = Field(
        default=5, description="After this many failed connections in a row an endpoint is left alone for a while."
    )
    breaker_seconds: float = Field(default=30.0, gt=0, description="How long; then one attempt probes it.")
    lease_seconds: float = Field(
        default=60.0, gt=0, description="A delivery still `sending` after this is `unknown` and is sent again."
    )
    poll_seconds: float = Field(default=0.5, gt=0, description="How often to look for work that nobody announced.")
    retry_seconds: tuple[float, ...] = Field(
        default=(1, 5, 60, 300, 1800, 2 * HOUR, 5 * HOUR, 10 * HOUR, 24 * HOUR),
        min_length=1,
        description="Longest wait before each further attempt; when used up the delivery has failed (exhausted).",
    )

    @model_validator(mode="after")
    def _lease_outlives_the_attempt(self) -> Self:
        if self.lease_seconds < 2 * self.smtp.attempt_seconds:
            raise ValueError("lease_seconds must be at least twice smtp.attempt_seconds")
        return self


class Settings(ServiceSettings):
    """Environment variables of notifier; the parts of a policy are joined by two underscores."""

    model_config = SettingsConfigDict(env_nested_delimiter="__")

    notifier: NotifierPolicy = Field(description="Who may be told, how old a fact may be, and how hard to try.")

    @model_validator(mode="before")
    @classmethod
    def _one_deployment(cls, values: Any) -> Any:
        """The policy is of the same deployment as the process: it cannot be told otherwise."""
        if isinstance(values, dict) and isinstance(values.get("notifier"), dict):
            values["notifier"] = {**values["notifier"], "deployment": values.get("deployment")}
        return values
