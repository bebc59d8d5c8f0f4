"""`care simulate --check`: what became of a simulated hospital's messages, against the oracle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import typer

from demo.hospital.sendings import Sending
from demo.oracle.facts import Pace
from demo.oracle.following import followed
from demo.oracle.judging import Verdict, judge
from demo.oracle.observing import Observed, kept_mails
from shared.stream.kafka import Broker
from shared.telemetry import wall_clock

QUIET_SECONDS: Final = 3.0
PATIENCE_SECONDS: Final = 120.0
ALL_AT_ONCE: Final = timedelta(days=365)
"""Days are sent within seconds: what overtakes what is left to the machine."""
CLOCK_SLACK: Final = timedelta(minutes=1)
"""The real clock goes on while we look: an alarm of the last minute may have been said or not."""
SHOWN: Final = 40


class PlayedBefore(Exception):
    """The same people were sent before: what is known of them from then the oracle does not know."""


async def checked(broker: Broker, settings: Mapping[str, str], sendings: Sequence[Sending]) -> Verdict:
    """Wait until all is through, then judge. Raises PlayedBefore, Away."""
    began = wall_clock()
    seen = await followed(broker, began, QUIET_SECONDS, PATIENCE_SECONDS)
    refuse_if_played_before(sendings, seen)
    for mail in kept_mails(Path(settings.get("CARE_FEEDS_FILE", "")).parent / "mailbox"):
        seen.mail(mail)
    now = wall_clock()
    return judge(sendings, seen, Pace(now, ALL_AT_ONCE, CLOCK_SLACK + (now - began)))


def refuse_if_played_before(sendings: Sequence[Sending], seen: Observed) -> None:
    """A control id begins with the feed's letter and the seed's three digits. Raises PlayedBefore."""
    ours = {one.control_id for one in sendings}
    of_seed = {control_id[:4] for control_id in ours}
    if any(one.control_id[:4] in of_seed and one.control_id not in ours for one in seen.arrivals()):
        raise PlayedBefore


def tell(verdict: Verdict) -> None:
    """Print it. Exit 1 if there is any difference."""
    typer.echo(str(verdict))
    for difference in verdict.differences[:SHOWN]:
        typer.echo(f"  {difference}", err=True)
    if len(verdict.differences) > SHOWN:
        typer.echo(f"  and {len(verdict.differences) - SHOWN} more", err=True)
    if verdict.differences:
        raise typer.Exit(1)
