"""Of whom nothing may be told, from when on: 42 CFR Part 2, behavioural health, and what the hospital protects itself.

A unit protects a stay that was ever in it; PD1-12 and an ARV beside PID all stays of the patient, PV2-22 and an ARV
beside PV1 the one. It counts from the first message that says so, in whatever order they come.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from demo.oracle.facts import Pace

_OPEN: Final = frozenset({False})
INCIDENT: Final = "encounter.moved"
"""Names nobody, and is told to whoever answers for such things."""


class Shield(NamedTuple):
    """`since`: when that was heard first, None if never. `loose`: by a way on which it may have been overtaken."""

    since: datetime | None
    loose: bool

    def over(self, notice: str, at: datetime, known: datetime, pace: Pace) -> frozenset[bool]:
        """Is it over what is said at `at` because of what was `known` then? Both, where either may have come first.

        An alarm rings at its own time, of work that was known long before.
        """
        if self.since is None or notice == INCIDENT:
            return _OPEN
        if not self.loose and (known == at or self.since <= known):
            return frozenset({at >= self.since})
        near = abs(at - self.since) < pace.step
        return frozenset({True, False}) if near else frozenset({at >= self.since})

    def surely_from(self, pace: Pace) -> datetime | None:
        """From when on nothing may be told, whatever was overtaken."""
        return self.since + pace.step if self.since and self.loose else self.since
