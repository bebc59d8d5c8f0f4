"""A stay whose discharge nobody could hear is brought back, hearer by hearer: in the end everybody was told once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from care.dlq import chosen, dead_letters, say_again
from care.pages import page
from demo.stack.ports import free_ports
from shared.schemas.notifications import NotificationEvent
from shared.schemas.topics import ADT_INBOUND, ENCOUNTERS, NOTIFICATIONS
from shared.stream.codec import decode
from shared.stream.deadletters import dead_letter
from shared.stream.records import Heard
from tests.integration.chain.conftest import PATIENCE, Chain
from tests.integration.chain.messages import adt
from tests.integration.chain.test_watching import care, discharged, repeats_of, said_of, say

pytestmark = pytest.mark.integration
LOST_STAY = "6d1f5a3e-0000-5000-8000-0000000000bb"
LOST_EVENT = b"6d1f5a3e-0000-5000-8000-000000000002"
OFFSET = 999_998
"""Of a place that no record of the run has."""


def never_heard(record: Heard) -> Heard:
    """The same discharge of another stay, an event of its own that is on no topic."""
    changes = {"ce_subject": LOST_STAY.encode(), "ce_id": LOST_EVENT}
    value = (record.value or b"").replace(record.header("ce_subject").encode(), LOST_STAY.encode())
    headers = tuple((name, changes.get(name, held)) for name, held in record.headers)
    return Heard(record.topic, record.partition, OFFSET, record.key, value, headers)


def notices(chain: Chain, encounter_id: str, kind: str) -> dict[str, tuple[str, str]]:
    """By delivery of that stay: what it tells, and whom. `kind` is `decided` or `sent`."""
    found = {}
    for record in chain.records:
        if record.topic == NOTIFICATIONS.name and record.header("ce_type").endswith(f"notification.{kind}.v1"):
            data = decode(record).data
            assert isinstance(data, NotificationEvent)
            if data.delivery.encounter_id == encounter_id:
                found[data.delivery.delivery_id] = (data.delivery.tells, data.delivery.recipient)
    return found


def pending(chain: Chain, encounter_id: str) -> set[str]:
    """Deliveries of that stay that were to be sent; a suppressed one never is."""
    decided = [decode(r).data for r in chain.records if r.topic == NOTIFICATIONS.name]
    return {
        data.delivery.delivery_id
        for data in decided
        if isinstance(data, NotificationEvent)
        and (data.delivery.encounter_id, data.delivery.status) == (encounter_id, "pending")
    }


def all_sent(chain: Chain, encounter_id: str) -> bool:
    waiting = pending(chain, encounter_id)
    return bool(waiting) and waiting == set(notices(chain, encounter_id, "sent"))


def told(chain: Chain, encounter_id: str) -> Counter[tuple[str, str]]:
    """How often each was told each thing: deliveries, not records, for a record may be repeated."""
    return Counter(notices(chain, encounter_id, "sent").values())


def mails_of(chain: Chain, encounter_id: str) -> Counter[str]:
    """How many mails the mail server took of each delivery that was sent."""
    sent = notices(chain, encounter_id, "sent")
    ids = (str(mail["Message-ID"]).strip("<>").split("@")[0] for mail in chain.mails)
    return Counter(id_ for id_ in ids if id_ in sent)


async def test_replay__to_each_hearer_that_failed_tells_everybody_once(
    chain: Chain, environment: dict[str, str]
) -> None:
    """The measure is a stay like it that everybody heard: the lost one's people are told the same, each once."""
    record = await discharged(chain, "REPL2", "VREPL2")
    like = record.header("ce_subject")
    lost = never_heard(record)
    place = f"{ENCOUNTERS.name}/{lost.partition}/{OFFSET}"
    await say(chain, *(dead_letter(lost, hearer, "planted-outage") for hearer in ("discharge", "notifier")))
    await chain.until(lambda: bool(said_of(chain, like)) and all_sent(chain, like), "every mail of the stay heard")

    for hearer in ("discharge", "notifier"):
        done = await care("dlq", "replay", place, "--service", hearer)
        assert (done.exit_code, done.output.splitlines()[-1]) == (0, "said 1 again")
    await chain.until(lambda: told(chain, LOST_STAY) == told(chain, like), f"{told(chain, like)} of the lost stay")
    before = {service: repeats_of(chain, service) for service in ("discharge", "notifier")}
    transitions = {r.header("ce_id") for r in said_of(chain, LOST_STAY)}
    decided = notices(chain, LOST_STAY, "decided")

    letters = chosen(await dead_letters(chain.local.broker), place=place)
    assert len(letters) == 2
    await say_again(chain.local.broker, letters)
    for service, repeats in before.items():
        await chain.until(lambda s=service, n=repeats: repeats_of(chain, s) > n, f"{service} knew it again")
    after = (await discharged(chain, "REPL3", "VREPL3")).header("ce_subject")
    await chain.until(lambda: all_sent(chain, after) and all_sent(chain, LOST_STAY), "every mail of a later stay too")

    assert {r.header("ce_id") for r in said_of(chain, LOST_STAY)} == transitions
    assert told(chain, LOST_STAY) == told(chain, like)
    assert notices(chain, LOST_STAY, "decided") == decided, "nothing was even decided a second time"
    assert set(told(chain, LOST_STAY).values()) == {1}, "nobody was told a thing twice"
    assert mails_of(chain, LOST_STAY) == Counter(dict.fromkeys(notices(chain, LOST_STAY, "sent"), 1))


