"""The long form of the stories: `python -m tests.stories` (`make stories`), some six minutes of a core.

Every story of one stay and of several patients in every order, each order with every message at once again and with all
of them again at the end; then messages of any sagas, and any messages at all, drawn with repeats, in two orders.
Prints how far it is, and writes what it found as a page of docs/runs. Exits 1 when an order ended otherwise, or raised
anything.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from math import factorial
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.simulation.reporting import commit
from tests.unit.admissions import accounts, saga_accounts
from tests.unit.admissions.house import feeds
from tests.unit.admissions.letters import PROFILES, UNITS, letters
from tests.unit.admissions.saga_accounts import Saga
from tests.unit.admissions.sagas import LONG, POOL, SAGAS
from tests.unit.admissions.stories import STORIES, Story
from tests.unit.admissions.stories2 import DESCRIBING, MOVING, STORIES2

MULTISETS = 1_000
LETTERS = 5_000
MOST = 10
TELL_EACH = 250
_WHAT = (
    "Each story in every order of its messages: each order once, with every message at once again, and with all of",
    "them again at the end. Orders that begin alike share their beginning, which is heard once.",
    "",
    "Again: `make stories`.",
)


class Heard(NamedTuple):
    """One story. `ends`: in how many orders and ways it was heard; `failed`: what went wrong, "" if nothing."""

    name: str
    messages: int
    ends: int
    cpu_seconds: float
    failed: str = ""


def main() -> int:
    """As above."""
    parser = argparse.ArgumentParser(prog="python -m tests.stories", description=__doc__)
    parser.add_argument("--multisets", type=int, default=MULTISETS, help=f"how many (default {MULTISETS})")
    parser.add_argument("--letters", type=int, default=LETTERS, help=f"as many of any messages (default {LETTERS})")
    parser.add_argument("--seed", type=int, default=7, help="of the multisets (default 7)")
    parser.add_argument("--report", type=Path, help="default: docs/runs/stories-<date>.md")
    asked = parser.parse_args()
    began = datetime.now(UTC)  # noqa: TID251  the time of the run
    one_stay = list(_told(_of_one_stay()))
    several = list(_told(_of_several()))
    drawn = [hear(f"multiset {n}", 0, check) for n, check in _progress(_multisets(asked.multisets, asked.seed))]
    drawn += [hear(f"letters {n}", 0, check) for n, check in _progress(_letters(asked.letters, asked.seed))]
    text = page(began, asked.seed, one_stay, several, drawn)
    path = asked.report or Path("docs", "runs", f"stories-{began:%Y-%m-%d}.md")
    path.write_text(text)
    _say(f"{path}\n{_differences([*one_stay, *several, *drawn])}")
    return int(any(one.failed for one in (*one_stay, *several, *drawn)))


def hear(name: str, messages: int, check: Callable[[], int]) -> Heard:
    """What came of one. Whatever is raised is a failure of the story."""
    began, ends, failed = time.process_time(), 0, ""
    try:
        ends = check()
    except Exception as error:  # noqa: BLE001  an order that raises is what is looked for
        failed = f"{type(error).__name__}: {error}".splitlines()[0]
    if not failed and messages and ends != 3 * factorial(messages):
        failed = f"{ends} ends"
    return Heard(name, messages, ends, time.process_time() - began, failed)


def _of_one_stay() -> Iterator[tuple[Story, Callable[[], int]]]:
    for story in (*STORIES, *STORIES2, *DESCRIBING):
        yield story, partial(accounts.in_every_order, story, feeds())
    for story in MOVING:
        yield story, partial(accounts.in_every_order, story, feeds(a08_class="moves"))


def _of_several() -> Iterator[tuple[Saga, Callable[[], int]]]:
    for saga in (*SAGAS, *LONG):
        yield saga, partial(saga_accounts.in_every_order, saga, feeds(**saga.profile))


def _multisets(many: int, seed: int) -> Iterator[Callable[[], int]]:
    draw = Random(seed)  # noqa: S311  a sample, not a secret
    for _ in range(many):
        few = draw.sample(POOL, draw.randint(2, MOST - 2))
        messages = draw.choices(few, k=draw.randint(2, MOST))
        yield partial(saga_accounts.in_two_orders, messages, draw.sample(messages, len(messages)), feeds())


def _letters(many: int, seed: int) -> Iterator[Callable[[], int]]:
    for n in range(many):
        draw = Random(seed * 1_000_000 + n)  # noqa: S311  a sample, not a secret
        profile = feeds(**UNITS, **PROFILES[n % len(PROFILES)])
        yield partial(saga_accounts.letters_in_two_orders, letters(draw), draw, profile)


def _told(stories: Iterator[tuple[Story | Saga, Callable[[], int]]]) -> Iterator[Heard]:
    for story, check in stories:
        heard = hear(story.name, len(story.messages), check)
        _say(f"{heard.ends:7,} ends, {heard.cpu_seconds:6.1f} s  {heard.name}  {heard.failed}".rstrip())
        yield heard


def _progress(checks: Iterator[Callable[[], int]]) -> Iterator[tuple[int, Callable[[], int]]]:
    for n, check in enumerate(checks):
        if n % TELL_EACH == 0:
            _say(f"{n:,} drawn")
        yield n, check


def page(
    began: datetime, seed: int, one_stay: Sequence[Heard], several: Sequence[Heard], drawn: Sequence[Heard]
) -> str:
    """The page of a run, in Markdown."""
    every = (*one_stay, *several, *drawn)
    lines = [
        f"# Stories in every order: {_differences(every)}",
        "",
        "|  |  |",
        "| --- | --- |",
        f"| When | {began:%Y-%m-%d %H:%M} UTC |",
        f"| Commit | `{commit()}`, Python {platform.python_version()} |",
        f"| CPU | {sum(one.cpu_seconds for one in every):,.0f} s of one core |",
        "",
        *_WHAT,
        "",
        *_table("Stories of one stay", one_stay),
        *_table("Stories of several patients, numbers or hospitals", several),
        "## The longest",
        "",
        "| Story | Messages | Ends | CPU s |",
        "| --- | --- | --- | --- |",
        *(
            f"| {one.name} | {one.messages} | {one.ends:,} | {one.cpu_seconds:.0f} |"
            for one in several
            if one.messages > 5
        ),
        "",
        "## Drawn",
        "",
        f"{_many(drawn, 'multiset')} times 2 to {MOST} messages of any stories of several patients, with repeats,",
        f"and {_many(drawn, 'letters')} times 2 to 8 of any trigger about the same few patients and stays, otherwise",
        f"without sense; each time in two orders, seed {seed}: {_differences(drawn)}.",
        "",
        *(f"- {one.name}: {one.failed}" for one in every if one.failed),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _table(title: str, heard: Sequence[Heard]) -> list[str]:
    rows = []
    for length in sorted({one.messages for one in heard}):
        these = [one for one in heard if one.messages == length]
        ends = sum(one.ends for one in these)
        rows.append(f"| {length} | {len(these)} | {ends:,} | {sum(bool(one.failed) for one in these)} |")
    total = f"| all | {len(heard)} | {sum(one.ends for one in heard):,} | {sum(bool(one.failed) for one in heard)} |"
    head = ["| Messages | Stories | Ends looked at | Failed |", "| --- | --- | --- | --- |"]
    return [f"## {title}", "", *head, *rows, total, ""]


def _many(drawn: Sequence[Heard], kind: str) -> str:
    return f"{sum(one.name.startswith(kind) for one in drawn):,}"


def _differences(heard: Sequence[Heard]) -> str:
    failed = sum(bool(one.failed) for one in heard)
    return f"{failed} failed" if failed else "none failed"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
