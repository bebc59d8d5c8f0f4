"""What one sender may cost: every wait has an end, and what is held for it has a bound."""

from __future__ import annotations

from dataclasses import dataclass

from shared.hl7.mllp import DEFAULT_LIMIT


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one MLLP door. Times in seconds, sizes in bytes.

    A connection may be silent for `idle`; a frame that has begun ends within `frame`; our answers are read within
    `frame` too. `at_once`: messages of one connection stored at the same time; it is answered in order all the same.
    """

    message: int = DEFAULT_LIMIT
    idle: float = 600.0
    frame: float = 30.0
    connections: int = 256
    per_peer: int = 64
    at_once: int = 32
    stop: float = 10.0
