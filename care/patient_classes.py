"""A08 messages whose patient class is another than the visit's before: what that means is a decision, `a08_class`."""

from __future__ import annotations

from collections import Counter, defaultdict

from care.census import Part, Rows, Seen, shown
from shared.feeds import FeedProfile


class Classes(Part):
    """Counts them in the order of the files; of a message without visit number or class nothing can be said."""

    title = "A08 with another patient class than the visit had before (setting `a08_class`)"
    heads = ("class before", "class in the A08", "messages", "as the profile says", "first seen in")

    def __init__(self, profile: FeedProfile) -> None:
        self._profile = profile
        self._last: dict[tuple[str, str], str] = {}
        self._found: Counter[tuple[str, str]] = Counter()
        self._persons: dict[str, set[str]] = defaultdict(set)
        self._first: dict[tuple[str, str], str] = {}

    def see(self, seen: Seen) -> None:
        """As in `Part`."""
        visit = seen.event.encounter.visit_number
        sent = (seen.event.encounter.class_ or "").strip().upper()
        if visit is None or not sent.strip('"'):
            return
        self._persons[sent].add(seen.person)
        key = visit.assigner, visit.value
        before = self._last.get(key, sent)
        self._last[key] = sent
        if seen.event.trigger == "A08" and self._profile.class_of(before) != self._profile.class_of(sent):
            self._found[before, sent] += 1
            self._first.setdefault((before, sent), seen.place)

    def rows(self) -> Rows:
        """As in `Part`."""
        moves = self._profile.a08_class == "moves"
        done = "moves the stay, as A06 and A07 do" if moves else "describes the stay, which stays where it is"
        for (before, sent), count in sorted(self._found.items()):
            codes = (shown(code, len(self._persons[code])) for code in (before, sent))
            yield *codes, str(count), done, self._first[before, sent]
