"""Why somebody who should know is not told: one table, the first row that holds is the reason.

The order goes from the feed and the message over the facts to the recipient and ends with what only this deployment
holds back, so that a shadow feed's record shows exactly who would have been told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from services.notifier.domain.address import is_address
from services.notifier.domain.audience import Candidate
from services.notifier.domain.model import Reason, Rules
from shared.schemas.encounters import AboutEncounter
from shared.schemas.envelope import Envelope, Label, Mode

PRODUCTION: Final = "P"  # HL7 table 0103

Kind = Literal["notice", "incident", "correction"]
EVERY: Final[frozenset[Kind]] = frozenset({"notice", "incident", "correction"})
NOTICES: Final[frozenset[Kind]] = frozenset({"notice"})
NEWS: Final = EVERY - {"correction"}


@dataclass(frozen=True, slots=True)
class Case:
    """One candidate for one event. A correction is owed to those who were told, an incident names nobody and stays one
    however old: fewer rows hold them back.
    """

    envelope: Envelope
    data: AboutEncounter
    candidate: Candidate
    address: str
    rules: Rules
    superseded: bool
    kind: Kind = "notice"


def _too_old(case: Case) -> bool:
    """Older than the feed, else the deployment, lets news be; a stay said anew after a repair is not news of today."""
    own = timedelta(seconds=case.data.encounter.greatest_age_s)
    age = case.envelope.time - case.data.occurred_at
    return not case.data.encounter.rebuilt and age > (own or case.rules.greatest_age)


def _allowed(case: Case) -> bool:
    if not is_address(case.address):
        return False
    address = case.address.casefold()
    return case.rules.live or address in case.rules.allow_list or _domain(address) in case.rules.allow_list


def _domain(address: str) -> str:
    return "@" + address.rpartition("@")[2]


_GATES: Final[tuple[tuple[Reason, frozenset[Kind], Callable[[Case], bool]], ...]] = (
    (Reason.MODE_OFF, EVERY, lambda case: case.envelope.mode is Mode.OFF),
    (Reason.MODE_BACKLOAD, EVERY, lambda case: case.envelope.mode is Mode.BACKLOAD),
    (Reason.NOT_PRODUCTION, EVERY, lambda case: case.data.processing_id != PRODUCTION),
    (Reason.QUIET_REPLAY, EVERY, lambda case: case.envelope.quiet),
    (Reason.RESTRICTED, NOTICES, lambda case: is_restricted(case.envelope, case.data)),
    (Reason.IDENTITY_UNKNOWN, NOTICES, lambda case: case.data.patient.identity_unknown),
    (Reason.IDENTITY_DISPUTED, NOTICES, lambda case: case.data.patient.identity_disputed),
    (Reason.SUPERSEDED, NOTICES, lambda case: case.superseded),
    (Reason.TOO_OLD, NOTICES, _too_old),
    (Reason.NO_DIRECTORY_ENTRY, NEWS, lambda case: case.candidate.unfound is Reason.NO_DIRECTORY_ENTRY),
    (Reason.AMBIGUOUS_IDENTIFIER, NEWS, lambda case: case.candidate.unfound is Reason.AMBIGUOUS_IDENTIFIER),
    (
        Reason.INACTIVE,
        NEWS,
        lambda case: case.candidate.entry is not None and not case.candidate.entry.active,
    ),
    (Reason.NOT_SUBSCRIBED, NEWS, lambda case: not case.candidate.subscribed),
    (Reason.NO_CHANNEL, EVERY, lambda case: not case.address),
    (Reason.NOT_ON_ALLOW_LIST, EVERY, lambda case: not _allowed(case)),
    (Reason.MODE_SHADOW, EVERY, lambda case: case.envelope.mode is Mode.SHADOW),
)
"""(reason, what it holds back, when). What was told wrongly stays wrong though its withdrawal is heard late: only what
never reached a person, or may not, holds a correction back.
"""

GATES: Final = tuple(reason for reason, _, _ in _GATES)


def is_restricted(envelope: Envelope, data: AboutEncounter) -> bool:
    """42 CFR Part 2, behavioural health or a protected visit: nobody is told, and a correction names nobody."""
    return envelope.label is Label.RESTRICTED or data.encounter.protected


def reason_against(case: Case) -> Reason | None:
    """The first reason not to tell, or None: to be told."""
    return next((reason for reason, kinds, holds in _GATES if case.kind in kinds and holds(case)), None)
