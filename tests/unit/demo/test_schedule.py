from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from demo.hospital import Delivery, Note, Sending, Via, schedule
from demo.hospital.facilities import FACILITIES
from services.admissions.adt import FeedFacts, NotAdt, read_adt
from shared.hl7.er7 import parse
from shared.hl7.malformed import Malformed, Reason
from shared.schemas.adt import AdtEvent

START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
DAYS = 10
NO_MISTAKE = (Note.TEST, Note.POISON, Note.OTHER_KIND)


@pytest.fixture(scope="module")
def demo() -> list[Sending]:
    return schedule(7, 60, DAYS, START)


def read(sending: Sending) -> AdtEvent | NotAdt:
    facility = next(one for one in FACILITIES if one.feed == sending.feed)
    return read_adt(parse(sending.body), feed=FeedFacts(sending.feed, facility.zone.key))


def event(sending: Sending) -> AdtEvent:
    found = read(sending)
    assert isinstance(found, AdtEvent)
    return found


def stays(sendings: list[Sending]) -> dict[str, list[Sending]]:
    """Visit number to what was written of it, in the order of writing."""
    found: dict[str, list[Sending]] = defaultdict(list)
    for sending in sorted(sendings, key=lambda one: one.control_id):
        if sending.note not in (*NO_MISTAKE, Note.MERGED, Note.MOVED) and sending.delivery is not Delivery.AGAIN:
            number = event(sending).encounter.visit_number
            assert number is not None
            found[number.value].append(sending)
    return found


def test_schedule__same_seed_same_bytes(demo: list[Sending]) -> None:
    assert schedule(7, 60, DAYS, START) == demo


def test_schedule__another_seed_another_hospital(demo: list[Sending]) -> None:
    other = schedule(8, 60, DAYS, START)
    assert not {sending.control_id for sending in demo} & {sending.control_id for sending in other}
    assert not set(stays(demo)) & set(stays(other))
    assert not {sending.patient for sending in demo} & {sending.patient for sending in other}


def test_schedule__another_minute_other_stays_of_the_same_people(demo: list[Sending]) -> None:
    other = schedule(7, 60, DAYS, START + timedelta(minutes=1))
    assert not {sending.control_id for sending in demo} & {sending.control_id for sending in other}
    assert not set(stays(demo)) & set(stays(other))
    assert {sending.patient for sending in demo} == {sending.patient for sending in other}


def test_schedule__control_ids_fit_their_field_and_are_written_once(demo: list[Sending]) -> None:
    """MSH-10 has at most 20 characters (HL7 v2.5.1 ch. 2.15.9.10)."""
    assert all(len(sending.control_id) <= 20 for sending in demo)
    assert len({one.control_id for one in demo}) == len({one.body for one in demo})


@pytest.mark.parametrize("seed", [1, 7, 2026])
@pytest.mark.parametrize(("patients", "days"), [(30, 9), (40, 9), (60, 10)])
def test_schedule__shows_every_kind_of_message_whatever_the_seed(seed: int, patients: int, days: int) -> None:
    sendings = schedule(seed, patients, days, START)
    assert {sending.note for sending in sendings} == set(Note)
    assert {sending.delivery for sending in sendings} == set(Delivery)
    assert all(START <= sending.at < START + timedelta(days=days) for sending in sendings)
    assert sendings == sorted(sendings, key=lambda sending: sending.at)


def test_schedule__fast_enough_to_be_made_at_every_start() -> None:
    began = time.process_time()
    schedule(7, 60, DAYS, START)
    assert time.process_time() - began < 1


def test_schedule__nobody_but_the_three_of_nobody() -> None:
    assert Counter(one.note for one in schedule(7, 0, DAYS, START)) == Counter(NO_MISTAKE)


def test_schedule__naive_start() -> None:
    with pytest.raises(ValueError, match="naive time"):
        schedule(7, 1, 1, START.replace(tzinfo=None))


def test_schedule__every_adt_message_is_read_without_a_mark(demo: list[Sending]) -> None:
    for sending in demo:
        if sending.note in (Note.POISON, Note.OTHER_KIND):
            continue
        found = event(sending)
        assert (found.control_id, found.flags) == (sending.control_id, ())
        assert found.patient.identifiers
        assert found.patient.primary_care_providers
        assert found.processing_id == ("T" if sending.note is Note.TEST else "P")


