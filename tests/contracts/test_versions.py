"""The contract as it is now against every edition that was ever committed, by the history that git can show.

Old records are kept for weeks, in stores for ever, and hearers are upgraded one by one; so the newest edition must get
on with all, not with the last one only. An edition that nobody ever ran may be struck out in `never_ran.toml`.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tests.contracts.compatibility import broken_by
from tests.contracts.examples import SNAPSHOTS, snapshot
from tests.contracts.history import PLACE, ROOT, Editions, editions, git

NEVER_RAN = Path(__file__).with_name("never_ran.toml")


def struck_out() -> dict[str, str]:
    """Blob -> reason."""
    listed: list[dict[str, str]] = tomllib.loads(NEVER_RAN.read_text("utf-8")).get("edition", [])
    return {edition["blob"]: edition["reason"] for edition in listed}


@pytest.fixture(scope="module")
def ours() -> Editions:
    if not (ROOT / ".git").exists():
        pytest.skip("no git history here: nothing to compare with")
    return editions(ROOT, but=frozenset(struck_out()))


def test_contract__breaks_no_edition_that_was_committed(ours: Editions) -> None:
    there = {type_: versions for type_, versions in ours.items() if (SNAPSHOTS / f"{type_}.json").exists()}
    broken = [f"{type_} {why}" for type_, versions in there.items() for why in broken_by(versions, snapshot(type_))]
    assert not broken, "a breaking change needs a new type (`.v2`), said beside the old one:\n" + "\n".join(broken)


def test_contract__no_type_that_was_committed_is_gone(ours: Editions) -> None:
    gone = sorted(type_ for type_ in ours if not (SNAPSHOTS / f"{type_}.json").exists())
    assert gone == [], "records of these types are still kept; a type goes when its last record is gone"


def test_struck_out__each_says_why() -> None:
    assert all(reason.strip() and len(blob) == 40 for blob, reason in struck_out().items())


def test_editions__all_of_a_history_are_found_but_those_struck_out(tmp_path: Path) -> None:
    """Three commits: one text, another, the first again in place of a type that goes."""
    git(tmp_path, "init", "--quiet")
    text, number = snapshot("timer.due.v1"), snapshot("timer.due.v1")
    number["properties"]["alarm"]["type"] = "integer"
    file = tmp_path / PLACE / "timer.due.v1.json"
    file.parent.mkdir(parents=True)
    (file.parent / "gone.v1.json").write_text("{}")
    commit(tmp_path, file, json.dumps(text))
    (file.parent / "gone.v1.json").unlink()
    commit(tmp_path, file, json.dumps(number))
    commit(tmp_path, file, json.dumps(text))
    found = editions(tmp_path)
    assert [schema for _, schema in found["timer.due.v1"]] == [text, number]
    assert [schema for _, schema in found["gone.v1"]] == [{}]
    assert broken_by(found["timer.due.v1"], text) != []
    wrong = found["timer.due.v1"][1][0].removeprefix("blob ")
    assert broken_by(editions(tmp_path, but=frozenset({wrong}))["timer.due.v1"], text) == []


def commit(root: Path, file: Path, text: str) -> None:
    file.write_text(text)
    git(root, "add", "--all")
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    git(root, *who, "commit", "--quiet", "--no-verify", "-m", "Change the contract")
