"""The demonstration's files say what its hospital does, from the receiver's side."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from demo.hospital.course import EMERGENCY_WARD, PROTECTED_WARDS, SERIES_WARD, WARDS
from demo.hospital.facilities import ENTERPRISE, FACILITIES, Facility
from demo.hospital.providers import ATTENDING, PRIMARY_CARE, Provider
from services.notifier.domain.directory import Directory
from services.notifier.domain.directory_file import read_directory
from shared.feeds import FeedProfile, parse_feeds
from shared.schemas.envelope import Mode
from shared.schemas.identifiers import Identifier

DATA = files("demo") / "data"


@pytest.fixture(scope="module")
def feeds() -> dict[str, FeedProfile]:
    return parse_feeds(tomllib.loads((DATA / "feeds.toml").read_text()))


@pytest.fixture(scope="module")
def directory() -> Directory:
    return Directory(tuple(read_directory(tomllib.loads((DATA / "directory.toml").read_text()))))


@pytest.mark.parametrize("facility", FACILITIES, ids=lambda facility: facility.code)
def test_feeds__agree_with_the_hospital(feeds: dict[str, FeedProfile], facility: Facility) -> None:
    profile = feeds[facility.feed]
    assert profile.facility_named(facility.code) == facility.code
    assert profile.zone_of(facility.code) == facility.zone.key
    assert profile.default_authority == facility.authority
    assert profile.trusts(ENTERPRISE)
    assert (profile.kafka_topic is not None) == (facility.via == "topic")
    assert (profile.mllp_port is not None) == (facility.via == "mllp")


@pytest.mark.parametrize("facility", FACILITIES, ids=lambda facility: facility.code)
def test_feeds__name_the_units_that_the_law_protects(feeds: dict[str, FeedProfile], facility: Facility) -> None:
    profile = feeds[facility.feed]
    assert [profile.labels_of(*ward) for ward in PROTECTED_WARDS] == [("part2",), ("behavioural",)]
    assert {profile.labels_of(*ward) for ward in (*WARDS, EMERGENCY_WARD, SERIES_WARD)} == {()}


def test_feeds__none_beside_the_hospitals_and_one_in_shadow(feeds: dict[str, FeedProfile]) -> None:
    assert set(feeds) == {facility.feed for facility in FACILITIES}
    assert {name: feed.mode for name, feed in feeds.items()} == {
        "north": Mode.LIVE,
        "lakeside": Mode.LIVE,
        "prairie": Mode.SHADOW,
    }
    assert {feed.tenant for feed in feeds.values()} == {"demo"}


@pytest.mark.parametrize("facility", FACILITIES, ids=lambda facility: facility.code)
def test_directory__a_coordinator_and_a_supervisor_for_each_facility(directory: Directory, facility: Facility) -> None:
    assert len(directory.serving("coordinator", facility.code)) == 1
    assert len(directory.serving("supervisor", facility.code)) == 1


def _numbers(provider: Provider) -> list[Identifier]:
    pairs = [(provider.value, provider.assigner), *([provider.also] if provider.also else [])]
    return [Identifier(value=value, assigner=assigner) for value, assigner in pairs]


def test_directory__all_staff_by_every_number_they_are_sent_with(directory: Directory) -> None:
    for staff in ATTENDING.values():
        for provider in staff:
            found = {directory.holders(number) for number in _numbers(provider)}
            assert len(found) == 1
            (entries,) = found
            assert len(entries) == 1
            assert entries[0].channels[0].address.endswith("@example.org")


def test_directory__primary_care_with_its_gaps(directory: Directory) -> None:
    found = {one.value: directory.holders(_numbers(one)[0]) for one in PRIMARY_CARE}
    assert {value for value, entries in found.items() if not entries} == {"9000000006", "9000000011"}
    known = {value: entries[0] for value, entries in found.items() if entries}
    assert {value for value, entry in known.items() if not entry.active} == {"9000000008"}
    assert {value for value, entry in known.items() if entry.subscriptions is not None} == {"9000000003"}
    outside = {value for value, entry in known.items() if not entry.channels[0].address.endswith("@example.org")}
    assert outside == {"9000000010"}
