"""Sees to it that no server and no directory outlives the process that made them, however that process ends.

One guard process per process. It reads lines from a pipe (`+pid N`, `-pid N`, `+dir PATH`, `-dir PATH`); when the
pipe ends, which even SIGKILL cannot prevent, it kills what is still listed and removes the directories. Unlike Linux's
parent death signal this is portable, and does not fire when merely the *thread* that started a server ends.
Standard library only, and nothing from this project: it is run by its path.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path

_REMOVE_TRIES = 50
_REMOVE_PAUSE_S = 0.1


class Guard:
    """The parent's end of the pipe. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__], stdin=subprocess.PIPE, start_new_session=True, text=True
        )

    def watch_pid(self, pid: int) -> None:
        self._say(f"+pid {pid}")

    def forget_pid(self, pid: int) -> None:
        self._say(f"-pid {pid}")

    def watch_directory(self, directory: Path) -> None:
        self._say(f"+dir {directory}")

    def forget_directory(self, directory: Path) -> None:
        self._say(f"-dir {directory}")

    def _say(self, line: str) -> None:
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - opened above
        with self._lock:
            pipe.write(line + "\n")
            pipe.flush()


@cache
def guard() -> Guard:
    """This process's guard, started at first use. It ends with this process."""
    return Guard()


def _listen() -> tuple[set[int], set[str]]:
    """Read until the parent is gone; what it still held then."""
    pids: set[int] = set()
    directories: set[str] = set()
    for line in sys.stdin:
        verb, _, value = line.rstrip("\n").partition(" ")
        match verb:
            case "+pid":
                pids.add(int(value))
            case "-pid":
                pids.discard(int(value))
            case "+dir":
                directories.add(value)
            case "-dir":
                directories.discard(value)
    return pids, directories


def _remove(directory: str) -> None:
    """A server that is being killed may still write a file: try again for a short while."""
    for _ in range(_REMOVE_TRIES):
        shutil.rmtree(directory, ignore_errors=True)
        if not Path(directory).exists():
            return
        time.sleep(_REMOVE_PAUSE_S)


def main() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # it has to outlive the process that these are meant for
    pids, directories = _listen()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for directory in directories:
        _remove(directory)


if __name__ == "__main__":
    main()
