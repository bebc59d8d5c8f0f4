"""MLLP framing without a socket: bytes in, whole payloads out, however the bytes were cut on the way.

A frame is VT, payload, FS, CR (HL7 v2 transport, MLLP release 1). What stands between frames is noise and is skipped.
A payload may hold VT or a lone FS; only FS CR ends it. It refuses to hold more than `limit` bytes of one payload.
"""

from __future__ import annotations

from dataclasses import dataclass

START = b"\x0b"
END = b"\x1c\r"
DEFAULT_LIMIT = 1024 * 1024
_KEPT = 4096


@dataclass(frozen=True, slots=True)
class TooLarge:
    """Stands in place of a payload above the limit; `head` is its beginning, enough to read MSH and answer."""

    head: bytes


def frame(payload: bytes) -> bytes:
    """Wrap one payload for the wire."""
    return START + payload + END


class FrameDecoder:
    """Feed it what a connection received; the same bytes give the same frames in any chunks, in linear time."""

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._held = bytearray()
        self._seen = 0
        self._inside = False
        self._draining = False

    @property
    def idle(self) -> bool:
        """No frame has begun that has not ended: the connection may be closed without losing a message."""
        return not self._inside

    def feed(self, data: bytes) -> list[bytes | TooLarge]:
        """Return the payloads that these bytes complete, in order; `TooLarge` at once when one grows too large."""
        self._held += data
        found: list[bytes | TooLarge] = []
        while self._enter() and self._advance(found):
            pass
        return found

    def _enter(self) -> bool:
        """Skip noise up to a start byte; tell whether we are inside a frame."""
        if not self._inside:
            start = self._held.find(START)
            del self._held[: start + 1 if start >= 0 else len(self._held)]
            self._inside, self._seen = start >= 0, 0
        return self._inside

    def _advance(self, found: list[bytes | TooLarge]) -> bool:
        """Take one frame's end if it is here; tell whether there may be more to read."""
        end = self._held.find(END, self._seen)
        known = end if end >= 0 else len(self._held) - self._held.endswith(END[:1])
        if not self._draining and known > self._limit:
            found.append(TooLarge(bytes(self._held[: min(self._limit, _KEPT)])))
            self._draining = True
        if end < 0:
            self._wait(known)
            return False
        if not self._draining:
            found.append(bytes(self._held[:end]))
        del self._held[: end + len(END)]
        self._inside = self._draining = False
        return True

    def _wait(self, known: int) -> None:
        """Remember how far we looked; of a frame that is only drained, keep nothing but a possible half end."""
        if self._draining:
            del self._held[:known]
            known = 0
        self._seen = known
