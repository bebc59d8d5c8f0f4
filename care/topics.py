"""`care topics create|check`: the topics of the contract on a broker."""

from __future__ import annotations

import typer

from care.running import run
from care.session import session
from shared.stream.administration import check, create

app = typer.Typer(help="The topics of the contract: create what is missing, check what is there.", no_args_is_help=True)


@app.command("create")
def create_topics(
    replication: int = typer.Option(3, help="Replicas of each partition; 1 only for a local stack."),
) -> None:
    """Create every topic that is missing, dead letters included. Changes nothing that exists."""
    made = run(create(session().broker, replication))
    typer.echo(f"created {len(made)}: {', '.join(made)}" if made else "nothing missing")


@app.command("check")
def check_topics() -> None:
    """Compare the broker's topics with the contract; exit 1 if anything differs."""
    findings = run(check(session().broker))
    for finding in findings:
        typer.echo(f"{finding.topic}: {finding.code} {finding.detail}".rstrip())
    if findings:
        raise typer.Exit(1)
    typer.echo("all topics are as the contract says")
