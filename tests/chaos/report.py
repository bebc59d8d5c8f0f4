"""A run as a page of Markdown: always the same parts in the same order."""

from __future__ import annotations

import os
import platform
import resource
from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import median

from shared.telemetry import wall_clock
from tests.chaos.play import Outcome, Plan
from tests.chaos.striking import Struck

SHOWN = 200


def written(plan: Plan, outcome: Outcome) -> str:
    """The whole page."""
    parts = [_head(plan, outcome), _strikes(outcome), _accounting(outcome), _records(outcome), _differences(outcome)]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head(plan: Plan, outcome: Outcome) -> Iterator[str]:
    played = outcome.played
    seconds, sending = played.settled - played.began, played.last_sent - played.began
    count = sum(map(len, outcome.account.differences.values()))
    yield f"# {plan.name.capitalize()}, seed {plan.seed}: {count or 'no'} differences"
    yield ""
    yield from _table(("", ""), _machine(outcome))
    yield from ("", f"Again: `make {plan.name} SEED={plan.seed}`, or `{plan.again()}`", "")
    yield f"{len(played.sent):,} messages of {plan.patients:,} patients, {len(played.struck)} strikes, {seconds:,.0f} s"
    yield f"until all was through; {len(played.sent) / sending:.1f} messages a second while they went in."
    events = sum(once for _, once in outcome.account.records.values())
    yield f"They made {events:,} different records on our topics and {outcome.account.figures['mails']:,.0f} mails."


def _machine(outcome: Outcome) -> Iterator[tuple[str, str]]:
    kafka, mongod = outcome.servers
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    yield "When", f"{wall_clock():%Y-%m-%d %H:%M} UTC"
    yield "Services", outcome.code
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    yield "CPU", f"{sum(one.ru_utime + one.ru_stime for one in used):,.0f} s of all its processes, accounting included"
    yield "Machine", f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}"
    yield "Servers", f"{kafka}; {mongod}; Python {platform.python_version()}"


def _strikes(outcome: Outcome) -> Iterator[str]:
    """By kind and target: how many, and seconds to recovery. Of a stall they count from its end."""
    found: dict[tuple[str, str], list[Struck]] = defaultdict(list)
    for one in outcome.played.struck:
        found[one.strike.kind, one.strike.target].append(one)
        found[one.strike.kind, "all"].append(one)
    yield "## Strikes"
    yield ""
    rows = [(*place, str(len(some)), *_spread(some)) for place, some in sorted(found.items())]
    yield from _table(("What", "Target", "Times", "Recovered after s, median", "Longest"), rows)
    ended = outcome.played.ended
    yield ""
    yield f"Processes that ended by themselves and were started again: {len(ended)}."
    yield from sorted(f"- {one.name}: {one.code}" for one in ended)


def _spread(some: Sequence[Struck]) -> tuple[str, str]:
    seconds = [one.seconds for one in some]
    return f"{median(seconds):.1f}", f"{max(seconds):.1f}"


def _accounting(outcome: Outcome) -> Iterator[str]:
    account = outcome.account
    yield "## Account"
    yield ""
    yield f"{account.verdict}."
    yield ""
    yield from _table(("Held to account", "Differences"), [(k, str(len(v))) for k, v in account.differences.items()])
    yield ""
    figures = [(name, f"{value:,.0f}") for name, value in sorted(account.figures.items())]
    yield from _table(("Counted", ""), figures)


def _records(outcome: Outcome) -> Iterator[str]:
    yield "## Records"
    yield ""
    rows = [(name, f"{n:,}", f"{n - once:,}") for name, (n, once) in sorted(outcome.account.records.items())]
    yield from _table(("Topic", "Records", "Repeats"), rows)


def _differences(outcome: Outcome) -> Iterator[str]:
    yield "## Differences"
    yield ""
    if outcome.account.clean:
        yield "None."
    for name, found in outcome.account.differences.items():
        yield from (f"- {name}: {difference}" for difference in found[:SHOWN])
        if len(found) > SHOWN:
            yield f"- {name}: and {len(found) - SHOWN} more"


def _table(head: Sequence[str], rows: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"
