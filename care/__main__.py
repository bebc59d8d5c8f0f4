"""The command line: `care`, or `python -m care`."""

from __future__ import annotations

import typer

from care import codes, directory, dlq, feed, hl7, identity, local, providers, sending, tasks, topics
from care.doctor import doctor
from care.feeds import feeds
from care.messages import messages
from care.replay import replay
from care.tail import tail
from care.top import top
from care.trace import trace

app = typer.Typer(
    name="care",
    help="Transitions of care: from a hospital's ADT messages to a care team that knew in time. Synthetic data only.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command(rich_help_panel="On this machine")(local.up)
app.command(rich_help_panel="On this machine")(local.demo)
app.command(rich_help_panel="A hospital's side")(sending.send)
app.command(rich_help_panel="A hospital's side")(sending.simulate)
app.add_typer(hl7.app, name="hl7", rich_help_panel="A hospital's side")
app.add_typer(feed.app, name="feed", rich_help_panel="A hospital's side")
app.add_typer(tasks.app, name="task", rich_help_panel="A deployment")
app.add_typer(directory.app, name="directory", rich_help_panel="A deployment")
app.add_typer(identity.app, name="identity", rich_help_panel="A deployment")
app.add_typer(providers.app, name="providers", rich_help_panel="A deployment")
app.add_typer(codes.app, name="codes", rich_help_panel="A deployment")
app.add_typer(topics.app, name="topics", rich_help_panel="A deployment")
app.add_typer(dlq.app, name="dlq", rich_help_panel="A deployment")
app.command(rich_help_panel="A deployment")(messages)
app.command(rich_help_panel="A deployment")(replay)
app.command(rich_help_panel="A deployment")(trace)
app.command(rich_help_panel="A deployment")(top)
app.command(rich_help_panel="A deployment")(feeds)
app.command(rich_help_panel="A deployment")(tail)
app.command(rich_help_panel="A deployment")(doctor)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
