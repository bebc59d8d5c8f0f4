"""Who looks at patient data is on record before it is shown, whatever command shows it."""

from __future__ import annotations

import pytest

from shared.schemas.access import PhiShown
from shared.schemas.topics import ADT_INBOUND, AUDIT
from shared.stream.codec import decode
from tests.integration.chain.conftest import Chain
from tests.integration.chain.messages import adt
from tests.integration.chain.test_watching import care

pytestmark = pytest.mark.integration
PERSON = "Chainperson"


def looks(chain: Chain, actor: str) -> list[PhiShown]:
    found = [decode(record).data for record in chain.records if record.topic == AUDIT.name]
    return [data for data in found if isinstance(data, PhiShown) and data.actor.value == actor]


async def test_messages__by_number_masked_and_with_phi_on_record_first(
    chain: Chain, environment: dict[str, str]
) -> None:
    for trigger, control_id in (("A01", "SEEK1"), ("A03", "SEEK2")):
        assert await chain.send(adt(trigger, control_id, visit="VSEEK1", mrn="770441")) == "AA"

    masked = await care("messages", "--mrn", "770441")
    lines = [line.split() for line in masked.output.splitlines()[1:]]
    assert [line[1:4] for line in lines] == [["north", "SEEK1", "A01"], ["north", "SEEK2", "A03"]]
    assert PERSON not in masked.output
    by_visit = await care("messages", "--visit", "vseek1", "--feed", "north")
    assert [line.split()[2] for line in by_visit.output.splitlines()[1:]] == ["SEEK1", "SEEK2"]
    refused = await care("messages", "--mrn", "770441", "--phi")
    assert (refused.exit_code, PERSON in refused.output) == (2, False)

    looked = ("--phi", "--reason", "misrouted-message", "--actor", "seeker")
    shown = await care("messages", "--control-id", "SEEK2", *looked)
    assert "PID|1||770441^^^NORTH^MR||Chainperson^Ada" in shown.output
    await chain.until(lambda: bool(looks(chain, "seeker")), "the look on record")
    (look,) = looks(chain, "seeker")
    assert (look.command, look.place, look.reason) == ("care-messages", "gateway/raw", "misrouted-message")
    assert look.shown == (lines[1][0],)
    kept = await care("tail", AUDIT.name, "--from-beginning", "--no-follow")
    line = next(one for one in kept.output.splitlines() if "access.phi-shown.v1  seeker" in one)
    for told in ("care-messages", "gateway/raw", "misrouted-message", lines[1][0]):
        assert f'"{told}"' in line


async def test_phi__is_not_shown_where_it_cannot_be_put_on_record(
    chain: Chain, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await chain.send(adt("A01", "SEEK3", visit="VSEEK3", mrn="770443")) == "AA"
    monkeypatch.setenv("CARE_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    shown = await care("messages", "--control-id", "SEEK3", "--phi", "--reason", "test")
    assert (shown.exit_code, PERSON in shown.output) == (69, False)
    assert "what is not on record is not shown" in shown.output


async def test_dead_letter__is_masked_and_with_phi_on_record_first(chain: Chain, environment: dict[str, str]) -> None:
    bad = adt("A03", "SEEK5", visit="VSEEK5", mrn="770445")
    # in small letters it is not certain that another message begins there
    assert await chain.send(bad.replace(b"\rEVN|", b"\rmsh|^~\\&|X\rEVN|")) == "AA"

    def letters() -> list[str]:
        dlq = ADT_INBOUND.dead_letters("admissions")
        return [r.header("dl_place") for r in chain.records if r.topic == dlq and b"|SEEK5|" in (r.value or b"")]

    await chain.until(lambda: bool(letters()), "the dead letter")
    (place,) = letters()
    masked = await care("dlq", "show", place)
    assert "dl_reason: several-headers" in masked.output
    assert "PID:8" in masked.output
    assert PERSON not in masked.output
    shown = await care("dlq", "show", place, "--phi", "--reason", "repair", "--actor", "mender")
    assert "|770445^^^NORTH^MR|" in shown.output
    await chain.until(lambda: bool(looks(chain, "mender")), "the look on record")
    (look,) = looks(chain, "mender")
    assert (look.command, look.place, look.reason, len(look.shown)) == ("care-dlq-show", place, "repair", 1)
