"""One Kafka request over a bare socket: does a broker answer, and does it know itself as registered?

A TCP connect is not enough: a KRaft broker listens before it is unfenced and can take records. A client library would
be too much: the callers are synchronous, and this module is all that the stack knows of Kafka's protocol.
"""

from __future__ import annotations

import socket
import struct

_METADATA_KEY, _METADATA_VERSION = 3, 1  # v1: an empty topic array asks for the brokers alone
_CORRELATION = 1
_REQUEST = struct.pack(">hhihi", _METADATA_KEY, _METADATA_VERSION, _CORRELATION, -1, 0)
_TIMEOUT_S = 2.0
_LARGEST_ANSWER = 1024 * 1024


def ask(host: str, port: int, request: bytes) -> bytes:
    """One request, its whole answer (both without their length). Raises OSError."""
    with socket.create_connection((host, port), _TIMEOUT_S) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        (size,) = struct.unpack(">i", _read(connection, 4))
        if not 0 < size <= _LARGEST_ANSWER:
            raise ConnectionError("the answer is not one to a Kafka request")
        return _read(connection, size)


def broker_count(host: str, port: int) -> int:
    """How many live brokers the one at this address knows of. Raises OSError if nothing answers Kafka's protocol."""
    correlation, brokers = struct.unpack_from(">ii", ask(host, port, _REQUEST))
    if correlation != _CORRELATION:
        raise ConnectionError("the answer is not one to a Kafka request")
    return int(brokers)


def addresses(bootstrap: str) -> list[tuple[str, int]]:
    """`host:port,[::1]:port` taken apart. Raises ValueError where a port is no number."""
    parts = (address.strip().rpartition(":") for address in bootstrap.split(","))
    return [(host.strip("[]"), int(port)) for host, _, port in parts]


def takes_records(bootstrap: str) -> bool:
    """True if one of the comma-separated addresses answers with at least one live broker. Raises ValueError."""
    return any(_answers(host, port) for host, port in addresses(bootstrap))


def _answers(host: str, port: int) -> bool:
    try:
        return broker_count(host, port) > 0
    except (OSError, struct.error):
        return False


def _read(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise ConnectionError("closed before the answer was whole")
        data += piece
    return data
