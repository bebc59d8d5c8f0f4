"""A rehearsal says what a replay then does, and does nothing itself."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

from care.rehearsal import Change, Copies, Outcome, Stage, changes_of, rehearse
from care.replay import lines_of, sayings_of
from services.gateway.domain.saying import saying_of
from services.gateway.store import _row
from shared.feeds import FeedProfile
from shared.mongo.memory import MemoryDocuments
from shared.schemas.identifiers import Identifier
from shared.schemas.notifications import DeliveryState, NotificationDecided
from shared.stream.codec import decode
from shared.stream.deadletters import dead_letter, replayed
from shared.stream.decisions import Refs
from shared.stream.documents import Document
from shared.stream.memory import MemoryLog
from shared.stream.records import Heard, Saying
from tests.unit.admissions.house import a_raw_record
from tests.unit.admissions.test_two_feeds import MODES, Region, at
from tests.unit.gateway.parts import AT, a_body, received
from tests.unit.notifier.givens import coordinator, primary, supervisor

REPLAYS = "adt.inbound.v1.admissions.replay"
ADMISSION = at("south", "A01", "03 0800", start="03 0800")
DISCHARGE = at("south", "A03", "03 1500", end="03 1500", disposition="01")

ANEW = ("ce_reread", b"2026-11-07T12:00:00+00:00")


def again(message: bytes, feed: str = "south", *more: tuple[str, bytes]) -> Saying:
    raw = a_raw_record(message, feed=feed, mode=MODES[feed])
    return Saying(REPLAYS, raw.key or b"", message, (*raw.headers, *more))


async def rehearsed(region: Region, *sayings: Saying) -> Outcome:
    """What would come of it; nothing of the region is another after it."""
    before = copy.deepcopy([service.documents.stored for service in region.services])
    said = {place: len(records) for place, records in region.log.records.items()}
    handlers = {service.name: service.handlers for service in region.services}
    outcome = await rehearse(sayings, handlers, {service.name: service.documents for service in region.services})
    assert [service.documents.stored for service in region.services] == before
    assert {place: len(records) for place, records in region.log.records.items()} == said
    return outcome


async def an_admitted_patient() -> Region:
    region = Region()
    await region.know(coordinator(), supervisor(), primary(identifiers=(Identifier(value="P1", assigner="SOUTH"),)))
    await region.hear("south", ADMISSION)
    return region


def decided(region: Region) -> dict[str, DeliveryState]:
    found = [decode(record).data for record in region.log.all_of("care.notifications.v1")]
    return {one.delivery.delivery_id: one.delivery for one in found if isinstance(one, NotificationDecided)}


async def test_rehearsal__of_a_discharge_nobody_heard_is_what_then_happens() -> None:
    region = await an_admitted_patient()
    before = decided(region)
    outcome = await rehearsed(region, again(DISCHARGE))
    await region.hear("south", DISCHARGE)
    after = {id_: one for id_, one in decided(region).items() if id_ not in before}

    kinds = [change.what for change in outcome.changes]
    assert kinds[:2] == ["encounter", "transition"]
    assert set(kinds[2:]) == {"task"}
    assert outcome.changes[0][2:] == ("in-progress", "finished")
    assert outcome.changes[1][2:] == ("", "home open")
    (transition,) = region.followup.documents.stored.values()
    assert outcome.changes[1].id == transition.id
    assert {change.id for change in outcome.changes[2:]} == {
        one["task"]["task_id"] for one in transition.state["tasks"]
    }
    assert {one.delivery_id: one for one in outcome.deliveries} == after
    assert {one.tells for one in outcome.deliveries} >= {"encounter.discharged.v1", "transition.opened.v1"}
    assert {one.status for one in outcome.deliveries} == {"pending"}
    assert outcome.documents == {"admissions": 1, "discharge": 1, "followup": 1, "notifier": 1}
    assert outcome.unheard == {}


async def test_rehearsal__of_what_is_known_changes_nothing() -> None:
    region = await an_admitted_patient()
    outcome = await rehearsed(region, again(ADMISSION), again(ADMISSION))
    assert outcome == Outcome((), (), {}, {})


async def test_rehearsal__of_what_is_read_anew_and_as_it_was_changes_nothing() -> None:
    region = await an_admitted_patient()
    outcome = await rehearsed(region, again(ADMISSION, "south", ANEW), again(ADMISSION, "south", ANEW))
    assert outcome == Outcome((), (), {}, {})


async def test_rehearsal__of_what_is_read_anew_by_another_profile_is_what_then_happens() -> None:
    """By now the number under which the patient was admitted is nobody's: what was told of him is taken back."""
    region = await an_admitted_patient()
    south = region.profiles["south"].model_dump()
    region.profiles["south"] = FeedProfile.model_validate({**south, "placeholders": ["S1"]})
    before = decided(region)
    outcome = await rehearsed(region, again(ADMISSION, "south", ANEW))
    await region.log.append(replace(again(ADMISSION, "south", ANEW), topic="adt.inbound.v1"))
    await region.run()
    after = {id_: one for id_, one in decided(region).items() if id_ not in before}
    stays = [change[2:] for change in outcome.changes if change.what == "encounter"]
    assert stays == [("in-progress", "cancelled"), ("", "in-progress")]
    assert {one.delivery_id: one for one in outcome.deliveries} == after
    assert {(one.corrects != (), one.status) for one in after.values()} == {(True, "pending"), (False, "pending")}
    assert await rehearsed(region, again(ADMISSION, "south", ANEW)) == Outcome((), (), {}, {})


