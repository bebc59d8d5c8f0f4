"""The directory: who is found, which version wins, and the file it comes from."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from services.notifier.domain import directory as directory_module
from services.notifier.domain import directory_file
from services.notifier.domain.directory import Directory, DirectoryFull, directory_of, with_entry
from services.notifier.domain.directory_file import BadDirectory, Problem, read_directory
from shared.schemas.identifiers import Identifier
from tests.unit.notifier.givens import an_entry, coordinator, primary

GOOD = """
version = 3
[[entries]]
entry_id = "dr-primary"
name = "Dr. P. Primary"
identifiers = [{ value = "P1", assigner = "NORTH" }, { value = "1999999984", assigner = "NPI", type = "NPI" }]
channels = [{ kind = "email", address = "p.primary@example.org" }]
[[entries]]
entry_id = "team-north"
name = "Transition team"
kind = "organization"
program_roles = ["coordinator"]
facilities = ["NORTH"]
subscriptions = ["task.due", "transition.opened"]
channels = [{ kind = "email", address = "team@example.org" }]
"""


def test_entry__a_higher_version_wins_whatever_the_order() -> None:
    first, second = primary(), primary(version=2, active=False)
    state = with_entry(with_entry(None, first), second)
    assert directory_of(state).holders(first.identifiers[0]) == (second,)
    assert with_entry(state, first) is None
    assert with_entry(state, second) is None


def test_directory__is_the_same_in_any_order_of_entries_and_named_by_its_content() -> None:
    one = with_entry(with_entry(None, primary()), coordinator())
    other = with_entry(with_entry(None, coordinator()), primary())
    assert one is not None
    assert other is not None
    assert one["entries"] == other["entries"]
    changed = with_entry(one, primary(version=2))
    assert changed is not None
    assert changed["digest"] != one["digest"]


def test_directory__refuses_more_than_one_document_may_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_module, "ENTRY_LIMIT", 1)
    state = with_entry(None, primary())
    assert with_entry(state, primary(version=2)) is not None
    with pytest.raises(DirectoryFull):
        with_entry(state, coordinator())


def test_directory__of_no_document_is_empty() -> None:
    assert directory_of(None).serving("coordinator", "NORTH") == ()


@pytest.mark.parametrize("provider", [Identifier(value="P1"), Identifier(value="", assigner="NORTH")])
def test_holders__a_number_nobody_vouches_for(provider: Identifier) -> None:
    assert Directory((primary(identifiers=(provider,)),)).holders(provider) == ()


def test_holders__the_same_identifier_twice_in_one_entry_is_one_holder() -> None:
    twice = primary(identifiers=primary().identifiers * 2)
    assert Directory((twice,)).holders(twice.identifiers[0]) == (twice,)


def test_holders__only_an_inactive_one_is_found_to_say_so() -> None:
    gone = primary(active=False)
    assert Directory((gone,)).holders(gone.identifiers[0]) == (gone,)


def test_serving__by_facility_and_only_active_ones() -> None:
    everywhere, north, south = coordinator("all"), coordinator("n", facilities=("NORTH",)), coordinator("s")
    directory = Directory((everywhere, north, south.model_copy(update={"facilities": ("SOUTH",)}), primary()))
    assert directory.serving("coordinator", "NORTH") == (everywhere, north)
    assert Directory((coordinator(active=False),)).serving("coordinator", "NORTH") == ()


def test_file__good() -> None:
    doctor, team = read_directory(tomllib.loads(GOOD))
    assert (doctor.entry_id, doctor.version, doctor.identifiers[1].assigner) == ("dr-primary", 3, "NPI")
    assert (team.program_roles, team.subscriptions) == (("coordinator",), ("task.due", "transition.opened"))


@pytest.mark.parametrize(
    ("parsed", "problems"),
    [
        ({"entries": [{}]}, ["file: bad-version (version)"]),
        ({"version": True, "entries": [{}]}, ["file: bad-version (version)"]),
        ({"version": 0}, ["file: bad-version (version)", "file: no-entries (entries)"]),
        ({"version": 1, "entries": {}}, ["file: no-entries (entries)"]),
        ({"version": 1, "entries": [{}], "extra": 1}, ["file: unknown-field"]),
        ({"version": 1, "entries": [1, 2, 3]}, ["file: directory-full (entries)"]),
        ({"version": 1, "entries": [1]}, ["entry 0: not-a-table"]),
    ],
)
def test_file__wrong_as_a_whole(parsed: dict[str, Any], problems: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_file, "ENTRY_LIMIT", 2)
    with pytest.raises(BadDirectory) as refused:
        read_directory(parsed)
    assert [str(one) for one in refused.value.problems] == problems


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"entry_id": " "}, Problem(1, "no-entry-id", "entry_id")),
        ({"entry_id": "primary"}, Problem(1, "duplicate-id", "entry_id")),
        ({"name": 7}, Problem(1, "bad-field", "name")),
        ({"surname": "Testperson"}, Problem(1, "unknown-field")),
        ({"version": 9}, Problem(1, "unknown-field")),
        ({"identifiers": []}, Problem(1, "never-found", "identifiers")),
        ({"identifiers": [{"value": "X"}]}, Problem(1, "identifier-without-assigner", "identifiers")),
        ({"identifiers": [{"value": "P1", "assigner": "NORTH"}]}, Problem(1, "duplicate-identifier", "identifiers")),
        ({"channels": []}, Problem(1, "no-channel", "channels")),
        ({"channels": [{"kind": "fax", "address": "1"}]}, Problem(1, "bad-field", "channels.0.kind")),
        ({"channels": [{"kind": "email", "address": "a@b\r\nBcc: c@d"}]}, Problem(1, "bad-address", "channels")),
        ({"channels": [{"kind": "email", "address": "a b@example.org"}]}, Problem(1, "bad-address", "channels")),
        ({"channels": [{"kind": "email", "address": "a" * 250 + "@x.org"}]}, Problem(1, "bad-address", "channels")),
        ({"subscriptions": ["encounter.everything"]}, Problem(1, "unknown-subscription", "subscriptions")),
        ({"subscriptions": ["encounter.cancelled"]}, Problem(1, "unknown-subscription", "subscriptions")),
    ],
)
def test_file__names_the_entry_and_what_is_wrong_with_it(change: dict[str, Any], problem: Problem) -> None:
    good = {
        "entry_id": "second",
        "name": "Second",
        "identifiers": [{"value": "S2", "assigner": "NORTH"}],
        "channels": [{"kind": "email", "address": "second@example.org"}],
    }
    first = primary().model_dump(mode="json", exclude={"version"})
    with pytest.raises(BadDirectory) as refused:
        read_directory({"version": 1, "entries": [first, {**good, **change}]})
    assert refused.value.problems == (problem,)
    assert "Testperson" not in str(refused.value)


def test_file__an_inactive_entry_needs_no_channel() -> None:
    gone = an_entry("gone", identifiers=primary().identifiers, channels=(), active=False)
    assert read_directory({"version": 1, "entries": [gone.model_dump(mode="json", exclude={"version"})]}) == [gone]
