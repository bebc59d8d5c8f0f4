"""What is worked out of several stays of one person and carried by each: a return to hospital, a risk of one.

Values only; the rules that make them are admissions' own, and each value names its rule's edition or its inputs.
"""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from shared.schemas.identifiers import Contract


class Return(Contract):
    """Another stay of the same person that belongs to this one.

    `kind` is a code: unplanned, planned, transfer, ed-return, observation-return. `encounter_id` is the other stay,
    "" where that is protected and this one is not: then nothing but `kind` and `days` is told of it.
    `days` counts local calendar days from the discharge of the earlier to the begin of the later one. `elsewhere`: the
    later one is at another facility. `index_disposition`: how the earlier one ended (NUBC UB-04 FL17, "" unknown).
    """

    kind: str
    encounter_id: str
    days: int
    elsewhere: bool = False
    index_disposition: str = ""


class RiskScore(Contract):
    """A score with the bounds that its missing inputs leave: `low` ≤ `value` ≤ `high`.

    `algorithm` and `version` name the table of weights. `inputs` holds what was counted, by name; `missing` names what
    was never sent. `state` is a code: `provisional` while an input may still come, else `final`.
    """

    algorithm: str
    version: int
    value: int
    low: int
    high: int
    inputs: dict[str, str] = Field(default_factory=dict)
    missing: tuple[str, ...] = ()
    state: str = "provisional"
    as_of: AwareDatetime
