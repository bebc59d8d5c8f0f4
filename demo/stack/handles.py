"""What a caller holds of a server: its address, its version, and the power over it where it is ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from demo.stack.process import Controls, Server, StackError

KafkaKind = Literal["given", "container", "apache", "tansu"]
MongoKind = Literal["given", "container", "wheel"]


@dataclass(frozen=True)
class _Held:
    """`controls` is None for a server that was given by its address: it is asked, and never touched."""

    version: str
    controls: Controls | None = field(default=None, repr=False, kw_only=True)

    @property
    def pid(self) -> int:
        """Of the server process. Raises StackError where there is none of ours."""
        controls = self._ours()
        if isinstance(controls, Server):
            return controls.pid
        raise StackError("this server runs in a container: it has no process id here")

    def kill(self) -> None:
        """SIGKILL, gone when this returns."""
        self._ours().kill()

    def stop_signal(self) -> None:
        """SIGSTOP."""
        self._ours().stop_signal()

    def cont(self) -> None:
        """SIGCONT."""
        self._ours().cont()

    def restart(self) -> None:
        """Ready again on the same address and data when this returns (Tansu keeps no data over it)."""
        self._ours().restart()

    def close(self) -> None:
        """Ends what is ours; a given server is left alone."""
        if self.controls is not None:
            self.controls.close()

    def _ours(self) -> Controls:
        if self.controls is None:
            raise StackError("this server was given by its address: it is not ours to stop or start")
        return self.controls


@dataclass(frozen=True)
class Kafka(_Held):
    """bootstrap: `host:port[,host:port]`."""

    bootstrap: str = field(kw_only=True)
    kind: KafkaKind = field(kw_only=True)

    @property
    def idempotent_producer(self) -> bool:
        """Tansu 0.6 refuses InitProducerId; producers on it must set `enable_idempotence=False` explicitly."""
        return self.kind != "tansu"


@dataclass(frozen=True)
class Mongo(_Held):
    """uri: a connection string that names the replica set."""

    uri: str = field(kw_only=True)
    kind: MongoKind = field(kw_only=True)
