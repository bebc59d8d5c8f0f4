"""`care feed check`: counted by hand from a few made-up messages, and nothing of a patient in what it says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from care.__main__ import app
from care.feed_check import Check
from shared.feeds import FeedProfile
from tests.unit.admissions.house import a_feed
from tests.unit.admissions.messages import adt

PROFILE = """
[[feed]]
feed = "north"
tenant = "valley"
zone = "America/New_York"
facility = "NORTH"
default_authority = "NORTH"
"""
NOW = datetime(2026, 11, 5, tzinfo=UTC)


def checked(*bodies: bytes, **profile: Any) -> Check:
    check = Check(FeedProfile.model_validate(a_feed(**profile)), 10_000, NOW)
    for number, body in enumerate(bodies, start=1):
        check.hear(f"f{number}.hl7", body)
    return check


def part(check: Check, title: str) -> list[tuple[str, ...]]:
    return next((rows for name, _, rows in check.report() if name.startswith(title)), [])


def an_adt(trigger: str, control: str, **said: Any) -> bytes:
    return adt(trigger, "01 0905", control=control, name="Canarybird^Ada", born="19410506", **said)


def test_ends__each_with_its_reason_and_place() -> None:
    one = an_adt("A01", "C1")
    check = checked(
        one + one + an_adt("A01", "C1", sex="F"),
        b"PID|1",
        one.replace(b"ADT^A01", b"ORU^R01").replace(b"|C1|", b"|C2|"),
        b"MSH|^~\\&|ADT|NORTH|||20261101||ADT^A01|C3|P|2.5.1\r",
        an_adt("A01", ""),
        b"MSH|^~\\&|" + b"x" * 10_000,
    )
    assert part(check, "Messages that") == [
        ("a control id used for another message: accepted as a new one", "", "1", "f1.hl7 message 3"),
        ("accepted, stored and set aside: not ADT", "ORU", "1", "f3.hl7 message 1"),
        ("accepted, stored, and a dead letter: it cannot be read", "no-patient", "1", "f4.hl7 message 1"),
        ("refused at the door (AR or CR), a copy is kept", "no-msh", "1", "f2.hl7 message 1"),
        ("refused at the door (AR or CR), a copy is kept", "too-large", "1", "f6.hl7 message 1"),
        ("the same message again: accepted, changes nothing", "", "1", "f1.hl7 message 2"),
        ("without a control id: known by its bytes alone", "", "1", "f5.hl7 message 1"),
    ]
    assert (check.messages, check.read, check.to_nothing) == (8, 3, 3)


def test_ends__a_repair_that_does_not_say_whose_it_is_is_a_dead_letter() -> None:
    merge = an_adt("A40", "C1", extra=["MRG|7^^^NOBODYS^MR"])
    move = an_adt("A44", "C2", account="A9", extra=["MRG|||A7"])
    check = checked(merge, move, an_adt("A40", "C3", extra=["MRG|7^^^NORTH^MR"]))
    assert part(check, "Messages that") == [
        ("accepted, stored, and a dead letter: it cannot be read", "no-prior-number", "2", "f1.hl7 message 1")
    ]
    assert (check.read, check.to_nothing) == (1, 2)


def test_ends__what_is_no_adt_is_refused_where_the_profile_says_so() -> None:
    body = an_adt("A01", "C1").replace(b"ADT^A01", b"ORU^R01")
    check = checked(body, acknowledgement={"not_adt": "reject"})
    assert part(check, "Messages that")[0][:3] == ("refused at the door (AR or CR), a copy is kept", "not-adt", "1")


def test_triggers__tell_their_effect_or_why_there_is_none() -> None:
    check = checked(*(an_adt(trigger, trigger) for trigger in ("A01", "A09", "A17", "Z99")))
    assert [row[:2] for row in part(check, "Triggers")] == [("A01", "1"), ("A09", "1"), ("A17", "1"), ("Z99", "1")]
    effects = [row[2] for row in part(check, "Triggers")]
    assert effects[0] == "admit"
    assert effects[1].startswith("none: tracking")
    assert effects[3].startswith("none: not a trigger")


def test_fill__counts_what_is_there_and_not_what_is_null_or_empty() -> None:
    ends = ({"disposition": "01", "end": "03 1500"}, {"disposition": '""'}, {"disposition": "^^"}, {})
    check = checked(*(an_adt("A03", f"C{n}", **said) for n, said in enumerate(ends)))
    assert part(check, "Fields") == [
        ("A03", "PID-3 100 %, PV1-19 100 %, PV1-2 100 %, PV1-36 25 %, PV1-45 25 %"),
    ]


def test_codes__that_nothing_explains_are_shown_if_they_are_short_or_several_patients() -> None:
    bodies = [an_adt("A01", f"S{n}", mrn=f"{n}^^^NORTH^MR", **{"class": "DAYCARE"}) for n in range(3)]
    bodies += [an_adt("A01", "L1", **{"class": "CANARYBIRD"}), an_adt("A01", "L2", **{"class": "4711004"})]
    bodies += [an_adt("A01", "L3", **{"class": "obs"}), an_adt("A01", "L4", **{"class": "ok"})]
    bodies += [an_adt("A03", "D1", disposition="77"), an_adt("A03", "D2", disposition="1")]
    bodies += [an_adt("A03", "D3", disposition="home")]
    found = part(checked(*bodies, class_codes={"OK": "I"}, dispositions={"HOME": "01"}), "Codes")
    assert [row[:3] for row in found] == [
        ("PV1-2", "9999999 (masked)", "1"),
        ("PV1-2", "AAAAAAAAAA (masked)", "1"),
        ("PV1-2", "DAYCARE", "3"),
        ("PV1-2", "OBS", "1"),
        ("PV1-36", "77", "1"),
    ]


def test_facility__that_the_profile_does_not_know() -> None:
    bodies = [an_adt("A01", f"C{n}", location=f"W^1^1^{place}") for n, place in enumerate(("LAKE", "NORTH", "HILL"))]
    found = part(checked(*bodies, facility_zones={"HILL": "America/Denver"}), "Codes")
    assert [row[:3] for row in found] == [("PV1-3.4", "LAKE", "1")]


def test_times__by_where_their_offset_is_from_and_whether_it_is_the_zones() -> None:
    plain = an_adt("A01", "C1")
    own = plain.replace(b"202611010905", b"202611010905-0500")
    strange = plain.replace(b"202611010905", b"202611010905-0600").replace(b"|C1|", b"|C2|")
    header = plain.replace(b"202611010905", b"202611010905-0500", 1).replace(b"|C1|", b"|C3|")
    twice = plain.replace(b"202611010905", b"202611010130").replace(b"|C1|", b"|C4|")
    assert dict(part(checked(own, strange, header, twice), "Times")) == {
        "sent with the time": "2",
        "taken from MSH-7": "1",
        "the profile's zone": "1",
        "sent, but not that of the facility's zone": "1",
        "in the hour that comes twice, or in none": "1",
    }


def test_oddities__flags_processing_ids_and_made_up_patients() -> None:
    latin = an_adt("A01", "C1").replace(b"Ada", b"Ad\xe9")
    trained, made_up = an_adt("A01", "C2", processing="T"), an_adt("A01", "C3", mrn="ZZ1^^^NORTH^MR")
    assert dict(part(checked(latin, trained, made_up, test_numbers=["/ZZ.*/"]), "What was assumed")) == {
        "MSH-11 is T: nobody is told": "1",
        "a patient of test_numbers: nobody is told": "1",
        "charset-assumed": "1",
    }


def test_numbers__by_authority_and_type_and_what_is_made_of_them() -> None:
    both = "1^^^NORTH^MR~2^^^LAB^PI~3^^^NORTH^AN"
    found = part(checked(an_adt("A01", "C1", mrn=both), an_adt("A01", "C2", mrn="9^^^LAB^PI")), "Patient numbers")
    assert found == [
        ("LAB", "PI", "2", "not used: the authority is not trusted"),
        ("NORTH", "AN", "1", "not used: the type is not among identifier_types"),
        ("NORTH", "MR", "1", "tells patients apart"),
        ("", "", "1", "WITHOUT any usable number: each such message is a patient of its own"),
    ]


def test_placeholders__of_several_birth_dates_or_one_digit() -> None:
    def born(number: str, day: int) -> bytes:
        return adt("A01", "01 0905", control=f"{number}{day}", mrn=f"{number}^^^NORTH^MR", born=f"194105{day:02}")

    bodies = [born("48213907", day) for day in (1, 2, 3)] + [born("77", 1), born("5", 1), born("51", 1), born("51", 2)]
    assert part(checked(*bodies), "Numbers that") == [
        ("NORTH MR 99999999", "3", "3", "f1.hl7 message 1"),
        ("NORTH MR 77", "1", "1", "f4.hl7 message 1"),
    ]
    assert part(checked(*bodies, placeholders=["77", "/482.*/"]), "Numbers that") == []


@pytest.mark.parametrize(("strict", "code"), [((), 0), (("--strict",), 1)])
def test_command__shows_nothing_of_a_patient(tmp_path: Path, strict: tuple[str, ...], code: int) -> None:
    (tmp_path / "north.toml").write_text(PROFILE)
    wrong = {
        "class": "CANARYBIRD",
        "mrn": "48213907^^^CANARYBIRD^CANARYBIRD~48213907^^^NORTH^CANARYBIRD~48213907^^^NORTH^MR",
        "disposition": "4821",
    }
    bodies = [an_adt("A03", f"C{n}", **wrong) for n in range(5)]
    (tmp_path / "day.hl7").write_bytes(b"\r".join(bodies))
    (tmp_path / "torn.hl7").write_bytes(b"PID|1||48213907")
    files = [str(tmp_path / name) for name in ("day.hl7", "torn.hl7")]
    done: Any = CliRunner().invoke(app, ["feed", "check", str(tmp_path), *files, *strict])
    assert done.exit_code == code, done.output
    assert "6 messages, 5 of them ADT that can be read, 1 come to nothing" in done.output
    for secret in ("CANARYBIRD", "Canarybird", "48213907", "19410506", "1941-05-06"):
        assert secret not in done.output


def test_classes__an_a08_with_another_class_than_its_visit_had_is_counted_once_a_change() -> None:
    sent = [("A01", "V1", "E"), ("A08", "V1", "I"), ("A08", "V1", "I"), ("A08", "V1", "IP"), ("A08", "V2", "O")]
    sent += [("A06", "V2", "I"), ("A01", "V3", "E"), ("A08", "V3", "I"), ("A08", "V3", '""'), ("A08", "V3", "")]
    bodies = [
        an_adt(trigger, f"C{n}", visit=f"{visit}^^^NORTH^VN", **{"class": class_})
        for n, (trigger, visit, class_) in enumerate(sent)
    ]
    stays, moves = "describes the stay, which stays where it is", "moves the stay, as A06 and A07 do"
    maps = {"class_codes": {"IP": "I"}}
    assert part(checked(*bodies, **maps), "A08 with") == [("E", "I", "2", stays, "f2.hl7 message 1")]
    assert part(checked(*bodies, **maps, a08_class="moves"), "A08 with")[0][3] == moves
    assert part(checked(*bodies[:1], *bodies[4:6]), "A08 with") == []


def test_patterns__of_the_profile_say_how_many_messages_they_meet() -> None:
    numbers = ["999999999^^^NORTH^MR", "zz1^^^NORTH^MR", "ZZ12^^^NORTH^MR", "7^^^NORTH^MR"]
    bodies = [an_adt("A01", f"C{n}", mrn=mrn) for n, mrn in enumerate(numbers)]
    check = checked(*bodies, placeholders=["999999999", "88888"], test_numbers=["/ZZ[0-9]+/", "/TEST.*/"])
    assert part(check, "Patterns") == [
        ("placeholders", "999999999", "1"),
        ("placeholders", "88888", "0: it meets no number in these files"),
        ("test_numbers", "/ZZ[0-9]+/", "2"),
        ("test_numbers", "/TEST.*/", "0: it meets no number in these files"),
    ]


@pytest.mark.parametrize("content", [b"", b" \r\n", b"BHS|^~\\&\rBTS|0\r"])
def test_command__a_file_without_a_message_is_named_and_exits_with_1(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "north.toml").write_text(PROFILE)
    (tmp_path / "day.hl7").write_bytes(an_adt("A01", "C1"))
    (tmp_path / "void.hl7").write_bytes(content)
    files = [str(tmp_path / name) for name in ("day.hl7", "void.hl7")]
    done: Any = CliRunner().invoke(app, ["feed", "check", str(tmp_path), *files])
    assert (done.exit_code, "void.hl7: there is no message in it" in done.output) == (1, True)
    assert "1 messages, 1 of them ADT that can be read, 0 come to nothing" in done.output


def test_command__of_several_feeds_wants_one_named(tmp_path: Path) -> None:
    file = tmp_path / "feeds.toml"
    file.write_text(PROFILE + PROFILE.replace("north", "south"))
    (tmp_path / "day.hl7").write_bytes(an_adt("A01", "C1"))
    unnamed: Any = CliRunner().invoke(app, ["feed", "check", str(file), str(tmp_path / "day.hl7")])
    assert (unnamed.exit_code, "north, south" in unnamed.output) == (64, True)
    named: Any = CliRunner().invoke(app, ["feed", "check", str(file), str(tmp_path / "day.hl7"), "--feed", "south"])
    assert named.exit_code == 0, named.output
    missing: Any = CliRunner().invoke(app, ["feed", "check", str(file), "nowhere", "--feed", "south"])
    assert missing.exit_code == 66


def test_command__names_the_faults_of_a_profile(tmp_path: Path) -> None:
    file = tmp_path / "feeds.toml"
    file.write_text(PROFILE + 'mod = "live"\n')
    done: Any = CliRunner().invoke(app, ["feed", "check", str(file), str(file)])
    assert (done.exit_code, "feed[0].mod: no setting of a feed; is mode meant?" in done.output) == (78, True)
