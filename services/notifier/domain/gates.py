"""Why somebody who should know is not told: one table, the first row that holds is the reason.

The order goes from the feed and the message over the facts to the recipient and ends with what only this deployment
holds back, so that a shadow feed's record shows exactly who would have been told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.notifier.domain.address import is_address
from services.notifier.domain.audience import Candidate
from services.notifier.domain.model import Reason, Rules
from shared.schemas.encounters import AboutEncounter
from shared.schemas.envelope import Envelope, Label, Mode

PRODUCTION: Final = "P"  # HL7 table 0103


@dataclass(frozen=True, slots=True)
class Case:
    """One candidate for one event. A `correction` is owed to those who were told, so fewer rows hold it back."""

    envelope: Envelope
    data: AboutEncounter
    candidate: Candidate
    address: str
    rules: Rules
    superseded: bool
    correction: bool = False


def _too_old(case: Case) -> bool:
    return case.envelope.time - case.data.occurred_at > case.rules.greatest_age


def _allowed(case: Case) -> bool:
    if not is_address(case.address):
        return False
    address = case.address.casefold()
    return case.rules.live or address in case.rules.allow_list or _domain(address) in case.rules.allow_list


def _domain(address: str) -> str:
    return "@" + address.rpartition("@")[2]


_GATES: Final[tuple[tuple[Reason, bool, Callable[[Case], bool]], ...]] = (
    (Reason.MODE_OFF, True, lambda case: case.envelope.mode is Mode.OFF),
    (Reason.MODE_BACKLOAD, True, lambda case: case.envelope.mode is Mode.BACKLOAD),
    (Reason.NOT_PRODUCTION, True, lambda case: case.data.processing_id != PRODUCTION),
    (Reason.RESTRICTED, False, lambda case: is_restricted(case.envelope, case.data)),
    (Reason.IDENTITY_UNKNOWN, False, lambda case: case.data.patient.identity_unknown),
    (Reason.IDENTITY_DISPUTED, False, lambda case: case.data.patient.identity_disputed),
    (Reason.SUPERSEDED, False, lambda case: case.superseded),
    (Reason.TOO_OLD, False, _too_old),
    (Reason.NO_DIRECTORY_ENTRY, False, lambda case: case.candidate.unfound is Reason.NO_DIRECTORY_ENTRY),
    (Reason.AMBIGUOUS_IDENTIFIER, False, lambda case: case.candidate.unfound is Reason.AMBIGUOUS_IDENTIFIER),
    (Reason.INACTIVE, False, lambda case: case.candidate.entry is not None and not case.candidate.entry.active),
    (Reason.NOT_SUBSCRIBED, False, lambda case: not case.candidate.subscribed),
    (Reason.NO_CHANNEL, True, lambda case: not case.address),
    (Reason.NOT_ON_ALLOW_LIST, True, lambda case: not _allowed(case)),
    (Reason.MODE_SHADOW, True, lambda case: case.envelope.mode is Mode.SHADOW),
)
"""(reason, whether it holds back a correction too, when). What was told wrongly stays wrong though the withdrawal is
heard late and something newer stands: only what never reached a person, or may not, holds a correction back.
"""

GATES: Final = tuple(reason for reason, _, _ in _GATES)


def is_restricted(envelope: Envelope, data: AboutEncounter) -> bool:
    """42 CFR Part 2, behavioural health or a protected visit: nobody is told, and a correction names nobody."""
    return envelope.label is Label.RESTRICTED or data.encounter.protected


def reason_against(case: Case) -> Reason | None:
    """The first reason not to tell, or None: to be told."""
    return next(
        (reason for reason, corrections_too, holds in _GATES if _asked(case, corrections_too) and holds(case)), None
    )


def _asked(case: Case, corrections_too: bool) -> bool:
    return corrections_too or not case.correction
