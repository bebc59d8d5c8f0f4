"""The account of a run: topics, databases and mailbox held against the oracle and each other, every difference."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from demo.deployment import Deployment
from demo.oracle.facts import Pace
from demo.oracle.judging import Verdict, judge
from demo.oracle.meant import meant, unreadable
from demo.oracle.observing import Observed
from shared.schemas.envelope import TYPE_PREFIX
from shared.schemas.tasks import TaskCancelled
from shared.schemas.topics import ALL, COMMANDS, dead_letter_topics
from shared.stream.codec import decode
from shared.stream.records import Heard
from tests.chaos.databases import Databases
from tests.chaos.mails import Mailbook, addresses, repeats, wrong_mails
from tests.chaos.meter import Meter
from tests.chaos.nurses import Ear
from tests.chaos.run import Played
from tests.chaos.strikes import MONGOD
from tests.chaos.topics import LETTERS, TopicAudit

ATTEMPT_SECONDS = 15.0
"""A blow is felt for so long by what was under way: leases and time-outs of the run are shorter."""
TOO_LATE = "task-not-open"
CALLED_OFF = f"{TYPE_PREFIX}{TaskCancelled.TYPE}"
TOO_EARLY = "performed-before-discharge"
"""By an amendment that came before the command. Whether it may be the oracle says, by what became of the task."""


@dataclass
class Account:
    """`differences` by what was held against what; none: the run is clean."""

    verdict: Verdict
    differences: dict[str, list[str]] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    records: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """No difference."""
        return not any(self.differences.values())


class _Reader:
    """Reads every topic once, for the oracle and for the audit."""

    def __init__(self) -> None:
        self.seen, self.audit = Observed(), TopicAudit()
        self.commands: dict[str, str] = {}
        self.called_off: set[str] = set()

    async def read(self, local: Deployment) -> None:
        """Topic by topic in the order of causes, so that what a record names was read before it."""
        names = [topic.name for topic in (*ALL, *dead_letter_topics())]
        meter = Meter(local.broker, local.stack.mongo.uri, names, [])
        ends = await meter.ends()
        await meter.close()
        for name in names:
            ear = Ear(local.broker, [name])
            async for record in ear.up_to(ends):
                self._hear(record)
            await ear.close()

    def _hear(self, record: Heard) -> None:
        self.audit.hear(record)
        self.seen.hear(record)
        if record.topic == COMMANDS.name:
            self.commands[record.header("ce_id")] = decode(record).data.model_dump()["task_id"]
        if record.header("ce_type") == CALLED_OFF:
            self.called_off.add(decode(record).data.model_dump()["task"]["task_id"])


async def account(local: Deployment, played: Played, book: Mailbook) -> Account:
    """Read everything and compare."""
    reader = _Reader()
    await reader.read(local)
    for mail in book.mails:
        (reader.seen.repeats if mail.repeat else reader.seen.mails)[mail.delivery] += 1
        if mail.names:
            reader.seen.naming.add(mail.delivery)
    verdict = judge(played.sent, reader.seen, Pace(played.until, played.step))
    found = Account(verdict, {"the oracle": [str(one) for one in verdict.differences]})
    found.differences["the topics"] = reader.audit.differences
    found.differences["dead letters"] = list(_letters(played, reader))
    databases = Databases(local.stack.mongo.uri, reader.audit, played.until)
    try:
        _databases(found, databases, played, reader)
        _mails(found, databases, played, book)
    finally:
        databases.close()
    found.differences["recovery"] = list(_recovery(played))
    _figures(found, played, reader.audit, book)
    return found


def _letters(played: Played, reader: _Reader) -> Iterator[str]:
    """Those of messages are the oracle's affair; no other may be, but for commands that came too late.

    Work that was called off when its command was heard may have been wanted again since, and done by another one.
    """
    tasks, _ = reader.seen.statuses()
    planted = {one.control_id for one in played.sent}
    for one in sorted(reader.seen.dead_letters - planted):
        yield f"dead letter {one} was not planted"
    for topic, id_ in sorted(reader.audit.letters):
        if topic.startswith(COMMANDS.name):
            reason, task = reader.audit.reasons[topic, id_], reader.commands.get(id_, "")
            if reason != TOO_EARLY and (reason != TOO_LATE or task not in reader.called_off):
                yield f"command {id_} is a dead letter: {reason}, its task is {tasks.get(task, 'not known')}"


def _databases(found: Account, databases: Databases, played: Played, reader: _Reader) -> None:
    tasks, deliveries = reader.seen.statuses()
    found.differences["gateway's database"] = list(databases.gateway(played.sent))
    found.differences["admissions' database"] = list(databases.admissions(played.sent, meant(played.sent)))
    found.differences["discharge's database"] = list(databases.discharge())
    found.differences["followup's database"] = list(databases.followup(tasks))
    found.differences["notifier's database"] = list(databases.notifier(deliveries))
    found.figures |= {f"documents in {name}": n for name, n in databases.counts.items()}


def _mails(found: Account, databases: Databases, played: Played, book: Mailbook) -> None:
    """Monotonic times of strikes to Unix times of mails."""
    offset = time.time() - time.monotonic()
    last = played.settled
    spans = [
        (one.at + offset - ATTEMPT_SECONDS, (one.recovered or last) + offset + ATTEMPT_SECONDS)
        for one in played.struck
        if one.strike.target in ("notifier", MONGOD)
    ]
    spans += [(one.at + offset - ATTEMPT_SECONDS, one.at + offset + ATTEMPT_SECONDS) for one in played.ended]
    found.differences["the mailbox"] = list(wrong_mails(book, databases.told(), addresses(), spans))


def _recovery(played: Played) -> Iterator[str]:
    for n, one in enumerate(played.struck, 1):
        if one.recovered is None:
            yield f"strike {n}, {one.strike.kind} of {one.strike.target}: no recovery"


def _figures(found: Account, played: Played, audit: TopicAudit, book: Mailbook) -> None:
    for name, count in sorted(audit.records.items()):
        different = len({id_ for topic, id_ in audit.letters if topic == name})
        found.records[name] = (count, different if name.endswith(LETTERS) else audit.different(name))
    found.figures |= played.figures
    found.figures |= {
        "repeats on topics": sum(count - different for count, different in found.records.values()),
        "mails": len(book.mails),
        "mails that came again": repeats(book),
        "dead letters planted": len(unreadable(played.sent)),
        "commands that came too late": sum(topic.startswith(COMMANDS.name) for topic, _ in audit.letters),
    }
    known_again = ("messages that the gateway knew again", "records that hearers knew again", "repeats on topics")
    found.figures["redeliveries suppressed"] = sum(found.figures[name] for name in known_again)
    if not found.figures["redeliveries suppressed"]:
        found.differences["recovery"].append("no redelivery was suppressed: the strikes hit nobody at work")
