"""Sending over a real SMTP conversation: aiosmtpd on loopback, and servers that behave badly. MongoDB's side too."""

from __future__ import annotations

import asyncio
import email
import email.policy
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import BulkWriteError

from services.notifier.channels import connections
from services.notifier.channels.email import EmailChannel, Phase, kind_of
from services.notifier.channels.sender import Sender
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.retry import Kind, Result
from services.notifier.settings import SmtpPolicy
from services.notifier.store import MemoryDeliveries, MongoDeliveries
from shared.mongo.bulk import insert_missing
from shared.stream.outages import Away
from tests.unit.notifier.deliveries_suite import DeliveriesSuite
from tests.unit.notifier.givens import Clock, a_delivery, a_policy

NOW = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)


class Mailbox:
    """What a mail server took; `rcpt` and `data` are what it answers."""

    def __init__(self, rcpt: str = "250 OK", data: str = "250 OK") -> None:
        self.rcpt, self.data = rcpt, data
        self.took: list[EmailMessage] = []
        self.recipients: list[list[str]] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.rcpt.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data.startswith("2"):
            self.took.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
            self.recipients.append(envelope.rcpt_tos)
        return self.data


def a_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def mail_server() -> Iterator[Callable[..., tuple[Mailbox, int]]]:
    running: list[Controller] = []

    def start(rcpt: str = "250 OK", data: str = "250 OK", **more: Any) -> tuple[Mailbox, int]:
        mailbox = Mailbox(rcpt, data)
        controller = Controller(mailbox, hostname="127.0.0.1", port=a_port(), **more)
        controller.start()
        running.append(controller)
        return mailbox, controller.port

    yield start
    for controller in running:
        controller.stop()


OPEN: list[EmailChannel] = []


@pytest.fixture(autouse=True)
async def _closed_at_the_end() -> AsyncIterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


def a_channel(port: int, **changes: Any) -> EmailChannel:
    settings = {**a_policy().smtp.model_dump(), "port": port, **changes}
    OPEN.append(EmailChannel(SmtpPolicy(**settings), lambda: NOW))
    return OPEN[-1]


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


@asynccontextmanager
async def a_server(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]) -> AsyncIterator[int]:
    """A server of raw lines; every conversation is ended with it."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def say_until_data(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Greet and agree to everything, up to and with the whole message."""
    writer.write(b"220 ready\r\n")
    while (line := await reader.readline()).strip() != b"DATA":
        writer.write(b"250 OK\r\n" if line else b"")
    writer.write(b"354 go on\r\n")
    await reader.readuntil(b"\r\n.\r\n")


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


class Relay:
    """A server of raw lines that agrees to everything; `reply` may answer a command of a connection otherwise.

    It counts connections and the commands of each; a reply of b"" closes the connection.
    """

    def __init__(self, reply: Callable[[int, int, bytes], bytes | None] = lambda *_: None) -> None:
        self.reply = reply
        self.heard: list[list[bytes]] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(commands := [])
        number = len(self.heard)
        writer.write(b"220 ready\r\n")
        while line := await reader.readline():
            verb = line[:4].strip().upper()
            commands.append(verb)
            answer = self.reply(number, commands.count(verb), verb)
            if verb == b"DATA" and answer is None:
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                answer = self.reply(number, commands.count(verb), b".")
            if answer == b"":
                return
            writer.write((answer or b"250 OK") + b"\r\n")

    @property
    def mails(self) -> list[int]:
        return [commands.count(b"DATA") for commands in self.heard]


async def test_connection__is_used_again_after_a_clean_reply() -> None:
    relay = Relay()
    async with a_server(relay.talk) as port:
        channel = a_channel(port)
        for n in range(3):
            assert (await channel.send(a_delivery(f"delivery-{n}"))).kind is Kind.SENT
    assert relay.heard == [[b"EHLO", *[b"MAIL", b"RCPT", b"DATA"] * 3]]


async def test_connection__each_of_two_at_once_has_its_own() -> None:
    relay = Relay()
    async with a_server(relay.talk) as port:
        channel = a_channel(port)
        await asyncio.gather(*(channel.send(a_delivery(f"delivery-{n}")) for n in range(2)))
        await asyncio.gather(*(channel.send(a_delivery(f"delivery-{n}")) for n in range(2)))
    assert relay.mails == [2, 2]


@pytest.mark.parametrize("answer", [b"", b"421 idle for too long", b"451 one mail a connection", b"503 confused"])
async def test_connection__a_kept_one_that_does_not_agree_costs_no_attempt(answer: bytes) -> None:
    relay = Relay(lambda connection, n, verb: answer if (connection, n, verb) == (1, 2, b"MAIL") else None)
    async with a_server(relay.talk) as port:
        channel = a_channel(port)
        results = [await channel.send(a_delivery(f"delivery-{n}")) for n in range(3)]
    assert results == [Result(Kind.SENT, "smtp-250")] * 3
    assert relay.mails == [1, 2]


@pytest.mark.parametrize(
    ("verb", "answer", "result"),
    [
        (b"RCPT", b"550 unknown", Result(Kind.PERMANENT, "smtp-550")),
        (b"RCPT", b"", Result(Kind.TRANSIENT, "lost-envelope")),
        (b"DATA", b"451 later", Result(Kind.TRANSIENT, "smtp-451")),
        (b".", b"451 later", Result(Kind.TRANSIENT, "smtp-451")),
        (b".", b"", Result(Kind.UNKNOWN, "lost-data")),
    ],
)
async def test_connection__a_kept_one_is_judged_as_any_and_not_kept_when_it_refuses(
    verb: bytes, answer: bytes, result: Result
) -> None:
    """After a refusal or a loss nobody knows what the server holds: the next message has a connection of its own."""
    relay = Relay(lambda connection, n, asked: answer if (connection, n, asked) == (1, 2, verb) else None)
    async with a_server(relay.talk) as port:
        channel = a_channel(port)
        results = [await channel.send(a_delivery(f"delivery-{n}")) for n in range(3)]
    assert results == [Result(Kind.SENT, "smtp-250"), result, Result(Kind.SENT, "smtp-250")]
    assert len(relay.heard) == 2


