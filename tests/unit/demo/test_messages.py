"""What is written, byte for byte, worked by hand from HL7 v2.5.1 ch. 2 and 3."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from demo.hospital.course import Diagnosis, Happening, Note, Visit, Ward
from demo.hospital.facilities import LAKESIDE, NORTH, PRAIRIE
from demo.hospital.messages import TRAINING, adt, oru
from demo.hospital.people import Contact, Person
from demo.hospital.providers import ATTENDING, PRIMARY_CARE
from demo.hospital.segments import composite, cx, moment, repeated, segment, xcn

BEGUN = datetime(2026, 10, 31, 14, 0, tzinfo=UTC)
ENDED = datetime(2026, 11, 2, 16, 30, tzinfo=UTC)

PERSON = Person(
    number=1,
    serial=70001,
    family="Testmüller",
    given="Zoë",
    born=date(1941, 5, 6),
    sex="F",
    street="7 Mill & Main Street",
    city="Testville",
    state="NY",
    phone="(212)555-0101",
    email="patient1@example.com",
    language="en",
    contact=Contact("Testmüller", "Opal", ("CHD", "Child"), "(212)555-0102"),
    primary_care=PRIMARY_CARE[0],
    enterprise=True,
    with_role=True,
)
VISIT = Visit(
    number="V1",
    person=PERSON,
    facility=NORTH,
    class_="I",
    admission_type="E",
    ward=Ward("3WEST", "MED"),
    room="301",
    attending=ATTENDING["NORTH"][0],
    referring=None,
    diagnosis=Diagnosis("S72.001A", "Fracture of neck & hip"),
    begun=BEGUN,
    ended=ENDED,
    disposition="06",
)


def test_adt__discharge() -> None:
    told = Happening("A03", Note.DISCHARGED, ENDED, ENDED + timedelta(minutes=2), VISIT)
    doctor = "ND001^Testarrow^Ash^^^DR^^^NORTH^L^^^DN"
    primary = "9000000001^Testoak^Olive^^^DR^^^NPI^L^^^NPI"
    expected = [
        # summer time ended on 1 November: admitted at 10:00 -0400, discharged at 11:30 -0500
        "MSH|^~\\&|SIMHIS|NORTH|CARE|TRANSITIONS|20261102113205-0500||ADT^A03^ADT_A03|N1|P|2.5.1||||||UNICODE UTF-8",
        "EVN|A03|20261102113200-0500||||20261102113000-0500",
        "PID|1||N00070001^^^NORTH^MR~R00070001^^^REGION^PI||Testmüller^Zoë^^^^^L||19410506|F|||"
        "7 Mill \\T\\ Main Street^^Testville^NY^00000^USA^H||"
        "(212)555-0101^PRN^PH~^NET^Internet^patient1@example.com||en|||A1^^^NORTH^AN",
        f"PD1||||{primary}",
        f"ROL|1|UP|PP^Primary Care Provider^HL70443|{primary}",
        "NK1|1|Testmüller^Opal|CHD^Child^HL70063||(212)555-0102^PRN^PH||C^Emergency Contact^HL70131",
        f"PV1|1|I|3WEST^301^1^NORTH|E|||{doctor}|||MED|||||||{doctor}||V1^^^NORTH^VN"
        + "|" * 17
        + "06|TESTHHA"
        + "|" * 7
        + "20261031100000-0400|20261102113000-0500",
        "DG1|1||S72.001A^Fracture of neck \\T\\ hip^I10|||F",
        "IN1|1|MEDTEST^Synthetic Medicare|90001^^^TESTPAYER|Test Payer \\T\\ Partners"
        + "|" * 11
        + "MA"
        + "|" * 21
        + "TP0070001"
        + "|" * 13
        + "TM0070001^^^TESTPAYER^MB",
    ]
    written = adt(told, "N1", ENDED + timedelta(minutes=2, seconds=5))
    assert written.decode().split("\r") == [*expected, ""]


def test_adt__cancel_carries_the_time_of_what_it_takes_back_and_no_details() -> None:
    told = Happening("A13", Note.DISCHARGE_CANCELLED, ENDED, ENDED + timedelta(hours=2), VISIT)
    lines = adt(told, "N2", ENDED + timedelta(hours=2)).decode().split("\r")
    assert lines[0].split("|")[8] == "ADT^A13^ADT_A01"
    assert lines[1] == "EVN|A13|20261102133000-0500||||20261102113000-0500"
    assert [line[:3] for line in lines] == ["MSH", "EVN", "PID", "PD1", "ROL", "PV1", ""]


def test_adt__structures_of_the_other_triggers() -> None:
    """HL7 table 0354: A04, A08 and A13 share A01's structure, A11 has A09's."""
    kinds = {}
    for trigger in ("A01", "A04", "A08", "A11"):
        told = Happening(trigger, Note.DETAILS, ENDED, ENDED, VISIT)
        kinds[trigger] = adt(told, "N3", ENDED).split(b"|")[8]
    assert kinds == {
        "A01": b"ADT^A01^ADT_A01",
        "A04": b"ADT^A04^ADT_A01",
        "A08": b"ADT^A08^ADT_A01",
        "A11": b"ADT^A11^ADT_A09",
    }


def test_adt__enhanced_mode_training_and_without_patient() -> None:
    visit = Visit(**{**{name: getattr(VISIT, name) for name in Visit.__slots__}, "facility": PRAIRIE})
    told = Happening("A01", Note.POISON, BEGUN, BEGUN, visit)
    lines = adt(told, "P1", BEGUN, processing_id=TRAINING, without_pid=True).decode().split("\r")
    assert lines[0].split("|")[10:] == ["T", "2.5.1", "", "", "AL", "NE", "", "UNICODE UTF-8"]
    assert [line[:3] for line in lines] == ["MSH", "EVN", "PV1", ""]


def test_adt__dead() -> None:
    visit = Visit(**{**{name: getattr(VISIT, name) for name in Visit.__slots__}, "died": BEGUN})
    pid = adt(Happening("A08", Note.DIED, BEGUN, BEGUN, visit), "N4", BEGUN).decode().split("\r")[2]
    assert pid.split("|")[29:] == ["20261031100000-0400", "Y"]


def test_oru__is_a_result() -> None:
    lines = oru(VISIT, "N5", ENDED).decode().split("\r")
    assert lines[0].split("|")[8] == "ORU^R01^ORU_R01"
    assert lines[2:] == [
        "OBR|1||N5|24321-2^Basic metabolic panel^LN",
        "OBX|1|NM|2951-2^Sodium^LN||139|mmol/L|||||F",
        "",
    ]


def test_segments__empty_parts() -> None:
    assert segment("PV1", {1: "1", 3: "", 5: ""}) == "PV1|1"
    assert composite("", "", "") == ""
    assert composite("a|b", "", "c~") == "a\\F\\b^^c\\R\\"
    assert (cx("", "NORTH", "MR"), xcn(None), moment(None, NORTH.zone)) == ("", "", "")
    assert repeated("", "a", "", "b") == "a~b"


def test_xcn__two_numbers_of_one_person() -> None:
    assert xcn(ATTENDING[LAKESIDE.code][0]) == (
        "LD001^Testharbor^Heath^^^DR^^^LAKESIDE^L^^^DN~9800000001^Testharbor^Heath^^^DR^^^NPI^L^^^NPI"
    )


def test_adt__transfer_says_where_from_and_where_to() -> None:
    moved = replace(VISIT, ended=None, disposition="", ward=Ward("4EAST", "CAR"), came_from=Ward("3WEST", "MED"))
    lines = adt(Happening("A02", Note.TRANSFERRED, ENDED, ENDED, moved), "N1", ENDED).decode().split("\r")
    assert lines[0].split("|")[8] == "ADT^A02^ADT_A02"
    pv1 = next(line.split("|") for line in lines if line.startswith("PV1"))
    assert (pv1[3], pv1[6]) == ("4EAST^301^1^NORTH", "3WEST^301^1^NORTH")


def test_adt__a_death_in_error_is_deleted_and_denied() -> None:
    """HL7 v2.5.1 ch. 2.5.3.2: two double quotes delete; table 0136: N is no."""
    alive = replace(VISIT, alive=True)
    pid = adt(Happening("A08", Note.NOT_DEAD, ENDED, ENDED, alive), "N1", ENDED).decode().split("\r")[2].split("|")
    assert pid[29:31] == ['""', "N"]


def test_adt__moves_name_what_was_filed_under_the_namesakes_number() -> None:
    """HL7 v2.5.1 ch. 3.3.43 to .45: the patient alone, the account (MRG-3), or the visit (MRG-5) with its PV1."""
    moved = replace(VISIT, ended=None, disposition="", namesake=replace(PERSON, serial=90000001))
    found = {}
    for trigger in ("A43", "A44", "A45"):
        lines = adt(Happening(trigger, Note.MOVED, ENDED, ENDED, moved), "N1", ENDED).decode().split("\r")
        kind, names = lines[0].split("|")[8], [line[:3] for line in lines]
        found[trigger] = kind, names[4:], lines[names.index("MRG")]
    other = "MRG|N90000001^^^NORTH^MR"
    assert found == {
        "A43": ("ADT^A43^ADT_A43", ["ROL", "MRG", ""], other),
        "A44": ("ADT^A44^ADT_A43", ["ROL", "MRG", ""], f"{other}||A1^^^NORTH^AN"),
        "A45": ("ADT^A45^ADT_A45", ["ROL", "MRG", "PV1", ""], f"{other}||||V1^^^NORTH^VN"),
    }
