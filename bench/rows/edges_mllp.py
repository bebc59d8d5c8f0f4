"""MLLP in: a durable answer at 64 connections, beside python-hl7's server and Apache Camel."""

from __future__ import annotations

from bench.edges.jvm import lacks
from bench.place import Place
from bench.rounds import Entry, Row, Sample


def rows(place: Place) -> list[Entry]:
    """The rows of this topic."""
    what = "MLLP, 64 connections with one message outstanding each, answered AA when durable; the gateway as deployed"

    def side(name: str) -> Sample:
        from bench.edges.mllp import Sides  # needs the group `bench`; listing the rows does not

        return {"gateway": Sides(place).gateway, "python-hl7": Sides(place).python_hl7, "camel": Sides(place).camel}[
            name
        ]()

    ours, theirs, camel = (lambda: side("gateway")), (lambda: side("python-hl7")), (lambda: side("camel"))
    return [
        Row(
            "edges-mllp-python",
            f"{what}; python-hl7's asyncio server with acks=all",
            "messages/s",
            "gateway",
            "python-hl7",
            8.0,
            15.0,
            {"gateway": ours, "python-hl7": theirs},
        ),
        Row(
            "edges-mllp-camel",
            f"{what}; Apache Camel 4.10, camel-mllp to camel-kafka, acks=all",
            "messages/s",
            "gateway",
            "camel",
            None,
            1.0,
            {"gateway": ours, "camel": camel},
            lacks=lacks(),
        ),
    ]
