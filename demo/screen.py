"""The demo on the terminal: live where there is one, a line a simulated day where the output is a pipe."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.columns import Columns
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table

from demo.tally import Tally

TASKS = ("requested", "due", "overdue", "escalated", "completed", "cancelled")


class Screen:
    """Shows a tally. Use it as a context; `show` may be called as often as one likes."""

    def __init__(self, tally: Tally, console: Console, start: datetime) -> None:
        self._tally = tally
        self._console = console
        self._start = start
        self._day = -1
        self._live = Live(console=console, refresh_per_second=8) if console.is_terminal else None

    def __enter__(self) -> Self:
        """Begin."""
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Leave the last picture standing."""
        if self._live:
            self._live.stop()

    def show(self, now: datetime) -> None:
        """The tally as it is at business time `now`."""
        day = (now - self._start).days
        if self._live:
            self._live.update(picture(self._tally, now, day))
        elif day != self._day:
            self._day = day
            self._console.print(line(self._tally, now))


def line(tally: Tally, now: datetime) -> str:
    """One line of text."""
    return (
        f"{now:%a %Y-%m-%d %H:%M}Z  messages {sum(tally.messages.values())}  encounters {tally.encounters.total()}  "
        f"transitions {tally.transitions.total()}  tasks done {tally.tasks['completed']} overdue "
        f"{tally.tasks['overdue']} escalated {tally.tasks['escalated']}  mails {tally.mails}"
    )


def picture(tally: Tally, now: datetime, day: int) -> Group:
    """Panels side by side."""
    panels = [
        _panel("messages in", tally.messages),
        _panel("encounters said", tally.encounters),
        _panel("transitions by pathway", tally.transitions),
        _panel("tasks", Counter({name: tally.tasks[name] for name in TASKS})),
        _panel("deliveries", tally.deliveries),
        _panel("dead letters", tally.dead_letters),
        _panel("mail", Counter({"handed over": tally.mails}), _latency(tally)),
    ]
    return Group(f"[bold]day {day}[/]  {now:%a %Y-%m-%d %H:%M} UTC (business time)", Columns(panels))


def _latency(tally: Tally) -> str:
    found = tally.latency()
    return "" if found is None else f"message to mail: median {found[0]:.2f} s, 95 % {found[1]:.2f} s"


def _panel(title: str, counts: Counter[str], note: str = "") -> Panel:
    table = Table.grid(padding=(0, 2))
    for name, count in counts.most_common(9):
        table.add_row(name, f"[bold]{count}[/]")
    return Panel(Group(table, note) if note else table, title=title, border_style="dim")