WEST = """
[[feed]]
feed = "west"
tenant = "demo"
mode = "live"
zone = "America/New_York"
facility = "NORTH"
default_authority = "NORTH"
charset = "{charset}"
mllp_port = {port}
"""


class Profiles:
    """The deployment's file of profiles, to which a hospital is added and whose setting is mended."""

    def __init__(self, chain: Chain) -> None:
        self._file = Path(chain.local.wiring.environment["CARE_FEEDS_FILE"])
        self._logs = [log for log in chain.logs if log.stem in ("gateway", "admissions")]
        self._before = self._file.read_text()

    async def add(self, text: str) -> None:
        """Returns when the gateway and admissions go by them."""
        taken = [log.read_text().count('"feeds_taken"') for log in self._logs]
        self._write(self._before + text)
        deadline = time.monotonic() + PATIENCE
        while any(log.read_text().count('"feeds_taken"') == n for log, n in zip(self._logs, taken, strict=True)):
            assert time.monotonic() < deadline, "the new profiles were not taken"
            await asyncio.sleep(0.1)

    def restore(self) -> None:
        self._write(self._before)

    def _write(self, text: str) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(text)
        new.replace(self._file)


@pytest.fixture
def profiles(chain: Chain) -> Iterator[Profiles]:
    found = Profiles(chain)
    yield found
    found.restore()


async def sent(port: int, control_id: str, body: bytes) -> None:
    """Bytes that no client of ours would read, taken by the door."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\x0b" + body + b"\x1c\r")
    answer = await asyncio.wait_for(reader.readuntil(b"\x1c\r"), PATIENCE)
    writer.close()
    assert f"\rMSA|AA|{control_id}\r".encode() in answer


def unreadable(control_id: str, **changes: str) -> bytes:
    """A discharge with a letter that needs its code page."""
    return adt("A03", control_id, family="Chainp\u00fcrson", **changes).decode().encode("cp437")


@dataclass
class West:
    """A hospital that writes in code page 437 and whose profile says ASCII: its admission can be read, the discharge
    cannot. Its letter (0x81) is none in UTF-8 or Windows-1252 either, which are tried next.
    """

    chain: Chain
    profiles: Profiles
    visit: str
    mrn: str
    port: int = field(default_factory=lambda: free_ports(1)[0])

    async def sends_a_stay(self) -> Heard:
        """The dead letter of the discharge, once the admission is told."""
        await self.profiles.add(WEST.format(charset="us-ascii", port=self.port))
        stay = {"visit": self.visit, "mrn": self.mrn, "admitted": "20261101200000-0500"}
        discharge = unreadable(f"{self.visit}-2", **stay)
        await sent(self.port, f"{self.visit}-1", adt("A01", f"{self.visit}-1", **stay))
        await sent(self.port, f"{self.visit}-2", discharge)
        dead = ADT_INBOUND.dead_letters("admissions")

        def letters() -> list[Heard]:
            return [r for r in self.chain.records if r.topic == dead and r.value == discharge]

        await self.chain.until(lambda: bool(letters()) and bool(self.said()), "the dead letter, and the admission")
        await self.chain.until(lambda: all_sent(self.chain, self.encounter_id), "the admission told")
        (letter,) = letters()
        assert letter.header("dl_reason") == "undecodable"
        assert {what for what, _ in told(self.chain, self.encounter_id)} == {"encounter.admitted.v1"}
        return letter

    async def is_mended(self) -> None:
        await self.profiles.add(WEST.format(charset="cp437", port=self.port))

    def said(self) -> list[Heard]:
        """What was said of the stay, oldest first."""
        of_it = [
            r for r in self.chain.records if r.topic == ENCOUNTERS.name and self.visit.encode() in (r.value or b"")
        ]
        return list({r.header("ce_id"): r for r in of_it}.values())

    @property
    def encounter_id(self) -> str:
        return self.said()[0].header("ce_subject")

    async def everybody_is_told_once(self, like: str) -> None:
        """What was told after the admission is what is told of the stay `like`, whose hospital's profile was right."""
        chain = self.chain
        await chain.until(lambda: len(self.said()) == 2, "the discharge said")
        await chain.until(lambda: all_sent(chain, like) and all_sent(chain, self.encounter_id), "the discharge told")
        found = told(chain, self.encounter_id)
        admitted = Counter({what: n for what, n in found.items() if what[0] == "encounter.admitted.v1"})
        assert found - admitted == told(chain, like)
        assert set(found.values()) == {1}, "nobody was told a thing twice"
        sent_ids = notices(chain, self.encounter_id, "sent")
        assert mails_of(chain, self.encounter_id) == Counter(dict.fromkeys(sent_ids, 1))


