"""A delivery as an Internet message (RFC 5322): one template for each kind of notice, the subject without patient data.

The same delivery has the same Message-ID for ever, so that a mail system can know a repeat. Refuses a value that would
break a header, and a template whose values are not all there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError

from services.notifier.domain.delivery import Delivery

SUBJECT: Final = "Subject: "
BREAKS: Final = re.compile(r"[\r\n\x00]")
NOT_PRINTED: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


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


def compose(delivery: Delivery, sender: str, domain: str, now: datetime) -> EmailMessage:
    """The message of a delivery. Raises Unrenderable."""
    subject, body = rendered(delivery.notice, delivery.context, delivery.delivery_id)
    message = EmailMessage()
    for name, value in _headers(delivery, sender, domain, now, subject):
        if BREAKS.search(value):
            raise Unrenderable("header-refused")
        message[name] = value
    message.set_content(body, charset="utf-8", cte="quoted-printable")
    return message


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
