"""The Faust agent that most people would write: one event at a time, each write and each sending awaited."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from typing import Any

import faust
import orjson
from motor.motor_asyncio import AsyncIOMotorClient

from bench.sides.told import Told
from bench.stopwatch import Stopwatch
from bench.work import Adt, told, upsert

ASKED = Told.read()
app = faust.App(
    ASKED.group,
    broker=f"kafka://{ASKED.bootstrap}",
    web_enabled=False,
    topic_disable_leader=True,
    topic_allow_declare=False,
    consumer_auto_offset_reset="earliest",
    producer_acks=-1,
    datadir=tempfile.mkdtemp(prefix="bench-faust-"),
)
heard = app.topic(ASKED.heard, value_type=bytes, value_serializer="raw", key_type=bytes, key_serializer="raw")
said = app.topic(ASKED.said, value_type=bytes, value_serializer="raw", key_type=bytes, key_serializer="raw")
watch = Stopwatch()


@app.agent(heard)
async def agent(stream: Any) -> None:
    """Until the limit."""
    documents: Any = AsyncIOMotorClient(ASKED.mongo_url, w="majority")[ASKED.database]["episodes"]
    count = 0
    async for value in stream:
        if count == ASKED.limit:
            await asyncio.Event().wait()  # the one after the last is left alone: killed halfway it would be half there
        watch.started()
        event = Adt.model_validate_json(value)
        which, change = upsert(event)
        await documents.update_one(which, change, upsert=True)
        await (await said.send(key=event.encounter.id.encode(), value=orjson.dumps(told(event))))
        count += 1
        if count == ASKED.limit:
            asyncio.get_running_loop().call_soon(asyncio.ensure_future, _end(count))


async def _end(count: int) -> None:
    """After the agent has gone on to its next event, so that this one is acknowledged: commit, tell, end."""
    await app.consumer.commit()
    watch.tell(count)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    faust.Worker(app, loglevel="WARNING", quiet=True).execute_from_commandline()
