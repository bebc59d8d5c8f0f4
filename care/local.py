"""`care up` and `care demo`: everything on this machine, on loopback, gone afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from care.session import ADMIN_PORT, Session, running_stack_file
from care.trace import trees_of
from demo.deployment import START, Deployment, deployed, token_file
from demo.play import Outcome, play
from demo.stack import StackError, open_stack
from demo.stack.ports import LOOPBACK
from demo.tally import Tally

KEPT = Path("var") / "demo"


@contextlib.contextmanager
def _running(kafka: str, tally: Tally | None, console: Console) -> Iterator[Deployment]:
    """Broker, mongod, mailbox and the five services; all gone on leaving."""
    console.print("starting a Kafka broker and a mongod ...")
    with open_stack(_preference(kafka)) as stack:
        console.print(f"  Kafka: {stack.kafka.version} at {stack.kafka.bootstrap}; MongoDB {stack.mongo.version}")
        console.print("starting gateway, admissions, discharge, followup, notifier ...")
        on_mail = tally.mail if tally else None
        with deployed(stack, fast_clock=tally is not None, on_mail=on_mail) as local, _announced(local):
            yield local


@contextlib.contextmanager
def _announced(local: Deployment) -> Iterator[None]:
    file = running_stack_file()
    ports = {ADMIN_PORT + name.upper(): str(port) for name, port in local.wiring.admin_ports.items()}
    file.write_text(json.dumps({**local.wiring.environment, **ports}))
    file.chmod(0o600)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def up(
    kafka: str = typer.Option("auto", help="auto, tansu (a wheel, memory only) or apache (needs a JDK and Maven)."),
) -> None:
    """Run the local stack and all five services until Ctrl-C. Real clock; mails go to a local mailbox only.

    In another terminal: `care simulate`, `care top`, `care feeds`, `care tail`, `care task list`, `care trace`.
    To connect a feed of yours, add its profile to the feeds file that is printed; its people: `care directory load`.
    """
    console = Console()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with _clear_errors(), _running(kafka, None, console) as local:
        for line in _addresses(local):
            console.print(line)
        console.print("running; Ctrl-C ends it and everything it started")
        while not stop.wait(0.5):
            _all_running(local)
        console.print(f"stopping; {len(local.mailbox)} mails were handed over")


def _all_running(local: Deployment) -> None:
    for name, server in local.servers.items():
        if not server.running:
            raise StackError(f"{name} ended. The end of its log:\n{server.recipe.log_tail()}")


def _addresses(local: Deployment) -> list[str]:
    doors = [f"{f.feed}: MLLP {LOOPBACK}:{f.mllp_port}" for f in local.feeds.values() if f.mllp_port]
    doors += [f"{f.feed}: topic {f.kafka_topic}" for f in local.feeds.values() if f.kafka_topic]
    doors += [f"north: HTTP {local.post_url}, token in {token_file(local.stack.directory)}"]
    return [
        *(f"  door of {door}" for door in doors),
        f"  Kafka   {local.stack.kafka.bootstrap}",
        f"  MongoDB {local.stack.mongo.uri}",
        f"  feeds   {local.wiring.environment['CARE_FEEDS_FILE']}  (edit it while this runs; it goes when this ends)",
        f"  mailbox {local.mailbox.directory}",
        f"  logs    {local.stack.directory}/<service>.log",
    ]


def demo(
    kafka: str = typer.Option("auto", help="auto, tansu (a wheel, memory only) or apache (needs a JDK and Maven)."),
    seed: int = typer.Option(7, help="Which hospital: the same seed plays the same messages."),
    patients: int = typer.Option(40, min=1, help="How many patients."),
    days: int = typer.Option(7, min=1, help="How many simulated days."),
    keep: bool = typer.Option(False, "--keep", help="Stay up afterwards until Ctrl-C, to look around with `care`."),
) -> None:
    """Play a simulated hospital through all five services, days in seconds, and show what becomes of each discharge."""
    console = Console()
    tally = Tally()
    with _clear_errors(), _running(kafka, tally, console) as local:
        console.print(f"a simulated hospital: seed {seed}, {patients} patients, {days} days from {START:%Y-%m-%d}")
        schedule = (seed, patients, days)
        outcome = asyncio.run(play(Session(local.wiring.environment), local.feeds, schedule, tally, console, START))
        _keep_files(local)
        _summary(console, tally, outcome, local)
        if outcome.wrong:
            raise typer.Exit(1)
        if keep:
            _stay(console, local)


def _stay(console: Console, local: Deployment) -> None:
    for line in _addresses(local):
        console.print(line)
    console.print("staying up: try `care task list`, `care trace`; Ctrl-C ends it")
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


def _keep_files(local: Deployment) -> None:
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir(parents=True)
    shutil.copytree(local.mailbox.directory, KEPT / "mailbox")
    for log in local.stack.directory.glob("*.log"):
        shutil.copy(log, KEPT)


def _summary(console: Console, tally: Tally, outcome: Outcome, local: Deployment) -> None:
    latency = tally.latency()
    console.rule("what became of it")
    console.print(f"messages       {_counts(tally.messages)}")
    console.print(f"encounters     {_counts(tally.encounters)}")
    console.print(f"transitions    {_counts(tally.transitions)}")
    console.print(f"tasks          {_counts(tally.tasks)}")
    console.print(f"deliveries     {_counts(tally.deliveries)}")
    console.print(f"mails          {tally.mails} handed over to the local mailbox")
    console.print(f"dead letters   {_counts(tally.dead_letters) or 'none'}")
    if latency is not None:
        console.print(f"message → mail median {latency[0]:.2f} s, 95 % within {latency[1]:.2f} s")
    console.print(f"took           {outcome.seconds:.0f} s for {outcome.simulated.days} simulated days")
    if outcome.verdict:
        console.print(f"oracle         {outcome.verdict}")
    for wrong in outcome.wrong:
        console.print(f"[red]wrong:[/] {wrong}")
    console.rule(f"one of them: care trace {outcome.example}")
    for tree in asyncio.run(trees_of(Session(local.wiring.environment), outcome.example)):
        console.print(tree)
    console.rule("where to look next")
    console.print(f"the mails: {KEPT}/mailbox/*.eml    the services' logs: {KEPT}/*.log")
    console.print("`care demo --keep` or `care up` + `care simulate` leave it running; then, in another terminal:")
    console.print("  care trace VISIT     raw message → encounter → transition → tasks → each delivery")
    console.print("  care top · care feeds · care tail TOPIC · care task list · care dlq list · care doctor")
    console.print(f"topics: docs/topics.md    databases: care_<service> at {local.stack.mongo.uri.split('?')[0]}")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda item: -item[1]))


def _preference(kafka: str) -> Any:
    if kafka not in ("auto", "tansu", "apache"):
        raise typer.BadParameter("auto, tansu or apache", param_hint="--kafka")
    return kafka


@contextlib.contextmanager
def _clear_errors() -> Iterator[None]:
    try:
        yield
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(69) from None
    except KeyboardInterrupt:
        sys.stderr.write("stopped; everything it started is gone\n")
        raise typer.Exit(130) from None
