"""Who looks at patient data, on record before anything is seen: said on `care.audit.v1` and confirmed by the broker.

Every command that shows patient data of a deployment goes through `audited`; without it, or without a broker, nothing
is shown. 45 CFR 164.312(b): record and examine activity in systems that contain such data.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import typer

from care.publishing import actor_of, event, say
from care.session import Session
from services.followup.domain.commands import REASON
from shared.schemas.access import PhiShown
from shared.schemas.envelope import derived_id
from shared.stream.outages import Away
from shared.telemetry import wall_clock

WhyOption = typer.Option(
    "", "--reason", help="With --phi: why you look, a code such as treatment, misrouted-message, privacy-request."
)
UNAVAILABLE = 69  # EX_UNAVAILABLE


@dataclass(frozen=True)
class Looker:
    """Who looks, by which command, and why. `actor` may be "": the login name."""

    actor: str
    command: str
    reason: str


def audited(here: Session, looker: Looker, place: str, shown: Sequence[str] = ()) -> None:
    """Put on record that `looker` is about to see what lies at `place`; `shown` are its ids, as far as they are known.

    Returns when the broker has it. Exits with 2 without a reason that is a code, and with 69 where the broker does not
    answer: whoever calls shows nothing before this returns.
    """
    if not REASON.fullmatch(looker.reason):
        raise typer.BadParameter(
            "--phi needs a code of lower-case letters, digits and hyphens, no free text", param_hint="--reason"
        )
    try:
        asyncio.run(_record(here, looker, place, tuple(shown)))
    except Away as away:
        typer.secho(
            f"{away.what} does not answer ({away.code}): what is not on record is not shown", err=True, fg="red"
        )
        raise typer.Exit(UNAVAILABLE) from None


async def _record(here: Session, looker: Looker, place: str, shown: tuple[str, ...]) -> None:
    """The time is the real one, also where the deployment goes by another."""
    actor, now = actor_of(looker.actor), wall_clock()
    data = PhiShown(actor=actor, command=looker.command, place=place, reason=looker.reason, shown=shown)
    id_ = derived_id("phi-shown", actor.value, looker.command, place, now.isoformat())
    await say(here, [event(data, id_=id_, subject=actor.value, key=actor.value, now=now)])
