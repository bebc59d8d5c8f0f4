"""What a message says of identities: merges, moves and renames of patients, accounts and visits. Facts, and no more.

One of each group of PID and MRG. They are kept for ever and ordered by stamp; what follows from them (who is one
person, whose stay it is) is computed elsewhere. A group that lacks what its trigger needs is refused with a code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from pydantic import AwareDatetime

from services.admissions.domain import identity
from shared.feeds import FeedProfile
from shared.schemas.adt import AdtEvent, Encounter, Patient
from shared.schemas.envelope import derived_id
from shared.schemas.identifiers import Contract, Identifier

MERGE, MOVE, RENAME, SAME, DIFFERENT, UNDO = "merge", "move", "rename", "same", "different", "undo"
SETTLED: Final = "settled"
PATIENT, ACCOUNT, VISIT = "patient", "account", "visit"

NO_NUMBER: Final = "no-number"
NO_PRIOR_NUMBER: Final = "no-prior-number"


class Incomplete(Exception):
    """A group that lacks a number which its trigger needs. `code` says which side; it holds nothing of a patient."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Repair(Contract):
    """One repair. `sources` gives way to `targets`: claims of patients, `account:AUTHORITY:N`, `visit:AUTHORITY:N`.

    `record` is the best number of the patient under whom the sources stand, `into` of the one of the targets. `by` is
    the feed, or who decided. One of the kind undo names what it undoes, the kind of that as its `trigger`. One of the
    kind settled has a review's code as its level, what that is about as its source, how much was seen as its target.
    """

    repair_id: str
    kind: str
    level: str
    sources: tuple[str, ...]
    targets: tuple[str, ...] = ()
    record: str = ""
    into: str = ""
    stamp: str
    occurred: AwareDatetime
    trigger: str = ""
    by: str = ""


class _Group(NamedTuple):
    """One PID with its MRG. `realm` is what claims begin with: the tenant and MSH-11."""

    patient: Patient
    encounter: Encounter
    profile: FeedProfile
    tenant: str
    processing_id: str

    def claims(self, identifiers: tuple[Identifier, ...] | None) -> tuple[str, ...]:
        found = identity.usable(identifiers, self.profile)
        return tuple(identity.claim_of(one, self.tenant, self.processing_id) for one in found)

    @property
    def present(self) -> tuple[str, ...]:
        """PID-3, best first."""
        return self.claims(self.patient.identifiers)

    @property
    def prior(self) -> tuple[str, ...]:
        """MRG-1, else MRG-4 of the older forms (A18, A30, A34, A39, A46)."""
        older = (self.patient.prior_patient_id,) if self.patient.prior_patient_id else ()
        return self.claims(self.patient.prior_identifiers) or self.claims(older)

    def numbered(self, kind: str, *numbers: Identifier | None) -> tuple[str, ...]:
        sent = [one for one in numbers if one is not None and one.value.strip()]
        return tuple(
            f"{kind}:{one.assigner.strip().upper() or self.profile.default_authority}:{one.value.strip().upper()}"
            for one in sent
        )


class _Rule(NamedTuple):
    """What a trigger repairs, and where its two sides are."""

    kind: str
    level: str
    sides: Callable[[_Group], tuple[tuple[str, ...], tuple[str, ...]]]


def _patients(group: _Group) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return group.prior, group.present