def test_schedule__poison_cannot_be_read(demo: list[Sending]) -> None:
    poison = next(sending for sending in demo if sending.note is Note.POISON)
    with pytest.raises(Malformed) as refused:
        read(poison)
    assert refused.value.code is Reason.NO_PATIENT


def test_schedule__one_message_is_no_adt(demo: list[Sending]) -> None:
    assert {read(one) for one in demo if one.note is Note.OTHER_KIND} == {NotAdt("ORU")}


TRIGGERS = {
    Note.REGISTERED: {"A04"},
    Note.ADMITTED: {"A01"},
    Note.RETURNED: {"A01", "A04"},
    Note.DETAILS: {"A08"},
    Note.ATTENDING: {"A08"},
    Note.DISCHARGED: {"A03"},
    Note.DISCHARGED_UNSAID: {"A03"},
    Note.DISPOSITION: {"A08"},
    Note.DISCHARGE_CANCELLED: {"A13"},
    Note.DISCHARGED_AGAIN: {"A03"},
    Note.BEGIN_CANCELLED: {"A11"},
    Note.DIED: {"A08"},
    Note.MERGED: {"A40"},
    Note.MOVED: {"A43", "A44", "A45"},
    Note.NOT_DEAD: {"A08"},
    Note.TRANSFERRED: {"A02"},
    Note.SWAPPED: {"A17"},
    Note.TRANSFER_CANCELLED: {"A12"},
    Note.PRE_ADMITTED: {"A05"},
    Note.PLAN_CANCELLED: {"A38"},
    Note.TURNED_INPATIENT: {"A06"},
    Note.RENUMBERED: {"A06"},
    Note.DOWNGRADED: {"A07"},
    Note.WENT_ON_LEAVE: {"A21"},
    Note.BACK_FROM_LEAVE: {"A22"},
    Note.MONTH_ENDED: {"A03"},
    Note.TEST: {"A01"},
}


def test_schedule__notes_say_what_the_messages_are(demo: list[Sending]) -> None:
    for sending in demo:
        if sending.note in TRIGGERS:
            assert event(sending).trigger in TRIGGERS[sending.note]


def test_schedule__each_patient_in_order_of_writing_but_for_what_is_late_or_again(demo: list[Sending]) -> None:
    for told in stays(demo).values():
        times = [sending.at for sending in told if sending.delivery is Delivery.PLANNED]
        assert times == sorted(times)


def test_schedule__again_is_the_same_bytes_within_twenty_minutes(demo: list[Sending]) -> None:
    again = [sending for sending in demo if sending.delivery is Delivery.AGAIN]
    assert 0.03 < len(again) / len(demo) < 0.07
    for sending in again:
        first = next(one for one in demo if one.control_id == sending.control_id and one is not sending)
        assert replace(sending, at=first.at, delivery=first.delivery) == first
        assert timedelta(0) < sending.at - first.at <= timedelta(minutes=20)


def test_schedule__late_is_overtaken_by_its_patients_next_within_the_hour(demo: list[Sending]) -> None:
    late = [sending for sending in demo if sending.delivery is Delivery.LATE]
    assert len(late) >= 3
    for sending in late:
        written = event(sending).message_at
        assert written is not None
        assert written.instant is not None
        assert sending.at - written.instant <= timedelta(hours=1)
        overtakers = [one for one in demo if one.patient == sending.patient and one.at < sending.at]
        assert any(one.control_id > sending.control_id and one.feed == sending.feed for one in overtakers)


CANCELS = (Note.DISCHARGE_CANCELLED, Note.BEGIN_CANCELLED, Note.TRANSFER_CANCELLED, Note.PLAN_CANCELLED)


def test_schedule__a_cancel_names_the_time_of_what_it_takes_back(demo: list[Sending]) -> None:
    cancels = 0
    for told in stays(demo).values():
        for before, cancel in pairwise(told):
            if cancel.note in CANCELS:
                named = event(cancel).occurred_at.instant
                assert named is not None
                assert named == event(before).occurred_at.instant
                assert cancel.at > named
                cancels += 1
    assert cancels >= 6


