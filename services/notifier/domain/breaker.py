"""Leaves an endpoint alone that cannot be reached, so that it costs the waiting deliveries no attempt. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notifier.domain.retry import Kind


@dataclass(frozen=True, slots=True)
class Breaker:
    """Closed until `threshold` attempts in a row could not reach the endpoint; then open for `cool_down`; then one
    probe at a time until one reaches it.
    """

    threshold: int
    cool_down: timedelta
    failures: int = 0
    open_until: datetime | None = None

    def allows(self, now: datetime, under_way: int, limit: int) -> int:
        """How many attempts may begin now."""
        if self.open_until is None:
            return max(0, limit - under_way)
        return 1 if now >= self.open_until and not under_way else 0

    def after(self, kind: Kind, now: datetime) -> Breaker:
        """The breaker after an attempt ended."""
        if kind is not Kind.UNREACHABLE:
            return Breaker(self.threshold, self.cool_down)
        failures = self.failures + 1
        open_until = now + self.cool_down if failures >= self.threshold else None
        return Breaker(self.threshold, self.cool_down, failures, open_until)
