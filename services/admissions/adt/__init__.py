"""Segments to facts: one HL7 v2 message becomes one `AdtEvent`, by the feed it came from.

It says what the message says and decides nothing: identity, state and consequence belong to `domain`.
"""

from services.admissions.adt.event import NotAdt, read_adt
from services.admissions.adt.feed import FeedFacts
from services.admissions.adt.reading import FLAGS
from services.admissions.adt.visit import in_two_digits

__all__ = ["FLAGS", "FeedFacts", "NotAdt", "in_two_digits", "read_adt"]
