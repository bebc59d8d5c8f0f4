"""A message's segments by the patient they belong to, and by what they stand behind.

Position carries meaning in two places: a second PID begins a second patient (A17, A24, merges of several), and a ROL,
PRT or ARV belongs to the patient or to the visit by the segment it follows (HL7 v2.8 ch. 3.3.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from shared.hl7.er7 import Message, Segment


class Anchor(Enum):
    """What a following segment belongs to."""

    PATIENT = "patient"
    VISIT = "visit"
    OTHER = "other"


_ANCHORS = {
    "PID": Anchor.PATIENT,
    "PD1": Anchor.PATIENT,
    "NK1": Anchor.PATIENT,
    "PV1": Anchor.VISIT,
    "PV2": Anchor.VISIT,
    "OBX": Anchor.OTHER,
    "PR1": Anchor.OTHER,
    "GT1": Anchor.OTHER,
    "IN1": Anchor.OTHER,
}
_ANYBODYS = frozenset({"PD1", "NK1", "PV1", "PV2", "DG1", "IN1"})


class Group:
    """One PID and what follows it."""

    def __init__(self, pid: Segment, nothing: Segment) -> None:
        self._segments = [pid]
        self._nothing = nothing

    def next_merge(self) -> Group:
        """The same patient again, for the next MRG and what follows it (A45 moves several visits)."""
        following = Group(self._segments[0], self._nothing)
        practice = self.first("PD1")
        if practice is not self._nothing:
            following.add(practice)
        return following

    def add(self, segment: Segment) -> None:
        """Take the next segment of the message."""
        self._segments.append(segment)

    def precede(self, segments: list[Segment]) -> None:
        """Take segments that stood before this patient's PID, in their order."""
        self._segments[1:1] = segments

    def all(self, *names: str) -> list[Segment]:
        """Segments of these names, in order."""
        return [segment for segment in self._segments if segment.name in names]

    def first(self, name: str) -> Segment:
        """The first segment of that name, or an empty one."""
        return next((segment for segment in self._segments if segment.name == name), self._nothing)

    def anchored(self, *names: str) -> Iterator[tuple[Anchor, Segment]]:
        """Segments of these names, each with what it belongs to."""
        anchor = Anchor.PATIENT
        for segment in self._segments:
            anchor = _ANCHORS.get(segment.name, anchor)
            if segment.name in names:
                yield anchor, segment


def patient_groups(message: Message) -> list[Group]:
    """Every patient of the message, in order, one a MRG.

    What stands before the first PID is that patient's if there is no other, else nobody's: whose would it be?
    """
    groups: list[Group] = []
    early: list[Segment] = []
    for segment in message.all_segments():
        if segment.name == "PID":
            groups.append(Group(segment, message.nothing))
        elif groups:
            if segment.name == "MRG" and groups[-1].all("MRG"):
                groups.append(groups[-1].next_merge())
            groups[-1].add(segment)
        elif segment.name in _ANYBODYS:
            early.append(segment)
    if len(groups) == 1:
        groups[0].precede(early)
    return groups


def clears_all(segments: list[Segment]) -> bool:
    """A single segment with `""` in its first field deletes the whole set (HL7 v2.5.1 ch. 2.10.4)."""
    return len(segments) == 1 and segments[0].is_null(1)
