"""A delivery as an Internet message (RFC 5322): one template for each kind of notice, the subject without patient data.

The same delivery has the same Message-ID for ever, so that a mail system can know a repeat. Refuses a value that would
break a header, and a template whose values are not all there.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.policy import SMTP as SMTP_LINES
from email.utils import format_datetime
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError

from services.notifier.domain.delivery import Delivery

SUBJECT: Final = "Subject: "
BREAKS: Final = re.compile(r"[\r\n\x00]")
PLAIN_LINE: Final = re.compile(r"[\x20-\x7e]{1,78}")
NOT_PRINTED: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


CONTENT: Final = (
    ("MIME-Version", "1.0"),
    ("Content-Type", 'text/plain; charset="utf-8"'),
    ("Content-Transfer-Encoding", "quoted-printable"),
)


class Unrenderable(Exception):
    """The delivery cannot be made into a message. `code` says why, without a word of its content."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _one_line(value: Any) -> Any:
    """A value as one line of plain text, so that a name cannot write lines of its own."""
    return NOT_PRINTED.sub(" ", value) if isinstance(value, str) else value


TEMPLATES: Final = Environment(
    loader=PackageLoader("services.notifier"),
    undefined=StrictUndefined,
    finalize=_one_line,
    autoescape=False,  # noqa: S701 (plain text; nothing here is ever shown as HTML)
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def rendered(notice: str, context: Mapping[str, Any], reference: str) -> tuple[str, str]:
    """Subject and text of a notice. Raises Unrenderable."""
    try:
        whole = TEMPLATES.get_template(f"{notice}.txt").render({**context, "reference": reference})
    except (TemplateError, TypeError, ValueError):
        raise Unrenderable("template-failed") from None
    subject, _, body = whole.partition("\n")
    return subject.removeprefix(SUBJECT), body.lstrip("\n")


def message_id(delivery_id: str, domain: str) -> str:
    """The Message-ID of a delivery, whichever attempt it is."""
    return f"<{delivery_id}@{domain}>"


def compose(delivery: Delivery, sender: str, domain: str, now: datetime) -> bytes:
    """The message of a delivery, as it goes over the wire. Raises Unrenderable.

    Written by hand: `EmailMessage` makes a class for each header, which cost more than the whole SMTP conversation.
    """
    subject, body = rendered(delivery.notice, delivery.context, delivery.delivery_id)
    headers = (*_headers(delivery, sender, domain, now, subject), *CONTENT)
    head = "".join(_line(name, value) for name, value in headers)
    return head.encode("ascii") + b"\r\n" + b2a_qp(body.replace("\n", "\r\n").encode())


def _line(name: str, value: str) -> str:
    """One header; what does not fit one line of ASCII is folded and encoded by the library (RFC 5322, RFC 2047)."""
    if BREAKS.search(value):
        raise Unrenderable("header-refused")
    line = f"{name}: {value}"
    if PLAIN_LINE.fullmatch(line):
        return line + "\r\n"
    folded: str = SMTP_LINES.header_factory(name, value).fold(policy=SMTP_LINES)
    return folded


def _headers(delivery: Delivery, sender: str, domain: str, now: datetime, subject: str) -> Iterable[tuple[str, str]]:
    yield "From", sender
    yield "To", delivery.address
    yield "Subject", subject
    yield "Date", format_datetime(now)
    yield "Message-ID", message_id(delivery.delivery_id, domain)
    yield "Auto-Submitted", "auto-generated"  # RFC 3834 §5
    yield "X-Care-Delivery", delivery.delivery_id
    if delivery.corrects:
        told = [message_id(one, domain) for one in delivery.corrects]
        yield "In-Reply-To", told[-1]
        yield "References", " ".join(told)
    if delivery.maybe_told:
        yield "X-Care-Possible-Repeat", "yes"
