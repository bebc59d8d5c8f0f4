"""One address is one: nothing that a mail library could take for two gets into the directory or through the gate."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.notifier.domain.address import is_address
from services.notifier.domain.decide import decide
from services.notifier.domain.directory import Directory
from services.notifier.domain.model import Rules, Subject
from services.notifier.handlers import handlers, rules_of
from shared.schemas.directory import Channel, DirectoryEntrySet
from shared.stream.decisions import Refused
from tests.builders import DeskOf, a_discharge, a_record, an_event, heard
from tests.unit.notifier.givens import a_policy, a_withdrawal_of, an_entry, primary

DIRECTORY = handlers(a_policy())["care.directory.v1"]

NOT_ONE = [
    "victim@hospital.org,x@example.org",
    "victim@hospital.org;x@example.org",
    "victim@hospital.org, x@example.org",
    "victim@hospital.org x@example.org",
    "a@example.org b@evil.org",
    "a@evil.org@example.org",
    "a@evil.org\n@example.org",
    "a@example.org\n",
    "\na@example.org",
    "a@example.org\r\nBcc: b@evil.org",
    "a@exam\nple.org",
    "a\x00@example.org",
    "a@example.org\u2028",
    "Victim <victim@hospital.org>",
    "victim@hospital.org <x@example.org>",
    "<victim@hospital.org>x@example.org",
    "<x@example.org>",
    '"victim@hospital.org" x@example.org',
    '"victim@hospital.org,x"@example.org',
    '"x"@example.org',
    "victim@hospital.org(@example.org",
    "x(comment)@example.org",
    "team: a@evil.org, b@example.org;",
    "a:b@example.org",
    "a\\@evil.org@example.org",
    "a@[127.0.0.1]",
    "a@",
    "@example.org",
    "example.org",
    "",
    " ",
    ".a@example.org",
    "a..b@example.org",
    "a@example..org",
    "a@.example.org",
    "a@example.org.",
    "ä@example.org",
    "a@exämple.org",
    "a@straße.example.org",
    "a@example.or\u212a",
    "a" * 243 + "@example.org",
]
ONE = [
    "a@example.org",
    "p.primary@example.org",
    "Ward.4-West+nights@Sub.Example.ORG",
    "o'brien_2@example.org",
    "a@localhost",
    "a@xn--exmple-cua.org",
    "a" * 242 + "@example.org",
]


def at(address: str) -> DirectoryEntrySet:
    return primary(channels=(Channel(kind="email", address=address),))


def demo(*allowed: str) -> Rules:
    return Rules(live=False, allow_list=frozenset(allowed), greatest_age=timedelta(hours=24))


LIVE = Rules(live=True, allow_list=frozenset(), greatest_age=timedelta(hours=24))


def fates(address: str, rules: Rules) -> list[tuple[str, str]]:
    """What becomes of telling that address of a discharge."""
    subject = Subject(encounter_id="encounter-1")
    _, decided = decide(subject, an_event(a_discharge()), Directory((at(address),)), rules, late=False)
    return [(one.told.status, one.told.reason) for one in decided if one.told.recipient == "primary"]


@pytest.mark.parametrize("address", NOT_ONE)
def test_directory__refuses_what_is_not_one_address(address: str) -> None:
    desk = DeskOf()
    with pytest.raises(Refused, match=r"^bad-address$") as refused:
        heard(DIRECTORY, at(address), desk)
    assert desk.states == {}
    assert address == "" or address not in repr(refused.value)


@pytest.mark.parametrize("address", NOT_ONE)
def test_directory__refuses_it_as_the_second_channel_too(address: str) -> None:
    channels = (Channel(kind="email", address="a@example.org"), Channel(kind="email", address=address))
    with pytest.raises(Refused, match=r"^bad-address$"):
        DIRECTORY.read(a_record(primary(channels=channels)))


@pytest.mark.parametrize("address", ONE)
def test_directory__keeps_what_is_one(address: str) -> None:
    desk = DeskOf()
    heard(DIRECTORY, at(address), desk)
    ((_, state),) = desk.states.items()
    assert address in str(state)


def test_directory__an_entry_without_channels_is_no_bad_address() -> None:
    assert heard(DIRECTORY, an_entry("gone", channels=(), active=False), DeskOf()).state is not None


@pytest.mark.parametrize("address", [one for one in NOT_ONE if one])
@pytest.mark.parametrize("allowed", ["@example.org", "itself"])
def test_gate__never_lets_through_what_is_not_one(address: str, allowed: str) -> None:
    """A directory may hold it from before the door refused it; an allow-list that names it makes it no better."""
    rules = rules_of(a_policy(deployment="test", allow_list=(address if allowed == "itself" else allowed,)))
    assert fates(address, rules) == [("suppressed", "not-on-allow-list")]
    assert fates(address, LIVE) == [("suppressed", "not-on-allow-list")]


@pytest.mark.parametrize("address", ["a@example.orK", "a@example.or\u212a"])
def test_gate__an_address_that_only_looks_like_one_when_folded(address: str) -> None:
    """KELVIN SIGN folds to k: the address that is checked must be the one that is written to."""
    passes = [("pending", "")] if address.isascii() else [("suppressed", "not-on-allow-list")]
    assert fates(address, demo("@example.ork")) == passes


def test_gate__no_address_has_its_own_reason() -> None:
    assert fates("", LIVE) == [("suppressed", "no-channel")]


@pytest.mark.parametrize("address", ONE)
def test_gate__one_address_passes_in_live(address: str) -> None:
    assert fates(address, LIVE) == [("pending", "")]


@pytest.mark.parametrize(
    ("address", "allowed", "passes"),
    [
        ("a@example.org", "@example.org", True),
        ("A@Example.ORG", "@example.org", True),
        ("A@Example.ORG", "a@example.org", True),
        ("a@example.org", "b@example.org", False),
        ("a@sub.example.org", "@example.org", False),
        ("a@evilexample.org", "@example.org", False),
        ("a@example.org.evil.org", "@example.org", False),
        ("example.org@evil.org", "@example.org", False),
    ],
)
def test_gate__outside_live_only_those_on_the_allow_list(address: str, allowed: str, passes: bool) -> None:
    expected = ("pending", "") if passes else ("suppressed", "not-on-allow-list")
    assert fates(address, demo(allowed)) == [expected]


def test_gate__a_correction_goes_to_no_such_address_either() -> None:
    """What the ledger holds from before is corrected through the same gate."""
    event, directory = an_event(a_discharge()), Directory((at("x@example.org"),))
    rules = demo("@example.org")
    subject, _ = decide(Subject(encounter_id="encounter-1"), event, directory, rules, late=False)
    ledger = {
        delivery_id: told.model_copy(update={"address": "victim@hospital.org,x@example.org"})
        for delivery_id, told in subject.ledger.items()
    }
    assert "pending" in {told.status for told in ledger.values()}
    subject = subject.model_copy(update={"ledger": ledger})
    _, corrected = decide(subject, an_event(a_withdrawal_of(event), n=2), directory, rules, late=False)
    assert {(one.told.status, one.told.reason) for one in corrected if one.told.corrects} == {
        ("suppressed", "not-on-allow-list")
    }


@pytest.mark.parametrize("address", ONE)
def test_is_address__one(address: str) -> None:
    assert is_address(address)
    assert not is_address(address + "\n")
