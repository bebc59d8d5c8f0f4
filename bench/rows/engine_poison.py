"""A storm of records that can never be heard: how much later is everybody else heard because of it?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import orjson

from bench import topics
from bench.pipeline import SERVICE, Pipeline, record_of
from bench.place import Place
from bench.rounds import Row, Sample, Wrong
from bench.work import Corpus

EVENTS, POISON, SPAN = 10_000, 1_000, 8_000
KINDS = ("no-envelope", "no-json", "not-valid", "refused", "bug")


def rows(place: Place) -> list[Row]:
    """One: the row's rounds run the storm and the calm side by side."""
    storm = Storm(place)
    return [
        Row(
            "engine-poison",
            "1,000 poison records among 10,000 others': how much later the latest of the others is said",
            "s later",
            "storm",
            "",
            5.0,
            1.0,
            {"storm": storm.run},
            at_most=True,
        )
    ]


class Storm:
    """Two topics with the same good records, one of them with poison strewn into the first SPAN."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._calm = Pipeline(place, Corpus(EVENTS), partitions=4)
        self._poisoned = PoisonedPipeline(place, Corpus(EVENTS), partitions=4)

    def run(self) -> Sample:
        """Both once; the greatest delay of any event, from the opening of the gate to its saying."""
        calm, without = self._said_at(self._calm)
        storm, letters = self._said_at(self._poisoned)
        if (without, letters) != (0, POISON):
            raise Wrong(f"{letters} dead letters, not {POISON}")
        later = sorted(storm[id_] - calm[id_] for id_ in calm)
        return Sample(
            max(0.0, later[-1]),
            extra={"median s later": later[len(later) // 2], "s for all, calm": max(calm.values())},
        )

    def _said_at(self, pipe: Pipeline) -> tuple[dict[str, float], int]:
        """Event id → seconds from the first fetch to its saying (the producer's own time); dead letters."""
        with pipe.run("storm", EVENTS) as told, contextlib.ExitStack() as children:
            worker = pipe.start(told, children, 0, gated=True)
            before = _letters(self._place, told.heard)
            pipe.release(told, 1)
            (lines,) = pipe.until(told, [worker], pipe.records)
            pipe.check(told, committed=pipe.records)
            begun = lines[0]["at"]
            said = {
                orjson.loads(message.value())["id"]: message.timestamp()[1] / 1000 - begun
                for message in topics.read_all(told.bootstrap, told.said)
            }
            return said, _letters(self._place, told.heard) - before


def _letters(place: Place, heard: str) -> int:
    return sum(1 for _ in topics.read_all(place.bootstrap, f"{heard}.{SERVICE}.dlq"))


class PoisonedPipeline(Pipeline):
    """The same events in the same order, with poison under keys of its own in between."""

    @property
    def records(self) -> int:
        """Good and bad."""
        return EVENTS + POISON

    def contents(self) -> Iterator[topics.Record]:
        """As above."""
        for n, record in enumerate(super().contents()):
            yield record
            if n % (SPAN // POISON) == 0 and n < SPAN:
                yield _poison(n // (SPAN // POISON), record)


def _poison(n: int, good: topics.Record) -> topics.Record:
    kind, subject = KINDS[n % len(KINDS)], f"POISON{n:06d}"
    key, _, headers = record_of(subject, 0, b"")
    data = orjson.loads(good[1])
    data["encounter"]["id"] = subject
    match kind:
        case "no-envelope":
            return key, good[1], []
        case "no-json":
            return key, good[1][:200], headers
        case "not-valid":
            return key, orjson.dumps({**data, "type": "A99"}), headers
        case "refused":
            return key, orjson.dumps({**data, "source": "REFUSE"}), headers
        case _:
            return key, orjson.dumps({**data, "source": "BUG"}), headers
