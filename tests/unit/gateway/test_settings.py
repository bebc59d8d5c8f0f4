"""What the gateway refuses to start with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.gateway.settings import Settings

ENOUGH: dict[str, Any] = {
    "deployment": "test",
    "kafka_bootstrap": "127.0.0.1:9092",
    "mongo_url": "mongodb://127.0.0.1",
    "feeds_file": "feeds.toml",
    "identity_secret_file": "secret",
}
PAIR = {"http_certificate_file": "chain.pem", "http_key_file": "key.pem"}


def test_settings__have_no_http_door_unless_told() -> None:
    settings = Settings(**ENOUGH)
    assert (settings.http_port, settings.http_host) == (0, "127.0.0.1")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"http_port": 8443, "http_host": "0.0.0.0"}, "needs http_certificate_file"),  # noqa: S104 - refused
        ({"http_port": 8443, "http_host": "gateway.test"}, "needs http_certificate_file"),
        ({"http_certificate_file": "chain.pem"}, "http_certificate_file and http_key_file go together"),
        ({"http_client_ca_file": "ca.pem"}, "http_client_ca_file needs a certificate of our own"),
        ({"mllp_key_file": "key.pem"}, "mllp_certificate_file and mllp_key_file go together"),
        ({"mllp_client_ca_file": "ca.pem"}, "mllp_client_ca_file needs a certificate of our own"),
    ],
)
def test_settings__that_would_not_be_safe_are_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Settings(**ENOUGH, **changes)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_settings__in_the_clear_on_loopback_are_taken(host: str) -> None:
    assert Settings(**ENOUGH, http_port=8080, http_host=host).http_host == host


def test_settings__with_tls_may_listen_anywhere() -> None:
    settings = Settings(**ENOUGH, **PAIR, http_port=8443, http_host="0.0.0.0")  # noqa: S104 - with TLS
    assert settings.http_key_file == Path("key.pem")
