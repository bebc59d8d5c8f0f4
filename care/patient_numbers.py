"""The patient numbers of a hospital's messages: which of them tell patients apart, and which seem to be nobody's."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Final

from care.census import SEVERAL, Part, Rows, Seen, shape, shown
from services.admissions.domain.identity import usable
from shared.codes import is_pattern
from shared.feeds import FeedProfile

_NOBODY: Final = frozenset({"UNKNOWN", "UNK", "NONE", "NA", "N/A", "TEST", "TEMP", "PENDING", "12345678", "123456789"})


class Numbers(Part):
    """Whose numbers are sent in PID-3, and which of them tell patients apart."""

    title = "Patient numbers (PID-3) by authority and type"
    heads = ("authority", "type", "messages", "what is made of it")

    def __init__(self, profile: FeedProfile) -> None:
        self._profile = profile
        self._found: Counter[tuple[str, str]] = Counter()
        self._persons: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._without = 0

    def see(self, seen: Seen) -> None:
        """As in `Part`."""
        numbers = seen.event.patient.identifiers or ()
        for key in {(one.assigner.strip().upper(), one.type.strip().upper()) for one in numbers}:
            self._found[key] += 1
            self._persons[key].add(seen.person)
        self._without += not usable(numbers, self._profile)

    def rows(self) -> Rows:
        """As in `Part`."""
        for (authority, kind), count in sorted(self._found.items()):
            patients = len(self._persons[authority, kind])
            known = (self._profile.trusts(authority), self._profile.type_of(kind) in self._profile.identifier_types)
            names = (
                shown(name, SEVERAL if is_ours else patients) if name else "(none)"
                for name, is_ours in zip((authority, kind), known, strict=True)
            )
            yield *names, str(count), self._use(authority, kind)
        if self._without:
            yield "", "", str(self._without), "WITHOUT any usable number: each such message is a patient of its own"

    def _use(self, authority: str, kind: str) -> str:
        if authority and not self._profile.trusts(authority):
            return "not used: the authority is not trusted"
        if kind and self._profile.type_of(kind) not in self._profile.identifier_types:
            return "not used: the type is not among identifier_types"
        return "tells patients apart" if kind else "used where it is the only number"


class Placeholders(Part):
    """Numbers that seem to be nobody's: of several birth dates, or of one digit over and over."""

    title = "Numbers that look like placeholders (setting `placeholders`)"
    heads = ("number", "messages", "birth dates", "first seen in")

    def __init__(self, profile: FeedProfile) -> None:
        self._profile = profile
        self._born: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self._seen: Counter[tuple[str, str, str]] = Counter()
        self._first: dict[tuple[str, str, str], str] = {}

    def see(self, seen: Seen) -> None:
        """As in `Part`; only numbers that would tell patients apart matter."""
        for number in usable(seen.event.patient.identifiers, self._profile):
            key = number.assigner, number.type, number.value
            self._seen[key] += 1
            self._first.setdefault(key, seen.place)
            if seen.event.patient.birth_date:
                self._born[key].add(seen.event.patient.birth_date)

    def rows(self) -> Rows:
        """As in `Part`."""
        for key, count in self._seen.most_common():
            authority, kind, value = key
            dates = len(self._born[key])
            if dates >= SEVERAL or _of_nobody(value):
                told = value if _of_nobody(value) else shape(value)
                yield f"{authority} {kind} {told}", str(count), str(dates), self._first[key]


class Patterns(Part):
    """What each pattern of `placeholders` and `test_numbers` meets: one that meets nothing is perhaps mistyped."""

    title = "Patterns of the profile, and what they meet"
    heads = ("setting", "pattern", "messages")

    def __init__(self, profile: FeedProfile) -> None:
        settings = {"placeholders": profile.placeholders, "test_numbers": profile.test_numbers}
        self._patterns = [(name, text, _meets(text)) for name, texts in settings.items() for text in texts]
        self._found: Counter[tuple[str, str]] = Counter()

    def see(self, seen: Seen) -> None:
        """As in `Part`."""
        numbers = [one.value.strip() for one in seen.event.patient.identifiers or ()]
        for name, text, pattern in self._patterns:
            self._found[name, text] += any(pattern.fullmatch(number) for number in numbers)

    def rows(self) -> Rows:
        """As in `Part`; the patterns are the profile's own text."""
        for name, text, _ in self._patterns:
            count = self._found[name, text]
            yield name, text, str(count) if count else "0: it meets no number in these files"


def _meets(text: str) -> re.Pattern[str]:
    return re.compile(text[1:-1] if is_pattern(text) else re.escape(text), re.IGNORECASE)


def _of_nobody(value: str) -> bool:
    return value in _NOBODY or (len(value) > 1 and len(set(value)) == 1)
