"""E-mail by SMTP (RFC 5321): one recipient a message, one total deadline an attempt, connections kept while they serve.

Says what is known afterwards, by a table of reply codes and of the phase the connection was in: before DATA nothing can
have been taken, after it anything may have been. Keeps the code of a reply, never its text.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Final

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from services.notifier.channels.connections import Connection, Connections
from services.notifier.channels.message import Unrenderable, compose
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.retry import Kind, Result
from services.notifier.settings import SmtpPolicy


class Phase(StrEnum):
    """How far an attempt came."""

    CONNECT = "connect"
    ENVELOPE = "envelope"
    DATA = "data"


REPLIES: Final[dict[Phase, dict[int, Kind]]] = {
    Phase.CONNECT: {},
    Phase.ENVELOPE: {4: Kind.TRANSIENT, 5: Kind.PERMANENT},
    Phase.DATA: {2: Kind.SENT, 4: Kind.TRANSIENT, 5: Kind.PERMANENT},
}
"""By phase and first digit of the reply (RFC 5321 §4.2.1); `OTHERWISE` for one that is not here."""

EXACTLY: Final = {
    (Phase.DATA, 421): Kind.UNKNOWN,  # it closes; whether before or after it took the message, it does not say
    (Phase.ENVELOPE, 530): Kind.UNREACHABLE,  # it wants credentials: our fault, not the recipient's
    (Phase.ENVELOPE, 535): Kind.UNREACHABLE,
    (Phase.ENVELOPE, 538): Kind.UNREACHABLE,
}

OTHERWISE: Final = {
    Phase.CONNECT: Kind.UNREACHABLE,
    Phase.ENVELOPE: Kind.TRANSIENT,
    Phase.DATA: Kind.UNKNOWN,
}
"""What a broken connection, a time-out or a reply nobody understands means in each phase."""


PROBE_SECONDS: Final = 2.0
"""How long a kept connection may take to agree to a next message, before a new one is opened."""


def kind_of(phase: Phase, reply: int) -> Kind:
    """What a reply means in a phase."""
    by_digit = REPLIES[phase].get(reply // 100, OTHERWISE[phase])
    return EXACTLY.get((phase, reply), by_digit)


class EmailChannel:
    """The mail relay of the policy."""

    kind: Final = "email"

    def __init__(self, policy: SmtpPolicy, clock: Callable[[], datetime]) -> None:
        self._policy, self._clock = policy, clock
        self._password = policy.password_file.read_text().strip() if policy.password_file else None
        self._tls = ssl.create_default_context(cafile=policy.ca_file) if policy.starttls == "required" else None
        self._connections = Connections(self._connection)

    async def send(self, delivery: Delivery) -> Result:
        """One attempt within the policy's deadline."""
        try:
            message = compose(delivery, self._policy.sender, self._policy.message_id_domain, self._clock())
        except Unrenderable as refused:
            return Result(Kind.PERMANENT, refused.code)
        attempt = _Attempt(self._connections, self._policy.sender, delivery.address)
        return await attempt.run(message, self._policy.attempt_seconds)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._connections.close()

    def _connection(self) -> SMTP:
        return SMTP(
            hostname=self._policy.host,
            port=self._policy.port,
            username=self._policy.username or None,
            password=self._password,
            local_hostname=self._policy.message_id_domain,
            timeout=self._policy.attempt_seconds,
            start_tls=self._tls is not None,
            tls_context=self._tls,
        )


class _Attempt:
    """One message, from the first packet to what is known at its end."""

    def __init__(self, connections: Connections, sender: str, recipient: str) -> None:
        self._connections, self._sender, self._recipient = connections, sender, recipient
        self._phase = Phase.CONNECT
        self._connection: Connection | None = None

    async def run(self, message: bytes, deadline: float) -> Result:
        try:
            async with asyncio.timeout(deadline):
                return await self._hand_over(message)
        except SMTPResponseException as reply:
            return Result(kind_of(self._phase, reply.code), f"smtp-{reply.code}")
        except TimeoutError:
            return Result(OTHERWISE[self._phase], f"timeout-{self._phase}")
        except (OSError, SMTPException):
            return Result(OTHERWISE[self._phase], f"lost-{self._phase}")
        except ValueError:
            return Result(Kind.PERMANENT, "address-refused")
        finally:
            self._let_go()

    async def _hand_over(self, message: bytes) -> Result:
        connection = await self._begun()
        await connection.smtp.rcpt(self._recipient)
        self._phase = Phase.DATA
        reply = await connection.smtp.data(message)
        result = Result(kind_of(Phase.DATA, reply.code), f"smtp-{reply.code}")
        if result.kind is Kind.SENT:
            self._connections.keep(connection)
            self._connection = None
        return result

    async def _begun(self) -> Connection:
        """A connection that agreed to a message from us: a kept one, or at any doubt a new one."""
        kept = self._connection = self._connections.kept()
        if kept is not None:
            try:
                await kept.smtp.mail(self._sender, timeout=PROBE_SECONDS)
            except (OSError, SMTPException):
                self._let_go()
            else:
                self._phase = Phase.ENVELOPE
                return kept
        new = self._connection = self._connections.new()
        await new.smtp.connect()
        self._phase = Phase.ENVELOPE
        await new.smtp.mail(self._sender)
        return new

    def _let_go(self) -> None:
        """Close the connection, unless it is kept."""
        if self._connection is not None:
            self._connection.smtp.close()
            self._connection = None
