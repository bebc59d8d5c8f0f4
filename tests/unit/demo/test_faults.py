"""What is harmed, how, and that the rest of the hospital does not notice."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from demo.hospital import Delivery, Faults, Harm, Sending, schedule
from demo.hospital.faults import harmed
from services.admissions.adt import FeedFacts, read_adt
from shared.hl7.er7 import parse
from shared.schemas.adt import AdtEvent

START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
HARMED = Faults(cut=0.2, mis_zoned=0.2, poisoned=0.1)


def play(faults: Faults) -> list[Sending]:
    return schedule(7, 40, 8, START, faults)


def event(body: bytes, zone: str) -> AdtEvent:
    found = read_adt(parse(body), feed=FeedFacts("north", zone))
    assert isinstance(found, AdtEvent)
    return found


def test_schedule__the_usual_faults_are_the_default() -> None:
    assert play(Faults()) == schedule(7, 40, 8, START)
    assert {one.harm for one in play(Faults())} == {Harm.NONE}


def test_schedule__harm_to_bytes_moves_nothing_else() -> None:
    whole, torn = play(Faults()), play(HARMED)
    assert [(one.at, one.control_id, one.delivery, one.meant) for one in whole] == [
        (one.at, one.control_id, one.delivery, one.meant) for one in torn
    ]
    pairs = [(before, after) for before, after in zip(whole, torn, strict=True)]
    assert all((before.body == after.body) is (after.harm is Harm.NONE) for before, after in pairs)


def test_schedule__every_harm_at_about_its_rate() -> None:
    """Of about 230 messages; cuts that find no IN1 do nothing, so fewer are torn late than early."""
    torn = [one for one in play(HARMED) if one.delivery is not Delivery.AGAIN]
    shares = {harm: count / len(torn) for harm, count in Counter(one.harm for one in torn).items()}
    assert set(shares) == set(Harm)
    assert 0.13 < shares[Harm.NO_OFFSETS] < 0.27
    assert 0.05 < shares[Harm.CUT_EARLY] < 0.16
    assert 0.04 < shares[Harm.POISONED] < 0.17


def test_schedule__no_faults_at_all() -> None:
    calm = play(Faults(twice=0, overtaken=0))
    assert {one.delivery for one in calm} == {Delivery.PLANNED}
    assert len({one.control_id for one in calm}) == len(calm)


def calm_at(sendings: list[Sending], control_id: str) -> datetime:
    return next(one.at for one in sendings if one.control_id == control_id)


def test_schedule__delayed_is_not_overtaken() -> None:
    calm, delayed = play(Faults(twice=0, overtaken=0)), play(Faults(twice=0, overtaken=0, delayed=0.3))
    late = [one for one in delayed if one.delivery is Delivery.LATE]
    assert 0.2 < len(late) / len(delayed) < 0.35
    for one in late:
        assert timedelta(0) <= one.at - calm_at(calm, one.control_id) <= timedelta(hours=1)
    for patient in {one.patient for one in delayed}:
        ids = [one.control_id for one in delayed if (one.patient, one.feed) == (patient, "north")]
        assert ids == sorted(ids)


def test_harmed__torn_in_its_last_segment_it_still_tells_of_the_stay() -> None:
    whole = next(one for one in play(Faults()) if b"|ADT^A03" in one.body)
    torn, harm = harmed(whole.body, Harm.CUT_LATE)
    assert harm is Harm.CUT_LATE
    assert len(torn) < len(whole.body)
    assert event(torn, "UTC").encounter == event(whole.body, "UTC").encounter


def test_harmed__without_offsets_it_is_read_in_the_facilitys_zone() -> None:
    whole = next(one for one in play(Faults()) if b"|ADT^A03" in one.body and one.feed == "lakeside")
    torn, _ = harmed(whole.body, Harm.NO_OFFSETS)
    assert b"-0600" not in torn
    before, after = event(whole.body, "UTC"), event(torn, "America/Chicago")
    assert before.occurred_at.instant == after.occurred_at.instant


def test_harmed__what_has_no_such_place_is_left_as_it_is() -> None:
    assert harmed(b"MSH|^~\\&|A\r", Harm.CUT_LATE) == (b"MSH|^~\\&|A\r", Harm.NONE)
    assert harmed(b"MSH|^~\\&|A\r", Harm.CUT_EARLY) == (b"MSH|^~\\&|A\r", Harm.NONE)
    assert harmed(b"MSH|^~\\&|A\r", Harm.POISONED) == (b"MSH|^~\\&|A\r", Harm.NONE)
