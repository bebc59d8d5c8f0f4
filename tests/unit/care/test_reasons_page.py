"""docs/messages.md tells of every reason of a dead letter, and of every code of a refusal, what to do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.admissions.domain.repairs import NO_NUMBER, NO_PRIOR_NUMBER
from services.gateway.domain.message import NO_EVENT, NO_OBJECT, NOT_ADT, TOO_LARGE
from shared.hl7.malformed import Reason
from shared.stream.suspects import CRASH_LOOP, UNREAD

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "messages.md").read_text("utf-8")
RAISED = frozenset({"Refused", "Undecodable", "NotObeyed", "Unhearable", "CommandRefused", "ClockError"})
READ = {reason.value.replace("_", "-") for reason in Reason}
AT_THE_DOOR = {"empty", "no-msh", "bad-separators", "undecodable", TOO_LARGE, NO_OBJECT, NO_EVENT, NOT_ADT}


def told(heading: str) -> set[str]:
    """The codes in the first column of the table behind a heading."""
    rows = re.findall(r"^\| (`.*?) \|", PAGE.partition(f"{heading}\n")[2].partition("\n## ")[0], re.MULTILINE)
    return {code for row in rows for code in re.findall(r"`([a-z…-]+)`", row)}


def raised() -> Iterator[str]:
    """Every code that stands in the sources where one of these is raised; `json-…` for one that is completed."""
    for file in [*(ROOT / "services").rglob("*.py"), *(ROOT / "shared/stream").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISED:
                yield from (_code(sent) for sent in node.args[:1])


def _code(sent: ast.expr) -> str:
    if isinstance(sent, ast.JoinedStr) and isinstance(sent.values[0], ast.Constant):
        return f"{sent.values[0].value}…"
    return str(sent.value) if isinstance(sent, ast.Constant) else ""


def test_reasons__each_that_can_be_raised_is_told_and_no_other() -> None:
    expected = {*raised(), *READ, NO_NUMBER, NO_PRIOR_NUMBER, CRASH_LOOP, UNREAD, "bug-…"} - {""}
    assert told("## Reasons") == expected


def test_codes__of_what_is_refused_at_the_door_are_told() -> None:
    assert told("## Find") == AT_THE_DOOR | {"bug-…"}


@pytest.mark.parametrize("code", ["feed-unknown", "no-time", "crash-loop", "json-…", "envelope-lacks-…"])
def test_reasons__found_in_the_sources_are_those_that_are_looked_for(code: str) -> None:
    assert code in {*raised(), *READ, CRASH_LOOP}
