"""What a sender is answered in HL7's words, whatever its door: one acknowledgement a message, one batch a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from services.gateway.domain.message import NOT_ADT
from services.gateway.handlers.intake import BatchOutcome, Outcome
from shared.feeds import FeedProfile
from shared.hl7.ack import ErrorCode, Family, Verdict, build_ack, build_nak
from shared.hl7.batch_ack import build_batch_ack

# HL7 table 0357 has no word for most of these; 207 where none is near
_ERRORS: Final = {
    "empty": ErrorCode.SEGMENT_SEQUENCE,
    "no-msh": ErrorCode.SEGMENT_SEQUENCE,
    "bad-separators": ErrorCode.REQUIRED_FIELD,
    "undecodable": ErrorCode.DATA_TYPE,
    NOT_ADT: ErrorCode.UNSUPPORTED_TYPE,
}
_FAMILIES: Final = {"original": Family.ORIGINAL, "enhanced": Family.ENHANCED}


def answer(outcome: Outcome, profile: FeedProfile, at: datetime, control_id: str) -> bytes | None:
    """The unframed acknowledgement; None where the sender asked for none (MSH-15, HL7 v2.5.1 ch. 2.9.3).

    `at` and `control_id` become our MSH-7 and MSH-10.
    """
    error = _ERRORS.get(outcome.code, ErrorCode.INTERNAL)
    if outcome.header is None:
        return build_nak(at=dtm(at), control_id=control_id, error=error)
    verdict = Verdict.REJECT if outcome.code else Verdict.ACCEPT
    family = _FAMILIES.get(profile.acknowledgement.mode)
    return build_ack(outcome.header, verdict, at=dtm(at), control_id=control_id, error=error, family=family)


def batch_answer(outcome: BatchOutcome, profile: FeedProfile, at: datetime, next_id: Callable[[], str]) -> bytes | None:
    """The unframed batch of acknowledgements (HL7 v2.5.1 ch. 2.10.3); empty where none of its messages wants one.

    Several messages that came without a batch are answered as their first one, once: a sender that knows of no batch
    waits for that. It is refused if any of them is; None where it wants no answer.
    """
    if outcome.batch is None:
        code = next((one.code for one in outcome.outcomes if one.code), "")
        return answer(replace(outcome.outcomes[0], code=code), profile, at, next_id())
    answers = [answer(one, profile, at, next_id()) for one in outcome.outcomes]
    return build_batch_ack(outcome.batch, [one for one in answers if one], at=dtm(at), control_id=next_id())


def dtm(at: datetime) -> str:
    """A moment as HL7 writes it, in UTC with its offset and milliseconds (HL7 v2.5.1 ch. 2A.22)."""
    moment = at.astimezone(UTC)
    return f"{_to_the_second(moment.replace(microsecond=0))}.{moment.microsecond // 1000:03d}+0000"


@lru_cache(maxsize=8)
def _to_the_second(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S}"
