"""What the engine waits out: MongoDB or Kafka away. Anything else is a bug or the end of the process."""

from __future__ import annotations


class Away(Exception):
    """A driver could not do its work now, and may or may not have done it.

    `what` is kafka or mongodb, `code` a class name. Whoever catches it loads again and decides again: ids are
    derived, so what was done is known again.
    """

    def __init__(self, what: str, code: str) -> None:
        super().__init__(f"{what}: {code}")
        self.what = what
        self.code = code


class Abandoned(Exception):
    """A commit was refused because the group moved on. Nothing is lost: who has the partition now hears it again."""


class OutputTooLarge(Exception):
    """A record above the broker's limit. Found before anything is saved, so it is the heard record that is refused."""


def where(error: BaseException) -> str:
    """The function and line an error came from: never its text, which may quote a record."""
    tb = error.__traceback__
    while tb is not None and tb.tb_next is not None:
        tb = tb.tb_next
    return f"{tb.tb_frame.f_code.co_name}:{tb.tb_lineno}" if tb else "?"
