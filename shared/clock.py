"""The business clock: what day it is for deadlines. The real one, or in the demo a file that its conductor moves.

Leases, time-outs, backoff and heartbeats never ask this clock; they run on the real one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from shared.telemetry import wall_clock

Clock = Callable[[], datetime]


def business_clock(file: Path | None) -> Clock:
    """The real clock, or the one in `file` (one ISO 8601 time with offset, replaced atomically by its owner)."""
    if file is None:
        return wall_clock
    return lambda: datetime.fromisoformat(file.read_text().strip())


def set_clock(file: Path, moment: datetime) -> None:
    """Move the business clock; only the demo's conductor calls this."""
    new = file.with_suffix(".new")
    new.write_text(moment.isoformat())
    new.replace(file)
