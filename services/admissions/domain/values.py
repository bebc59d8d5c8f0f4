"""What stands in the fields of a stay: the last word among its registers and the own fields of the facts that hold.

A fact takes its fields with it: a transfer that is taken back gives the bed back, whatever came in between and in
whatever order, and nobody has to remember what was there before.
"""

from __future__ import annotations

from services.admissions.domain.fold import Standing
from services.admissions.domain.lifecycle import Stage
from services.admissions.domain.model import Register, Registers, Unmapped


def standing_values(ground: Registers, standing: Standing) -> Registers:
    """The registers with the own fields of what holds laid over them, by stamp; of codes, what they mean."""
    found = sent_values(ground, standing)
    standing.codes.meant(found)
    return found


def unmapped(ground: Registers, standing: Standing) -> tuple[Unmapped, ...]:
    """The codes of the stay that nobody knows; of one that never was it does not matter."""
    if standing.stage is Stage.CANCELLED:
        return ()
    return standing.codes.unmapped(sent_values(ground, standing), is_over=standing.discharged is not None)


def sent_values(ground: Registers, standing: Standing) -> Registers:
    """The same, with the codes as they were sent."""
    found = dict(ground)
    for fact in standing.holding:
        for name, value in fact.own.items():
            if name not in found or found[name].stamp < fact.stamp:
                found[name] = Register(stamp=fact.stamp, value=value)
    return found
