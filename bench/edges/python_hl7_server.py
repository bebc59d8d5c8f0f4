"""Child process: python-hl7's own MLLP server that sends each message to Kafka (acks=all) before it acknowledges.

`python -m bench.edges.python_hl7_server PORT BOOTSTRAP TOPIC`.
"""

from __future__ import annotations

import asyncio
import sys

from aiokafka import AIOKafkaProducer
from hl7.mllp import HL7StreamReader, HL7StreamWriter, start_hl7_server


async def serve(port: int, bootstrap: str, topic: str) -> None:
    """Until it is killed."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()

    async def converse(reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
        try:
            while True:
                message = await reader.readmessage()
                await producer.send_and_wait(topic, str(message).encode())
                writer.writemessage(message.create_ack())
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    async with await start_hl7_server(converse, "127.0.0.1", port, encoding="utf-8", backlog=128) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
