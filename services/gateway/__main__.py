"""Runs gateway: `python -m services.gateway`. Reads the environment, hands the values to the rooms."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

from services.gateway.agents import Doors, HttpPlace, agents
from services.gateway.doors.limits import Limits
from services.gateway.settings import Settings
from shared.process import Process, serve
from shared.profiles import DOORS_LOOKS, Feeds
from shared.secret import hold_to_fingerprint, read_secret
from shared.startup import patiently


async def _agents(process: Process, settings: Settings) -> list[Any]:
    feeds = await Feeds.read(settings.feeds_file, looks=DOORS_LOOKS)
    secret = await asyncio.to_thread(read_secret, settings.identity_secret_file)
    await patiently(lambda: hold_to_fingerprint(process.database, secret))
    doors = Doors(
        host=settings.mllp_host,
        limits=Limits(message=settings.message_limit_bytes),
        tls=_tls(settings.mllp_certificate_file, settings.mllp_key_file, settings.mllp_client_ca_file),
        http=_http(settings),
        keep_days=settings.raw_days,
        most_unsaid=settings.unsaid_limit,
    )
    return await agents(process, feeds, secret, doors)


def _http(settings: Settings) -> HttpPlace | None:
    if not settings.http_port:
        return None
    tls = _tls(settings.http_certificate_file, settings.http_key_file, settings.http_client_ca_file)
    return HttpPlace(settings.http_port, settings.http_host, tls)


def _tls(certificate: Path | None, key: Path | None, authorities: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authorities)
    context.load_cert_chain(certificate, key)
    if authorities is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


if __name__ == "__main__":
    serve("gateway", Settings, _agents)
