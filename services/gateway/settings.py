"""gateway's settings, beyond what every service has."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment variables of gateway."""

    feeds_file: Path = Field(
        description="TOML file of feed profiles, or a directory of one a feed; read again when changed (docs/feeds)."
    )
    identity_secret_file: Path = Field(
        description="File with the identity secret: at least 32 bytes, set once per deployment, never changed."
    )
    mllp_host: str = Field(default="127.0.0.1", description="Where the MLLP doors listen. Loopback unless you say so.")
    mllp_certificate_file: Path | None = Field(
        default=None, description="PEM certificate chain for MLLP over TLS; without it MLLP is in the clear."
    )
    mllp_key_file: Path | None = Field(default=None, description="PEM key of the certificate.")
    mllp_client_ca_file: Path | None = Field(
        default=None, description="PEM authorities of senders' certificates; with it a sender must present one."
    )
    message_limit_bytes: int = Field(default=1_000_000, gt=0, description="Longer messages are refused (AR).")
    raw_days: int = Field(default=30, gt=0, description="Days a raw message is kept once it was said on.")
    unsaid_limit: int = Field(
        default=200_000, gt=0, description="With so many stored messages unsaid no further one is answered."
    )

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.mllp_certificate_file is None) != (self.mllp_key_file is None):
            raise ValueError("mllp_certificate_file and mllp_key_file go together")
        if self.mllp_client_ca_file is not None and self.mllp_certificate_file is None:
            raise ValueError("mllp_client_ca_file needs a certificate of our own")
        return self
