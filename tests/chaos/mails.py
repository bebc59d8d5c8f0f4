"""What came to the mail server, in short; and what of it may not be."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from email.message import Message
from itertools import pairwise
from typing import NamedTuple

from demo.mailbox import HANDED_TO
from demo.oracle.judging import DIRECTORY
from demo.oracle.observing import REPEAT, names_somebody

TOLD = ("sent", "unknown")


class Mail(NamedTuple):
    """One mail. `at` is Unix time; `handed_to` the envelope's recipients; `names`: its text names somebody."""

    delivery: str
    message_id: str
    to: str
    handed_to: str
    repeat: bool
    at: float
    names: bool


class Told(NamedTuple):
    """A delivery as notifier's database has it in the end."""

    recipient: str
    status: str
    attempts: int
    maybe_told: bool


class Mailbook:
    """Every mail, in order of arrival."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    def take(self, message: Message, at: float) -> None:
        """As `demo.mailbox.OnMail`; called in the mail server's thread."""

        def text(name: str) -> str:
            return str(message.get(name, ""))

        known = (text("X-Care-Delivery"), text("Message-ID"), text("To"), text(HANDED_TO))
        self.mails.append(Mail(*known, bool(message.get(REPEAT)), at, names_somebody(message)))

    def by_delivery(self) -> dict[str, list[Mail]]:
        """In order of arrival."""
        found: dict[str, list[Mail]] = defaultdict(list)
        for mail in self.mails:
            found[mail.delivery].append(mail)
        return found


def addresses() -> dict[str, str]:
    """Who is who: entry of the demonstration's directory → address."""
    entries = tomllib.loads(DIRECTORY.read_text("utf-8"))["entries"]
    return {entry["entry_id"]: entry["channels"][0]["address"] for entry in entries}


def wrong_mails(
    book: Mailbook, told: Mapping[str, Told], address_of: Mapping[str, str], windows: Iterable[tuple[float, float]]
) -> Iterator[str]:
    """Every mail that nobody was to have, lacks, or has again without a reason.

    `windows`: (from, to) in Unix time, when an attempt's answer may have been lost: a sender or its store was struck.
    """
    spans = list(windows)
    of = book.by_delivery()
    for delivery in sorted(set(of) - set(told)):
        yield f"mail of no delivery: {delivery}"
    for delivery, one in told.items():
        mails = of.get(delivery, [])
        if one.status == "sent" and not mails:
            yield f"delivery {delivery} was said to be sent, and no mail came"
        if mails and one.status not in TOLD:
            yield f"delivery {delivery} is {one.status}, and {len(mails)} mails came"
        yield from _of_one(delivery, one, mails, address_of.get(one.recipient, ""), spans)


def _of_one(
    delivery: str, one: Told, mails: list[Mail], address: str, spans: list[tuple[float, float]]
) -> Iterator[str]:
    if any((mail.to, mail.handed_to) != (address, address) for mail in mails):
        yield f"delivery {delivery}: a mail went to another than {one.recipient}"
    if len({mail.message_id for mail in mails}) > 1:
        yield f"delivery {delivery}: its mails have several Message-IDs"
    if len(mails) > one.attempts:
        yield f"delivery {delivery}: {len(mails)} mails of {one.attempts} attempts"
    if len(mails) < 2:
        return
    if not one.maybe_told or not all(mail.repeat for mail in mails[1:]):
        yield f"delivery {delivery}: {len(mails)} mails, and a further one does not say that it may be a repeat"
    for first, again in pairwise(mails):
        if not any(begin <= again.at and first.at <= end for begin, end in spans):
            yield f"delivery {delivery}: a mail came again though nothing was struck between the two"


def repeats(book: Mailbook) -> int:
    """Mails beyond the first of a delivery."""
    return len(book.mails) - len(book.by_delivery())
