"""gateway's settings, beyond what every service has."""

from __future__ import annotations

from ipaddress import ip_address
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
    http_port: int = Field(default=0, ge=0, le=65535, description="Port of the HTTP door, POST /adt; 0: none.")
    http_host: str = Field(default="127.0.0.1", description="Where the HTTP door listens. Elsewhere it needs TLS.")
    http_certificate_file: Path | None = Field(default=None, description="PEM certificate chain of the HTTP door.")
    http_key_file: Path | None = Field(default=None, description="PEM key of the HTTP door's certificate.")
    http_client_ca_file: Path | None = Field(
        default=None, description="PEM authorities of those who post; with it they must present a certificate too."
    )
    message_limit_bytes: int = Field(default=1_000_000, gt=0, description="Longer messages are refused (AR).")
    raw_days: int = Field(default=30, gt=0, description="Days a raw message is kept once it was said on.")
    unsaid_limit: int = Field(
        default=200_000, gt=0, description="With so many stored messages unsaid no further one is answered."
    )

    @model_validator(mode="after")
    def _certificates_and_keys(self) -> Self:
        for door in ("mllp", "http"):
            certificate, key = getattr(self, f"{door}_certificate_file"), getattr(self, f"{door}_key_file")
            if (certificate is None) != (key is None):
                raise ValueError(f"{door}_certificate_file and {door}_key_file go together")
            if certificate is None and getattr(self, f"{door}_client_ca_file") is not None:
                raise ValueError(f"{door}_client_ca_file needs a certificate of our own")
        return self

    @model_validator(mode="after")
    def _no_token_in_the_clear(self) -> Self:
        if self.http_port and self.http_certificate_file is None and not _is_loopback(self.http_host):
            raise ValueError("http_host beyond loopback needs http_certificate_file: a token in the clear is anybody's")
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
