"""What one sender may cost: every wait has an end, and what is held for it has a bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.hl7.mllp import DEFAULT_LIMIT

ACCEPT_QUEUE: Final = 128
LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one door. Times in seconds, sizes in bytes.

    A connection may be silent for `idle`; a frame or a body that has begun ends within `frame`; our answers are read
    within `frame` too. `at_once`: messages of one MLLP connection stored at the same time; it is answered in order all
    the same. `per_peer`: connections of one address to an MLLP door; the HTTP door knows its senders by token.
    """

    message: int = DEFAULT_LIMIT
    idle: float = 600.0
    frame: float = 30.0
    connections: int = 256
    per_peer: int = 64
    at_once: int = 32
    stop: float = 10.0