def _renamed(group: _Group) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Matched by authority and type: a number that stands on both sides is what did not change."""
    kept = {*group.prior} & {*group.present}
    return tuple(one for one in group.prior if one not in kept), tuple(one for one in group.present if one not in kept)


def _external(group: _Group) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return group.prior, group.claims(group.patient.external_identifiers) or group.present


def _accounts(group: _Group) -> tuple[tuple[str, ...], tuple[str, ...]]:
    sent = group.encounter
    return group.numbered(ACCOUNT, sent.prior_account_number), group.numbered(ACCOUNT, sent.account_number)


def _visits(group: _Group) -> tuple[tuple[str, ...], tuple[str, ...]]:
    sent = group.encounter
    return group.numbered(VISIT, sent.prior_visit_number), group.numbered(VISIT, sent.visit_number)


def _alternates(group: _Group) -> tuple[tuple[str, ...], tuple[str, ...]]:
    sent = group.encounter
    prior = group.numbered(VISIT, *(sent.prior_alternate_visit_ids or ()))
    return prior, group.numbered(VISIT, *(sent.alternate_visit_ids or ()))


_MERGE_PATIENT: Final = _Rule(MERGE, PATIENT, _patients)
_MERGE_ACCOUNT: Final = _Rule(MERGE, ACCOUNT, _accounts)
RULES: Final[Mapping[str, tuple[_Rule, ...]]] = {
    "A18": (_MERGE_PATIENT,),
    "A30": (_MERGE_PATIENT,),
    "A34": (_MERGE_PATIENT,),
    "A35": (_MERGE_ACCOUNT,),
    "A36": (_MERGE_PATIENT, _MERGE_ACCOUNT),
    "A39": (_MERGE_PATIENT,),
    "A40": (_MERGE_PATIENT,),
    "A41": (_MERGE_ACCOUNT,),
    "A42": (_Rule(MERGE, VISIT, _visits),),
    "A43": (_Rule(MOVE, PATIENT, _patients),),
    "A44": (_Rule(MOVE, ACCOUNT, _accounts),),
    "A45": (_Rule(MOVE, VISIT, _visits),),
    "A46": (_Rule(RENAME, PATIENT, _external),),
    "A47": (_Rule(RENAME, PATIENT, _renamed),),
    "A49": (_Rule(RENAME, ACCOUNT, _accounts),),
    "A50": (_Rule(RENAME, VISIT, _visits),),
    "A51": (_Rule(RENAME, VISIT, _alternates),),
}
"""HL7 v2.5.1 ch. 3.3.18, .30, .34 to .36, .39 to .47, .49 to .51; which side is MRG's: ch. 3.4.9."""


def repairs_of(
    event: AdtEvent, profile: FeedProfile, source: Iterable[str], stamp: str, occurred: AwareDatetime
) -> tuple[Repair, ...]:
    """The repairs of a message, each group's in order; none of a trigger that repairs nothing.

    `source` is what the message is known again by. Raises Incomplete: `no-number`, `no-prior-number`.
    """
    rules = RULES.get(event.trigger, ())
    found: list[Repair] = []
    for group in _groups(event, profile) if rules else ():
        for rule in rules:
            part = str(len(found))
            found.append(_repair(rule, group, derived_id("repair", *source, part), event.trigger, stamp, occurred))
    return tuple(found)


def _groups(event: AdtEvent, profile: FeedProfile) -> tuple[_Group, ...]:
    processing = identity.processing_of(event.processing_id)
    pairs = [(event.patient, event.encounter), *((one.patient, one.encounter) for one in event.other_patients)]
    return tuple(_Group(patient, encounter, profile, profile.tenant, processing) for patient, encounter in pairs)


def _repair(rule: _Rule, group: _Group, repair_id: str, trigger: str, stamp: str, occurred: AwareDatetime) -> Repair:
    sources, targets = rule.sides(group)
    present = group.present
    if not sources or (rule.kind == MOVE and not group.prior):  # whose it was, who was told of it
        raise Incomplete(NO_PRIOR_NUMBER)
    if not targets or not present:
        raise Incomplete(NO_NUMBER)
    return Repair(
        repair_id=repair_id,
        kind=rule.kind,
        level=rule.level,
        sources=sources,
        targets=targets,
        record=next(iter(group.prior), present[0]),
        into=present[0],
        stamp=stamp,
        occurred=occurred,
        trigger=trigger,
        by=group.profile.feed,
    )
