"""What must be known of a feed to read its messages rightly; its profile says it, never the message."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

from shared.hl7.times import DateOrder


@dataclass(frozen=True)
class FeedFacts:
    """`zone` is an IANA name, `default_authority` the assigner of patient, account and visit numbers that name none,
    `provider_authority` the same for people, `charset` a Python codec that overrules MSH-18, `date_order` what is meant
    by 01/02/2026. `patient_fields` are the fields in which the site numbers its patients, of PID-2, PID-3 and PID-4:
    before v2.3.1 not all do so in PID-3 alone.

    Raises LookupError (ValueError for a zone that is no name at all) where a profile names what does not exist.
    """

    name: str
    zone: str
    default_authority: str = ""
    provider_authority: str = ""
    charset: str | None = None
    date_order: DateOrder = DateOrder.UNSAID
    patient_fields: tuple[Literal["PID-2", "PID-3", "PID-4"], ...] = ("PID-3",)

    def __post_init__(self) -> None:
        _ = self.tz
        if self.charset is not None:
            codecs.lookup(self.charset)

    @cached_property
    def tz(self) -> ZoneInfo:
        """The feed's zone."""
        return ZoneInfo(self.zone)
