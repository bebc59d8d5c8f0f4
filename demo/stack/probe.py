"""One Kafka Metadata request over a bare socket: does a broker answer, and does it know itself as registered?

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


def broker_count(host: str, port: int) -> int:
    """How many live brokers the one at this address knows of. Raises OSError if nothing answers Kafka's protocol."""
    with socket.create_connection((host, port), _TIMEOUT_S) as connection:
        connection.sendall(struct.pack(">i", len(_REQUEST)) + _REQUEST)
        (size,) = struct.unpack(">i", _read(connection, 4))
        correlation, brokers = struct.unpack_from(">ii", _read(connection, min(size, 8)))
    if correlation != _CORRELATION:
        raise ConnectionError("the answer is not one to a Kafka request")
    return int(brokers)


def takes_records(bootstrap: str) -> bool:
    """True if one of the comma-separated addresses answers with at least one live broker."""
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        try:
            if broker_count(host.strip("[]"), int(port)) > 0:
                return True
        except (OSError, ValueError, struct.error):
            continue
    return False


def _read(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise ConnectionError("closed before the answer was whole")
        data += piece
    return data
