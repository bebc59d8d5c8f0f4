"""Claiming due alarms must not cost more where a hundred times as many are pending."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from pymongo import MongoClient

from bench import topics
from bench.place import Place
from bench.rounds import Row, Sample, Wrong
from bench.sides.claims import DUE, NOW
from bench.sides.told import Told
from shared.schemas.topics import PARTITIONS

FEW, MANY = 10_000, 1_000_000
THOUSAND = 1_000


def rows(place: Place) -> list[Row]:
    """One."""
    claims = Claims(place)
    return [
        Row(
            "engine-claims",
            "due alarms claimed by the production store, 1,000,000 pending beside 10,000",
            "alarms/s",
            "1,000,000",
            "10,000",
            0.8,
            1.0,
            {"1,000,000": partial(claims.run, MANY), "10,000": partial(claims.run, FEW)},
        )
    ]


class Claims:
    """Two collections of aggregates with alarms, filled once, by the server itself."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._database = topics.unique("claims")
        self._filled: set[int] = set()

    def run(self, pending: int) -> Sample:
        """One round over the collection with that many."""
        name = f"pending_{pending}"
        if pending not in self._filled:
            self._fill(name, pending)
            self._filled.add(pending)
        done = self._claim(name)
        return Sample(
            done["count"] / done["seconds"], extra={"ms a claim of 500": done["seconds"] / done["count"] * 5e5}
        )

    def _claim(self, name: str) -> dict[str, Any]:
        told = Told("", self._place.mongo_url, self._database, "", "", "", 0)
        return self._place.told("-m", "bench.sides.claims", name, env=told.env())

    def _fill(self, name: str, pending: int) -> None:
        """By the server itself, a thousand to a seed; then one round that does not count: it makes the indexes."""
        with MongoClient[dict[str, Any]](self._place.mongo_url) as client:
            database = client[self._database]
            seeds, collection = database["seeds"], database[name]
            seeds.drop()
            seeds.insert_many([{"_id": k} for k in range(pending // THOUSAND)])
            seeds.aggregate(
                [
                    {"$project": {"k": "$_id", "j": {"$range": [0, THOUSAND]}}},
                    {"$unwind": "$j"},
                    {"$project": {"n": {"$add": [{"$multiply": ["$k", THOUSAND]}, "$j"]}}},
                    {"$project": _aggregate(pending)},
                    {"$out": name},
                ]
            )
            if (there := collection.estimated_document_count()) != pending:
                raise Wrong(f"{there} documents are pending, not {pending}")
        self._claim(name)


def _aggregate(pending: int) -> dict[str, Any]:
    text = {"$toString": "$n"}
    padded = {"$substrCP": [{"$concat": ["00000000", text]}, {"$strLenCP": text}, 8]}
    return {
        "_id": {"$concat": [{"$cond": [{"$lt": ["$n", DUE]}, "due-", "not-"]}, padded]},
        "version": {"$literal": 1},
        "key": {"$concat": ["patient-", padded]},
        "lane": {"$mod": ["$n", PARTITIONS]},
        "state": {
            "encounter_id": {"$concat": ["ENC", padded]},
            "tasks": [
                {"kind": {"$literal": kind}, "status": {"$literal": "requested"}, "due_at": {"$literal": NOW}}
                for kind in ("contact", "home-visit", "medication-reconciliation", "practitioner-visit")
            ],
        },
        "streams": {"$literal": [["care.transitions.v1|x", 1, 1, []]]},
        "counters": {"$literal": [["care.tasks.v1|x", 4]]},
        "outbox": {"$literal": []},
        "context": {"$literal": {"tenant": "t", "feed": "f", "mode": "live", "label": "normal"}},
        # spread over thirty days to come
        "next_alarm_at": {"$add": [NOW + timedelta(hours=1), {"$multiply": ["$n", 30 * 86_400_000 // pending]}]},
    }
