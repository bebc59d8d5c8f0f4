"""Sending over a real SMTP conversation: aiosmtpd on loopback, and servers that behave badly."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from services.notifier.channels.email import EmailChannel, Phase, kind_of
from services.notifier.channels.sender import Sender
from services.notifier.domain.retry import Kind, Result
from services.notifier.store import MemoryDeliveries
from tests.integration.mail import a_channel, a_port, a_server, say_until_data
from tests.unit.notifier.givens import Clock, a_delivery, a_policy

pytestmark = pytest.mark.usefixtures("channels_closed")
NOW = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)


async def test_sent__arrives_as_it_was_written(mail_server: Any) -> None:
    mailbox, port = mail_server()
    assert await a_channel(port).send(a_delivery()) == Result(Kind.SENT, "smtp-250")
    (message,) = mailbox.took
    assert mailbox.recipients == [["primary@example.org"]]
    assert message["Message-ID"] == "<delivery-1@care.example.org>"
    assert message["Subject"] == "A patient of yours left a hospital"
    lines = message.get_content().splitlines()
    assert "Patient: Testperson, Ada" in lines
    assert "Treating practitioner: Attend" in lines
    assert "Sending institution: NORTH" in lines


@pytest.mark.parametrize(
    ("rcpt", "data", "result"),
    [
        ("451 Testperson later", "250 OK", Result(Kind.TRANSIENT, "smtp-451")),
        ("550 no Testperson here", "250 OK", Result(Kind.PERMANENT, "smtp-550")),
        ("421 closing", "250 OK", Result(Kind.TRANSIENT, "smtp-421")),
        ("530 authentication required", "250 OK", Result(Kind.UNREACHABLE, "smtp-530")),
        ("250 OK", "451 later", Result(Kind.TRANSIENT, "smtp-451")),
        ("250 OK", "550 refused", Result(Kind.PERMANENT, "smtp-550")),
        ("250 OK", "421 closing", Result(Kind.UNKNOWN, "smtp-421")),
    ],
)
async def test_reply__says_what_is_known_by_its_code_alone(
    rcpt: str, data: str, result: Result, mail_server: Any
) -> None:
    _, port = mail_server(rcpt, data)
    answer = await a_channel(port).send(a_delivery())
    assert answer == result
    assert "Testperson" not in repr(answer)


@pytest.mark.parametrize(
    ("phase", "reply", "kind"),
    [
        (Phase.CONNECT, 554, Kind.UNREACHABLE),
        (Phase.CONNECT, 535, Kind.UNREACHABLE),
        (Phase.ENVELOPE, 535, Kind.UNREACHABLE),
        (Phase.ENVELOPE, 252, Kind.TRANSIENT),
        (Phase.DATA, 251, Kind.SENT),
        (Phase.DATA, -1, Kind.UNKNOWN),
        (Phase.DATA, 354, Kind.UNKNOWN),
    ],
)
def test_reply__of_the_table(phase: Phase, reply: int, kind: Kind) -> None:
    assert kind_of(phase, reply) is kind


async def test_connection_refused__nobody_can_be_reached() -> None:
    assert await a_channel(a_port()).send(a_delivery()) == Result(Kind.UNREACHABLE, "lost-connect")


async def test_address_that_smtp_cannot_carry__is_refused_for_good(mail_server: Any) -> None:
    mailbox, port = mail_server()
    result = await a_channel(port).send(a_delivery(address="zoë@example.org"))
    assert result == Result(Kind.PERMANENT, "address-refused")
    assert mailbox.took == []


async def test_address_that_could_inject__is_never_handed_over(mail_server: Any) -> None:
    mailbox, port = mail_server()
    result = await a_channel(port).send(a_delivery(address="a@example.org\r\nDATA"))
    assert result == Result(Kind.PERMANENT, "header-refused")
    assert mailbox.took == []


async def test_hangs_after_the_message__may_have_been_taken() -> None:
    took: list[bool] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await say_until_data(reader, writer)
        took.append(True)
        await asyncio.sleep(60)

    async with a_server(talk) as port:
        result = await a_channel(port, attempt_seconds=2.0).send(a_delivery())
    assert result == Result(Kind.UNKNOWN, "timeout-data")
    assert took == [True]


async def test_resets_after_the_message__may_have_been_taken() -> None:
    async with a_server(say_until_data) as port:
        assert await a_channel(port).send(a_delivery()) == Result(Kind.UNKNOWN, "lost-data")


async def test_silent_greeting__is_given_up_at_the_deadline() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with a_server(talk) as port:
        result = await a_channel(port, attempt_seconds=0.3).send(a_delivery())
    assert result == Result(Kind.UNREACHABLE, "timeout-connect")


async def test_one_byte_at_a_time__the_deadline_is_for_the_whole_attempt() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        while await reader.readline():
            for byte in b"250 slowly slowly slowly slowly\r\n":
                writer.write(bytes((byte,)))
                await asyncio.sleep(0.032)  # a second for each reply, on a machine that has nothing else to do

    async with a_server(talk) as port:
        started = asyncio.get_running_loop().time()
        result = await a_channel(port, attempt_seconds=3.0).send(a_delivery())
        took = asyncio.get_running_loop().time() - started
    assert result == Result(Kind.TRANSIENT, "timeout-envelope")
    assert took < 15


async def test_answer_lost__the_repeat_has_the_same_message_id(mail_server: Any) -> None:
    """The relay takes the message and its answer is lost; the next attempt goes through: one delivery, two mails."""
    first: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        while (line := await reader.readline()).strip() != b"DATA":
            writer.write(b"250 OK\r\n" if line else b"")
        writer.write(b"354 go on\r\n")
        first.append(await reader.readuntil(b"\r\n.\r\n"))

    mailbox, port = mail_server()
    deliveries, clock = MemoryDeliveries(), Clock()
    await deliveries.insert_missing([a_delivery()])
    async with a_server(talk) as losing:
        for channel in (a_channel(losing), a_channel(port)):
            await attempt(deliveries, channel, clock)
    (delivery,) = await deliveries.load(["delivery-1"])
    assert (delivery.status, delivery.attempts) == ("sent", 2)
    repeat = mailbox.took[0]
    assert b"Message-ID: " + repeat["Message-ID"].encode() in first[0]
    assert repeat["X-Care-Possible-Repeat"] == "yes"
    assert b"X-Care-Possible-Repeat" not in first[0]


async def attempt(deliveries: Any, channel: EmailChannel, clock: Clock) -> None:
    sender = Sender(deliveries, [channel], a_policy(), owner="s", clock=clock, chance=lambda: 0.0)
    await sender.step()
    await sender.drain()
    clock.forward(hours=1)


@pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")
async def test_authentication__and_a_wrong_password_holds_the_queue(mail_server: Any, tmp_path: Path) -> None:
    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        return AuthResult(success=data == LoginPassword(b"care", b"right"), handled=False)

    mailbox, port = mail_server(authenticator=authenticate, auth_required=True, auth_require_tls=False)
    secret = tmp_path / "password"
    secret.write_text("right\n")
    assert (await a_channel(port, username="care", password_file=secret).send(a_delivery())).kind is Kind.SENT
    secret.write_text("wrong\n")
    wrong = await a_channel(port, username="care", password_file=secret).send(a_delivery())
    assert wrong == Result(Kind.UNREACHABLE, "smtp-535")
    assert await a_channel(port).send(a_delivery()) == Result(Kind.UNREACHABLE, "smtp-530")
    assert len(mailbox.took) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate of the test server, and is not here")
    how = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    where = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([openssl, *how, *where], capture_output=True, check=True)
    return key, cert


async def test_starttls__is_used_and_nothing_is_sent_without_it(
    mail_server: Any, certificate: tuple[Path, Path]
) -> None:
    key, cert = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    mailbox, port = mail_server(tls_context=context, require_starttls=True)
    plain_box, plain_port = mail_server()
    trusting = {"starttls": "required", "ca_file": cert}
    assert (await a_channel(port, **trusting).send(a_delivery())).kind is Kind.SENT
    assert (await a_channel(port, starttls="required").send(a_delivery())).kind is Kind.UNREACHABLE
    assert (await a_channel(plain_port, **trusting).send(a_delivery())).kind is Kind.UNREACHABLE
    assert (len(mailbox.took), len(plain_box.took)) == (1, 0)