def test_schedule__stays_last_one_to_six_nights_and_end_by_day(demo: list[Sending]) -> None:
    hours: Counter[int] = Counter()
    for told in stays(schedule(7, 400, 14, START)).values():
        ended = [event(one) for one in told if one.note is Note.DISCHARGED and event(one).encounter.class_ == "I"]
        for one in ended:
            begun, gone = one.encounter.admitted_at, one.encounter.discharged_at
            assert begun is not None
            assert gone is not None
            nights = int(gone.text[6:8]) - int(begun.text[6:8])
            assert 1 <= nights <= 6
            hours[int(gone.text[8:10])] += 1
    assert sum(hours[hour] for hour in range(10, 16)) > 0.7 * hours.total() > 0


def test_schedule__dispositions_are_mostly_home_and_all_kinds() -> None:
    sent = Counter(
        event(one).encounter.discharge_disposition
        for one in schedule(7, 400, 14, START)
        if one.note in (Note.DISCHARGED, Note.DISCHARGED_AGAIN, Note.DISPOSITION)
    )
    assert {"01", "02", "03", "06", "07", "20", "50", "62"} == set(sent)
    assert sent["01"] > sent.total() / 2


def test_schedule__who_dies_in_hospital_is_said_to_be_dead(demo: list[Sending]) -> None:
    expired = [event(one) for one in demo if one.note is Note.DISCHARGED and b"|20|" in one.body]
    dead = [one for one in expired if one.encounter.discharge_disposition == "20"]
    assert dead
    assert all(one.patient.death_indicator and one.patient.died_at for one in dead)


def test_schedule__who_returns_was_discharged_here_or_elsewhere_before(demo: list[Sending]) -> None:
    returns = [one for one in demo if one.note is Note.RETURNED]
    elsewhere = 0
    for back in returns:
        ends = [one for one in demo if one.patient == back.patient and event(one).trigger == "A03" and one.at < back.at]
        assert ends
        assert back.at - ends[0].at < timedelta(days=30)
        elsewhere += ends[0].feed != back.feed
    assert 0 < elsewhere < len(returns)


def test_schedule__one_hospital_sends_through_its_topic(demo: list[Sending]) -> None:
    assert {(one.feed, one.via) for one in demo} == {
        ("north", Via.MLLP),
        ("lakeside", Via.TOPIC),
        ("prairie", Via.MLLP),
    }


def test_schedule__names_beyond_ascii_and_escapes_arrive_as_they_were_meant(demo: list[Sending]) -> None:
    patients = [event(one).patient for one in demo if one.note is Note.ADMITTED]
    assert any(one.name and not one.name.family.isascii() for one in patients)
    streets = {address.street for one in patients for address in one.addresses or ()}
    assert any(street.endswith(" Mill & Main Street") for street in streets)


def test_schedule__everybody_is_plainly_invented(demo: list[Sending]) -> None:
    for sending in demo:
        if sending.note in (Note.POISON, Note.OTHER_KIND):
            continue
        patient = event(sending).patient
        assert patient.name is not None
        assert patient.name.family.startswith("Test")
        assert all(")555-01" in phone.value for phone in patient.phones or ())
        assert all(email.value.endswith("@example.com") for email in patient.emails or ())
        assert all(one.identifier.value.startswith("90000") for one in patient.primary_care_providers or ())


def test_schedule__who_was_known_by_a_temporary_number_is_merged_after_leaving(demo: list[Sending]) -> None:
    merges = [one for one in demo if one.note is Note.MERGED and one.delivery is not Delivery.AGAIN]
    assert merges
    for merge in merges:
        told = event(merge)
        assert told.encounter.visit_number is None
        retired = {one.value for one in told.patient.prior_identifiers or ()}
        before = [one for one in demo if one.patient == merge.patient and one.note is not Note.MERGED]
        assert {"A01", "A03"} <= {event(one).trigger for one in before}
        assert all({number.value for number in event(one).patient.identifiers or ()} == retired for one in before)
        assert not retired & {one.value for one in told.patient.identifiers or ()}
