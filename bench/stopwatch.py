"""What a measured process tells: how many records were through when, and the CPU it had used by then.

The clock starts when the first records have been fetched, for every side alike.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any


def cpu_seconds() -> float:
    """Of this process, all its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Stopwatch:
    """`started` is called at every fetch that brought something; the first one counts."""

    def __init__(self, journal: Path | None = None) -> None:
        self._begun: tuple[float, float] | None = None
        self._journal = journal

    def started(self) -> None:
        """As above."""
        if self._begun is None:
            self._begun = (time.time(), cpu_seconds())
            self.note(0)

    def note(self, count: int) -> None:
        """So many are through by now; a line in the journal, which another process may read."""
        if self._journal is not None and self._begun is not None:
            line = {"at": time.time(), "count": count, "cpu": cpu_seconds() - self._begun[1]}
            with self._journal.open("a") as file:
                file.write(json.dumps(line) + "\n")

    def tell(self, count: int) -> None:
        """The end: one line of JSON on stdout."""
        begun = self._begun
        assert begun is not None
        told = {"count": count, "seconds": time.time() - begun[0], "cpu": cpu_seconds() - begun[1]}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


def journal(path: Path) -> list[dict[str, Any]]:
    """The lines of a journal that are whole."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
