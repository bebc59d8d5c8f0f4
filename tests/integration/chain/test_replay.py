"""A stay whose discharge nobody could hear is brought back, hearer by hearer: in the end everybody was told once."""

from __future__ import annotations

from collections import Counter

import pytest

from care.dlq import chosen, dead_letters, say_again
from shared.schemas.notifications import NotificationEvent
from shared.schemas.topics import ENCOUNTERS, NOTIFICATIONS
from shared.stream.codec import decode
from shared.stream.deadletters import dead_letter
from shared.stream.records import Heard
from tests.integration.chain.conftest import Chain
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