async def test_rehearsal__of_a_silent_replay_changes_as_much_and_tells_nobody() -> None:
    region = await an_admitted_patient()
    loud = await rehearsed(region, again(DISCHARGE))
    silent = await rehearsed(region, again(DISCHARGE, "south", ("ce_quiet", b"true")))
    assert silent.changes == loud.changes
    assert {(one.status, one.reason) for one in silent.deliveries} == {("suppressed", "quiet-replay")}


async def test_rehearsal__of_a_whole_stay_on_nothing() -> None:
    region = Region()
    await region.know(coordinator(), supervisor())
    outcome = await rehearsed(region, again(ADMISSION), again(DISCHARGE))
    patient, encounter, *_ = outcome.changes
    assert (patient.what, patient.before, patient.after) == ("patient", "", "known")
    assert (encounter.what, encounter.before, encounter.after) == ("encounter", "", "finished")
    assert region.followup.documents.stored == {}


async def test_changes__of_two_documents_that_become_one_are_of_the_patient_alone() -> None:
    """What the one gives up the other has taken: its stay stands as it stood."""
    stay = {"e1": {"said": {"status": "finished"}}}
    kept, gone = {"patient_id": "kept", "encounters": {}}, {"patient_id": "gone", "encounters": stay}
    real = MemoryDocuments()
    await real.save([Document("patients", "kept", state=kept), Document("patients", "gone", state=gone)])
    copies = Copies(real)
    one, other = await copies.load([Refs("patients", ("kept", "gone"))])
    one.state, other.state = kept | {"encounters": stay}, {"patient_id": "gone", "alias_of": "kept"}
    assert await copies.save_together([other, one]) == set()
    stage = Stage("admissions", {}, MemoryLog(), copies)
    assert list(changes_of(stage)) == [Change("patient", "gone", "known", "part of kept")]
    assert [document.state for document in await real.load([Refs("patients", ("kept", "gone"))])] == [kept, gone]


async def test_rehearsal__names_what_is_not_for_us() -> None:
    orders = DISCHARGE.replace(b"ADT^A03", b"ORM^O01")
    outcome = await rehearsed(await an_admitted_patient(), again(orders), again(ADMISSION), again(orders))
    assert outcome == Outcome((), (), {}, {}, {"not-adt": 2})


async def test_rehearsal__names_who_could_not_hear_and_why() -> None:
    region = Region()
    two_headers = DISCHARGE.replace(b"\rEVN|", b"\rMSH|^~\\&|X\rEVN|")
    outcome = await rehearsed(region, again(two_headers), again(two_headers))
    assert outcome == Outcome((), (), {}, {("admissions", "several-headers"): 2})


def test_sayings__are_as_the_first_time_oldest_first_and_to_one_hearer() -> None:
    early, late = received(a_body("MSG1")), received(a_body("MSG2"), AT + timedelta(minutes=1))
    rows: list[dict[str, Any]] = [_row(one, AT) for one in (late, early)]
    loud, silent = sayings_of(rows, silent=False), sayings_of(rows, silent=True)
    anew = sayings_of(rows, silent=True, asked="now")
    assert [one.topic for one in loud] == [REPLAYS, REPLAYS]
    assert [(one.key, one.value, one.headers) for one in loud] == [
        (one.key, one.value, one.headers) for one in (saying_of(early), saying_of(late))
    ]
    assert [one.headers[-1] for one in silent] == [("ce_quiet", b"true")] * 2
    assert [one.headers[:-1] for one in silent] == [one.headers for one in loud]
    assert [one.headers for one in anew] == [(*one.headers, ("ce_reread", b"now")) for one in silent]


def test_dead_letter__of_a_replayed_message_can_be_replayed_as_well() -> None:
    saying = again(DISCHARGE)
    letter = dead_letter(Heard(REPLAYS, 3, 17, saying.key, saying.value, saying.headers), "admissions", "no-time")
    assert letter.topic == "adt.inbound.v1.admissions.dlq"
    back = replayed(Heard(letter.topic, 3, 0, letter.key, letter.value, letter.headers))
    assert (back.topic, back.value) == (REPLAYS, DISCHARGE)
    assert back.headers[-1] == ("replay_of", f"{REPLAYS}/3/17".encode())


def a_delivery(**changes: Any) -> DeliveryState:
    told = {"delivery_id": "d1", "encounter_id": "e1", "cause": "c", "tells": "encounter.discharged.v1", "role": "PCP"}
    return DeliveryState.model_validate({**told, "recipient": "p1", "channel": "email", "status": "pending", **changes})


def test_lines__are_what_stands_what_would_and_who_is_told() -> None:
    held = a_delivery(recipient="", channel="", status="suppressed", reason="no-directory-entry", corrects=["d0"])
    changes = (Change("encounter", "e1", "in-progress", "finished"), Change("task", "t1", "", "contact requested"))
    outcome = Outcome(changes, (held, a_delivery()), {"admissions": 1}, {("admissions", "no-time"): 2})
    assert list(lines_of(outcome, 3)) == [
        "encounter e1: in-progress → finished",
        "task t1: none → contact requested",
        "p1: encounter.discharged.v1 of encounter e1, would be told by email",
        "role PCP: correction: encounter.discharged.v1 of encounter e1, held back (no-directory-entry)",
        "not heard by admissions: no-time, 2",
        "3 messages; documents that would change: admissions 1",
    ]


def test_lines__of_what_changes_nothing_say_why() -> None:
    outcome = Outcome((), (), {}, {("admissions", "no-time"): 2}, {"not-adt": 1})
    assert list(lines_of(outcome, 5)) == [
        "not heard by admissions: no-time, 2",
        "not for admissions: not-adt, 1",
        "5 messages; documents that would change: none, 2 known again",
    ]
    assert list(lines_of(outcome, 3))[-1] == "3 messages; documents that would change: none"
