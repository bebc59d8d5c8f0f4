"""Doors over TLS: the same answers, and a sender without the certificate that is asked for stays outside."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from services.gateway.doors.mllp.server import MllpServer
from tests.unit.gateway.parts import BODY, BODY_ACK, House, a_sender, a_server, framed
from tests.unit.gateway.test_http import TOKEN, a_door

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command to make a certificate with")


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for localhost that vouches for itself, and its key."""
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, *names, "-keyout", str(key), "-out", str(chain)], check=True, capture_output=True)
    return chain, key


async def test_tls__with_client_certificate_is_answered(certificate: tuple[Path, Path]) -> None:
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate[0])
    ours.load_cert_chain(*certificate)
    ours.verify_mode = ssl.CERT_REQUIRED
    theirs = ssl.create_default_context(cafile=certificate[0])
    theirs.load_cert_chain(*certificate)
    house = House()
    async with (
        a_server(house, tls=ours) as server,
        a_sender(server, ssl=theirs, server_hostname="localhost") as sender,
    ):
        await sender.send(framed(BODY))
        assert await sender.answer() == BODY_ACK


async def not_heard(server: MllpServer, **options: Any) -> bool:
    """An alert, a reset or just the end, as it happens."""
    try:
        async with a_sender(server, **options) as sender:
            await sender.send(framed(BODY))
            return BODY_ACK not in await sender.rest()
    except OSError:
        return True


async def test_tls__without_client_certificate_is_not_heard(certificate: tuple[Path, Path]) -> None:
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate[0])
    ours.load_cert_chain(*certificate)
    ours.verify_mode = ssl.CERT_REQUIRED
    house = House()
    async with a_server(house, tls=ours) as server:
        theirs = ssl.create_default_context(cafile=certificate[0])
        assert await not_heard(server, ssl=theirs, server_hostname="localhost")
        assert await not_heard(server)
    assert house.store.rows == {}


async def test_tls__over_http_is_answered_and_in_the_clear_is_not(certificate: tuple[Path, Path]) -> None:
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(*certificate)
    theirs = ssl.create_default_context(cafile=certificate[0])
    house = House()
    async with a_door(house, tls=ours) as client:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "text/plain"}
        url = f"https://localhost:{client.door.port}/adt"
        async with client.session.post(url, data=BODY, headers=headers, ssl=theirs) as response:
            assert response.status == 200
        with pytest.raises(aiohttp.ClientError):
            await client.post()
    assert len(house.store.rows) == 1
