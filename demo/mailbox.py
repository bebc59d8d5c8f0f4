"""A mail server for the local stack: takes every mail, keeps it as a file, delivers none."""

from __future__ import annotations

import time
from collections.abc import Callable
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING

from demo.stack.ports import LOOPBACK, free_ports

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session

OnMail = Callable[[Message, float], None]
HANDED_TO = "X-RcptTo"
"""On what `on_mail` is given, not on what is kept: the envelope's recipients, whatever the header To says."""


class _Keeper:
    """An aiosmtpd handler. Files are named by arrival; `on_mail` gets the message and the Unix time it came."""

    def __init__(self, directory: Path, on_mail: OnMail | None) -> None:
        self._directory = directory
        self._on_mail = on_mail
        self._count = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        self._count += 1
        (self._directory / f"{self._count:05}.eml").write_bytes(content)
        if self._on_mail is not None:
            message = message_from_bytes(content)
            message[HANDED_TO] = ", ".join(envelope.rcpt_tos)
            self._on_mail(message, time.time())
        return "250 kept, not delivered"


class Mailbox:
    """Runs in a thread of this process, on a free loopback port."""

    def __init__(self, directory: Path, on_mail: OnMail | None = None) -> None:
        from aiosmtpd.controller import Controller  # of the demo group: the image ships this room without it

        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.port = free_ports(1)[0]
        self._controller = Controller(_Keeper(directory, on_mail), hostname=LOOPBACK, port=self.port)

    def start(self) -> None:
        """Listening when this returns."""
        self._controller.start()

    def stop(self) -> None:
        """Stop listening; the files stay until their directory goes."""
        self._controller.stop()

    def __len__(self) -> int:
        """How many mails are kept."""
        return len(list(self.directory.glob("*.eml")))
