"""Free loopback ports for servers that must come back on the same port after being killed.

Below the range the kernel takes client ports from: a client that keeps trying a dead port *inside* that range sooner or
later connects to itself, and then holds the port its server wants back.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

from demo.stack.process import StackError

LOOPBACK = "127.0.0.1"
_LOWEST = 15_000
_EPHEMERAL_FROM_DEFAULT = 32_768
_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_TRIES = 500


def free_ports(count: int) -> list[int]:
    """`count` different ports nothing listens on. Raises StackError if none are found."""
    highest = max(_ephemeral_from(), _LOWEST + 1_000)
    found: list[int] = []
    for candidate in _candidates(_LOWEST, highest):
        if candidate not in found and _is_free(candidate):
            found.append(candidate)
        if len(found) == count:
            return found
    raise StackError(f"no {count} free loopback ports between {_LOWEST} and {highest}: end what listens there")


def _candidates(low: int, high: int) -> Iterator[int]:
    for _ in range(_TRIES):
        yield low + secrets.randbelow(high - low)


def _ephemeral_from() -> int:
    with contextlib.suppress(OSError, ValueError):
        return int(_EPHEMERAL_RANGE.read_text().split()[0])
    return _EPHEMERAL_FROM_DEFAULT


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
