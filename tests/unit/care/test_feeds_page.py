"""docs/feeds.md is to be copied from: its profile is accepted, its messages come to what it says."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

from care.feed import app
from care.feed_check import Check
from shared.feeds import FeedProfile, parse_feeds
from shared.schemas.envelope import Mode
from tests.unit.admissions.house import House

PAGE = (Path(__file__).parents[3] / "docs" / "feeds.md").read_text("utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def profile() -> FeedProfile:
    (text,) = blocks("toml")
    return parse_feeds(tomllib.loads(text))["st-mary"]


def test_messages__are_read_whole_and_nothing_about_them_is_odd() -> None:
    check = Check(profile(), 1_000_000, datetime(2026, 11, 5, tzinfo=UTC))
    for number, text in enumerate(blocks("hl7")):
        check.hear(f"{number}.hl7", text.encode())
    found = {title: rows for title, _, rows in check.report()}
    assert (check.messages, check.read, check.to_nothing) == (3, 3, 0)
    assert [row[0] for row in found["Triggers and what they do here"]] == ["A01", "A03", "A13"]
    rates = " ".join(row[1] for row in found["Fields that the triggers need, and how often they are sent"])
    assert set(re.findall(r"\d+ %", rates)) == {"100 %"}, rates
    assert len(found) == 5, "besides: whose numbers, where the offsets come from, and what the patterns meet"


def test_messages__come_to_an_admission_that_stands() -> None:
    house = House({"st-mary": profile()})
    for text in blocks("hl7"):
        house.hear(text.encode(), feed="st-mary", mode=Mode.SHADOW)
    assert house.types == ["admitted", "discharged", "discharge-withdrawn"]
    assert house.last.encounter.status == "in-progress"


def test_profile__names_every_setting() -> None:
    unsaid = [name for name in FeedProfile.model_fields if not re.search(rf"\b{name}\b", PAGE)]
    assert unsaid == []


def test_commands__of_the_page_are_there() -> None:
    named = set(re.findall(r"`care feed (\w+)", PAGE))
    assert named == {command.name for command in app.registered_commands}