async def test_replay__after_the_profile_is_mended_tells_what_was_missed_and_nothing_twice(
    chain: Chain, environment: dict[str, str], profiles: Profiles
) -> None:
    west = West(chain, profiles, "VWEST1", "770551")
    letter = await west.sends_a_stay()
    await west.is_mended()
    done = await care("dlq", "replay", "--topic", ADT_INBOUND.name, "--reason", "undecodable")
    assert done.output.splitlines()[-1] == "said 1 again"
    like = (await discharged(chain, "WEST3", "VWEST3")).header("ce_subject")
    await west.everybody_is_told_once(like)

    known = known_again(chain)
    await say_again(chain.local.broker, [letter])
    await chain.until(lambda: known_again(chain) > known, "the second replay known again")
    await west.everybody_is_told_once(like)


async def test_raw_replay__shows_first_what_it_then_does_and_is_known_again_after(
    chain: Chain, environment: dict[str, str], profiles: Profiles
) -> None:
    west = West(chain, profiles, "VWEST4", "770554")
    await west.sends_a_stay()
    still = await care("replay", "--control-id", "VWEST4-2", "--dry-run")
    assert "not heard by admissions: undecodable, 1" in still.output
    await sent(west.port, "VWEST8-2", unreadable("VWEST8-2", visit="VWEST8", mrn="770558"))
    await west.is_mended()

    dry = await care("replay", "--control-id", "VWEST4-2", "--dry-run")
    lines = dry.output.splitlines()
    assert f"encounter {west.encounter_id}: in-progress → finished" in lines
    assert lines[-1] == ("1 messages; documents that would change: admissions 1, discharge 1, followup 1, notifier 1")
    assert "Chainp" not in dry.output
    announced = {line.split(":")[0] for line in lines if line.endswith(f"{west.encounter_id}, would be told by email")}
    assert len(west.said()) == 1, "it was only tried out"

    many = await care("replay", "--feed", "west", "--limit", "1", "--yes")
    assert (many.exit_code, "more than 1 messages are meant" in many.output) == (1, True)
    none = await care("replay", "--control-id", "no such", "--yes")
    assert (none.exit_code, "no such message is kept" in none.output) == (1, True)
    asked = await care("replay", "--control-id", "VWEST4-2")
    assert (asked.exit_code, "say 1 messages again to admissions; people may be told?" in asked.output) == (1, True)
    done = await care("replay", "--control-id", "VWEST4-2", "--yes")
    assert (done.exit_code, done.output) == (0, "said 1 again\n")
    like = (await discharged(chain, "WEST6", "VWEST6")).header("ce_subject")
    await west.everybody_is_told_once(like)
    assert announced == {who for what, who in told(chain, west.encounter_id) if what != "encounter.admitted.v1"}

    known = known_again(chain)
    await care("replay", "--control-id", "VWEST4-2", "--yes")
    await chain.until(lambda: known_again(chain) > known, "the second replay known again")
    await west.everybody_is_told_once(like)
    again = await care("replay", "--control-id", "VWEST4-2", "--dry-run")
    assert again.output == "1 messages; documents that would change: none, 1 known again\n"

    await care("replay", "--control-id", "VWEST8-2", "--silent", "--yes")
    quiet = West(chain, profiles, "VWEST8", "770558")
    opened = ("suppressed", "quiet-replay", "transition.opened.v1")
    await chain.until(lambda: bool(quiet.said()) and opened in fates(chain, quiet.encounter_id), "the silent replay")
    assert {fate[:2] for fate in fates(chain, quiet.encounter_id)} == {opened[:2]}


def fates(chain: Chain, encounter_id: str) -> set[tuple[str, str, str]]:
    """Status and reason of what was decided to tell of that stay, and what that is."""
    every = [decode(r).data for r in chain.records if r.topic == NOTIFICATIONS.name]
    of_it = [d.delivery for d in every if isinstance(d, NotificationEvent) and d.delivery.encounter_id == encounter_id]
    return {(one.status, one.reason, one.tells) for one in of_it}


def known_again(chain: Chain) -> float:
    admissions = page(chain.local.wiring.admin_ports["admissions"])
    return admissions.total("care_decisions_noted_total", what="known_again")