async def test_connection__is_not_used_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_MESSAGES", 2)
    relay = Relay()
    async with a_server(relay.talk) as port:
        channel = a_channel(port)
        for n in range(5):
            await channel.send(a_delivery(f"delivery-{n}"))
    assert relay.mails == [2, 2, 1]


async def test_connection__that_idles_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.0)
    relay = Relay()
    async with a_server(relay.talk) as port:
        channel = a_channel(port)
        for n in range(2):
            await channel.send(a_delivery(f"delivery-{n}"))
    assert relay.mails == [1, 1]


async def test_connection__a_relay_that_went_away_is_known_as_unreachable() -> None:
    relay = Relay()
    async with a_server(relay.talk) as port:
        channel = a_channel(port)
        assert (await channel.send(a_delivery())).kind is Kind.SENT
    assert await channel.send(a_delivery("delivery-2")) == Result(Kind.UNREACHABLE, "lost-connect")


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


class LosingCollection:
    """A collection whose bulk write ends with these errors."""

    def __init__(self, *errors: dict[str, Any], concern: tuple[str, ...] = ()) -> None:
        self._details = {"writeErrors": list(errors), "writeConcernErrors": list(concern)}

    async def bulk_write(self, operations: Any, ordered: bool) -> None:
        raise BulkWriteError(self._details)


LOST_RACE = {"code": 11000, "keyPattern": {"_id": 1}}


async def test_insert__lost_to_another_replica_is_there() -> None:
    await insert_missing(LosingCollection(LOST_RACE, LOST_RACE), [{"_id": "delivery-1"}])


@pytest.mark.parametrize(
    "collection",
    [
        LosingCollection(LOST_RACE, {"code": 11000, "keyPattern": {"address": 1}}),
        LosingCollection({"code": 121, "keyPattern": {"_id": 1}}),
        LosingCollection(LOST_RACE, concern=("waiting for replication timed out",)),
        LosingCollection(),
    ],
)
async def test_insert__any_other_error_is_raised(collection: LosingCollection) -> None:
    with pytest.raises(BulkWriteError):
        await insert_missing(collection, [{"_id": "delivery-1"}])


@pytest.mark.integration
class TestMongoDeliveries(DeliveriesSuite):
    @pytest.fixture
    async def deliveries(self, mongo: Any) -> AsyncIterator[MongoDeliveries]:
        client: Any = AsyncIOMotorClient(mongo.uri)
        collection = client["notifier_deliveries_test"]["deliveries"]
        await collection.drop()
        deliveries = MongoDeliveries(collection)
        await deliveries.ensure_indexes()
        await deliveries.ensure_indexes()
        yield deliveries
        await client.drop_database("notifier_deliveries_test")
        client.close()

    async def test_insert__an_error_that_is_no_lost_race_is_raised(self, deliveries: MongoDeliveries) -> None:
        await deliveries._collection.create_index([("address", 1)], unique=True)
        await deliveries.insert_missing([a_delivery()])
        with pytest.raises(Away, match="BulkWriteError"):
            await deliveries.insert_missing([a_delivery("delivery-2")])

    async def test_many__are_claimed_once_by_senders_at_once(self, deliveries: MongoDeliveries) -> None:
        await deliveries.insert_missing([a_delivery(f"delivery-{n}") for n in range(60)])
        channel, clock = Slow(), Clock(NOW + timedelta(minutes=1))
        policy = a_policy(endpoint_limit=20, recipient_limit=20)
        senders = [
            Sender(deliveries, [channel], policy, owner=f"sender-{n}", clock=clock, chance=lambda: 0.0)
            for n in range(3)
        ]
        while sum(await asyncio.gather(*(sender.step() for sender in senders))):
            await asyncio.gather(*(sender.drain() for sender in senders))
        assert sorted(channel.took) == sorted(f"delivery-{n}" for n in range(60))

    async def test_due__of_a_backlog_only_what_is_taken_is_read(self, deliveries: MongoDeliveries) -> None:
        busy = [a_delivery(f"busy-{n}", address="busy@example.org") for n in range(1_000)]
        others = [a_delivery(f"other-{n}", status="unknown" if n % 2 else "pending") for n in range(10)]
        await deliveries.insert_missing([*busy, *others])
        store = deliveries._collection.database
        await store.command("profile", 2)
        found = await deliveries.due("email", NOW + timedelta(minutes=1), 5, ["busy@example.org"])
        await store.command("profile", 0)
        (read,) = await store["system.profile"].find({"command.find": "deliveries"}).to_list(None)
        assert (len(found), read["docsExamined"], read.get("hasSortStage", False)) == (5, 5, False)


class Slow:
    """Takes everything, after a turn of the loop."""

    kind = "email"

    def __init__(self) -> None:
        self.took: list[str] = []

    async def send(self, delivery: Delivery) -> Result:
        await asyncio.sleep(0)
        self.took.append(delivery.delivery_id)
        return Result(Kind.SENT, "smtp-250")
