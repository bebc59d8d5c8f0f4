"""One discharge → six notifications: what storing and saying many at a time gains."""

from __future__ import annotations

from functools import partial
from typing import Any

import orjson
from pymongo import MongoClient

from bench import topics
from bench.place import Place
from bench.rounds import Row, Sample, Wrong
from bench.sides.told import Told

MANY, FEW, TOLD = 3_000, 60, 6


def rows(place: Place) -> list[Row]:
    """One."""
    return [
        Row(
            "engine-fan-out",
            "a discharge becomes six notifications, stored and said: in batches by our engine, or each one awaited",
            "discharges/s",
            "service",
            "naive",
            150.0,
            300.0,
            {"service": partial(_run, place, "ours", MANY), "naive": partial(_run, place, "naive", FEW)},
        )
    ]


def _run(place: Place, how: str, count: int) -> Sample:
    name = topics.unique("fanout")
    topics.create(place.bootstrap, name, partitions=8)
    told = Told(place.bootstrap, place.mongo_url, name, name, name, name, count)
    done = place.told("-m", "bench.sides.fanout", how, env=told.env())
    with MongoClient[dict[str, Any]](place.mongo_url) as client:
        stored = {row["_id"] for row in client[name]["deliveries"].find({}, {"_id": 1})}
        client.drop_database(name)
    records = [orjson.loads(message.value()) for message in topics.read_all(place.bootstrap, name)]
    said = [record["delivery"]["delivery_id"] for record in records]
    topics.delete(place.bootstrap, name)
    if len(stored) != count * TOLD or len(said) != len(stored) or set(said) != stored:
        raise Wrong(f"{len(stored)} stored and {len(said)} said, not {count * TOLD} of each")
    return Sample(count / done["seconds"], done["cpu"] / count * 1e6)
