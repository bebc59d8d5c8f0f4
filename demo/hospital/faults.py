"""What goes wrong with what a hospital sends, and how often. Seeded, and each fault is known to whoever looks.

A message is harmed in its bytes (`Harm`) or in its way (`Delivery`). What a harmed message still means is decided by
where it is harmed: without PID it cannot be read, a torn last segment takes nothing of the stay with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

_OFFSETS: Final = re.compile(rb"(\|\d{14})[+-]\d{4}(?=[|\r])")
_DETAILS_END: Final = b"\rIN1|"
_PATIENT: Final = b"\rPID|"


class Harm(StrEnum):
    """What happened to the bytes."""

    NONE = "none"
    CUT_LATE = "cut-late"  # within IN1, the last segment: everything of the stay can still be read
    CUT_EARLY = "cut-early"  # within EVN: nobody can say whom it is about
    NO_OFFSETS = "no-offsets"  # every time is local, without saying where
    POISONED = "poisoned"  # the patient is left out


UNREADABLE: Final = frozenset({Harm.CUT_EARLY, Harm.POISONED})


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares of the messages, each from 0 to 1. The default is what every real feed does now and then.

    `twice`: the same bytes once more. `overtaken`: sent behind its patient's next one. `delayed`: sent later, but still
    before that. `cut`: torn off, half of them where it hurts. `mis_zoned`: without offsets. `poisoned`: unreadable.
    """

    twice: float = 0.05
    overtaken: float = 0.03
    delayed: float = 0.0
    cut: float = 0.0
    mis_zoned: float = 0.0
    poisoned: float = 0.0


USUAL: Final = Faults()


def harm_of(rng: Random, faults: Faults) -> Harm:
    """What happens to one message. Draws once."""
    luck = rng.random()
    steps = (
        (faults.cut / 2, Harm.CUT_LATE),
        (faults.cut / 2, Harm.CUT_EARLY),
        (faults.mis_zoned, Harm.NO_OFFSETS),
        (faults.poisoned, Harm.POISONED),
    )
    for share, harm in steps:
        if luck < share:
            return harm
        luck -= share
    return Harm.NONE


def harmed(body: bytes, harm: Harm) -> tuple[bytes, Harm]:
    """The bytes after the harm, and the harm that was done: what has no IN1 cannot be torn there, and what is about two
    patients is still about one without the first.
    """
    if harm is Harm.NO_OFFSETS:
        return _OFFSETS.sub(rb"\1", body), harm
    if harm is Harm.CUT_LATE and _DETAILS_END in body:
        return body[: body.index(_DETAILS_END) + 12], harm
    if harm is Harm.CUT_EARLY and _PATIENT in body:
        return body[: body.index(_PATIENT) - 6], harm
    if harm is Harm.POISONED and body.count(_PATIENT) == 1:
        start = body.index(_PATIENT)
        return body[:start] + body[body.index(b"\r", start + 1) :], harm
    return body, Harm.NONE
