"""Our service beside a hand-written loop, a naive Faust agent, and itself twice; and that loop beside the yardstick."""

from __future__ import annotations

from functools import partial

from bench.pipeline import Pipeline
from bench.place import Place
from bench.rounds import Row
from bench.work import Corpus
from bench.yardstick import Yardstick

EVENTS = 20_000
FEW = 1_200
"""For what awaits each write: enough for ten seconds."""


def rows(place: Place) -> list[Row]:
    """Four, two of them only with the yardstick at hand."""
    pipe = Pipeline(place, Corpus(EVENTS), partitions=4)
    long_pipe = Pipeline(place, Corpus(2 * EVENTS), partitions=4)
    fixed = Yardstick(place, EVENTS)
    loop, naive = partial(pipe.alone, "loop"), partial(pipe.alone, "naive", FEW)
    lacks = "" if place.yardstick else "needs --yardstick DIRECTORY"
    return [
        Row(
            "engine-loop",
            "our service, all guarantees, beside a hand-written confluent-kafka + pymongo loop, the same work",
            "msg/s",
            "service",
            "loop",
            0.60,
            0.85,
            {"service": pipe.services, "loop": loop},
        ),
        Row(
            "engine-naive",
            "our service beside a Faust agent that awaits each write",
            "msg/s",
            "service",
            "naive",
            15.0,
            30.0,
            {"service": pipe.services, "naive": naive},
        ),
        Row(
            "engine-two-workers",
            "two processes of our service beside one, four partitions, everything on the same cores",
            "msg/s",
            "two",
            "one",
            1.5,
            1.8,
            {
                "two": partial(long_pipe.services, 2, gated=True),
                "one": partial(long_pipe.services, 1, gated=True),
            },
        ),
        Row(
            "baseline-yardstick",
            "our hand-written loop beside the fixed yardstick's, so that ours is no weaker",
            "msg/s",
            "loop",
            "yardstick",
            1.0,
            None,
            {"loop": loop, "yardstick": fixed.loop},
            lacks=lacks,
        ),
        Row(
            "naive-yardstick",
            "our naive agent beside the fixed yardstick's, so that ours is no weaker",
            "msg/s",
            "naive",
            "yardstick",
            1.0,
            None,
            {"naive": naive, "yardstick": partial(fixed.naive, FEW)},
            lacks=lacks,
        ),
    ]
