"""One server as a child process: started, awaited, paused, killed, started again on the same directory and port.

Knows no product. Refuses to wait for ever: what is not ready in time is killed, and the error holds the end of its log.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from demo.stack.guard import guard

_POLL_S = 0.05
_TAIL_BYTES = 4_000
# The shell waits for a line on its standard input before it becomes the server: the guard has been told of the pid by
# then, so there is no instant at which a parent can die and leave an unwatched server behind.
_GATE = 'read -r go && exec "$@" </dev/null'
# Nothing else: a server must not pick up settings, addresses or secrets that were meant for the services.
_INHERITED = ("PATH", "HOME", "LANG", "TZ", "JAVA_HOME", "JAVA_TOOL_OPTIONS", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class StackError(Exception):
    """A server of the local stack cannot be had; the message says what to do. Holds no patient data."""


class Controls(Protocol):
    """What a test may do to a server. `restart` comes back when it is ready again, on the same address and data."""

    def kill(self) -> None: ...
    def stop_signal(self) -> None: ...
    def cont(self) -> None: ...
    def restart(self) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Recipe:
    """How a server is started and known to be ready.

    ready: asked every 50 ms until true; must neither block for long nor raise. timeout_s: from start to ready.
    """

    name: str
    command: Sequence[str]
    directory: Path
    ready: Callable[[], bool]
    timeout_s: float

    @property
    def log(self) -> Path:
        return self.directory / f"{self.name}.log"

    def log_tail(self) -> str:
        with self.log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            return file.read().decode("utf-8", "replace").strip()


class Server:
    """A running `Recipe`. Raises StackError from the constructor and from `restart` if it does not become ready."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL, and wait until the process is gone. Killing a dead server does nothing."""
        if self.running:
            self._process.kill()
        self._reap()

    def stop_signal(self) -> None:
        """SIGSTOP: the connections stay open and nothing answers."""
        self._process.send_signal(signal.SIGSTOP)

    def cont(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def terminate(self, grace_s: float = 20.0) -> None:
        """SIGTERM, as an operator would; SIGKILL after `grace_s`."""
        if self.running:
            self._process.terminate()
            try:
                self._process.wait(grace_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._reap()

    def restart(self) -> None:
        """Up again on the same directory and port; a server that still runs is terminated first."""
        self.terminate()
        self._start()

    def close(self) -> None:
        """Gone at once: the data goes with it, so there is nothing to shut down in order."""
        self.kill()

    def _start(self) -> None:
        self._process = self._spawn()
        try:
            self._await_ready()
        except BaseException:
            self.kill()
            raise

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.recipe.log.open("ab") as log:
            process = subprocess.Popen(
                ["/bin/sh", "-c", _GATE, self.recipe.name, *self.recipe.command],
                cwd=self.recipe.directory,
                env={name: os.environ[name] for name in _INHERITED if name in os.environ},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the parent: it decides who goes first
            )
        guard().watch_pid(process.pid)
        assert process.stdin is not None  # noqa: S101 - opened above
        process.stdin.write(b"go\n")
        process.stdin.close()
        return process

    def _await_ready(self) -> None:
        deadline = time.monotonic() + self.recipe.timeout_s
        while not self.recipe.ready():
            if not self.running:
                raise self._failed(f"ended with exit code {self._process.returncode} before it was ready")
            if time.monotonic() > deadline:
                raise self._failed(f"was not ready within {self.recipe.timeout_s:.0f} s")
            time.sleep(_POLL_S)

    def _failed(self, what: str) -> StackError:
        tail = self.recipe.log_tail() or "(its log is empty)"
        return StackError(f"{self.recipe.name} {what}. The end of its log:\n{tail}")

    def _reap(self) -> None:
        self._process.wait()
        guard().forget_pid(self.pid)
