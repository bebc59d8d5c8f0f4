"""`care send` and `care simulate`: a hospital's side of the doors."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from care.checking import PlayedBefore, checked, tell
from care.posting import post_files
from care.profiles import SETTING, place_of, profiles_at
from care.running import run
from care.session import Session, environment, session
from demo.hospital.facilities import Via
from demo.hospital.faults import Faults
from demo.hospital.mllp_client import MllpClient, Patience, send_files
from demo.hospital.mllp_lanes import MllpLanes
from demo.hospital.player import Progress as Played
from demo.hospital.player import at_rate, play
from demo.hospital.schedule import schedule
from demo.hospital.sendings import Sending
from shared.feeds import FeedProfile
from shared.schemas.envelope import Mode
from shared.stream.kafka_producer import KafkaPublisher
from shared.stream.outages import Away
from shared.stream.records import Saying
from shared.telemetry import wall_clock

HOST = "127.0.0.1"
_LOOPBACK = frozenset({HOST, "::1", "localhost"})


def _feeds() -> Mapping[str, FeedProfile]:
    settings = environment()
    return profiles_at(place_of(settings)) if settings.get(SETTING) else {}


def send(
    files: list[Path] = typer.Argument(metavar="FILE…", help="ER7 files: one message, many, MLLP or batch framing."),
    host: str = typer.Option(HOST, help="The MLLP door's host."),
    port: int = typer.Option(0, help="The MLLP door's port. Default: of the first feed that is not off; it is said."),
    http: str = typer.Option("", metavar="URL", help="Post to this URL instead; a file may then hold one JSON event."),
    token_file: Path = typer.Option(None, help="File with the feed's token, for --http."),
    wait: float = typer.Option(10.0, min=0.0, help="Seconds that a message is tried again for, if nobody answers."),
) -> None:
    """Send HL7 v2 files in order, over MLLP or HTTP, and print each answer. Exit 1 unless all were accepted.

    Over MLLP a batch is sent message by message, over HTTP as the batch that it is.
    """
    if http:
        sent = _post(files, http, token_file, wait)
    else:
        feeds = _feeds()
        doors = (feed.mllp_port for feed in feeds.values() if feed.mllp_port and feed.mode is not Mode.OFF)
        door = port or next(doors, 0)
        if not door:
            _wrong("no --port given and no local stack is running (`care up` starts one)")
        if not port:
            typer.echo(f"to {door_of(feeds, host, door)}; another by --port", err=True)
        sent = _send(files, host, door, door_of(feeds, host, door), wait)
    if not run(sent):
        raise typer.Exit(1)


def door_of(feeds: Mapping[str, FeedProfile], host: str, port: int) -> str:
    """Where it is, and on this machine whose it is by the profiles, and its mode."""
    found = next((one for one in feeds.values() if one.mllp_port == port), None) if host in _LOOPBACK else None
    return f"{host}:{port}" + (f", the door of {found.feed} (mode {found.mode.value})" if found else "")


class Trying:
    """Says once on stderr that a door does not answer, why that may be, and how long it is tried again."""

    def __init__(self, where: str, wait: float) -> None:
        self._where, self._wait, self._said = where, wait, False

    def __call__(self, why: str) -> None:
        """Something is tried again, because of `why`."""
        if self._said:
            return
        self._said = True
        until = wall_clock() + timedelta(seconds=self._wait)
        typer.secho(f"{self._where} does not take it ({why}).", err=True, fg="yellow")
        typer.echo(
            "The feed may be off, so that its door is closed, or nothing runs there: `care feeds`, `care doctor`. "
            f"It is tried again until {until:%H:%M:%S}Z (--wait {self._wait:g}).",
            err=True,
        )


def _wrong(why: str) -> NoReturn:
    typer.secho(why, err=True, fg="red")
    raise typer.Exit(64)


def _post(files: list[Path], url: str, token_file: Path | None, wait: float) -> Coroutine[Any, Any, bool]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        _wrong(f"{url} is no URL; it is something like https://HOST:PORT/adt")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        _wrong("a token must not travel in the clear: use https (SSL_CERT_FILE names an authority of your own)")
    if token_file is None:
        _wrong("--http needs --token-file (`care feed token` makes one)")
    unreadable = [file for file in (token_file, *files) if not os.access(file, os.R_OK)]
    if unreadable:
        _wrong(f"cannot be read: {', '.join(map(str, unreadable))}")
    return _posted(files, url, token_file.read_text("utf-8").strip(), wait)


async def _posted(files: list[Path], url: str, token: str, wait: float) -> bool:
    accepted = True
    async for posted in post_files(files, url, token, patience=wait, tell=Trying(url, wait)):
        accepted = accepted and posted.accepted
        typer.echo(f"{posted.path} message {posted.number}: {posted.told}")
    return accepted


async def _send(files: list[Path], host: str, port: int, where: str, wait: float) -> bool:
    accepted, patience = True, Patience(altogether=wait)
    async for sent in send_files(files, host, port, patience=patience, tell=Trying(where, wait)):
        accepted = accepted and sent.accepted
        ack = sent.acknowledgement
        answer = f"{ack.code or 'no answer wanted'} {ack.control_id} {ack.text}" if ack else f"failed: {sent.failure}"
        typer.echo(f"{sent.path} message {sent.number}: {answer}".rstrip())
    return accepted


@dataclass
class _Hospital:
    """The doors of a running deployment as a simulated hospital uses them."""

    lanes: MllpLanes
    topics: Mapping[str, str]
    publisher: KafkaPublisher

    async def send(self, lane: int, sending: Sending, /) -> bool | None:
        if sending.via is not Via.TOPIC:
            return await self.lanes.send(sending.feed, lane, sending.body)
        saying = Saying(self.topics[sending.feed], sending.control_id.encode(), sending.body, ())
        try:
            await self.publisher.say([saying])
        except Away:
            return None
        return True


def simulate(
    seed: int = typer.Option(7, help="Which hospital: the same seed sends the same stays."),
    patients: int = typer.Option(50, min=1, help="How many patients."),
    days: int = typer.Option(7, min=1, help="How many days of hospital life; they end now."),
    rate: float = typer.Option(20.0, min=0.1, help="Messages a second."),
    connections: int = typer.Option(4, min=1, help="MLLP connections; one patient's messages keep to one."),
    faults: float = typer.Option(0.0, min=0.0, max=0.3, help="Share each of torn, mis-zoned, poisoned, delayed ones."),
    check: bool = typer.Option(False, "--check", help="Wait, then compare what became of it with the oracle."),
) -> None:
    """Play a seeded hospital into the doors of the running deployment, in real time. Ctrl-C stops it cleanly.

    With --check: exit 1 if anything is not as it must be. The people must be new to the deployment: another seed each.
    """
    here = session()
    feeds = profiles_at(place_of(here.settings))
    rates = Faults(delayed=faults, cut=faults, mis_zoned=faults, poisoned=faults)
    sendings = schedule(seed, patients, days, wall_clock() - timedelta(days=days), rates)
    receivers = {f.feed: _client(f.mllp_port) for f in feeds.values() if f.mllp_port}
    topics = {f.feed: f.kafka_topic for f in feeds.values() if f.kafka_topic}

    async def simulated() -> Played:
        hospital = _Hospital(MllpLanes(receivers), topics, KafkaPublisher(here.broker))
        try:
            return await _play(hospital, sendings, rate, connections)
        finally:
            await hospital.lanes.close()
            await hospital.publisher.close()

    played = run(simulated())
    typer.echo(f"acknowledged {played.acknowledged}, refused {played.negative}, of {played.total}")
    if played.unacknowledged:
        typer.echo(f"not acknowledged: {', '.join(list(played.unacknowledged)[:20])}", err=True)
        raise typer.Exit(1)
    if check:
        _check(here, sendings if played.finished else [])


def _check(here: Session, sendings: list[Sending]) -> None:
    """Only a schedule that was sent to its end can be judged."""
    if not sendings:
        typer.secho("stopped before its end: nothing is compared", err=True, fg="red")
        raise typer.Exit(1)
    try:
        tell(run(checked(here.broker, here.settings, sendings)))
    except PlayedBefore:
        typer.secho("people of this seed were sent here before; choose another --seed to check", err=True, fg="red")
        raise typer.Exit(64) from None


def _client(port: int) -> Callable[[], MllpClient]:
    return lambda: MllpClient(HOST, port)


async def _play(hospital: _Hospital, sendings: list[Sending], rate: float, connections: int) -> Played:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    columns = (TextColumn("messages"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[refused]} refused"))
    with contextlib.ExitStack() as stack:
        progress = stack.enter_context(Progress(*columns, console=Console(stderr=True)))
        task = progress.add_task("sending", total=len(sendings), refused=0)

        def tell(played: Played) -> None:
            progress.update(task, completed=played.acknowledged + played.negative, refused=played.negative)

        pace = at_rate(rate)
        return await play(sendings, send=hospital.send, pace=pace, connections=connections, tell=tell, stop=stop)
