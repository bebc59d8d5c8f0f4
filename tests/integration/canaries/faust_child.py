"""A plain Faust app, as its manual has it: hears a topic, fails once at the poison, writes down what it finished.

Arguments: bootstrap, topic, file for what was finished, and `plain` or `take`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import faust

BOOTSTRAP, TOPIC, FINISHED, HOW = sys.argv[1:5]
BATCH = 50

app = faust.App(
    f"{TOPIC}.{HOW}",
    broker=f"kafka://{BOOTSTRAP}",
    store="memory://",
    value_serializer="raw",
    web_enabled=False,
    topic_disable_leader=True,
    topic_allow_declare=False,
    topic_replication_factor=1,
    consumer_auto_offset_reset="earliest",
    broker_commit_interval=0.5,
    datadir=str(Path(FINISHED).parent / "faust"),
)
topic = app.topic(TOPIC, partitions=1)
failed = Path(FINISHED + ".failed")


def finish(values: list[bytes]) -> None:
    """The effect: all of `values` or, the first time the poison is among them, an exception, as any outage gives."""
    if b"poison" in values and not failed.exists():
        failed.touch()
        raise ConnectionError("planted, once")
    with Path(FINISHED).open("ab") as file:
        file.write(b"".join(value + b"\n" for value in values))


if HOW == "plain":

    @app.agent(topic)
    async def plain(stream: Any) -> None:
        async for value in stream:
            finish([value])

else:

    @app.agent(topic)
    async def take(stream: Any) -> None:
        async for values in stream.take(BATCH, within=1.0):
            finish(list(values))


if __name__ == "__main__":
    faust.Worker(app, loglevel="CRITICAL", redirect_stdouts=False, quiet=True).execute_from_commandline()
