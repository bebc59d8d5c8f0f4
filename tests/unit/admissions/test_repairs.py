"""What merges, moves and renames say, side by side: HL7 v2.5.1 ch. 3.3.18 to 3.3.51, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.admissions.adt import NotAdt, read_adt
from services.admissions.domain.repairs import Incomplete, Repair, repairs_of
from services.admissions.handlers.inbound import facts_of
from shared.hl7.er7 import parse
from tests.unit.admissions.house import feeds
from tests.unit.admissions.messages import adt

AT = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)
OLD, NEW = "100201^^^NORTH^MR", "100200^^^NORTH^MR"


def repairs(trigger: str, mrg: str, *extra: str, **said: str) -> tuple[Repair, ...]:
    profile = feeds()["north"]
    message = parse(adt(trigger, "03 1500", extra=(*([mrg] if mrg else []), *extra), **said))
    event = read_adt(message, feed=facts_of(message, profile))
    assert not isinstance(event, NotAdt)
    return repairs_of(event, profile, ("north", "c1", "h"), "s1", AT)


def claim(number: str) -> str:
    return f"tenant-1|NORTH|MR|{number}"


@pytest.mark.parametrize("trigger", ["A18", "A30", "A34", "A39", "A40"])
def test_merge__retires_the_number_of_the_mrg(trigger: str) -> None:
    (one,) = repairs(trigger, f"MRG|{OLD}")
    assert (one.kind, one.level) == ("merge", "patient")
    assert (one.sources, one.targets) == ((claim("100201"),), (claim("100200"),))
    assert (one.record, one.into) == (claim("100201"), claim("100200"))
    assert (one.stamp, one.occurred, one.trigger, one.by) == ("s1", AT, trigger, "north")


def test_merge__of_an_older_version_names_the_patient_in_the_fourth_field() -> None:
    (one,) = repairs("A30", f"MRG||||{OLD}")
    assert one.sources == (claim("100201"),)


def test_merge__of_several_groups_is_several_repairs() -> None:
    one, other = repairs("A40", f"MRG|{OLD}", "PID|||100300^^^NORTH^MR", "MRG|100301^^^NORTH^MR")
    assert (one.sources, one.targets) == ((claim("100201"),), (claim("100200"),))
    assert (other.sources, other.targets) == ((claim("100301"),), (claim("100300"),))
    assert one.repair_id != other.repair_id


def test_merge__of_patient_and_account_is_two_repairs() -> None:
    patient, account = repairs("A36", f"MRG|{OLD}||A7^^^NORTH", account="A9^^^NORTH")
    assert (patient.level, account.level, account.kind) == ("patient", "account", "merge")
    assert (account.sources, account.targets) == (("account:NORTH:A7",), ("account:NORTH:A9",))


@pytest.mark.parametrize(
    ("trigger", "kind", "level", "mrg", "sources", "targets"),
    [
        ("A35", "merge", "account", f"MRG|{NEW}||A7", "account:NORTH:A7", "account:NORTH:A9"),
        ("A41", "merge", "account", f"MRG|{NEW}||A7^^^north", "account:NORTH:A7", "account:NORTH:A9"),
        ("A42", "merge", "visit", f"MRG|{NEW}||||v7^^^NORTH", "visit:NORTH:V7", "visit:NORTH:V1"),
        ("A44", "move", "account", f"MRG|{OLD}||A7^^^NORTH", "account:NORTH:A7", "account:NORTH:A9"),
        ("A45", "move", "visit", f"MRG|{OLD}||||V7^^^NORTH", "visit:NORTH:V7", "visit:NORTH:V1"),
        ("A49", "rename", "account", f"MRG|{NEW}||A7^^^NORTH", "account:NORTH:A7", "account:NORTH:A9"),
        ("A50", "rename", "visit", f"MRG|{NEW}||||V7^^^NORTH", "visit:NORTH:V7", "visit:NORTH:V1"),
    ],
)
def test_numbers__of_accounts_and_visits(
    trigger: str, kind: str, level: str, mrg: str, sources: str, targets: str
) -> None:
    (one,) = repairs(trigger, mrg, account="A9^^^NORTH")
    assert (one.kind, one.level, one.sources, one.targets) == (kind, level, (sources,), (targets,))


def test_alternate_visit_numbers__are_renamed() -> None:
    pv1 = "PV1||I" + "|" * 17 + "V1^^^NORTH^VN" + "|" * 31 + "X9^^^NORTH"
    (one,) = repairs("A51", f"MRG|{NEW}|||||X7^^^NORTH", pv1, visit="", **{"class": ""})
    assert (one.sources, one.targets) == (("visit:NORTH:X7",), ("visit:NORTH:X9",))


def test_move__of_a_visit_tells_from_whom_to_whom() -> None:
    (one,) = repairs("A45", f"MRG|{OLD}||||V7^^^NORTH")
    assert (one.record, one.into) == (claim("100201"), claim("100200"))


def test_move__within_one_patient_has_the_same_number_on_both_sides() -> None:
    """MRG-1 is required (ch. 3.4.9.1): whose it was is told, or nobody could be told that it was not."""
    (one,) = repairs("A45", f"MRG|{NEW}||||V7^^^NORTH")
    assert one.record == one.into == claim("100200")


def test_move__of_a_patients_numbers() -> None:
    (one,) = repairs("A43", f"MRG|{OLD}")
    assert (one.kind, one.level, one.sources, one.targets) == (
        "move",
        "patient",
        (claim("100201"),),
        (claim("100200"),),
    )


def test_rename__leaves_out_what_stayed_as_it_was() -> None:
    (one,) = repairs("A47", f"MRG|{OLD}~R5^^^STATE^PI", mrn=f"{NEW}~R5^^^STATE^PI")
    assert (one.kind, one.sources, one.targets) == ("rename", (claim("100201"),), (claim("100200"),))


def test_rename__of_the_external_number_falls_back_to_the_internal_one() -> None:
    (one,) = repairs("A46", f"MRG||||{OLD}")
    assert (one.kind, one.sources, one.targets) == ("rename", (claim("100201"),), (claim("100200"),))


@pytest.mark.parametrize(
    ("trigger", "mrg", "said", "code"),
    [
        ("A40", "", {}, "no-prior-number"),
        ("A40", "MRG|999-99-9999^^^SSA^SS", {}, "no-prior-number"),
        ("A40", f"MRG|{OLD}", {"mrn": "999-99-9999^^^SSA^SS"}, "no-number"),
        ("A44", f"MRG|{OLD}", {"account": "A9"}, "no-prior-number"),
        ("A44", f"MRG|{OLD}||A7", {}, "no-number"),
        ("A45", f"MRG|{OLD}||||V7", {"mrn": "999-99-9999^^^SSA^SS"}, "no-number"),
        ("A47", f"MRG|{NEW}", {}, "no-prior-number"),
        ("A44", "MRG|||A7", {"account": "A9"}, "no-prior-number"),
        ("A44", "MRG|100201^^^NOBODYS^MR||A7", {"account": "A9"}, "no-prior-number"),
        ("A45", "MRG|||||V7", {}, "no-prior-number"),
    ],
)
def test_group__that_lacks_a_side_is_refused(trigger: str, mrg: str, said: dict[str, str], code: str) -> None:
    with pytest.raises(Incomplete) as refused:
        repairs(trigger, mrg, **said)
    assert refused.value.code == code


@pytest.mark.parametrize("trigger", ["A01", "A08", "A24"])
def test_other_triggers__repair_nothing(trigger: str) -> None:
    assert repairs(trigger, f"MRG|{OLD}") == ()
