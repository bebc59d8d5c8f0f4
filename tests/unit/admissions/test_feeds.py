"""The profile file: read whole or refused whole, every fault named by table and key."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from services.discharge.domain.pathways import FL17
from shared.codes import DISPOSITIONS
from shared.feeds import FeedsInvalid, parse_feeds
from shared.schemas.envelope import Mode
from tests.unit.admissions.house import a_feed

FILE = """
[[feed]]
feed = "north"
tenant = "valley"
zone = "America/New_York"
facility = "North"
default_authority = "NORTH"
mode = "shadow"
trusted_authorities = ["State"]
enterprise_authorities = ["MPI"]
identifier_types = ["EPI", "MR"]
part2_units = ["Detox", "Dual"]
behavioural_units = ["Psy", "Dual"]
mllp_port = 2575
kafka_topic = "hospital.north.adt"
charset = "cp1252"
[feed.class_codes]
OBS = "V"
[feed.facility_zones]
Lake = "America/Chicago"

[[feed]]
feed = "south"
tenant = "valley"
zone = "UTC"
facility = "SOUTH"
default_authority = "SOUTH"
"""


def test_parse__a_file() -> None:
    profiles = parse_feeds(tomllib.loads(FILE))
    assert list(profiles) == ["north", "south"]
    north = profiles["north"]
    assert (north.mode, north.mllp_port, north.charset) == (Mode.SHADOW, 2575, "cp1252")
    assert [north.trusts(name) for name in ("north", "STATE", "mpi", "SOUTH")] == [True, True, True, False]
    assert [north.class_of(code) for code in ("obs", "I")] == ["V", "I"]
    assert north.facility_named("LAKE") == "LAKE"
    assert [north.zone_of(code) for code in ("LAKE", "NORTH")] == ["America/Chicago", "America/New_York"]
    assert (north.labels_of("psy", "4W"), north.labels_of(" detox", "")) == (("behavioural",), ("part2",))
    assert north.labels_of("4W", "dual") == north.labels_of("detox", "psy") == ("behavioural", "part2")
    assert north.labels_of("", "4W") == ()
    assert (north.people_authority, north.identifier_types) == ("NORTH", ("EPI", "MR"))


def test_parse__what_is_not_given() -> None:
    south = parse_feeds(tomllib.loads(FILE))["south"]
    assert (south.mode, south.mllp_port, south.kafka_topic, south.charset) == (Mode.OFF, None, None, None)
    assert south.identifier_types == ("MR", "PI", "PE", "EPI")


@pytest.mark.parametrize("content", [{}, {"feed": []}, {"feed": {}}, {"feed": [a_feed()], "other": 1}])
def test_parse__refuses_what_is_no_list_of_feeds(content: dict[str, Any]) -> None:
    with pytest.raises(FeedsInvalid, match=r"\[\[feed\]\]"):
        parse_feeds(content)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"feed": "North Hospital"}, "feed[0].feed: lower-case letters, digits and hyphens only, at most 63"),
        ({"zone": "Mars/Olympus"}, "feed[0].zone: not an IANA time zone"),
        ({"zone": "../etc/passwd"}, "feed[0].zone: not an IANA time zone"),
        ({"default_authority": "A|B"}, "feed[0].default_authority: empty, too long, or holds a vertical bar"),
        (
            {"trusted_authorities": ["OK", ""]},
            "feed[0].trusted_authorities.1: empty, too long, or holds a vertical bar",
        ),
        ({"facility_zones": {"lake": "Nowhere"}}, "feed[0].facility_zones.LAKE: not an IANA time zone"),
        ({"kafka_topic": "a topic"}, "feed[0].kafka_topic: not a legal topic name"),
        (
            {"charset": "klingon"},
            "feed[0].charset: not a character set that Python knows (8859/1 of HL7 table 0211 is iso-8859-1)",
        ),
        ({"class_codes": "I"}, "feed[0].class_codes: Input should be a valid dictionary"),
        ({"colour": "red"}, "feed[0].colour: no setting of a feed"),
        ({"zones": "UTC"}, "feed[0].zones: no setting of a feed; is zone meant?"),
        (
            {"class_codes": {"obs": "X"}},
            "feed[0].class_codes.OBS: not in HL7 table 0004 (B, C, E, I, N, O, P, R, S, U, V)",
        ),
        (
            {"identifier_types": ["MR", "ss"]},
            "feed[0].identifier_types.1: a social security number (HL7 table 0203) tells nobody apart",
        ),
        (
            {"placeholders": ["/9(/"]},
            "feed[0].placeholders.0: not a regular expression: missing ), unterminated subpattern",
        ),
        ({"placeholders": ["0", "/.*/"]}, "feed[0].placeholders.1: would take every number"),
        (
            {"test_numbers": ["999*"]},
            "feed[0].test_numbers.0: looks like a pattern, which stands between slashes: 999 and more is /999.*/",
        ),
        ({"test_numbers": [" "]}, "feed[0].test_numbers.0: empty, too long, or holds a vertical bar"),
        (
            {"acknowledgement": {"not_adt": "ignore"}},
            "feed[0].acknowledgement.not_adt: Input should be 'accept' or 'reject'",
        ),
        (
            {"admission_types": {"urgent": "X"}},
            "feed[0].admission_types.URGENT: not in HL7 table 0007 nor UB-04 FL14 "
            "(1, 2, 3, 4, 5, 9, A, C, E, L, N, R, U)",
        ),
        (
            {"dispositions": {"home": "1"}},
            "feed[0].dispositions.HOME: not a code of UB-04 FL17 in use (two digits: 01 home, 03 nursing facility, "
            "20 expired ...)",
        ),
        ({"observation": {"types": ["OBS"]}}, "feed[0].observation.types: no setting of a feed"),
        ({"greatest_age": "PT0S"}, "feed[0].greatest_age: Input should be greater than or equal to 1 second"),
        ({"mode": "loud"}, "feed[0].mode: Input should be 'off', 'backload', 'shadow' or 'live'"),
    ],
)
def test_parse__names_the_fault(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(FeedsInvalid) as invalid:
        parse_feeds({"feed": [a_feed(**changes)]})
    assert invalid.value.problems == (problem,)


def test_parse__names_every_fault() -> None:
    with pytest.raises(FeedsInvalid) as invalid:
        parse_feeds({"feed": [a_feed(zone="?"), a_feed(mllp_port=-1)]})
    assert [problem.split(":")[0] for problem in invalid.value.problems] == ["feed[0].zone", "feed[1].mllp_port"]


def test_parse__a_door_leads_to_one_feed() -> None:
    one, other = a_feed(mllp_port=2575, kafka_topic="adt"), a_feed(mllp_port=2575, kafka_topic="adt")
    with pytest.raises(FeedsInvalid) as invalid:
        parse_feeds({"feed": [one, other]})
    assert invalid.value.problems == (
        "feed north is given 2 times",
        "kafka_topic adt is given 2 times",
        "mllp_port 2575 is given 2 times",
    )


def test_parse__a_token_belongs_to_one_feed_and_is_not_told_whole() -> None:
    feeds = [a_feed(feed=name, http_token_sha256="ab12" * 16) for name in ("north", "south")]
    with pytest.raises(FeedsInvalid) as invalid:
        parse_feeds({"feed": feeds})
    assert invalid.value.problems == ("http_token_sha256 ab12ab12… is given 2 times",)
    assert parse_feeds({"feed": feeds[:1]})["north"].http_token_sha256 == "ab12" * 16


@pytest.mark.parametrize("token", ["a-token-itself", "ab12" * 15, "AB12" * 16, "ab12" * 16 + "\n"])
def test_parse__a_token_that_is_no_hash_is_refused(token: str) -> None:
    with pytest.raises(FeedsInvalid) as invalid:
        parse_feeds({"feed": [a_feed(http_token_sha256=token)]})
    told = "feed[0].http_token_sha256: not the SHA-256 of a token: 64 hexadecimal digits in lower case"
    assert invalid.value.problems == (told,)


def test_parse__any_free_port_may_be_asked_for_twice() -> None:
    assert len(parse_feeds({"feed": [a_feed(mllp_port=0), a_feed(feed="south", mllp_port=0)]})) == 2


def test_numbers__of_nobody_and_of_made_up_patients() -> None:
    changes = {"placeholders": ["0000000", "unknown", "/9+/"], "test_numbers": ["/zz[0-9]{2,}/"]}
    north = parse_feeds({"feed": [a_feed(**changes)]})["north"]
    sent = ["0000000", " Unknown", "99999", "9", "", "90", "00000001", "/9+/"]
    assert [north.is_placeholder(number) for number in sent] == [True, True, True, True, False, False, False, False]
    assert [north.is_test_number(number) for number in ("ZZ12", "zz1", "AZZ12", "")] == [True, False, False, False]


def test_numbers__not_given_are_nobody_s() -> None:
    north = parse_feeds({"feed": [a_feed()]})["north"]
    assert not north.is_placeholder("0000000")
    assert not north.is_test_number("")


def test_dispositions__are_those_that_a_discharge_is_routed_by() -> None:
    assert DISPOSITIONS == FL17
