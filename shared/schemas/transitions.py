"""`care.transitions.v1`: the transition of care that a discharge opens, its pathway and its deadlines.

Subject of the stream: the transition. A deadline can always be derived again: it names its rule, the rule's version and
carries its inputs.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.schemas.encounters import AboutEncounter, When
from shared.schemas.identifiers import Contract

TransitionStatus = Literal["open", "withdrawn", "closed"]


class Deadline(Contract):
    """One clock that the discharge started.

    `code` names the work (contact, home-visit, medication-reconciliation, practitioner-visit ...). It may be done from
    `opens_at` and is due at `due_at`, inclusive, both UTC instants; `zone` is the IANA zone it was counted in.
    `rule`, `rule_version` and `inputs` derive it again; `basis` cites the rule's source; `flags` tell what was assumed.
    """

    code: str
    opens_at: AwareDatetime
    due_at: AwareDatetime
    zone: str
    rule: str
    rule_version: int
    basis: str
    inputs: dict[str, str] = Field(default_factory=dict)
    flags: tuple[str, ...] = ()


class TransitionState(Contract):
    """What stands of the transition. `reason` is a code: why it was withdrawn or closed, or why it is open with nothing
    to do (`readmitted`; `withheld` where that would tell of a protected stay), else "".
    """

    transition_id: str
    encounter_id: str
    discharge_version: int
    status: TransitionStatus
    pathway: str
    pathway_version: int
    discharged_at: When
    deadlines: tuple[Deadline, ...] = ()
    reason: str = ""


class TransitionEvent(AboutEncounter):
    """An event of `care.transitions.v1`."""

    TOPIC: ClassVar[str] = "care.transitions.v1"
    transition: TransitionState


class TransitionOpened(TransitionEvent):
    """A discharge stands and what must follow it is decided."""

    TYPE: ClassVar[str] = "transition.opened.v1"


class TransitionUpdated(TransitionEvent):
    """The pathway, a deadline or what is carried along changed."""

    TYPE: ClassVar[str] = "transition.updated.v1"


class TransitionWithdrawn(TransitionEvent):
    """Its discharge does not stand; withdraws what was opened."""

    TYPE: ClassVar[str] = "transition.withdrawn.v1"


class TransitionClosed(TransitionEvent):
    """Nothing more is to follow; `transition.reason` says why (e.g. deceased)."""

    TYPE: ClassVar[str] = "transition.closed.v1"
